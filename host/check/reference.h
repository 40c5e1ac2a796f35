/* SPDX-License-Identifier: MIT */
/* What the kernels compute, in double precision and as plainly as the formulas.
 *
 *   A1 = σ([1 X]·W1)   A2 = σ([1 A1]·W2)   σ(z) = 1/(1 + e^−z)
 *   lesson: S = s(A), s(v) = σ(v)(1 − σ(v))   D2 = 2(Y − A2)·S2   D1 = (D2·W2[1:]ᵀ)·S1
 *   nll:    S = A(1 − A)                      D2 = Y − A2         D1 = (D2·W2[1:]ᵀ)·S1
 *   W2[1:] += η₂·A1ᵀD2, W1[1:] += η₁·XᵀD1; nll: W2[0] += η₂·ΣD2, W1[0] += η₁·ΣD1
 *
 * Every array is row-major. Meant for small sizes: nothing here is fast.
 */
#ifndef CBX_CHECK_REFERENCE_H
#define CBX_CHECK_REFERENCE_H

#include "clearbox/dataset.h"
#include "clearbox/network.h"
#include "clearbox/picture.h"
#include "clearbox/trainer.h"

double cbx_reference_sigmoid(double z);

/* s(a) for lesson, a(1 − a) for nll. */
double cbx_reference_derivative(cbx_recipe recipe, double a);

/* A network and the batch at hand. */
typedef struct cbx_reference {
    cbx_recipe recipe;
    size_t hidden, rows;
    double *w1, *w2;      /* (785, H), (1+H, 10) */
    double *x;            /* (rows, 784): the very floats that the device gets */
    uint8_t *labels;      /* (rows) */
    double *a1, *s1, *d1; /* (rows, H) */
    double *a2, *s2, *d2; /* (rows, 10) */
} cbx_reference;

/* Starts from the weights of `network`, with room for batches of `max_rows`.
 * cbx_reference_clear() in every case. */
cbx_status cbx_reference_init(cbx_reference *reference, cbx_recipe recipe,
                              const cbx_network *network, size_t max_rows);
void cbx_reference_clear(cbx_reference *reference);

/* Trains on the rows order[0 … rows) of the training part; keeps what came up on the way. */
void cbx_reference_step(cbx_reference *reference, const cbx_dataset *dataset, const uint32_t *order,
                        size_t rows, cbx_rates rates);

typedef struct cbx_reference_verdict {
    double loss;      /* as cbx_evaluation says */
    uint64_t correct; /* the largest output, the first of equals, is the label's */
    uint64_t confusion[CBX_CLASSES][CBX_CLASSES]; /* images by label and answer */
    uint64_t close; /* images whose two largest z2 differ by less than 1e-4 */
} cbx_reference_verdict;

/* Over all images of a part, which must fit in `max_rows`. */
cbx_reference_verdict cbx_reference_evaluate(cbx_reference *reference, const cbx_dataset *dataset,
                                             cbx_part part);

/* How a neuron's weights become grey levels: ⌊mul·(v − shift) + base⌋, 0…255. */
typedef struct cbx_reference_tone {
    double shift, mul, base;
} cbx_reference_tone;

/* weights: 784 of them, `stride` numbers apart. */
cbx_reference_tone cbx_reference_tone_of(cbx_tone tone, const double *weights, size_t stride);

#endif
