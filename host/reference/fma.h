/* SPDX-License-Identifier: MIT */
/* fmaf(), which compilers make a slow call where the processor they compile for lacks an
 * instruction. */
#ifndef CBX_REFERENCE_FMA_H
#define CBX_REFERENCE_FMA_H

#include <math.h>
#include <stdint.h>
#include <string.h>

/* In double precision the product is exact. The sum is rounded to the neighbour whose last bit
 * is 1, unless it is exact; then rounding it to float is right (S. Boldo, G. Melquiond,
 * Emulation of FMA and correctly rounded sums, 2008). */
static inline float cbx_fma_worked_out(float a, float b, float c) {
    const double product = (double)a * (double)b, term = (double)c;
    double sum = product + term;
    const double rest = sum - product, error = (product - (sum - rest)) + (term - rest);
    uint64_t bits;
    memcpy(&bits, &sum, sizeof bits);
    if ((error < 0.0 || error > 0.0) && !(bits & 1)) {
        bits = (error > 0.0) == (sum > 0.0) ? bits + 1 : bits - 1;
    }
    memcpy(&sum, &bits, sizeof bits);
    return (float)sum;
}

static inline float cbx_fma(float a, float b, float c) {
#if defined(__FMA__) || defined(FP_FAST_FMAF)
    return fmaf(a, b, c);
#else
    return cbx_fma_worked_out(a, b, c);
#endif
}

#endif
