/* SPDX-License-Identifier: MIT */
/* Built programs, kept in the cache folder where the driver keeps none: compiling takes
 * seconds, loading what was compiled does not. */
#ifndef CBX_DEVICE_KEPT_H
#define CBX_DEVICE_KEPT_H

#include "device/device.h"

/* The program that was kept for this device, driver, sources and options, built and ready;
 * NULL when there is none of use. The caller releases it. */
cl_program cbx_kept_recall(const cbx_device *device, const cbx_sources *sources,
                           const char *options);

/* Keeps a built program, silently: where it cannot be kept, it is built again next time. */
void cbx_kept_store(const cbx_device *device, const cbx_sources *sources, const char *options,
                    cl_program program);

#endif
