/* SPDX-License-Identifier: MIT */
/* The canon: what every float is, so that it has the same bits on every device.
 *
 * OpenCL promises that + − × and fma() are rounded correctly, and nothing of the kind for exp(),
 * division or native_…(). So whatever is computed here is made of the former alone, in one
 * order that is written down below; no product is added to anything except by an fma(); and
 * the compiler may not contract. Vector width, work-groups, chunks, owners of shares, schedules
 * and dense or sparse loops change nothing.
 *
 * p = a grey level 0…255; s = scale, t = shift of cbx_normal, so that x = s·p + t; B = rows
 * of the batch; η₁, η₂ = the rates of W1 and W2. Every line is rounded where it says fma, × or +.
 *
 *   Q[b][j]   784 pixels in 7 slabs of CBX_SLAB: in a slab c = fma(p, W1[1+k][j], c) from 0, k
 *             rising; then the slabs' sums are added, in order. As fma(0, w, c) = c, a pixel
 *             that is 0 may be left out.
 *   U[j]      Σ W1[1+k][j], added in the same slabs and order: Q of an image of ones
 *   Z1        fma(s, Q, fma(t, U, W1[0][j])), the bias and Σ x·w without ever making x
 *   A1        sigmoid(Z1)
 *   Z2[b][o]  in a panel of 32 neurons c = fma(A1, W2, c) from 0, neurons rising; the panels' sums
 *             in the tree T(first, n) = T(first, m) + T(first + m, n − m), m the largest power
 *             of two below n; Z2 = W2[0][o] + T(0, P)
 *   A2        sigmoid(Z2)
 *   D2        lesson: tiny((2·(Y − A2)) × slope(A2)); nll: tiny(Y − A2)
 *   D1        tiny(c × d), c = fma(D2[o], W2[1+j][o], c) from 0, o rising;
 *             lesson: d = slope(A1); nll: d = A1 × (1 − A1)
 *   W1[1+k]   fma(η₁s, G, fma(η₁t, S, W1)), G = fma(p, D1, G) and S = S + D1 from 0, rows rising;
 *             η₁s and η₁t are products of floats, rounded once, on the host
 *   W2[1+j]   fma(η₂, g, W2), g = fma(A1, D2, g) from 0, rows rising
 *   biases    nll: W1[0] = fma(η₁, S, W1[0]), W2[0] = fma(η₂, Σ D2, W2[0]), added like S
 *   loss      of an image: Σ l from 0, outputs rising, l = ((max(z, 0) − (z where o is the label,
 *             else 0)) + log1p(e)) + (z − z), e = exp(−min(|z|, 45)); images are added in double, in
 *             order. While training, of Z2 as above: with the weights from before the batch
 *
 *   tiny(v)        0 where |v| < CBX_TINY, so that numbers that devices may flush never arise
 *   exp(x)         |x| ≤ 45: h = fma(x, LOG2E, ROUND), n = h − ROUND, r = fma(n, −LN2_HIGH, x),
 *                  r = fma(n, −LN2_LOW, r), q by Horner's rule in r, ((fma(q, r × r, r) + 1)
 *                  with n added to its exponent: h's low bits are n.
 *                  q of degree 4 meets (e^r − 1 − r)/r² in the Chebyshev nodes of |r| ≤ ln 2 / 2
 *   reciprocal(d)  1 ≤ d < 2¹⁰⁰: r has the bits RECIPROCAL − d's; twice e = fma(−d, r, 1),
 *                  r = fma(r, fma(e, e, e), r), which cubes the error
 *   sigmoid(z)     tiny(reciprocal(1 + exp(−z cut to ±45))) + (z − z): NaN where z is not finite
 *   slope(v)       σ(v)(1 − σ(v)), 0 ≤ v ≤ 1: Horner's rule in v × v, degree 5, in the nodes
 *   log1p(t)       0 ≤ t ≤ 1: v = t × reciprocal(2 + t), u = v × v, y = v + v,
 *                  fma(y × u, p(u), y): 2·artanh(v), p of degree 4 in the nodes of 0 ≤ u ≤ 1/9
 *
 * How far these are from the true values, in units of the last place of those: the largest
 * distance of all floats in the ranges above and where it is, found by tests/test_canon.c.
 *
 *   exp         1.0954 at 5.19886494       slope   0.8734 at 0.968577385
 *   reciprocal  0.5002 at 1.4651227        log1p   2.4456 at 0.647631288, from t = 2⁻⁶⁵ on
 *   sigmoid     2.4807 at −16.635704       l       3.2563 at −1.27742171, where |z| ≤ 45
 *
 * The last z that sigmoid does not make 0 is −43.6682701, the float above ln 2⁻⁶³.
 */
#ifndef CBX_CANON_H
#define CBX_CANON_H

#define CBX_TINY 0x1p-63f /* the product of two such numbers is a normal one */
#define CBX_LARGEST_EXPONENT 45.0f

#define CBX_LOG2E 1.44269504f
#define CBX_ROUND 12582912.0f /* 1.5·2²³: what is added to it is rounded to a whole number */
#define CBX_LN2_HIGH 0.693145752f
#define CBX_LN2_LOW 1.42860677e-6f
/* q's coefficients, from the highest power down; so for the others. */
#define CBX_EXP_4 1.3933643526e-3f
#define CBX_EXP_3 8.3631755655e-3f
#define CBX_EXP_2 4.1666464976e-2f
#define CBX_EXP_1 1.6666577003e-1f
#define CBX_EXP_0 0.5f

#define CBX_RECIPROCAL 0x7ef311c7

#define CBX_SLOPE_5 (-1.6857703925e-5f)
#define CBX_SLOPE_4 1.8495175562e-4f
#define CBX_SLOPE_3 (-1.4720656906e-3f)
#define CBX_SLOPE_2 1.0415834646e-2f
#define CBX_SLOPE_1 (-6.2499929714e-2f)
#define CBX_SLOPE_0 2.4999999903e-1f

#define CBX_LOG_4 0.1161216421f
#define CBX_LOG_3 0.1085328801f
#define CBX_LOG_2 0.1429617899f
#define CBX_LOG_1 0.1999985317f
#define CBX_LOG_0 0.3333333366f

#endif
