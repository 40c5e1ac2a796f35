/* SPDX-License-Identifier: MIT */
/* Trying a device for a run, the first time that it is used with a driver: in a process of its own,
 * where a compiler that ends the process or never answers costs a sentence.
 *
 * A driver that has come to its end once, with a device, a version of the driver, these kernels and
 * these flags, is noted in the cache folder and not tried again: a second process would take as long
 * as all else of a start. That is no trust in results: the self-test is a part of every start. */
#ifndef CBX_CLI_DEVICE_TRIAL_H
#define CBX_CLI_DEVICE_TRIAL_H

#include "clearbox/learn.h"

/* For cbx_learn_control; user: the cbx_learn_settings of the run. */
cbx_status cli_try_device(void *user, const cbx_device_info *device);

/* The exit code of an environment that says it wrongly; else CLI_PARSED. */
int cli_trial_check(void);

#endif
