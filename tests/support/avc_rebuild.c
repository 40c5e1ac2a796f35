/* SPDX-License-Identifier: MIT */
#include "support/avc_rebuild.h"

#include <string.h>

#include "support/test.h"

/* A plane and its part of one macroblock, at (x, y). */
typedef struct part {
    uint8_t *plane;
    uint32_t pitch, side, x, y;
    int has_left, has_above;
} part;

avc_canvas avc_canvas_new(const cbx_stream *stream) {
    avc_canvas canvas = {.wide = (stream->width + 15) / 16, .high = (stream->height + 15) / 16};
    const size_t chroma = (size_t)canvas.wide * canvas.high * 64;
    TEST_NEW(canvas.luma, 6 * chroma);
    canvas.chroma[0] = canvas.luma + 4 * chroma;
    canvas.chroma[1] = canvas.chroma[0] + chroma;
    return canvas;
}

void avc_canvas_free(avc_canvas *canvas) {
    free(canvas->luma);
}

int avc_chroma_qp(int luma_qp, int offset) {
    static const uint8_t coarse[] = {29, 30, 31, 32, 32, 33, 34, 34, 35, 35, 36,
                                     36, 37, 37, 37, 38, 38, 38, 39, 39, 39, 39};
    const int sum = luma_qp + offset, qp = sum < 0 ? 0 : sum > 51 ? 51 : sum;
    return qp < 30 ? qp : coarse[qp - 30];
}

/* ---- 8.5: coefficients ---- */

static const uint8_t scan[16] = {0, 1, 4, 8, 5, 2, 3, 6, 9, 12, 13, 10, 7, 11, 14, 15};

/* LevelScale4x4 without weights, 16 times normAdjust4x4. */
static int64_t level_scale(int qp, unsigned place) {
    static const int v[6][3] = {{10, 16, 13}, {11, 18, 14}, {13, 20, 16},
                                {14, 23, 18}, {16, 25, 20}, {18, 29, 23}};
    const unsigned x = place % 4, y = place / 4;
    return 16 * v[qp % 6][x % 2 == 0 && y % 2 == 0 ? 0 : x % 2 == 1 && y % 2 == 1 ? 1 : 2];
}

static int64_t shift(int64_t value, int left) {
    return left >= 0 ? value * (1 << left) : (value + (1 << (-left - 1))) >> -left;
}

/* 8.5.12.2, of four numbers `step` apart. */
static void transform(int64_t *d, int step) {
    const int64_t e = d[0] + d[2 * step], f = d[0] - d[2 * step];
    const int64_t g = (d[step] >> 1) - d[3 * step], h = d[step] + (d[3 * step] >> 1);
    d[0] = e + h;
    d[step] = f + g;
    d[2 * step] = f - g;
    d[3 * step] = e - h;
}

/* Levels in the order of the scan become coefficients, and these are added to what is predicted. Where
 * DC coefficients travel apart, `dc` is that of this block. */
static void add_block(const part *p, uint32_t x, uint32_t y, const int16_t *levels, int qp,
                      const int64_t *dc) {
    int64_t d[16];
    for (unsigned i = 0; i < 16; i++) {
        d[scan[i]] = shift(levels[i] * level_scale(qp, scan[i]), qp / 6 - 4);
    }
    d[0] = dc ? *dc : d[0];
    for (int i = 0; i < 4; i++) {
        transform(d + 4 * i, 1);
    }
    for (int i = 0; i < 4; i++) {
        transform(d + i, 4);
    }
    for (uint32_t i = 0; i < 16; i++) {
        uint8_t *at = p->plane + (size_t)(p->y + y + i / 4) * p->pitch + p->x + x + i % 4;
        const int64_t sum = *at + ((d[i] + 32) >> 6);
        *at = (uint8_t)(sum < 0 ? 0 : sum > 255 ? 255 : sum);
    }
}

/* 8.5.10 and 8.5.11.1: sums with every combination of signs that a row of `signs` has. */
static void hadamard(const int64_t *c, int64_t *f, int side) {
    static const int signs[4][4] = {{1, 1, 1, 1}, {1, 1, -1, -1}, {1, -1, -1, 1}, {1, -1, 1, -1}};
    static const int two[2][2] = {{1, 1}, {1, -1}};
    for (int i = 0; i < side * side; i++) {
        f[i] = 0;
        for (int j = 0; j < side * side; j++) {
            const int a = i / side, b = i % side, u = j / side, v = j % side;
            f[i] += c[j] * (side == 4 ? signs[a][u] * signs[b][v] : two[a][u] * two[b][v]);
        }
    }
}

static void add_luma(const part *p, const avc_macroblock *mb, int qp) {
    int64_t c[16], f[16];
    for (unsigned i = 0; i < 16; i++) {
        c[scan[i]] = mb->levels[CBX_LEVELS_OF_DC + i];
    }
    hadamard(c, f, 4);
    for (uint32_t i = 0; i < 16; i++) {
        const int64_t dc = shift(f[i] * level_scale(qp, 0), qp / 6 - 6);
        add_block(p, i % 4 * 4, i / 4 * 4, mb->levels + 16 * i, qp,
                  mb->kind == CBX_INTRA ? &dc : NULL);
    }
}

static void add_chroma(const part *p, const avc_macroblock *mb, int plane, int qp) {
    int64_t c[4], f[4];
    for (int i = 0; i < 4; i++) {
        c[i] = mb->levels[CBX_LEVELS_OF_CHROMA_DC + 4 * plane + i];
    }
    hadamard(c, f, 2);
    for (uint32_t i = 0; i < 4; i++) {
        const int64_t dc = (f[i] * level_scale(qp, 0) * (1 << qp / 6)) >> 5;
        add_block(p, i % 2 * 4, i / 2 * 4,
                  mb->levels + CBX_LEVELS_OF_CHROMA + 64 * plane + 16 * (int)i, qp, &dc);
    }
}

/* ---- 8.3: prediction by means ---- */

static void fill(const part *p, uint32_t x, uint32_t y, uint32_t side, int value) {
    for (uint32_t v = 0; v < side; v++) {
        memset(p->plane + (size_t)(p->y + y + v) * p->pitch + p->x + x, value, side);
    }
}

/* Of `side` samples from (x, y) of the macroblock on, above it and to its left. */
static int mean(const part *p, uint32_t x, uint32_t y, uint32_t side, int left, int above) {
    const uint8_t *at = p->plane + (size_t)p->y * p->pitch + p->x;
    unsigned sum = 0, count = 0;
    for (uint32_t i = 0; i < side && above; i++, count++) {
        sum += *(at + x + i - p->pitch);
    }
    for (uint32_t i = 0; i < side && left; i++, count++) {
        sum += *(at + (size_t)(y + i) * p->pitch - 1);
    }
    return count > 0 ? (int)((sum + count / 2) / count) : 128;
}

static void predict(const part *p) {
    if (p->side == 16) {
        fill(p, 0, 0, 16, mean(p, 0, 0, 16, p->has_left, p->has_above));
        return;
    }
    int means[4]; /* all before the first is filled in, and only of what lies outside */
    for (uint32_t i = 0; i < 4; i++) {
        const uint32_t x = i % 2 * 4, y = i / 2 * 4;
        int left = p->has_left, above = p->has_above;
        if (x > y && above) {
            left = 0;
        } else if (y > x && left) {
            above = 0;
        }
        means[i] = mean(p, x, y, 4, left, above);
    }
    for (uint32_t i = 0; i < 4; i++) {
        fill(p, i % 2 * 4, i / 2 * 4, 4, means[i]);
    }
}

static void copy_pcm(const part *p, const uint8_t *samples) {
    for (uint32_t y = 0; y < p->side; y++) {
        memcpy(p->plane + (size_t)(p->y + y) * p->pitch + p->x, samples + y * p->side, p->side);
    }
}

/* ---- pictures ---- */

static part part_of(const avc_canvas *canvas, int plane, uint32_t mb, uint32_t slice_rows) {
    const uint32_t column = mb % canvas->wide, row = mb / canvas->wide, side = plane < 0 ? 16 : 8;
    return (part){.plane = plane < 0 ? canvas->luma : canvas->chroma[plane],
                  .pitch = canvas->wide * side,
                  .side = side,
                  .x = column * side,
                  .y = row * side,
                  .has_left = column > 0,
                  .has_above = row % slice_rows > 0};
}

static void rebuild_part(const part *p, const avc_macroblock *mb, int plane, int qp, int offset) {
    if (mb->kind == CBX_PCM) {
        copy_pcm(p, mb->pcm + (plane < 0 ? 0 : 256 + 64 * plane));
        return;
    }
    if (mb->kind == CBX_INTRA) {
        predict(p);
    }
    if (plane < 0) {
        add_luma(p, mb, qp);
    } else {
        add_chroma(p, mb, plane, avc_chroma_qp(qp, offset));
    }
}

void avc_rebuild(avc_canvas *canvas, const cbx_stream *stream, const avc_picture *picture,
                 const avc_macroblock *mbs, uint32_t slice_rows) {
    for (uint32_t mb = 0; mb < canvas->wide * canvas->high; mb++) {
        for (int plane = -1; plane < 2 && !mbs[mb].skipped; plane++) {
            const part p = part_of(canvas, plane, mb, slice_rows);
            rebuild_part(&p, &mbs[mb], plane, picture->qp, stream->chroma_qp_offset);
        }
    }
}

static uint8_t *crop(const uint8_t *plane, uint32_t pitch, uint32_t width, uint32_t height,
                     uint8_t *to) {
    for (uint32_t y = 0; y < height; y++, to += width) {
        memcpy(to, plane + (size_t)y * pitch, width);
    }
    return to;
}

void avc_crop(const avc_canvas *canvas, const cbx_stream *stream, uint8_t *planes) {
    planes = crop(canvas->luma, canvas->wide * 16, stream->width, stream->height, planes);
    for (int i = 0; i < 2; i++) {
        planes = crop(canvas->chroma[i], canvas->wide * 8, stream->width / 2, stream->height / 2,
                      planes);
    }
}
