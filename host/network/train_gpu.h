/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_TRAIN_GPU_H
#define CBX_NETWORK_TRAIN_GPU_H

#include "network/schedule.h"

/* What a trainer has for the schedule `fused` on GPUs alone; kernels/train/train_gpu.cl. */
typedef struct cbx_train_gpu {
    uint32_t slices;       /* of the pixels, in train_gpu_hidden */
    uint32_t within;       /* 1: that makes D2, too */
    uint32_t pending_slot; /* of the pending batch, turned round */
    size_t group;          /* work-items in a group of it */
    cl_kernel wide;        /* it with large groups; NULL: they are not */
    cl_mem slopes;         /* derivative(A1), [P][stride][32] */
    cl_mem q, u;           /* Q [slices][P][stride][32] and U [slices][P][32] */
} cbx_train_gpu;

#endif
