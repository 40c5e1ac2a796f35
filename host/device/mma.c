/* SPDX-License-Identifier: MIT */
/* Whether a device has the tensor cores of the arithmetic split-bf16, kernels/train/mma.cl. */
#include <stdlib.h>

#include "base/error.h"
#include "device/device.h"
#include "device/residency.h"
#include "layout.h"

/* mma.sync with bf16: from compute capability 8.0 on. */
enum { LEAST_CAPABILITY = 800 };

cbx_status cbx_mma_find(const cbx_device *device, unsigned *out) {
    const char *emulate = getenv("CLEARBOX_EMULATE_MMA");
    *out = emulate && *emulate                                 ? CBX_MMA_EMULATED
           : cbx_device_capability(device) >= LEAST_CAPABILITY ? CBX_MMA_PTX
                                                               : CBX_MMA_NONE;
    return *out != CBX_MMA_NONE
               ? CBX_OK
               : cbx_fail(CBX_NO_DEVICE,
                          "the arithmetic split-bf16 needs the tensor cores of an NVIDIA GPU of "
                          "compute capability 8.0 or later, which %s does not have; choose the "
                          "canon, or another device",
                          device->info.name);
}
