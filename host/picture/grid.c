/* SPDX-License-Identifier: MIT */
#include "base/error.h"
#include "clearbox/dataset.h"
#include "clearbox/picture.h"
#include "picture/legend.h"

/* How large tiles are, in pixels of a side. */
typedef struct tile_size {
    uint32_t scale, tile, gap;
} tile_size;

/* Gaps are thin lines at every size; even, so that tiles begin where chroma samples do. */
static tile_size size_of(cbx_colours colours, uint32_t scale) {
    const uint32_t gap = colours == CBX_COLOURS_GREY ? 0 : 2 * ((scale + 2) / 3);
    return (tile_size){scale, CBX_IMAGE_SIDE * scale, gap};
}

static uint64_t side_of(const tile_size *of, uint64_t tiles) {
    return tiles * (of->tile + of->gap) - of->gap;
}

/* The scale whose grid is nearest to the usual height, as a share of it. */
static tile_size usual_size(cbx_colours colours, uint64_t rows) {
    const uint64_t usual = CBX_USUAL_HEIGHT;
    tile_size best = size_of(colours, 1);
    for (;;) {
        const tile_size next = size_of(colours, best.scale + 1);
        if (side_of(&best, rows) * side_of(&next, rows) > usual * usual) {
            return best;
        }
        best = next;
    }
}

/* A margin of dark around tiles that have gaps. */
static uint64_t margin_of(const tile_size *of, uint64_t height) {
    return of->gap == 0 ? 0 : of->gap + height / 128 * 2;
}

static uint64_t next_multiple_of_4(uint64_t n) {
    return (n + 3) / 4 * 4;
}

/* ⌈√n⌉ in whole numbers, at most 65,536 steps: exact, whatever the size. */
static uint64_t root_of(uint32_t n) {
    uint64_t root = 1;
    while (root * root < n) {
        root++;
    }
    return root;
}

static cbx_status check(uint32_t hidden, const cbx_drawing *drawing) {
    if (hidden == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a picture of 0 neurons is not possible; take at least 1");
    }
    if (!cbx_colours_name(drawing->colours)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there are no colours %d", (int)drawing->colours);
    }
    return cbx_tone_name(drawing->tone)
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT, "there is no tone %d", (int)drawing->tone);
}

static cbx_status check_height(uint32_t tiles, uint32_t scale, uint64_t height) {
    return height <= CBX_MAX_SIDE
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT,
                          "a picture of %u neurons at scale %u would be %llu pixels high, more "
                          "than %u; take a smaller scale or fewer neurons",
                          (unsigned)tiles, (unsigned)scale, (unsigned long long)height,
                          CBX_MAX_SIDE);
}

/* Around tiles that take so many pixels. */
static void place_tiles(cbx_grid *grid, uint64_t wide, uint64_t high, uint64_t margin,
                        int caption) {
    const uint32_t least = caption ? CBX_CAPTION_LEAST_WIDTH : 0;
    const uint32_t width = (uint32_t)next_multiple_of_4(wide + 2 * margin);
    const uint32_t height = (uint32_t)next_multiple_of_4(high + 2 * margin);
    grid->width = width > least ? width : least;
    grid->strip = caption ? cbx_legend_strip(grid->width) : 0;
    grid->height = height + grid->strip;
    grid->left = (grid->width - (uint32_t)wide) / 4 * 2;
    grid->top = (height - (uint32_t)high) / 4 * 2;
}

cbx_status cbx_grid_lay_out_as(cbx_grid *out, uint32_t hidden, const cbx_drawing *drawing) {
    const int chosen = drawing->scale == 0;
    const uint32_t tiles = chosen && hidden > CBX_MOST_TILES ? CBX_FIRST_TILES : hidden;
    const uint64_t rows = root_of(tiles), columns = (tiles + rows - 1) / rows;
    cbx_status status = check(hidden, drawing);
    if (!status) { /* before a tile's side is taken for a number of 32 bits */
        status = check_height(tiles, drawing->scale, rows * CBX_IMAGE_SIDE * drawing->scale);
    }
    if (status) {
        return status;
    }
    const tile_size size =
        chosen ? usual_size(drawing->colours, rows) : size_of(drawing->colours, drawing->scale);
    const uint64_t high = side_of(&size, rows), margin = margin_of(&size, high);
    /* The grid is never wider than high, so one side is enough to check. */
    status = check_height(tiles, size.scale, next_multiple_of_4(high + 2 * margin));
    if (status) {
        return status;
    }
    *out = (cbx_grid){.neurons = hidden,
                      .tiles = tiles,
                      .rows = (uint32_t)rows,
                      .columns = (uint32_t)columns,
                      .scale = size.scale,
                      .tile = size.tile,
                      .pitch = size.tile + size.gap};
    place_tiles(out, side_of(&size, columns), high, margin, drawing->caption);
    return check_height(tiles, size.scale, out->height);
}

cbx_status cbx_grid_lay_out(cbx_grid *out, uint32_t hidden, uint32_t scale) {
    const cbx_drawing lesson = {.tone = CBX_TONE_PEAK, .colours = CBX_COLOURS_GREY, .scale = scale};
    if (scale == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a picture at scale 0 is not possible; take at least 1");
    }
    return cbx_grid_lay_out_as(out, hidden, &lesson);
}

void cbx_grid_place(const cbx_grid *grid, uint32_t neuron, uint32_t *x, uint32_t *y) {
    *x = grid->left + neuron / grid->rows * grid->pitch;
    *y = grid->top + neuron % grid->rows * grid->pitch;
}
