/* SPDX-License-Identifier: MIT */
/* How outputs are judged: the second half of the evaluation, for both families. The first,
 * evaluate_cpu or evaluate_gpu, leaves A1·W2[1:]; added up over all owners of neurons.
 *
 *   z2 [count][16], w2 [1+32P][16], labels (N)
 *   loss [count], verdicts [count]   of the images first … first + count; the host adds them up
 *
 * The answer is the largest output, the first of equals; a verdict is 16·label + answer.
 */

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
