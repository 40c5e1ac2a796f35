/* SPDX-License-Identifier: MIT */
/* How fast the device multiplies and adds, and what a launch costs.
 *
 * bench_peak: chains of x ← factor·x + term that never touch memory. The chains of
 * a work-item do not depend on each other; there are enough of them to hide the
 * latency of the unit, and few enough to stay in registers.
 *   out  one `chain` a work-item, the sum of its chains
 * Processors: vectors of CBX_VECTOR floats, one work-item a work-group, several
 * groups for each compute unit. GPUs: scalars, local size 256, enough work-items to
 * fill every unit. No divisibility: every work-item does the same work.
 *   FLOP = work-items · rounds · CBX_PEAK_STEPS · CBX_PEAK_CHAINS · 2 · floats in a chain
 * With factor 1/2 and term 1 every chain tends to 2.
 *
 * bench_empty: as little as a kernel can do and still be seen to have run.
 *   out [0] becomes `value`. Global size 1.
 *
 * CBX_BENCH_CPU, given by the host: 1 for processors, 0 for everything else.
 */
#ifndef CBX_PEAK_CHAINS
#define CBX_PEAK_CHAINS 12
#endif
/* Steps of every chain in a round. */
#ifndef CBX_PEAK_STEPS
#define CBX_PEAK_STEPS 8
#endif

#if CBX_BENCH_CPU
typedef floatv chain;
#else
typedef float chain;
#endif

kernel void bench_peak(uint rounds, float factor, float term, global chain *restrict out)
{
    chain x[CBX_PEAK_CHAINS];
    UNROLL for (uint i = 0; i < CBX_PEAK_CHAINS; i++) {
        x[i] = (chain)((float)i);
    }
    for (uint round = 0; round < rounds; round++) {
        UNROLL for (uint step = 0; step < CBX_PEAK_STEPS; step++) {
            UNROLL for (uint i = 0; i < CBX_PEAK_CHAINS; i++) {
                x[i] = fma(x[i], (chain)(factor), (chain)(term));
            }
        }
    }
    chain sum = (chain)(0.0f);
    UNROLL for (uint i = 0; i < CBX_PEAK_CHAINS; i++) {
        sum += x[i];
    }
    out[get_global_id(0)] = sum;
}

kernel void bench_empty(float value, global float *restrict out)
{
    if (get_global_id(0) == 0) {
        out[0] = value;
    }
}
