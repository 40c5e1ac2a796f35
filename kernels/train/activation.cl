/* SPDX-License-Identifier: MIT */
/* The scalar functions of the network, for one float and for vectors.
 *
 *   activate(z) = σ(z) = 1/(1 + e^−z)          slope(v) = s(v) = σ(v)(1 − σ(v))
 *
 * exp: x = n·ln 2 + r with |r| ≤ ln 2 / 2; e^r = 1 + r + r²·q(r), where q of
 * degree 4 interpolates (e^r − 1 − r)/r² in the Chebyshev nodes; within 1e-7. Adding
 * 1.5·2²³ rounds to a whole number, which is left in the lowest bits of the sum.
 * Below −43 σ is flushed to 0: the true value is under 3e-19, nothing beside any sum
 * it enters, and its square, which s takes, would be a denormal number, on which many
 * processors compute in microcode, a hundred times slower. NaN stays NaN.
 *
 * slope is for an activation, 0 ≤ v ≤ 1, where s is a smooth even
 * function: degree 5 in v², interpolated in the Chebyshev nodes, within 5e-9.
 */
#define CBX_ACTIVATIONS(FLOAT, NAME, AS_FLOAT, AS_INT)                                             \
    HELPER FLOAT CBX_JOIN(exp_, NAME)(FLOAT x)                                                     \
    {                                                                                              \
        FLOAT shifted = fma(x, (FLOAT)(1.44269504f), (FLOAT)(12582912.0f));                        \
        FLOAT n = shifted - 12582912.0f;                                                           \
        FLOAT r = fma(n, (FLOAT)(-0.693145752f), x);                                               \
        r = fma(n, (FLOAT)(-1.42860677e-6f), r);                                                   \
        FLOAT q = fma(r, (FLOAT)(1.3933643526e-3f), (FLOAT)(8.3631755655e-3f));                    \
        q = fma(q, r, (FLOAT)(4.1666464976e-2f));                                                  \
        q = fma(q, r, (FLOAT)(1.6666577003e-1f));                                                  \
        q = fma(q, r, (FLOAT)(0.5f));                                                              \
        FLOAT power = fma(q, r * r, r) + 1.0f;                                                     \
        return AS_FLOAT(AS_INT(power) + (AS_INT(shifted) << 23));                                  \
    }                                                                                              \
    HELPER FLOAT CBX_JOIN(activate_, NAME)(FLOAT z)                                                \
    {                                                                                              \
        FLOAT e = CBX_JOIN(exp_, NAME)(fmin(fmax(-z, (FLOAT)(-87.0f)), (FLOAT)(87.0f)));           \
        FLOAT a = 1.0f / (1.0f + e);                                                               \
        a = select(a, (FLOAT)(0.0f), isless(z, (FLOAT)(-43.0f)));                                  \
        return select(a, z, isnan(z));                                                             \
    }                                                                                              \
    HELPER FLOAT CBX_JOIN(slope_, NAME)(FLOAT v)                                                   \
    {                                                                                              \
        FLOAT u = v * v;                                                                           \
        FLOAT s = fma(u, (FLOAT)(-1.6857703925e-5f), (FLOAT)(1.8495175562e-4f));                   \
        s = fma(s, u, (FLOAT)(-1.4720656906e-3f));                                                 \
        s = fma(s, u, (FLOAT)(1.0415834646e-2f));                                                  \
        s = fma(s, u, (FLOAT)(-6.2499929714e-2f));                                                 \
        return fma(s, u, (FLOAT)(2.4999999903e-1f));                                               \
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
#define activate_out activate_v
#define slope_out slope_v
#endif

/* X: a pixel as the network sees it. */
HELPER float normalise(uchar level, cbx_normal normal)
{
    return fma(convert_float(level), normal.scale, normal.shift);
}

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
 * `slope` is not computed. For every type. */
#define output_error(miss, slope, recipe)                                                          \
    ((recipe) == CBX_LESSON ? 2.0f * (miss) * (slope) : (miss))

/* What becomes of a weight, for every type: W + η·gradient. */
#define stepped(weight, gradient, rate) fma(rate, gradient, weight)
