/* SPDX-License-Identifier: MIT */
/* The arithmetic of training in plain double precision, written like the
 * formulas, to check devices against.
 *
 *   Z1 = [1 X]·W1   A1 = σ(Z1)   Z2 = [1 A1]·W2   A2 = σ(Z2)
 *   lesson: D2 = 2(Y − A2)·s(A2)   D1 = (D2·W2[1:]ᵀ)·s(A1)   s(v) = σ(v)(1 − σ(v))
 *   nll:    D2 = Y − A2            D1 = (D2·W2[1:]ᵀ)·A1(1 − A1)
 *   W[1:] += η·(inputs)ᵀ·D, and under nll W[0] += η·(column sums of D)
 *
 * Every array is row-major; row 0 of a weight matrix is the bias.
 */
#ifndef TEST_SUPPORT_ORACLE_H
#define TEST_SUPPORT_ORACLE_H

#include <stdint.h>

#include "clearbox/dataset.h"
#include "clearbox/network.h"
#include "clearbox/trainer.h"

double oracle_sigmoid(double z);

/* s(v) = σ(v)(1 − σ(v)), which the lesson takes of the activation. */
double oracle_sigmoid_derivative(double v);

/* out (rows, columns) = [1 in]·w; in (rows, inner), w (1+inner, columns). */
void oracle_biased_matmul(const double *in, const double *w, size_t rows, size_t inner,
                          size_t columns, double *out);

/* d2 (rows, 10) from a2 (rows, 10) and labels (rows). */
void oracle_output_delta(cbx_recipe recipe, const double *a2, const uint8_t *labels, size_t rows,
                         double *d2);

/* d1 (rows, hidden) from d2 (rows, 10), w2 (1+hidden, 10) and a1 (rows, hidden). */
void oracle_hidden_delta(cbx_recipe recipe, const double *d2, const double *w2, const double *a1,
                         size_t rows, size_t hidden, double *d1);

/* w (1+inner, columns) += rate · [1 in]ᵀ·d; in (rows, inner), d (rows, columns).
 * Under lesson row 0 of w stays as it is. */
void oracle_weight_update(cbx_recipe recipe, const double *in, const double *d, size_t rows,
                          size_t inner, size_t columns, double rate, double *w);

/* Σ −[y log σ(z) + (1 − y) log(1 − σ(z))] over z2 (rows, 10), from the logits, so
 * that it is finite for every finite z. Its derivative by z is σ(z) − y. */
double oracle_cost(const double *z2, const uint8_t *labels, size_t rows);

/* A network with the workspace for batches of up to `max_rows`. */
typedef struct oracle {
    cbx_recipe recipe;
    uint32_t hidden;
    size_t max_rows;
    size_t rows;     /* of the batch at hand */
    double *w1, *w2; /* (785, H), (1+H, 10) */
    double *x;       /* (rows, 784), normalised */
    uint8_t *labels; /* (rows) */
    double *z1, *a1; /* (rows, H) */
    double *z2, *a2; /* (rows, 10) */
    double *d2, *d1; /* (rows, 10), (rows, H) */
} oracle;

/* Never NULL: the running test fails instead. Freed with oracle_destroy(). */
oracle *oracle_create(cbx_recipe recipe, const cbx_network *start, size_t max_rows);
void oracle_destroy(oracle *o);

void oracle_set_weights(oracle *o, const cbx_network *network);

/* Fetches rows order[first … first + rows) of a part, or, with order NULL, the
 * rows first … first + rows themselves, into x and labels. */
void oracle_fetch(oracle *o, const cbx_dataset *dataset, cbx_part part, const uint32_t *order,
                  size_t first, size_t rows);
void oracle_forward(oracle *o);
void oracle_deltas(oracle *o);
void oracle_update(oracle *o, cbx_rates rates);

/* The four above in a row, on the training part: one batch. */
void oracle_step(oracle *o, const cbx_dataset *dataset, const uint32_t *order, size_t first,
                 size_t rows, cbx_rates rates);

typedef struct oracle_evaluation {
    uint64_t images;
    uint64_t correct; /* the largest output, the first of equals, is the label's */
    uint64_t close;   /* images whose two largest logits are nearer than `margin` */
    uint64_t confusion[CBX_CLASSES][CBX_CLASSES]; /* images by label and answer */
    double loss; /* oracle_cost() over all images, divided by their number */
} oracle_evaluation;

oracle_evaluation oracle_evaluate(oracle *o, const cbx_dataset *dataset, cbx_part part,
                                  double margin);

/* Fails unless the counts are the oracle's, but for close answers, which may fall either way. */
void assert_confusion(uint64_t counts[CBX_CLASSES][CBX_CLASSES], uint64_t images, uint64_t correct,
                      const oracle_evaluation *expected, const char *what);

#endif
