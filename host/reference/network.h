/* SPDX-License-Identifier: MIT */
/* What the kernels compute, in double precision and as plainly as the formulas: the one
 * reference of the self-test and of the tests.
 *
 *   Z1 = [1 X]·W1   A1 = σ(Z1)   Z2 = [1 A1]·W2   A2 = σ(Z2)   σ(z) = 1/(1 + e^−z)
 *   lesson: S = s(A), s(v) = σ(v)(1 − σ(v))   D2 = 2(Y − A2)·S2   D1 = (D2·W2[1:]ᵀ)·S1
 *   nll:    S = A(1 − A)                      D2 = Y − A2         D1 = (D2·W2[1:]ᵀ)·S1
 *   W2[1:] += η₂·A1ᵀD2, W1[1:] += η₁·XᵀD1; nll: W2[0] += η₂·ΣD2, W1[0] += η₁·ΣD1
 *
 * Every array is row-major; row 0 of a weight matrix is the bias. Nothing here is fast.
 */
#ifndef CBX_REFERENCE_NETWORK_H
#define CBX_REFERENCE_NETWORK_H

#include "clearbox/dataset.h"
#include "clearbox/network.h"
#include "clearbox/trainer.h"

double cbx_reference_sigmoid(double z);

/* The same of `count` numbers, in place. */
void cbx_reference_sigmoids(double *z, size_t count);

/* s(a) for lesson, a(1 − a) for nll. */
double cbx_reference_derivative(cbx_recipe recipe, double a);

/* The same of `count` numbers. */
void cbx_reference_derivatives(cbx_recipe recipe, const double *a, size_t count, double *s);

/* z (rows, columns) = [1 in]·w; in (rows, inner), w (1+inner, columns). */
void cbx_reference_biased_matmul(const double *in, const double *w, size_t rows, size_t inner,
                                 size_t columns, double *z);

/* d2 (rows, 10) from a2 and s2 (rows, 10), and labels (rows). */
void cbx_reference_output_delta(cbx_recipe recipe, const double *a2, const double *s2,
                                const uint8_t *labels, size_t rows, double *d2);

/* d1 (rows, hidden) from d2 (rows, 10), w2 (1+hidden, 10) and s1 (rows, hidden). */
void cbx_reference_hidden_delta(const double *d2, const double *w2, const double *s1, size_t rows,
                                size_t hidden, double *d1);

/* w (1+inner, columns) += rate·[1 in]ᵀ·d; in (rows, inner), d (rows, columns).
 * Under lesson row 0 of w stays as it is. */
void cbx_reference_weight_update(cbx_recipe recipe, const double *in, const double *d, size_t rows,
                                 size_t inner, size_t columns, double rate, double *w);

/* Σ −[y log σ(z) + (1 − y) log(1 − σ(z))] over z2 (rows, 10), from the outputs before σ, so
 * that it is finite for every finite z. Its derivative by z is σ(z) − y. */
double cbx_reference_cost(const double *z2, const uint8_t *labels, size_t rows);

/* A network and the batch at hand. */
typedef struct cbx_reference {
    cbx_recipe recipe;
    uint32_t hidden;
    size_t max_rows, rows;     /* room for, and of the batch at hand */
    double *w1, *w2;           /* (785, H), (1+H, 10) */
    double *x;                 /* (rows, 784): (level − mean)/deviation, which a device rounds */
    uint8_t *labels;           /* (rows) */
    double *a1, *s1, *d1;      /* (rows, H) */
    double *z2, *a2, *s2, *d2; /* (rows, 10) */
} cbx_reference;

/* Starts from the weights of `network`, with room for batches of `max_rows`.
 * cbx_reference_clear() in every case. */
cbx_status cbx_reference_init(cbx_reference *reference, cbx_recipe recipe,
                              const cbx_network *network, size_t max_rows);
void cbx_reference_clear(cbx_reference *reference);

/* Takes the weights of a network of the same size. */
void cbx_reference_set_weights(cbx_reference *reference, const cbx_network *network);

/* Fetches the rows order[first … first + rows) of a part, at most `max_rows`, or, with order
 * NULL, the rows first … first + rows themselves: X and labels. */
void cbx_reference_fetch(cbx_reference *reference, const cbx_dataset *dataset, cbx_part part,
                         const uint32_t *order, size_t first, size_t rows);

/* A1, Z2 and A2; S2, D2, S1 and D1; W2 and W1. */
void cbx_reference_forward(cbx_reference *reference);
void cbx_reference_backward(cbx_reference *reference);
void cbx_reference_update(cbx_reference *reference, cbx_rates rates);

/* The four above in a row, on the training part: one batch. */
void cbx_reference_step(cbx_reference *reference, const cbx_dataset *dataset, const uint32_t *order,
                        size_t first, size_t rows, cbx_rates rates);

typedef struct cbx_reference_verdict {
    uint64_t images;
    double loss;      /* as cbx_evaluation says */
    uint64_t correct; /* the largest output, the first of equals, is the label's */
    uint64_t confusion[CBX_CLASSES][CBX_CLASSES]; /* images by label and answer */
    uint64_t close; /* images whose two largest z2 differ by less than `margin` */
} cbx_reference_verdict;

/* Over all images of a part. Leaves Z2 and the rest of its last `max_rows` images or fewer. */
cbx_reference_verdict cbx_reference_evaluate(cbx_reference *reference, const cbx_dataset *dataset,
                                             cbx_part part, double margin);

#endif
