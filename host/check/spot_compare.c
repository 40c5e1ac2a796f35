/* SPDX-License-Identifier: MIT */
#include "check/spot_compare.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "reference/canon.h"

/* Where the arithmetic is another: as in check/judge.h. */
#define TOLERANCE 1e-5f

/* How far off a number may be; negative: not at all. */
static float tolerance_for(const cbx_device *device, const cbx_compared *p) {
    float largest = 0.0f;
    if (cbx_device_arithmetic(device) == CBX_ARITHMETIC_CANON) {
        return -1.0f;
    }
    for (size_t i = 0; i < p->rows * p->columns; i++) {
        const float size = fabsf(p->should[i / p->columns * p->pitch + i % p->columns]);
        largest = isfinite(size) ? fmaxf(largest, size) : largest;
    }
    return TOLERANCE * largest;
}

/* What is no number has no bits of its own. Other arithmetic may be finite a little longer, or not so
 * long. cbx_trainer_check() finds both. */
static int is_right(float is, float should, float tolerance) {
    if (tolerance >= 0.0f && !(isfinite(is) && isfinite(should))) {
        return 1;
    }
    return memcmp(&is, &should, sizeof is) == 0 || (isnan(is) && isnan(should)) ||
           fabsf(is - should) <= tolerance;
}

int cbx_are_right(const cbx_device *device, cbx_compared *p) {
    const float tolerance = tolerance_for(device, p);
    for (p->row = 0; p->row < p->rows; p->row++) {
        const float *is = p->is + p->row * p->is_pitch, *should = p->should + p->row * p->pitch;
        if (memcmp(is, should, p->columns * sizeof *is) == 0) {
            continue;
        }
        for (p->column = 0; p->column < p->columns; p->column++) {
            if (!is_right(is[p->column], should[p->column], tolerance)) {
                return 0;
            }
        }
    }
    return 1;
}

cbx_status cbx_tell_wrong(const cbx_device *device, uint64_t batch, const cbx_compared *p,
                          const char *where) {
    const float is = p->is[p->row * p->is_pitch + p->column];
    const float should = p->should[p->row * p->pitch + p->column];
    return cbx_fail(
        CBX_BAD_KERNEL,
        "batch %llu was computed wrongly on %s: %s: 0x%08x (%.9g) here, 0x%08x (%.9g) on "
        "the device; choose another device, or update its driver",
        (unsigned long long)batch + 1, device->info.name, where, cbx_canon_bits(should),
        (double)should, cbx_canon_bits(is), (double)is);
}
