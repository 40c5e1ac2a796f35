/* SPDX-License-Identifier: MIT */
/* The part of `fused` that kernels for GPUs need. */
#ifndef TEST_SUPPORT_FUSED_GPU_H
#define TEST_SUPPORT_FUSED_GPU_H

#include "support/fused.h"

/* Both batches turned round, in slots of the launch: where there is no such batch its slot is that of
 * the other. */
void fused_turn(fused *f, cl_mem *of_lists, cl_mem *of_levels);

/* What the errors of the pending batch are multiplied with, [P][stride][32]. */
cl_mem fused_slopes(const fused *f);

#endif
