/* SPDX-License-Identifier: MIT */
/* A = σ(Z) and the derivatives, element by element, the schedule `stepwise`.
 *
 * sigmoid              z becomes σ(z), in place
 * sigmoid_derivative   s = s(a) for the lesson, a(1 − a) for nll
 *
 * Arrays of `vectors` × CBX_VECTOR floats, one vector a work-item. Global size:
 * vectors, rounded up to the local size. Padding is computed like the rest.
 */
kernel void sigmoid(global float *restrict z, uint vectors)
{
    const size_t i = get_global_id(0);
    if (i < vectors) {
        STORE(z + i * CBX_VECTOR, activate_v(LOAD(z + i * CBX_VECTOR)));
    }
}

kernel void sigmoid_derivative(global const float *restrict a, uint vectors, uint recipe,
                               global float *restrict s)
{
    const size_t i = get_global_id(0);
    if (i < vectors) {
        STORE(s + i * CBX_VECTOR, derivative_v(LOAD(a + i * CBX_VECTOR), recipe));
    }
}
