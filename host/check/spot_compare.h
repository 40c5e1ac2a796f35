/* SPDX-License-Identifier: MIT */
/* What a device made of a batch, beside what it should have. */
#ifndef CBX_CHECK_SPOT_COMPARE_H
#define CBX_CHECK_SPOT_COMPARE_H

#include "device/device.h"

/* Two arrays (rows, columns), as they lie. */
typedef struct cbx_compared {
    const float *is, *should;
    size_t is_pitch, pitch, rows, columns;
    size_t row, column; /* the first number that is wrong */
} cbx_compared;

/* To the bit where the device's arithmetic is the canon, else nearly. */
int cbx_are_right(const cbx_device *device, cbx_compared *p);

/* CBX_BAD_KERNEL: of the batch, counted from 0; `where` names the first number that is wrong. */
cbx_status cbx_tell_wrong(const cbx_device *device, uint64_t batch, const cbx_compared *p,
                          const char *where);

#endif
