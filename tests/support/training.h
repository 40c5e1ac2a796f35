/* SPDX-License-Identifier: MIT */
/* Trainers and their reference side by side, for tests through the public API. */
#ifndef TEST_SUPPORT_TRAINING_H
#define TEST_SUPPORT_TRAINING_H

#include <stddef.h>
#include <stdint.h>

#include "support/fixture.h"
#include "reference/canon.h"
#include "reference/network.h"

/* How float32 may differ from the reference. With u = 2⁻²⁴:
 *
 * - every batch rounds each weight once when it adds the update: u·max|W|;
 * - the update itself comes out of sums of 785, 1+H and B products. A sum of n
 *   rounded terms is off by about √n·u of its terms' size (the bound n·u assumes
 *   that all roundings point the same way), so each stage brings √n·u relative to
 *   the largest update. The factor 16 stands for what that leaves out: terms larger
 *   than their sum, σ and its derivative (a few u each), and rare alignments;
 * - an error of one batch's weights also shifts the next batches' updates; at the
 *   small rates used here that stays within the same factor.
 *
 * Leaving out one image of 77, by comparison, moves an update by 1e-2 of its size,
 * a thousand times the tolerance. */
typedef struct training_bounds {
    double w1, w2; /* largest allowed |device − reference| */
} training_bounds;

/* What the reference saw while training, to derive the bounds from. */
typedef struct training_trace {
    size_t batches;
    double moved_w1, moved_w2; /* Σ over batches of the largest |ΔW| */
} training_trace;

/* cbx_reference_step() that keeps the trace. */
void training_reference_step(cbx_reference *r, training_trace *trace, const cbx_dataset *dataset,
                             const uint32_t *order, size_t first, size_t rows, cbx_rates rates);

training_bounds training_tolerance(const cbx_reference *r, const training_trace *trace);

/* Group setup and teardown of tests that train: the fixture's devices, a synthetic dataset
 * of a seed, and an order of its training part, of the next seed. */
int training_set_up(void **state, size_t train, size_t test, uint64_t seed, cbx_dataset **dataset,
                    uint32_t **order);
int training_tear_down(void **state, cbx_dataset *dataset, uint32_t *order);

/* A trainer with weights and order in place; the test fails if that fails. */
cbx_trainer *training_start(fixture_way way, cbx_recipe recipe, const cbx_dataset *dataset,
                            const cbx_network *start, uint32_t batch, const uint32_t *order,
                            uint32_t order_count);

/* The trainer's weights as a new network, for cbx_network_destroy(). */
cbx_network *training_weights(cbx_trainer *trainer, uint32_t hidden);

/* Fails unless the trainer's weights are the reference's within the bounds. */
void assert_training_close(cbx_trainer *trainer, const cbx_reference *r, training_bounds bounds,
                           const char *what);

/* Fails unless they are the canon's, to the bit. */
void assert_training_exact(cbx_trainer *trainer, const cbx_canon *canon, const char *what);

/* Fails unless the counts are the reference's, but for close answers, which may fall either way. */
void assert_confusion(uint64_t counts[CBX_CLASSES][CBX_CLASSES], uint64_t images, uint64_t correct,
                      const cbx_reference_verdict *expected, const char *what);

/* Fails unless both networks hold the same bits. */
void assert_networks_same(const cbx_network *actual, const cbx_network *expected, const char *what);

#endif
