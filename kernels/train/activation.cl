/* SPDX-License-Identifier: MIT */
/* The scalar functions of the network, for one float and for vectors, as kernels/canon.h
 * defines them.
 *
 *   activate(z) = σ(z) = 1/(1 + e^−z)          slope(v) = s(v) = σ(v)(1 − σ(v))
 *
 * exp: x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r = 1 + r + r²·q(r). Adding 1.5·2²³ rounds to a
 * whole number, which is left in the lowest bits of the sum.
 * reciprocal: subtracting the bits negates the exponent and, roughly, the logarithm of what
 * is behind it; then Newton's method of the third order.
 */
#define CBX_ACTIVATIONS(FLOAT, NAME, AS_FLOAT, AS_INT)                                             \
    HELPER FLOAT CBX_JOIN(tiny_, NAME)(FLOAT v)                                                    \
    {                                                                                              \
        return select(v, (FLOAT)(0.0f), isless(fabs(v), (FLOAT)(CBX_TINY)));                       \
    }                                                                                              \
    HELPER FLOAT CBX_JOIN(exp_, NAME)(FLOAT x)                                                     \
    {                                                                                              \
        FLOAT h = fma(x, (FLOAT)(CBX_LOG2E), (FLOAT)(CBX_ROUND));                                  \
        FLOAT n = h - CBX_ROUND;                                                                   \
        FLOAT r = fma(n, (FLOAT)(-CBX_LN2_HIGH), x);                                               \
        r = fma(n, (FLOAT)(-CBX_LN2_LOW), r);                                                      \
        FLOAT q = fma(r, (FLOAT)(CBX_EXP_4), (FLOAT)(CBX_EXP_3));                                  \
        q = fma(q, r, (FLOAT)(CBX_EXP_2));                                                         \
        q = fma(q, r, (FLOAT)(CBX_EXP_1));                                                         \
        q = fma(q, r, (FLOAT)(CBX_EXP_0));                                                         \
        FLOAT power = fma(q, r * r, r) + 1.0f;                                                     \
        return AS_FLOAT(AS_INT(power) + (AS_INT(h) << 23));                                        \
    }                                                                                              \
    HELPER FLOAT CBX_JOIN(reciprocal_, NAME)(FLOAT d)                                              \
    {                                                                                              \
        FLOAT r = AS_FLOAT(CBX_RECIPROCAL - AS_INT(d));                                            \
        FLOAT e = fma(-d, r, (FLOAT)(1.0f));                                                       \
        r = fma(r, fma(e, e, e), r);                                                               \
        e = fma(-d, r, (FLOAT)(1.0f));                                                             \
        return fma(r, fma(e, e, e), r);                                                            \
    }                                                                                              \
    HELPER FLOAT CBX_JOIN(activate_, NAME)(FLOAT z)                                                \
    {                                                                                              \
        const FLOAT most = (FLOAT)(CBX_LARGEST_EXPONENT);                                          \
        FLOAT e = CBX_JOIN(exp_, NAME)(fmin(fmax(-z, -most), most));                               \
        return CBX_JOIN(tiny_, NAME)(CBX_JOIN(reciprocal_, NAME)(1.0f + e)) + (z - z);             \
    }                                                                                              \
    HELPER FLOAT CBX_JOIN(slope_, NAME)(FLOAT v)                                                   \
    {                                                                                              \
        FLOAT u = v * v;                                                                           \
        FLOAT s = fma(u, (FLOAT)(CBX_SLOPE_5), (FLOAT)(CBX_SLOPE_4));                              \
        s = fma(s, u, (FLOAT)(CBX_SLOPE_3));                                                       \
        s = fma(s, u, (FLOAT)(CBX_SLOPE_2));                                                       \
        s = fma(s, u, (FLOAT)(CBX_SLOPE_1));                                                       \
        return fma(s, u, (FLOAT)(CBX_SLOPE_0));                                                    \
    }                                                                                              \
    /* What the recipe multiplies an error with: s(a), or σ′ in terms of a = σ(z). */              \
    HELPER FLOAT CBX_JOIN(derivative_, NAME)(FLOAT a, uint recipe)                                 \
    {                                                                                              \
        return recipe == CBX_LESSON ? CBX_JOIN(slope_, NAME)(a) : a * (1.0f - a);                  \
    }

CBX_ACTIVATIONS(float, one, as_float, as_int)
CBX_ACTIVATIONS(floatv, v, as_floatv, as_intv)
#if CBX_VECTOR != 16
CBX_ACTIVATIONS(float16, out, as_float16, as_int16)
#else
#define tiny_out tiny_v
#define exp_out exp_v
#define reciprocal_out reciprocal_v
#define activate_out activate_v
#define slope_out slope_v
#endif

/* Keeps the first 10 of 16 columns. */
HELPER float16 only_outputs(float16 v)
{
    return v * (float16)(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0);
}

/* Y: 1 in the column of the label, else 0. */
HELPER float16 one_hot(uint label)
{
    int16 column = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    return select((float16)(0.0f), (float16)(1.0f), column == (int)label);
}

/* D2 from `miss` = Y − A2: 2(Y − A2)·s(A2) for the lesson, the miss itself for nll, where
 * `slope` is not computed. For every type, whose tiny_…() follows. */
#define output_error(miss, slope, recipe)                                                          \
    ((recipe) == CBX_LESSON ? 2.0f * (miss) * (slope) : (miss))

/* What becomes of a weight, for every type: W + η·gradient. */
#define stepped(weight, gradient, rate) fma(rate, gradient, weight)

/* The same of W1[1:], whose gradient is s·G + t·S: the rates have s and t in them. */
#define stepped_pixel(weight, levels, errors, rate_scale, rate_shift)                              \
    fma(rate_scale, levels, fma(rate_shift, errors, weight))

/* Z1 from Q, U and the bias. */
#define hidden_sum(levels, weights, bias, normal)                                                  \
    fma((normal).scale, levels, fma((normal).shift, weights, bias))
