/* SPDX-License-Identifier: MIT */
/* Looking for a device that works, where none is named. */
#ifndef CBX_DEVICE_WALK_H
#define CBX_DEVICE_WALK_H

#include "clearbox/device.h"

/* Zeroed: nothing was tried. */
typedef struct cbx_walk {
    cbx_passed_over *passed_over; /* the devices that did not work, in the order of trial */
    size_t count;
} cbx_walk;

/* Opens and checks the device that `spec` names. */
typedef cbx_status cbx_walk_trial(void *user, const char *spec);

/* Places in `devices`, GPUs first, then processors, then others; for free(). */
cbx_status cbx_walk_order(const cbx_device_info *devices, size_t count, size_t **out);

/* Tries the devices in that order until one passes. One whose kernels do not build or
 * compute wrongly, or that fails, is passed over; another fault, or the last device's, ends
 * the walk. cbx_walk_clear() in every case. */
cbx_status cbx_walk_devices(cbx_walk *walk, const cbx_device_info *devices, size_t count,
                            cbx_walk_trial *trial, void *user);
/* The same, but all devices are tried, and those that pass are the caller's. */
cbx_status cbx_walk_all(cbx_walk *walk, const cbx_device_info *devices, size_t count,
                        cbx_walk_trial *trial, void *user);
void cbx_walk_clear(cbx_walk *walk);

#endif
