/* SPDX-License-Identifier: MIT */
/* A picture from a file, in grey: PNG, JPEG, or PBM, PGM and PPM, which libavcodec decodes. */
#ifndef CBX_FILM_STILL_H
#define CBX_FILM_STILL_H

#include <stdint.h>

#include "clearbox/status.h"

/* Pixels that a picture may have, and bytes of its file. */
#define CBX_STILL_MOST_PIXELS ((uint64_t)1 << 26)
#define CBX_STILL_MOST_BYTES ((uint64_t)1 << 28)

typedef struct cbx_still {
    uint32_t width, height;
    uint8_t *grey; /* (height, width), 0 black; the caller's, for free() */
} cbx_still;

/* Reads a file, or standard input where `path` is "-"; what a file is, its first bytes say.
 * Colours become their luma, 0.299 R + 0.587 G + 0.114 B. What is transparent shows white paper, or
 * black where the ink is light: where luma weighted by opacity is above the middle on average. A
 * JPEG is turned as its Exif says. Texts and profiles of a PNG are passed over, whatever they are.
 * CBX_MISSING_INPUT: it cannot be read, is a folder, or a pipe that nobody writes to; CBX_BAD_DATA: it is
 * empty, of another kind, damaged, cut short or too large, for its pixels, too; the message
 * names it. CBX_NO_MEMORY. */
cbx_status cbx_still_read(cbx_still *out, const char *path);

#endif
