/* SPDX-License-Identifier: MIT */
/* The scalar functions that kernels/canon.h defines, to the bit; their formulas are there.
 * Here, and not in a file of their own, so that loops over them are compiled as fma.h says. */
#ifndef CBX_REFERENCE_CANON_SCALAR_H
#define CBX_REFERENCE_CANON_SCALAR_H

#include <canon.h> /* of kernels/: in quotes it would be the one in this folder */

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "clearbox/dataset.h"
#include "clearbox/trainer.h"
#include "reference/fma.h"

CBX_TWICE uint32_t cbx_canon_bits(float v) {
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    return bits;
}

CBX_TWICE float cbx_canon_from_bits(uint32_t bits) {
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

CBX_TWICE float cbx_canon_tiny(float v) {
    return fabsf(v) < CBX_TINY ? 0.0f : v;
}

/* |x| ≤ 45 */
CBX_TWICE float cbx_canon_exp(float x) {
    const float h = fmaf(x, CBX_LOG2E, CBX_ROUND), n = h - CBX_ROUND;
    float r = fmaf(n, -CBX_LN2_HIGH, x);
    r = fmaf(n, -CBX_LN2_LOW, r);
    float q = fmaf(r, CBX_EXP_4, CBX_EXP_3);
    q = fmaf(q, r, CBX_EXP_2);
    q = fmaf(q, r, CBX_EXP_1);
    q = fmaf(q, r, CBX_EXP_0);
    const float power = fmaf(q, r * r, r) + 1.0f;
    return cbx_canon_from_bits(cbx_canon_bits(power) + (cbx_canon_bits(h) << 23));
}

/* 1 ≤ d < 2¹⁰⁰ */
CBX_TWICE float cbx_canon_reciprocal(float d) {
    float r = cbx_canon_from_bits((uint32_t)CBX_RECIPROCAL - cbx_canon_bits(d));
    float e = fmaf(-d, r, 1.0f);
    r = fmaf(r, fmaf(e, e, e), r);
    e = fmaf(-d, r, 1.0f);
    return fmaf(r, fmaf(e, e, e), r);
}

CBX_TWICE float cbx_canon_sigmoid(float z) {
    const float largest = CBX_LARGEST_EXPONENT;
    float x = -z < -largest ? -largest : -z;
    x = x > largest ? largest : x;
    return cbx_canon_tiny(cbx_canon_reciprocal(1.0f + cbx_canon_exp(x))) + (z - z);
}

/* 0 ≤ v ≤ 1 */
CBX_TWICE float cbx_canon_slope(float v) {
    const float u = v * v;
    float s = fmaf(u, CBX_SLOPE_5, CBX_SLOPE_4);
    s = fmaf(s, u, CBX_SLOPE_3);
    s = fmaf(s, u, CBX_SLOPE_2);
    s = fmaf(s, u, CBX_SLOPE_1);
    return fmaf(s, u, CBX_SLOPE_0);
}

/* What D1 is a multiple of; 0 ≤ a ≤ 1. */
CBX_TWICE float cbx_canon_derivative(cbx_recipe recipe, float a) {
    switch (recipe) {
    case CBX_RECIPE_LESSON:
        return cbx_canon_slope(a);
    case CBX_RECIPE_NLL:
        return a * (1.0f - a);
    }
    return 0.0f;
}

/* 0 ≤ t ≤ 1 */
CBX_TWICE float cbx_canon_log1p(float t) {
    const float v = t * cbx_canon_reciprocal(2.0f + t), u = v * v, y = v + v;
    float p = fmaf(u, CBX_LOG_4, CBX_LOG_3);
    p = fmaf(p, u, CBX_LOG_2);
    p = fmaf(p, u, CBX_LOG_1);
    p = fmaf(p, u, CBX_LOG_0);
    return fmaf(y * u, p, y);
}

/* What one output adds to the loss. */
CBX_TWICE float cbx_canon_cost(float z, int is_label) {
    const float size = fabsf(z), largest = CBX_LARGEST_EXPONENT;
    const float e = cbx_canon_exp(-(size < largest ? size : largest));
    const float past = (z > 0.0f ? z : 0.0f) - (is_label ? z : 0.0f);
    return (past + cbx_canon_log1p(e)) + (z - z);
}

/* Of an image. */
CBX_TWICE float cbx_canon_loss(const float z[CBX_CLASSES], uint8_t label) {
    float loss = 0.0f;
    for (int o = 0; o < (int)CBX_CLASSES; o++) {
        loss += cbx_canon_cost(z[o], o == label);
    }
    return loss;
}

#endif
