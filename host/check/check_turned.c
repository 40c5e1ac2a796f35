/* SPDX-License-Identifier: MIT */
/* What turn_batches leaves of images, byte by byte; see kernels/train/turn.cl. */
#include <stdlib.h>

#include "check/judge.h"
#include "network/schedule.h"

enum { LISTS = CBX_SLABS * CBX_LIST, BLOCK = CBX_PIXELS * CBX_ROW_BLOCK };

/* Images that were turned round (rows, 784). */
typedef struct sheet {
    const cbx_trial *trial;
    const uint8_t *levels;
    size_t rows;
} sheet;

static cbx_status judge_byte(const sheet *s, const char *what, size_t row, size_t column,
                             uint8_t is, uint8_t should) {
    return is == should
               ? CBX_OK
               : cbx_judge(s->trial->specimen, (cbx_place){"turn_batches", what, row, column},
                           (double)is, (double)should, CBX_TO_THE_BIT);
}

static int has_ink(const sheet *s, size_t pixel) {
    for (size_t row = 0; row < s->rows; row++) {
        if (s->levels[row * CBX_PIXELS + pixel] != 0) {
            return 1;
        }
    }
    return 0;
}

/* The list of a slab: pixels with ink, rising, the others, rising; how many have ink. */
static cbx_status check_list(const sheet *s, size_t slab, const uint8_t *list) {
    cbx_status status = CBX_OK;
    uint8_t place = 0, inked = 0;
    for (int wanted = 1; wanted >= 0; wanted--) {
        for (uint8_t k = 0; k < CBX_SLAB && !status; k++) {
            if (has_ink(s, slab * CBX_SLAB + k) == wanted) {
                status = judge_byte(s, "lists", slab, place, list[place], k);
                place++;
            }
        }
        inked = wanted ? place : inked;
    }
    return status ? status : judge_byte(s, "lists", slab, place, list[place], inked);
}

/* turned [blocks][112][64] of the slab, in the order of its list. */
static cbx_status check_levels(const sheet *s, size_t slab, const uint8_t *list, size_t blocks,
                               const uint8_t *turned) {
    cbx_status status = CBX_OK;
    for (size_t place = 0; place < CBX_SLAB && !status; place++) {
        const size_t pixel = slab * CBX_SLAB + list[place];
        for (size_t row = 0; row < blocks * CBX_ROW_BLOCK && !status; row++) {
            const size_t at = row / CBX_ROW_BLOCK * BLOCK +
                              (slab * CBX_SLAB + place) * CBX_ROW_BLOCK + row % CBX_ROW_BLOCK;
            status = judge_byte(s, "levels", pixel, row, turned[at],
                                row < s->rows ? s->levels[row * CBX_PIXELS + pixel] : 0);
        }
    }
    return status;
}

/* Bytes that are a multiple of 4; *out is freed with free(). */
static cbx_status read_bytes(const cbx_trial *trial, cl_mem buffer, size_t first, size_t count,
                             float **out) {
    return cbx_read_floats(trial->specimen, buffer, first / sizeof **out, count / sizeof **out,
                           out);
}

cbx_status cbx_check_turned(const cbx_trial *trial, size_t slot, size_t blocks, size_t first,
                            size_t rows) {
    const cbx_turned *turned = &trial->trainer->turned;
    const sheet s = {trial, trial->should.levels + first * CBX_PIXELS, rows};
    float *lists = NULL, *levels = NULL;
    cbx_status status = read_bytes(trial, turned->lists, slot * LISTS, LISTS, &lists);
    if (!status) {
        status = read_bytes(trial, turned->levels, slot * blocks * BLOCK, blocks * BLOCK, &levels);
    }
    for (size_t slab = 0; slab < CBX_SLABS && !status; slab++) {
        const uint8_t *list = (const uint8_t *)lists + slab * CBX_LIST;
        status = check_list(&s, slab, list);
        if (!status) {
            status = check_levels(&s, slab, list, blocks, (const uint8_t *)levels);
        }
    }
    free(lists);
    free(levels);
    return status;
}
