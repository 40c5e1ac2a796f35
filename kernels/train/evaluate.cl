/* SPDX-License-Identifier: MIT */
/* How an output is judged, for the evaluation kernels of both families.
 *
 * loss = Σ [−y·log a − (1 − y)·log(1 − a)] over the classes. With a = σ(z) that is
 * Σ [max(z, 0) − y·z + log(1 + e^−|z|)], finite for every finite z.
 * A row counts as correct when its largest output, the first of equals, is its label.
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
    int16 place = select((int16)(CBX_LANES_OUT), column, v == most);
    int8 c = min(place.lo, place.hi);
    int4 d = min(c.lo, c.hi);
    return (uint)min(min(d.x, d.y), min(d.z, d.w));
}
