/* SPDX-License-Identifier: MIT */
/* Whether a device has the tensor cores of the arithmetic split-bf16, kernels/train/mma.cl. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "device/device.h"
#include "layout.h"

/* Not in every copy of OpenCL's headers. */
enum { NV_COMPUTE_CAPABILITY_MAJOR = 0x4000, LEAST_CAPABILITY = 8 };

static int is_nvidia(const cbx_device *device) {
    char extensions[1 << 14] = "";
    return clGetDeviceInfo(device->id, CL_DEVICE_EXTENSIONS, sizeof extensions - 1, extensions,
                           NULL) == CL_SUCCESS &&
           strstr(extensions, "cl_nv_device_attribute_query") != NULL;
}

/* mma.sync with bf16: of compute capability 8.0 and all later ones. */
static int has_instruction(const cbx_device *device) {
    cl_uint major = 0;
    return is_nvidia(device) &&
           clGetDeviceInfo(device->id, NV_COMPUTE_CAPABILITY_MAJOR, sizeof major, &major, NULL) ==
               CL_SUCCESS &&
           major >= LEAST_CAPABILITY;
}

cbx_status cbx_mma_find(const cbx_device *device, unsigned *out) {
    const char *emulate = getenv("CLEARBOX_EMULATE_MMA");
    *out = emulate && *emulate       ? CBX_MMA_EMULATED
           : has_instruction(device) ? CBX_MMA_PTX
                                     : CBX_MMA_NONE;
    return *out != CBX_MMA_NONE
               ? CBX_OK
               : cbx_fail(CBX_NO_DEVICE,
                          "the arithmetic split-bf16 needs the tensor cores of an NVIDIA GPU of "
                          "compute capability 8.0 or later, which %s does not have; choose the "
                          "canon, or another device",
                          device->info.name);
}
