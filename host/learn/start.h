/* SPDX-License-Identifier: MIT */
/* The start of a run on a device, as far as nothing but the device is needed. */
#ifndef CBX_LEARN_START_H
#define CBX_LEARN_START_H

#include "clearbox/learn.h"

/* Opens a device for a run with these settings, and runs the self-test of what the run will use. A
 * program that was kept may be of a driver that changed and did not say so: then it is built anew.
 * Where `stop` says so in between, the self-test is left out. *out is the caller's, NULL after a
 * failure. */
cbx_status cbx_start_device(cbx_device **out, const char *spec, const cbx_learn_settings *settings,
                            int (*stop)(void *user), void *user);

/* The same where whoever steers the run, who may be NULL, has nothing against the device. */
cbx_status cbx_try_device(cbx_device **out, const char *spec, const cbx_learn_settings *settings,
                          const cbx_learn_control *control, int (*stop)(void *user), void *user);

#endif
