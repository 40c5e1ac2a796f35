/* SPDX-License-Identifier: MIT */
/* The formulas of kernels/canon.h on arrays of any content, to the bit: what single kernels are
 * compared with, and host/reference/canon.c, too. One number at a time and with every pixel, as
 * the text there says, and in no way as those go about it.
 *
 * Every array is row-major; row 0 of a weight matrix is the bias.
 */
#ifndef TEST_SUPPORT_CHAINS_H
#define TEST_SUPPORT_CHAINS_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/trainer.h"
#include "layout.h"

/* U (hidden) of w1 (785, hidden). */
void chain_column_sums(const float *w1, size_t hidden, float *u);

/* Z1 (rows, hidden) of grey levels (rows, 784), w1 (785, hidden) and U. */
void chain_hidden_sums(const uint8_t *levels, cbx_normal normal, const float *w1, const float *u,
                       size_t rows, size_t hidden, float *z1);

/* T (rows, 10), what the panels first … end add to Z2; a1 (rows, hidden), w2 (1+hidden, 10). */
void chain_outputs(const float *a1, const float *w2, size_t rows, size_t hidden, size_t first,
                   size_t end, float *sums);

/* σ of `count` numbers, in place; and what errors are multiplied with, s(a) or a(1 − a). */
void chain_sigmoids(float *z, size_t count);
void chain_derivatives(cbx_recipe recipe, const float *a, size_t count, float *s);

/* D2 (rows, 10) of a2, s2 (rows, 10) and labels (rows); s2 is not used by nll. */
void chain_output_delta(cbx_recipe recipe, const float *a2, const float *s2, const uint8_t *labels,
                        size_t rows, float *d2);

/* D1 (rows, hidden) of d2 (rows, 10), w2 (1+hidden, 10) and s1 (rows, hidden). */
void chain_hidden_delta(const float *d2, const float *w2, const float *s1, size_t rows,
                        size_t hidden, float *d1);

/* The rates of a batch, and their products with scale and shift. */
cbx_step_sizes chain_steps(cbx_rates rates, cbx_normal normal);

/* w1 (785, hidden) by levels (rows, 784) and d1 (rows, hidden); w2 (1+hidden, 10) by a1
 * (rows, hidden) and d2 (rows, 10). */
void chain_update_hidden(cbx_recipe recipe, const uint8_t *levels, const float *d1, size_t rows,
                         size_t hidden, cbx_step_sizes steps, float *w1);
void chain_update_output(cbx_recipe recipe, const float *a1, const float *d2, size_t rows,
                         size_t hidden, float rate, float *w2);

#endif
