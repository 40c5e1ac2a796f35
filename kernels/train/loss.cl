/* SPDX-License-Identifier: MIT */
/* The loss of an image: Σ [−y·log a − (1 − y)·log(1 − a)] over the classes. With a = σ(z) that is
 * Σ [max(z, 0) − y·z + log(1 + e^−|z|)], finite for every finite z.
 *
 * row_loss     of one image, from its Z2. For the evaluation, and for every schedule while it
 *              trains, where the host asks for it
 * output_loss  of a batch, the schedule `stepwise`: one work-item a row
 *   z2 [stride][16]; labels (N) bytes; losses (training), each at its place in the order
 */
/* log(1 + t) for 0 ≤ t ≤ 1, 2·artanh(t / (2 + t)). */
HELPER float16 log1p_out(float16 t)
{
    float16 v = t * reciprocal_out(2.0f + t), u = v * v, y = v + v;
    float16 p = fma(u, (float16)(CBX_LOG_4), (float16)(CBX_LOG_3));
    p = fma(p, u, (float16)(CBX_LOG_2));
    p = fma(p, u, (float16)(CBX_LOG_1));
    p = fma(p, u, (float16)(CBX_LOG_0));
    return fma(y * u, p, y);
}

HELPER float row_loss(float16 z, uint label)
{
    float l[CBX_LANES_OUT] __attribute__((aligned(64)));
    const float16 e = exp_out(-fmin(fabs(z), (float16)(CBX_LARGEST_EXPONENT)));
    const float16 hit = select((float16)(0.0f), z, one_hot(label) != 0.0f);
    *(float16 *)l = ((fmax(z, (float16)(0.0f)) - hit) + log1p_out(e)) + (z - z);
    float loss = 0.0f;
    UNROLL for (uint o = 0; o < CBX_OUTPUTS; o++) {
        loss += l[o];
    }
    return loss;
}

kernel void output_loss(global const float *restrict z2, global const uchar *restrict labels,
                        global const uint *restrict order, uint first, uint rows,
                        global float *restrict losses)
{
    const size_t row = get_global_id(0);
    if (row < rows) {
        losses[first + row] =
            row_loss(LOAD_OUT(z2 + row * CBX_LANES_OUT), labels[order[first + row]]);
    }
}
