/* SPDX-License-Identifier: MIT */
/* Pictures whose files are small, and take gigabytes or hours to decode: libavcodec knows no bound for
 * texts that are packed, for data behind the last row, nor for the number of scans. */
#ifndef CBX_FILM_STILL_LIGHT_H
#define CBX_FILM_STILL_LIGHT_H

#include <stddef.h>
#include <stdint.h>

/* Takes out of a file what says nothing of its pixels and is dangerous. 0: nobody should decode it, for
 * it is damaged or made to do harm. */
typedef int cbx_still_lighten(uint8_t *file, size_t *bytes);

/* Leaves the chunks that say something of pixels, whose packed bytes are at most twice as many as
 * the rows' and 64 KiB. Packed data swell by 1032 at most, so a picture of n bytes takes the time
 * that unpacking some 2064 n takes. */
cbx_still_lighten cbx_still_lighten_png;

/* At most 100 scans; a progressive picture of cameras and programs has some ten. */
cbx_still_lighten cbx_still_lighten_jpeg;

#endif
