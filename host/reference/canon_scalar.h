/* SPDX-License-Identifier: MIT */
/* The scalar functions that kernels/canon.h defines, to the bit; their formulas are there.
 * Here, and not in a file of their own, so that loops over them are compiled as a whole. */
#ifndef CBX_REFERENCE_CANON_SCALAR_H
#define CBX_REFERENCE_CANON_SCALAR_H

#include <canon.h> /* of kernels/: in quotes it would be the one in this folder */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "clearbox/dataset.h"
#include "clearbox/trainer.h"
#include "reference/fma.h"

static inline uint32_t cbx_canon_bits(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

static inline float cbx_canon_from_bits(uint32_t bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static inline float cbx_canon_tiny(float v) {
    return fabsf(v) < CBX_TINY ? 0.0f : v;
}

/* |x| ≤ 45 */
static inline float cbx_canon_exp(float x) {
    const float h = cbx_fma(x, CBX_LOG2E, CBX_ROUND), n = h - CBX_ROUND;
    float r = cbx_fma(n, -CBX_LN2_HIGH, x);
    r = cbx_fma(n, -CBX_LN2_LOW, r);
    float q = cbx_fma(r, CBX_EXP_4, CBX_EXP_3);
    q = cbx_fma(q, r, CBX_EXP_2);
    q = cbx_fma(q, r, CBX_EXP_1);
    q = cbx_fma(q, r, CBX_EXP_0);
    const float power = cbx_fma(q, r * r, r) + 1.0f;
    return cbx_canon_from_bits(cbx_canon_bits(power) + (cbx_canon_bits(h) << 23));
}

/* 1 ≤ d < 2¹⁰⁰ */
static inline float cbx_canon_reciprocal(float d) {
    float r = cbx_canon_from_bits((uint32_t)CBX_RECIPROCAL - cbx_canon_bits(d));
    float e = cbx_fma(-d, r, 1.0f);
    r = cbx_fma(r, cbx_fma(e, e, e), r);
    e = cbx_fma(-d, r, 1.0f);
    return cbx_fma(r, cbx_fma(e, e, e), r);
}

static inline float cbx_canon_sigmoid(float z) {
    const float largest = CBX_LARGEST_EXPONENT;
    float x = -z < -largest ? -largest : -z;
    x = x > largest ? largest : x;
    return cbx_canon_tiny(cbx_canon_reciprocal(1.0f + cbx_canon_exp(x))) + (z - z);
}

/* 0 ≤ v ≤ 1 */
static inline float cbx_canon_slope(float v) {
    const float u = v * v;
    float s = cbx_fma(u, CBX_SLOPE_5, CBX_SLOPE_4);
    s = cbx_fma(s, u, CBX_SLOPE_3);
    s = cbx_fma(s, u, CBX_SLOPE_2);
    s = cbx_fma(s, u, CBX_SLOPE_1);
    return cbx_fma(s, u, CBX_SLOPE_0);
}

/* What D1 is a multiple of; 0 ≤ a ≤ 1. */
static inline float cbx_canon_derivative(cbx_recipe recipe, float a) {
    switch (recipe) {
    case CBX_RECIPE_LESSON:
        return cbx_canon_slope(a);
    case CBX_RECIPE_NLL:
        return a * (1.0f - a);
    }
    return 0.0f;
}

/* D2, of the output that should be y and is a. */
static inline float cbx_canon_output_error(cbx_recipe recipe, float y, float a) {
    switch (recipe) {
    case CBX_RECIPE_LESSON:
        return cbx_canon_tiny((2.0f * (y - a)) * cbx_canon_slope(a));
    case CBX_RECIPE_NLL:
        return cbx_canon_tiny(y - a);
    }
    return 0.0f;
}

/* 0 ≤ t ≤ 1 */
static inline float cbx_canon_log1p(float t) {
    const float v = t * cbx_canon_reciprocal(2.0f + t), u = v * v, y = v + v;
    float p = cbx_fma(u, CBX_LOG_4, CBX_LOG_3);
    p = cbx_fma(p, u, CBX_LOG_2);
    p = cbx_fma(p, u, CBX_LOG_1);
    p = cbx_fma(p, u, CBX_LOG_0);
    return cbx_fma(y * u, p, y);
}

/* What one output adds to the loss. */
static inline float cbx_canon_cost(float z, int is_label) {
    const float size = fabsf(z), largest = CBX_LARGEST_EXPONENT;
    const float e = cbx_canon_exp(-(size < largest ? size : largest));
    const float past = (z > 0.0f ? z : 0.0f) - (is_label ? z : 0.0f);
    return (past + cbx_canon_log1p(e)) + (z - z);
}

/* Of an image. */
static inline float cbx_canon_loss(const float z[CBX_CLASSES], uint8_t label) {
    float loss = 0.0f;
    for (int o = 0; o < (int)CBX_CLASSES; o++) {
        loss += cbx_canon_cost(z[o], o == label);
    }
    return loss;
}

/* T: the sum of `count` terms, one at least. */
static inline float cbx_canon_tree(const float *terms, size_t count) {
    size_t m = 1;
    while (2 * m < count) {
        m *= 2;
    }
    return count == 1 ? *terms : cbx_canon_tree(terms, m) + cbx_canon_tree(terms + m, count - m);
}

#endif
