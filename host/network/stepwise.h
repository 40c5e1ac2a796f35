/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_STEPWISE_H
#define CBX_NETWORK_STEPWISE_H

#include "network/schedule.h"

/* What a trainer has for the schedule `stepwise` alone. */
typedef struct cbx_stepwise {
    cl_mem s1, z2, s2; /* z2 becomes A2 */
} cbx_stepwise;

/* The forward pass of a batch, in halves; a trainer with this schedule. Both enqueue only.
 * A1 = σ([1 X]·W1) in trainer->a1 and Z2 = [1 A1]·W2 in z2; then A2 = σ(Z2) in z2. */
cbx_status cbx_stepwise_sums(cbx_trainer *trainer, const cbx_batch *batch);
cbx_status cbx_stepwise_outputs(cbx_trainer *trainer);

#endif
