/* SPDX-License-Identifier: MIT */
/* The errors of both layers, the schedule `stepwise`.
 *
 * output_delta   D2 = 2(Y − A2)·s2 for the lesson, Y − A2 for nll
 *   a2, s2, d2 [stride][16]; labels (N) bytes; one work-item a row. Columns 10…15 of
 *   D2 become 0.
 *
 * hidden_delta   D1 = (D2·W2[1:]ᵀ)·s1
 *   s1, d1 [P][stride][32]; one work-item a row of a panel.
 *   Global size: (rows, rounded up to the local size; P).
 */
kernel void output_delta(global const float *restrict a2, global const float *restrict s2,
                         global const uchar *restrict labels, global const uint *restrict order,
                         uint first, uint rows, uint recipe, global float *restrict d2)
{
    const size_t row = get_global_id(0);
    if (row >= rows) {
        return;
    }
    float16 a = LOAD_OUT(a2 + row * CBX_LANES_OUT);
    float16 miss = only_outputs(one_hot(labels[order[first + row]]) - a);
    STORE_OUT(d2 + row * CBX_LANES_OUT,
              tiny_out(output_error(miss, LOAD_OUT(s2 + row * CBX_LANES_OUT), recipe)));
}

kernel void hidden_delta(global const float *restrict d2, global const float *restrict w2,
                         global const float *restrict s1, uint rows, uint stride,
                         global float *restrict d1)
{
    const size_t row = get_global_id(0);
    const size_t panel = get_global_id(1);
    if (row >= rows) {
        return;
    }
    global const float *w = w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
    const size_t at = (panel * stride + row) * CBX_PANEL;
    for (uint lane = 0; lane < CBX_PANEL; lane++) {
        float sum = 0.0f;
        for (uint o = 0; o < CBX_OUTPUTS; o++) {
            sum = fma(d2[row * CBX_LANES_OUT + o], w[lane * CBX_LANES_OUT + o], sum);
        }
        d1[at + lane] = tiny_one(sum * s1[at + lane]);
    }
}
