/* SPDX-License-Identifier: MIT */
/* The network that kernels/canon.h defines, to the bit, as plain loops: what training on any
 * device must give. The formulas and their order are there. reference/network.h is the same in
 * double precision: how near that is to the truth.
 *
 * Every array is row-major; row 0 of a weight matrix is the bias.
 */
#ifndef CBX_REFERENCE_CANON_H
#define CBX_REFERENCE_CANON_H

#include "clearbox/dataset.h"
#include "clearbox/network.h"
#include "clearbox/trainer.h"
#include "layout.h"
#include "reference/canon_scalar.h"

/* cbx_canon_derivative() of `count` numbers. */
void cbx_canon_derivatives(cbx_recipe recipe, const float *a, size_t count, float *s);

/* A network and the batch at hand. */
typedef struct cbx_canon {
    cbx_recipe recipe;
    uint32_t hidden;
    size_t max_rows, rows; /* room for, and of the batch at hand */
    cbx_normal normal;     /* s and t of the dataset of the batch */
    float *w1, *w2;        /* (785, H), (1+H, 10) */
    uint8_t *levels;       /* (rows, 784) */
    uint8_t *labels;       /* (rows) */
    float *a1, *d1;        /* (rows, H) */
    float *z2, *a2, *d2;   /* (rows, 10) */
    float *sums;           /* (3, H), what is being added up */
    float *panels;         /* (10, P), of Z2 */
} cbx_canon;

/* Starts from the weights of `network`, with room for batches of `max_rows`.
 * cbx_canon_clear() in every case. */
cbx_status cbx_canon_init(cbx_canon *canon, cbx_recipe recipe, const cbx_network *network,
                          size_t max_rows);
void cbx_canon_clear(cbx_canon *canon);

/* Takes the weights of a network of the same size. */
void cbx_canon_set_weights(cbx_canon *canon, const cbx_network *network);

/* One batch, at most `max_rows`: the rows order[first … first + rows) of the training part, or,
 * with order NULL, the rows first … first + rows themselves. Leaves A1, D1, Z2, A2 and D2. */
void cbx_canon_step(cbx_canon *canon, const cbx_dataset *dataset, const uint32_t *order,
                    size_t first, size_t rows, cbx_rates rates);

/* The parts of it, for a network whose neurons are not all here: those of a single panel, say. Each
 * takes what those before it left, and may be given other arrays than theirs. */
/* The batch at hand: rows of a part, as above. */
void cbx_canon_fetch(cbx_canon *canon, const cbx_dataset *dataset, cbx_part part,
                     const uint32_t *order, size_t first, size_t rows);
/* A1, of W1. */
void cbx_canon_hidden_forward(cbx_canon *canon);
/* Z2 and A2, of A1 and W2. */
void cbx_canon_output_forward(cbx_canon *canon);
/* D2, of A2. */
void cbx_canon_output_errors(cbx_canon *canon);
/* D1 and W1, of D2, A1 and the W2 from before the batch. */
void cbx_canon_update_hidden(cbx_canon *canon, float rate);
/* W2, of A1 and D2. */
void cbx_canon_update_output(cbx_canon *canon, float rate);

/* The losses (rows) of the batch at hand, of its Z2. */
void cbx_canon_losses(const cbx_canon *canon, float *losses);

/* A1, Z2 and A2 of the images first … first + rows of a part, at most `max_rows`. */
void cbx_canon_outputs(cbx_canon *canon, const cbx_dataset *dataset, cbx_part part, size_t first,
                       size_t rows);

/* Over all images of a part; the answer is the first of the largest of Z2. Leaves the outputs of
 * its last `max_rows` images or fewer. */
cbx_evaluation cbx_canon_evaluate(cbx_canon *canon, const cbx_dataset *dataset, cbx_part part);

#endif
