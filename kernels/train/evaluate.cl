/* SPDX-License-Identifier: MIT */
/* How outputs are judged: the second half of the evaluation, for both families. The first,
 * evaluate_cpu or evaluate_gpu, leaves A1·W2[1:]; added up over all owners of neurons.
 *
 *   z2 [count][16], w2 [1+32P][16], labels (N)
 *   loss [count], verdicts [count]   of the images first … first + count; the host adds them up
 *
 * loss = Σ [−y·log a − (1 − y)·log(1 − a)] over the classes. With a = σ(z) that is
 * Σ [max(z, 0) − y·z + log(1 + e^−|z|)], finite for every finite z.
 * The answer is the largest output, the first of equals; a verdict is 16·label + answer.
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
    *(float16 *)l = (fmax(z, (float16)(0.0f)) - hit) + log1p_out(e);
    float loss = 0.0f;
    for (uint o = 0; o < CBX_OUTPUTS; o++) {
        loss += l[o];
    }
    return loss;
}

HELPER uint largest_output(float16 z)
{
    const int16 column = (int16)(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    float16 v = select(z, (float16)(-INFINITY), column >= CBX_OUTPUTS);
    float8 a = fmax(v.lo, v.hi);
    float4 b = fmax(a.lo, a.hi);
    float most = fmax(fmax(b.x, b.y), fmax(b.z, b.w));
    int16 place = select((int16)(CBX_LANES_OUT - 1), column, v == most); /* 15: all are NaN */
    int8 c = min(place.lo, place.hi);
    int4 d = min(c.lo, c.hi);
    return (uint)min(min(d.x, d.y), min(d.z, d.w));
}

/* A work-item judges `rows` images, side by side. Global size: ⌈count / rows⌉. */
kernel void judge(global const float *restrict z2, global const float *restrict w2,
                  global const uchar *restrict labels, uint first, uint count, uint rows,
                  global float *restrict loss, global uchar *restrict verdicts)
{
    const uint start = get_global_id(0) * rows, end = min(start + rows, count);
    for (uint i = start; i < end; i++) {
        const float16 z = LOAD_OUT(w2) + LOAD_OUT(z2 + (size_t)i * CBX_LANES_OUT);
        const uint label = labels[first + i];
        loss[i] = row_loss(z, label);
        verdicts[i] = (uchar)(label * CBX_LANES_OUT + largest_output(z));
    }
}
