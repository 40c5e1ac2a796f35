/* How an output is judged, for the evaluation kernels of both families.
 *
 * loss = Σ [−y·log a − (1 − y)·log(1 − a)] over the classes. With a = σ(z) that is
 * Σ [max(z, 0) − y·z + log(1 + e^−|z|)], finite for every finite z.
 * A row counts as correct when its largest output, the first of equals, is its label.
 */
inline float row_loss(float16 z, uint label)
{
    float16 loss = fmax(z, (float16)(0.0f)) - one_hot(label) * z + log1p(exp(-fabs(z)));
    float8 a = only_outputs(loss).lo + only_outputs(loss).hi;
    float4 b = a.lo + a.hi;
    return (b.x + b.y) + (b.z + b.w);
}

inline uint largest_output(float16 z)
{
    float v[CBX_LANES_OUT];
    vstore16(z, 0, v);
    uint best = 0;
    for (uint o = 1; o < CBX_OUTPUTS; o++) {
        best = v[o] > v[best] ? o : best;
    }
    return best;
}
