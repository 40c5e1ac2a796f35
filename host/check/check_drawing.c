/* SPDX-License-Identifier: MIT */
#include "check/check_drawing.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "clearbox/dataset.h"
#include "picture/draw.h"
#include "picture/font.h"

enum { NEURONS = 3, SCALE = 5, FRAMES = 2, IMAGES = 2 };

/* What a pixel shows: a colour of the palette, or one of the text over the ground. */
typedef struct seen {
    uint16_t index;
    uint8_t coverage; /* of the text */
    uint8_t any;      /* the curve, which is not looked at */
} seen;

typedef struct sheet {
    cbx_device *device;
    cbx_grid grid;
    cbx_tile_palette palette;
    cbx_painter painter;
    cbx_caption caption;
    seen *pixels; /* (height, width) */
    cl_mem w1, losses;
} sheet;

static const cbx_facts facts = {.neurons = NEURONS,
                                .shown = NEURONS,
                                .recipe = "nll",
                                .epoch = 4,
                                .epochs = 5,
                                .batch = 2678,
                                .batches = 3910,
                                .accuracy = 0.951,
                                .has_loss = 1,
                                .frames = FRAMES};

/* 2.25, as the caption has it. */
static const float losses[IMAGES] = {4.0f, 0.5f};
static const char shown[CBX_LIVE_PLACES + 1] = "2.25";

static unsigned level_of(unsigned neuron, unsigned pixel) {
    return pixel == 5 ? 255 : (37 * neuron + 11 * pixel + 5 * (pixel / 28)) % 255;
}

/* Weights in the middle of their levels, so that no rounding matters; the largest is 1. */
static cbx_status give_weights(sheet *on) {
    float *packed;
    const size_t bytes = (size_t)CBX_PANEL_SIZE * sizeof *packed;
    cbx_status status = cbx_new(&packed, CBX_PANEL_SIZE);
    for (unsigned i = 0; i < NEURONS && !status; i++) {
        for (unsigned k = 0; k < CBX_IMAGE_PIXELS; k++) {
            const float level = (float)level_of(i, k) + 0.5f;
            packed[(1 + k) * CBX_PANEL + i] = k == 5 ? 1.0f : (level - 127.5f) / 127.5f;
        }
    }
    if (!status) {
        status = cbx_buffer_copy(on->device, packed, bytes, "weights of a test", &on->w1);
    }
    if (!status) {
        status =
            cbx_buffer_copy(on->device, losses, sizeof losses, "losses of a test", &on->losses);
    }
    free(packed);
    return status;
}

/* ---- as it should be ---- */

static void put_tiles(sheet *on) {
    for (unsigned i = 0; i < NEURONS; i++) {
        uint32_t left, top;
        cbx_grid_place(&on->grid, i, &left, &top);
        for (unsigned y = 0; y < on->grid.tile; y++) {
            for (unsigned x = 0; x < on->grid.tile; x++) {
                const unsigned pixel = y / SCALE * CBX_IMAGE_SIDE + x / SCALE;
                on->pixels[(size_t)(top + y) * on->grid.width + left + x].index =
                    (uint16_t)level_of(i, pixel);
            }
        }
    }
}

static void put_glyph(sheet *on, const cbx_caption_line *line, int pen, const cbx_glyph *glyph) {
    const uint32_t above = on->grid.height - on->grid.strip;
    for (int v = 0; v < glyph->height; v++) {
        for (int u = 0; u < glyph->width; u++) {
            const size_t y = (size_t)((int)above + line->y - glyph->top + v);
            const size_t x = (size_t)(pen + glyph->left + u);
            const uint8_t coverage = cbx_glyph_coverage[glyph->at + (size_t)(v * glyph->width + u)];
            if (coverage > 0) {
                on->pixels[y * on->grid.width + x] =
                    (seen){.index = line->colour, .coverage = coverage};
            }
        }
    }
}

static void put_lines(sheet *on) {
    for (int i = 0; i < CBX_CAPTION_LINES; i++) {
        const cbx_caption_line *line = &on->caption.lines[i];
        int pen = line->x;
        for (int k = 0; k < line->count; k++) {
            const int place = line->glyphs[k] - CBX_GLYPH_LIVE;
            const int glyph = place < 0 ? line->glyphs[k] : shown[place] - ' ';
            const cbx_glyph *g = &cbx_glyphs[line->size * CBX_GLYPHS + glyph];
            put_glyph(on, line, pen, g);
            pen += g->advance;
        }
    }
}

static void put_all(sheet *on) {
    const size_t width = on->grid.width, above = on->grid.height - on->grid.strip;
    for (size_t i = 0; i < width * on->grid.height; i++) {
        on->pixels[i].index = CBX_COLOUR_GROUND;
    }
    put_tiles(on);
    put_lines(on);
    for (size_t y = 0; y < on->caption.height; y++) {
        for (size_t x = 0; x < on->caption.width; x++) {
            on->pixels[(above + on->caption.top + y) * width + on->caption.left + x].any = 1;
        }
    }
}

/* One of the three parts of a pixel's colour. */
static unsigned part_of(const cbx_colour *palette, seen pixel, int part) {
    const unsigned ground = palette[CBX_COLOUR_GROUND].parts[part];
    const unsigned colour = palette[pixel.index].parts[part], much = pixel.coverage;
    return much == 0 ? colour : (ground * (255 - much) + colour * much + 127) / 255;
}

/* ---- as it is ---- */

static cbx_status fail(const sheet *on, size_t x, size_t y, const char *kernel, const char *what,
                       unsigned is, unsigned should) {
    const int in_strip = y >= on->grid.height - on->grid.strip;
    return cbx_fail(CBX_BAD_KERNEL,
                    "the kernel %s_%s computes wrongly on %s: %s of pixel (%zu, %zu) is %u, "
                    "should be %u",
                    in_strip ? "caption" : "tiles", kernel, on->device->info.name, what, x, y, is,
                    should);
}

static cbx_status judge_rgb(const sheet *on, const uint8_t *rgb) {
    static const char *const names[] = {"red", "green", "blue"};
    const size_t width = on->grid.width;
    for (size_t i = 0; i < 3 * width * on->grid.height; i++) {
        const seen pixel = on->pixels[i / 3];
        const unsigned should = part_of(on->palette.rgb, pixel, (int)(i % 3));
        if (!pixel.any && rgb[i] != should) {
            return fail(on, i / 3 % width, i / 3 / width, "rgb", names[i % 3], rgb[i], should);
        }
    }
    return CBX_OK;
}

/* A sample of a plane: the mean of side × side pixels. */
static cbx_status judge_plane(const sheet *on, const uint8_t *plane, int part) {
    static const char *const names[] = {"Y", "Cb", "Cr"};
    const size_t side = part == 0 ? 1 : 2, width = on->grid.width / side;
    const unsigned count = (unsigned)(side * side);
    for (size_t i = 0; i < width * (on->grid.height / side); i++) {
        const size_t x = i % width * side, y = i / width * side;
        unsigned sum = count / 2;
        int any = 0;
        for (size_t n = 0; n < count; n++) {
            const seen pixel = on->pixels[(y + n / side) * on->grid.width + x + n % side];
            sum += part_of(on->palette.yuv, pixel, part);
            any |= pixel.any;
        }
        if (!any && plane[i] != sum / count) {
            return fail(on, x, y, "yuv", names[part], plane[i], sum / count);
        }
    }
    return CBX_OK;
}

static cbx_status check_planes(sheet *on, uint8_t *room) {
    const size_t pixels = (size_t)on->grid.width * on->grid.height, bytes = pixels / 2 * 3;
    cl_mem frame = NULL;
    cbx_status status =
        cbx_buffer_create(on->device, CL_MEM_READ_WRITE, bytes, "a frame of a test", &frame);
    const cbx_canvas canvas = {.luma = frame, .planes = {frame, frame, 0, pixels}};
    if (!status) {
        status = cbx_painter_ground(&on->painter, &canvas.planes);
    }
    if (!status) {
        status = cbx_painter_draw(&on->painter, on->w1, &canvas, NULL);
    }
    if (!status) {
        status = cbx_cl_check(
            clEnqueueReadBuffer(on->device->queue, frame, CL_TRUE, 0, bytes, room, 0, NULL, NULL),
            "reading a frame of a test");
    }
    const size_t at[] = {0, pixels, pixels + pixels / 4};
    for (int part = 0; part < 3 && !status; part++) {
        status = judge_plane(on, room + at[part], part);
    }
    cbx_buffer_release(frame);
    return status;
}

static cbx_status prepare(sheet *on) {
    const cbx_drawing drawing = {.colours = CBX_COLOURS_SIGNED, .scale = SCALE, .caption = 1};
    cbx_status status = cbx_grid_lay_out_as(&on->grid, NEURONS, &drawing);
    cbx_tile_palette_fill(&on->palette, drawing.colours);
    if (!status) {
        status = cbx_painter_init_as(&on->painter, on->device, &on->grid, &drawing);
    }
    if (!status) {
        status = give_weights(on);
    }
    if (!status) {
        status = cbx_new(&on->pixels, (size_t)on->grid.width * on->grid.height);
    }
    if (!status) {
        const cbx_news news = {on->losses, 0, IMAGES};
        cbx_painter_tell(&on->painter, &facts, &news);
        cbx_legend_compose(&on->caption, &on->grid, &facts);
        put_all(on);
    }
    return status;
}

cbx_status cbx_check_drawing(cbx_device *device) {
    sheet on = {.device = device};
    uint8_t *room = NULL;
    cbx_status status = prepare(&on);
    if (!status) {
        status = cbx_new(&room, (size_t)on.grid.width * on.grid.height * 3);
    }
    if (!status) {
        status = check_planes(&on, room); /* notes the losses, too */
    }
    if (!status) {
        status = cbx_painter_rgb(&on.painter, on.w1, room);
    }
    if (!status) {
        status = judge_rgb(&on, room);
    }
    free(room);
    free(on.pixels);
    cbx_buffer_release(on.w1);
    cbx_buffer_release(on.losses);
    cbx_painter_clear(&on.painter);
    return status;
}
