/* SPDX-License-Identifier: MIT */
#include "film/still_grey.h"

#include <libavutil/display.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"

enum { MOST_COMPONENTS = 4, ROUND = 1 << 15 };

/* A row at a time, each component by itself. */
typedef struct reader {
    const AVFrame *frame;
    const AVPixFmtDescriptor *format;
    uint16_t *rows[MOST_COMPONENTS]; /* (width) each */
    int components;
    const uint32_t *palette; /* 256 times alpha, red, green, blue from the top bits down; or NULL */
    int colours;             /* components 0, 1, 2 are red, green, blue; else 0 is the luma */
    int alpha;               /* the component that says how opaque; 0: none does */
} reader;

static int lies_in_memory(const AVPixFmtDescriptor *format) {
    return format && !(format->flags & AV_PIX_FMT_FLAG_HWACCEL) &&
           !(format->flags & AV_PIX_FMT_FLAG_FLOAT) && format->comp[0].depth <= 16;
}

static cbx_status prepare(reader *from, const AVFrame *frame, const char *name) {
    const AVPixFmtDescriptor *format = av_pix_fmt_desc_get(frame->format);
    if (!lies_in_memory(format)) {
        return cbx_fail(CBX_BAD_DATA, "%s has pixels of an unknown kind", name);
    }
    from->frame = frame;
    from->format = format;
    if (format->flags & AV_PIX_FMT_FLAG_PAL) {
        from->palette = (const uint32_t *)(const void *)frame->data[1];
    }
    from->components = from->palette ? MOST_COMPONENTS : format->nb_components;
    from->colours = from->palette || (format->flags & AV_PIX_FMT_FLAG_RGB) != 0;
    from->alpha =
        from->palette || (format->flags & AV_PIX_FMT_FLAG_ALPHA) != 0 ? from->components - 1 : 0;
    cbx_status status = CBX_OK;
    for (int i = 0; i < from->components && !status; i++) {
        status = cbx_new(&from->rows[i], (size_t)frame->width);
    }
    return status;
}

/* Turns the places in the palette of a row into what is there. */
static void look_up(const reader *from) {
    for (int x = 0; x < from->frame->width; x++) {
        const uint32_t entry = from->palette[from->rows[0][x] & 255];
        from->rows[0][x] = entry >> 16 & 255;
        from->rows[1][x] = entry >> 8 & 255;
        from->rows[2][x] = entry & 255;
        from->rows[3][x] = (uint16_t)(entry >> 24);
    }
}

/* Component `c` of a row. Chroma is smaller than the picture, and nobody asks for it. */
static void read_row(const reader *from, int y, int c) {
    const AVFrame *frame = from->frame;
    av_read_image_line2(from->rows[c], (const uint8_t **)(uintptr_t)frame->data, frame->linesize,
                        from->format, 0, y, c, frame->width, 0, sizeof *from->rows[c]);
}

static void read_rows(const reader *from, int y) {
    if (from->palette) {
        read_row(from, y, 0);
        look_up(from);
        return;
    }
    for (int c = 0; c < from->components; c++) {
        if (c == 0 || from->colours || c == from->alpha) {
            read_row(from, y, c);
        }
    }
}

/* 0…255 of a component of any depth. */
static uint32_t level(const reader *from, int c, int x) {
    const uint32_t depth = from->palette ? 8 : (uint32_t)from->format->comp[c].depth;
    const uint32_t most = (1u << depth) - 1;
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): that is asked for of components alone */
    return (from->rows[c][x] * 255u + most / 2) / most;
}

static int is_limited(const AVFrame *frame) {
    return frame->color_range == AVCOL_RANGE_MPEG;
}

static uint32_t luma(const reader *from, int x) {
    if (from->colours) {
        return (19595 * level(from, 0, x) + 38470 * level(from, 1, x) + 7471 * level(from, 2, x) +
                ROUND) >>
               16;
    }
    const uint32_t grey = level(from, 0, x);
    if (!is_limited(from->frame) || from->components < 3) {
        /* MONOWHITE: a bit that is set is black. */
        return from->frame->format == AV_PIX_FMT_MONOWHITE ? 255 - grey : grey;
    }
    return grey <= 16 ? 0 : grey >= 235 ? 255 : ((grey - 16) * 255 + 109) / 219;
}

/* ---- transparency ---- */

/* What shows through. */
static uint32_t background(const reader *from) {
    uint64_t opaque = 0, light = 0;
    for (int y = 0; y < from->frame->height && from->alpha; y++) {
        read_rows(from, y);
        for (int x = 0; x < from->frame->width; x++) {
            const uint64_t alpha = level(from, from->alpha, x);
            opaque += alpha;
            light += alpha * luma(from, x);
        }
    }
    return 2 * light > 255 * opaque ? 0 : 255;
}

static void fill(const reader *from, uint8_t *grey) {
    const uint32_t behind = background(from);
    for (int y = 0; y < from->frame->height; y++) {
        read_rows(from, y);
        for (int x = 0; x < from->frame->width; x++) {
            const uint32_t alpha = from->alpha ? level(from, from->alpha, x) : 255;
            const uint32_t seen = luma(from, x) * alpha + behind * (255 - alpha);
            *grey++ = (uint8_t)((seen + 127) / 255);
        }
    }
}

/* ---- turning ---- */

/* Where a pixel of the picture that is shown lies in the one that was decoded: x and y are those, as
 * whole numbers 1, 0, −1 times the shown ones. */
typedef struct turn {
    int xx, xy, yx, yy;
} turn;

static int sign(int32_t value) {
    return (value > 0) - (value < 0);
}

static turn find_turn(const AVFrame *frame) {
    const AVFrameSideData *data = av_frame_get_side_data(frame, AV_FRAME_DATA_DISPLAYMATRIX);
    const turn none = {1, 0, 0, 1};
    if (!data || data->size < 9 * sizeof(int32_t)) {
        return none;
    }
    /* shown = decoded · matrix, and its inverse is its transpose: rows 0 and 1 are x and y. */
    const int32_t *matrix = (const int32_t *)(const void *)data->data;
    const turn out = {sign(matrix[0]), sign(matrix[1]), sign(matrix[3]), sign(matrix[4])};
    const int whole = abs(out.xx) + abs(out.xy) == 1 && abs(out.yx) + abs(out.yy) == 1 &&
                      abs(out.xx) + abs(out.yx) == 1;
    return whole ? out : none;
}

static size_t along(int a, int b, size_t x, size_t y, size_t most) {
    const size_t at = a ? x : y;
    return (a ? a : b) > 0 ? at : most - 1 - at;
}

static cbx_status turn_still(cbx_still *still, turn how) {
    const size_t width = still->width, height = still->height;
    uint8_t *turned = NULL;
    if (how.xx > 0 && how.yy > 0) {
        return CBX_OK;
    }
    cbx_status status = cbx_new(&turned, width * height);
    if (status) {
        return status;
    }
    still->width = (uint32_t)(how.xx ? width : height);
    still->height = (uint32_t)(how.xx ? height : width);
    for (size_t y = 0; y < still->height; y++) {
        for (size_t x = 0; x < still->width; x++) {
            turned[y * still->width + x] = still->grey[along(how.yx, how.yy, x, y, height) * width +
                                                       along(how.xx, how.xy, x, y, width)];
        }
    }
    free(still->grey);
    still->grey = turned;
    return CBX_OK;
}

cbx_status cbx_still_grey(cbx_still *out, const AVFrame *frame, const char *name) {
    reader from = {0};
    cbx_status status = prepare(&from, frame, name);
    *out = (cbx_still){.width = (uint32_t)frame->width, .height = (uint32_t)frame->height};
    if (!status) {
        status = cbx_allocate(&out->grey, out->width, out->height);
    }
    if (!status) {
        fill(&from, out->grey);
        status = turn_still(out, find_turn(frame));
    }
    for (int i = 0; i < MOST_COMPONENTS; i++) {
        free(from.rows[i]);
    }
    if (status) {
        free(out->grey);
        *out = (cbx_still){0};
    }
    return status;
}
