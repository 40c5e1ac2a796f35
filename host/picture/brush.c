/* SPDX-License-Identifier: MIT */
#include "picture/brush.h"

#include <string.h>

#include "base/error.h"

static cbx_tiles_layout layout_of(const cbx_grid *grid, const cbx_drawing *drawing) {
    return (cbx_tiles_layout){.count = grid->tiles,
                              .rows = grid->rows,
                              .width = grid->width,
                              .height = grid->height,
                              .scale = grid->scale,
                              .tile = grid->tile,
                              .pitch = grid->pitch,
                              .left = grid->left,
                              .top = grid->top,
                              .bordered = drawing->colours == CBX_COLOURS_GREY ? 1 : 0};
}

static cbx_status make_kernels(cbx_brush *brush) {
    const struct {
        const char *name;
        cl_kernel *kernel;
    } rows[] = {{"tone_of_tiles", &brush->tone_of_tiles},
                {"tiles_yuv", &brush->tiles_yuv},
                {"tiles_rgb", &brush->tiles_rgb},
                {"ground_rgb", &brush->ground_rgb}};
    cbx_status status = cbx_program_create_once(brush->device, "picture", &brush->device->picture);
    for (size_t i = 0; i < CBX_COUNT(rows) && !status; i++) {
        status = cbx_kernel_create_in(brush->device->picture, rows[i].name, rows[i].kernel);
    }
    return status;
}

static cbx_status make_palette(cbx_brush *brush, cbx_colours colours) {
    cbx_tile_palette palette;
    cbx_tile_palette_fill(&palette, colours);
    brush->ground_yuv = palette.yuv[CBX_COLOUR_GROUND];
    cbx_status status =
        cbx_buffer_copy(brush->device, palette.yuv, sizeof palette.yuv, "a palette", &brush->yuv);
    return status ? status
                  : cbx_buffer_copy(brush->device, palette.rgb, sizeof palette.rgb, "a palette",
                                    &brush->rgb);
}

cbx_status cbx_brush_init(cbx_brush *brush, cbx_device *device, const cbx_grid *grid,
                          const cbx_drawing *drawing) {
    memset(brush, 0, sizeof *brush);
    brush->device = device;
    brush->layout = layout_of(grid, drawing);
    brush->tone = (cbx_u32)(drawing->colours == CBX_COLOURS_GREY ? drawing->tone : CBX_TONE_SIGNED);
    cbx_status status = make_kernels(brush);
    if (!status) {
        status = make_palette(brush, drawing->colours);
    }
    return status ? status
                  : cbx_buffer_create(device, CL_MEM_READ_WRITE,
                                      (uint64_t)grid->tiles * 4 * sizeof(float),
                                      "the tones of the tiles", &brush->tones);
}

void cbx_brush_clear(cbx_brush *brush) {
    cbx_kernel_release(brush->tone_of_tiles);
    cbx_kernel_release(brush->tiles_yuv);
    cbx_kernel_release(brush->tiles_rgb);
    cbx_kernel_release(brush->ground_rgb);
    cbx_buffer_release(brush->tones);
    cbx_buffer_release(brush->yuv);
    cbx_buffer_release(brush->rgb);
    memset(brush, 0, sizeof *brush);
}

/* One item of the first dimension a neuron. */
static cbx_status enqueue(cbx_brush *brush, cl_kernel kernel, const cbx_argument *arguments,
                          cl_uint count, size_t items, const cl_event *wait, cl_event *event) {
    const cbx_range range = {{brush->layout.count, items}, {brush->device->built.local, 1}};
    return cbx_enqueue(brush->device->queue, kernel, arguments, count, range, wait, event);
}

static cbx_status find_tones(cbx_brush *brush, cl_mem w1, const cl_event *wait) {
    const cbx_frame_layout layout = {.count = brush->layout.count, .tone = brush->tone};
    const cbx_argument arguments[] = {CBX_ARGUMENT(w1), CBX_ARGUMENT(layout),
                                      CBX_ARGUMENT(brush->tones)};
    return enqueue(brush, brush->tone_of_tiles, arguments, CBX_COUNT(arguments), 1, wait, NULL);
}

cbx_status cbx_brush_tiles(cbx_brush *brush, cl_mem w1, const cbx_planes *to, const cl_event *wait,
                           cl_event *event) {
    const cbx_argument arguments[] = {
        CBX_ARGUMENT(w1),         CBX_ARGUMENT(brush->tones), CBX_ARGUMENT(brush->layout),
        CBX_ARGUMENT(brush->yuv), CBX_ARGUMENT(to->luma),     CBX_ARGUMENT(to->luma_at),
        CBX_ARGUMENT(to->chroma), CBX_ARGUMENT(to->chroma_at)};
    const cbx_status status = find_tones(brush, w1, wait);
    return status ? status
                  : enqueue(brush, brush->tiles_yuv, arguments, CBX_COUNT(arguments),
                            brush->layout.tile / 2, NULL, event);
}

cbx_status cbx_brush_tiles_rgb(cbx_brush *brush, cl_mem w1, cl_mem rgb) {
    const cbx_argument arguments[] = {CBX_ARGUMENT(w1), CBX_ARGUMENT(brush->tones),
                                      CBX_ARGUMENT(brush->layout), CBX_ARGUMENT(brush->rgb),
                                      CBX_ARGUMENT(rgb)};
    const cbx_status status = find_tones(brush, w1, NULL);
    return status ? status
                  : enqueue(brush, brush->tiles_rgb, arguments, CBX_COUNT(arguments),
                            brush->layout.tile, NULL, NULL);
}

static cbx_status fill(const cbx_brush *brush, cl_mem buffer, const uint8_t *pattern,
                       size_t pattern_bytes, uint64_t at, uint64_t bytes) {
    return cbx_cl_check(clEnqueueFillBuffer(brush->device->queue, buffer, pattern, pattern_bytes,
                                            (size_t)at, (size_t)bytes, 0, NULL, NULL),
                        "clearing a picture");
}

cbx_status cbx_brush_ground(const cbx_brush *brush, const cbx_planes *to) {
    const uint8_t *ground = brush->ground_yuv.parts;
    const uint64_t pixels = (uint64_t)brush->layout.width * brush->layout.height;
    cbx_status status = fill(brush, to->luma, &ground[0], 1, to->luma_at, pixels);
    for (uint64_t i = 0; i < 2 && !status; i++) {
        status = fill(brush, to->chroma, &ground[1 + i], 1, to->chroma_at + i * (pixels / 4),
                      pixels / 4);
    }
    return status;
}

cbx_status cbx_brush_ground_rgb(const cbx_brush *brush, cl_mem rgb) {
    const cbx_argument arguments[] = {CBX_ARGUMENT(brush->layout), CBX_ARGUMENT(brush->rgb),
                                      CBX_ARGUMENT(rgb)};
    const cbx_range range = {{brush->layout.width, brush->layout.height},
                             {brush->device->built.local, 1}};
    return cbx_enqueue(brush->device->queue, brush->ground_rgb, arguments, CBX_COUNT(arguments),
                       range, NULL, NULL);
}
