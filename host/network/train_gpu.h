/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_TRAIN_GPU_H
#define CBX_NETWORK_TRAIN_GPU_H

#include "network/schedule.h"

/* What a trainer has for the schedule `fused` on GPUs alone; kernels/train/train_gpu.cl. */
typedef struct cbx_train_gpu {
    uint32_t slices;  /* of the pixels, in train_gpu_hidden */
    uint32_t helpers; /* work-groups of train_gpu_output for each chunk */
    cl_mem parts;     /* of the output sums */
} cbx_train_gpu;

#endif
