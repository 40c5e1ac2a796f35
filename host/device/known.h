/* SPDX-License-Identifier: MIT */
/* Drivers that are known to end what they begin: a line in the cache folder, for a device with this
 * driver, these kernels and what was done with them. It says nothing about results. */
#ifndef CBX_DEVICE_KNOWN_H
#define CBX_DEVICE_KNOWN_H

#include "clearbox/device.h"

/* Whether that was noted; `what` tells all else that the driver's work depends on. */
int cbx_known_has(const cbx_device_info *device, const char *what);

/* Notes it, silently: where it cannot be kept, it is found out again. */
void cbx_known_add(const cbx_device_info *device, const char *what);

#endif
