/* SPDX-License-Identifier: MIT */
/* The levels of H.264 (Table A-1): what a decoder of a level is sure to manage.
 *
 * Left out are level 1b; the number of reference pictures, because one fits into every
 * level that the picture fits into; the longest picture (MinCR); and the 172 pictures a
 * second, 300 from level 6 on, above which A.3.1 knows no level at all.
 */
#ifndef CBX_FILM_LEVEL_H
#define CBX_FILM_LEVEL_H

#include <stddef.h>
#include <stdint.h>

enum { CBX_LEVELS = 19 };

typedef struct cbx_level {
    const char *name;  /* "5.2", static */
    uint8_t idc;       /* ten times that */
    uint32_t max_mbps; /* macroblocks a second */
    uint32_t max_fs;   /* macroblocks of a picture; a side has no more than √(8 · max_fs) */
    uint32_t max_br;   /* 1,000 bits a second, in Baseline and Main */
    uint32_t max_cpb;  /* 1,000 bits of the coded picture buffer */
} cbx_level;

/* The lowest first. */
extern const cbx_level cbx_levels[CBX_LEVELS];

/* The buffer of coded pictures, once for each level: a leaky bucket that loses the level's rate,
 * and gets each picture at one go. As full as it ever was is as large as a decoder's must be
 * (Annex C), whatever the number of pictures. */
typedef struct cbx_buffers {
    uint32_t fps;
    uint64_t held[CBX_LEVELS], most[CBX_LEVELS]; /* bits · fps */
} cbx_buffers;

/* The next picture takes so many bytes; `buffers` starts with its fps and zeros. */
void cbx_buffers_add(cbx_buffers *buffers, size_t bytes);

/* Whether pictures of this size, in pixels, and rate are within a level; and those that
 * `buffers`, which may be NULL, have seen. */
int cbx_level_holds(const cbx_level *level, uint32_t width, uint32_t height, uint32_t fps,
                    const cbx_buffers *buffers);

/* The lowest level that holds them; where none does the highest, which does not. */
const cbx_level *cbx_level_of(uint32_t width, uint32_t height, uint32_t fps,
                              const cbx_buffers *buffers);

#endif
