/* SPDX-License-Identifier: MIT */
#include "base/logarithm.h"

#include <math.h>
#include <stddef.h>

/* ln 2 in two parts: the upper has 32 bits, so that its multiples by an exponent are exact. */
static const double ln2_high = 0x1.62e42feep-1, ln2_low = 0x1.a39ef35793c76p-33;

/* x = 2ⁿ·(1 + f), √½ ≤ 1 + f < √2, and with s = f/(2 + f)
 *   ln(1 + f) = 2·artanh(s) = 2s + s·R = f − (f²/2 − s·(f²/2 + R)),
 *   R = 2s²/3 + 2s⁴/5 + 2s⁶/7 + …: of its terms after the tenth nothing is seen, |s| < 0.172.
 * In the last form, which is that of FreeBSD's msun, f is exact, and what is rounded is small
 * beside it. */
static const double series[] = {2.0 / 21, 2.0 / 19, 2.0 / 17, 2.0 / 15, 2.0 / 13,
                                2.0 / 11, 2.0 / 9,  2.0 / 7,  2.0 / 5,  2.0 / 3};

double cbx_logarithm(double x) {
    int n;
    double m = frexp(x, &n);
    if (m < 0x1.6a09e667f3bcdp-1) {
        m = m + m;
        n = n - 1;
    }
    const double f = m - 1.0, s = f / (2.0 + f), u = s * s, half_square = 0.5 * f * f;
    double r = 0.0;
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        r = u * (series[i] + r);
    }
    const double low = s * (half_square + r) + n * ln2_low;
    return n * ln2_high - ((half_square - low) - f);
}
