/* SPDX-License-Identifier: MIT */
/* How long a multiply-add takes with one rounding and with two: chains
 * in which every step waits for the one before. Devices without the instruction work out
 * fma() in many others, whatever they say of themselves; the host compares and chooses, see
 * host/device/fma.c.
 *
 *   out [1] floatv; one work-item
 */
kernel void fused_speed(uint steps, float factor, float term, global float *restrict out)
{
    floatv v = (floatv)(term);
    for (uint i = 0; i < steps; i++) {
        v = fma(v, (floatv)(factor), (floatv)(term));
    }
    STORE(out, v);
}

kernel void muladd_speed(uint steps, float factor, float term, global float *restrict out)
{
    floatv v = (floatv)(term);
    for (uint i = 0; i < steps; i++) {
        v = v * (floatv)(factor) + (floatv)(term);
    }
    STORE(out, v);
}
