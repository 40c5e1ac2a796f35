/* Devices with a kernel that is wrong on purpose. */
#ifndef TEST_SUPPORT_MUTANT_H
#define TEST_SUPPORT_MUTANT_H

#include "clearbox/device.h"

/* Replaces the program of `device` by one in which `file` has `to` in place of the
 * first `from`; the running test fails where there is none, or it does not build. */
void mutate(cbx_device *device, const char *file, const char *from, const char *to);

#endif
