/* SPDX-License-Identifier: MIT */
/* In front of layout.h in the program "wide": train_gpu_hidden with larger groups, for layers of so
 * few panels that a compute unit has one group, or none: 8 warps of 32 where there would be 2. */
#define CBX_GROUP 256
#define CBX_GPU_DEPTH 16
