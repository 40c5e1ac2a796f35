/* SPDX-License-Identifier: MIT */
/* How many work-groups of a kernel a device works on at once. */
#ifndef CBX_DEVICE_RESIDENCY_H
#define CBX_DEVICE_RESIDENCY_H

#include "device/device.h"

/* The compute capability of an NVIDIA GPU, 100 × major + minor; 0: it is none, or does not say. */
unsigned cbx_device_capability(const cbx_device *device);

/* Of a work-item of the kernels with the products, as bench/targets.py says of NVIDIA's GPUs. */
enum { CBX_GPU_REGISTERS = 112 };

/* Work-groups of `group` work-items that are resident on the whole device, by what the built
 * kernel takes and what the vendor tells of the device; at least one a compute unit. `registers`
 * of 32 bits are what a work-item has, which OpenCL cannot be asked for; 0: not known, then they
 * set no limit. A whole multiple of the compute units, so that dividing work by it makes whole
 * waves. Asks the driver: once for a kernel is enough. */
unsigned cbx_device_resident_groups(const cbx_device *device, cl_kernel kernel, size_t group,
                                    unsigned registers);

/* The same, before there is a kernel, of one that takes so much local memory. */
unsigned cbx_device_room(const cbx_device *device, size_t group, unsigned registers,
                         uint64_t local_bytes);

#endif
