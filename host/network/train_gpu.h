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

/* What the arithmetic split-bf16, with another kernel in the place of train_gpu_hidden, has in common
 * with it. Its kernels, in this order: */
enum { CBX_GPU_HIDDEN, CBX_GPU_OUTPUT, CBX_GPU_DELTA, CBX_GPU_KERNELS };

/* Groups of such a kernel, of CBX_GROUP work-items with so many registers, that run at once; and
 * slices that suit it: all slabs in one, or each for itself. */
uint32_t cbx_train_gpu_resident(const cbx_trainer *trainer, const char *kernel, unsigned registers);
uint32_t cbx_train_gpu_slices(uint32_t panels, uint32_t resident);

/* Members of cbx_schedule_ops; `hidden` enqueues the kernel. */
typedef cbx_status cbx_train_gpu_hidden(cbx_trainer *trainer, const cbx_launch *launch);
cbx_status cbx_train_gpu_run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count,
                             cbx_train_gpu_hidden *hidden);
cbx_buffer_rows cbx_train_gpu_buffers(cbx_trainer *trainer);

#endif
