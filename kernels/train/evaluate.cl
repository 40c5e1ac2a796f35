/* SPDX-License-Identifier: MIT */
/* How outputs are judged: the second half of the evaluation, for both families. The first,
 * evaluate_cpu or evaluate_gpu, leaves Z2, or the share of it of these panels.
 *
 *   z2 [count][16], labels (N)
 *   loss [count], verdicts [count]   of the images first … first + count; the host adds them up
 *
 * loss = Σ [−y·log a − (1 − y)·log(1 − a)] over the classes. With a = σ(z) that is
 * Σ [max(z, 0) − y·z + log(1 + e^−|z|)], finite for every finite z.
 * The answer is the largest output, the first of equals; a verdict is 16·label + answer.
 */
HELPER float row_loss(float16 z, uint label)
{
    float16 loss = fmax(z, (float16)(0.0f)) - one_hot(label) * z + log1p(exp(-fabs(z)));
    float8 a = only_outputs(loss).lo + only_outputs(loss).hi;
    float4 b = a.lo + a.hi;
    return (b.x + b.y) + (b.z + b.w);
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
kernel void judge(global const float *restrict z2, global const uchar *restrict labels, uint first,
                  uint count, uint rows, global float *restrict loss,
                  global uchar *restrict verdicts)
{
    const uint start = get_global_id(0) * rows, end = min(start + rows, count);
    for (uint i = start; i < end; i++) {
        const float16 z = LOAD_OUT(z2 + (size_t)i * CBX_LANES_OUT);
        const uint label = labels[first + i];
        loss[i] = row_loss(z, label);
        verdicts[i] = (uchar)(label * CBX_LANES_OUT + largest_output(z));
    }
}
