/* SPDX-License-Identifier: MIT */
#include "picture/draw.h"

#include <string.h>

#include "base/error.h"
#include "clearbox/dataset.h"

cbx_frame_layout cbx_frame_layout_of(const cbx_grid *grid, cbx_tone tone) {
    const cbx_frame_layout layout = {
        .hidden = grid->tiles,
        .count = grid->tiles,
        .rows = grid->rows,
        .width = grid->width,
        .height = grid->height,
        .scale = grid->scale,
        .tone = (cbx_u32)tone,
    };
    return layout;
}

cbx_status cbx_tone_check(cbx_tone tone) {
    return cbx_tone_name(tone) ? CBX_OK
                               : cbx_fail(CBX_BAD_ARGUMENT, "there is no tone %d", (int)tone);
}

/* Kernels that draw luma in one launch, a work-group for each panel, and for whom; the others do it
 * in two. */
static const struct by_panels {
    cbx_family family;
    uint32_t scale;
    const char *kernel;
    size_t most, least; /* work-items in a group that it wants, and does with */
} by_panels[] = {{CBX_FAMILY_CPU, 1, "picture_luma_cpu", 1, 1},
                 {CBX_FAMILY_GPU, 1, "picture_luma_gpu", CBX_DRAW_GROUP, CBX_DRAW_LEAST}};

static const struct by_panels *find_by_panels(const cbx_painter *painter) {
    for (size_t i = 0; i < CBX_COUNT(by_panels); i++) {
        if (by_panels[i].family == painter->device->family &&
            by_panels[i].scale == painter->layout.scale) {
            return &by_panels[i];
        }
    }
    return NULL;
}

/* Where the device is too small for such a kernel it is not used. */
static cbx_status choose_luma(cbx_painter *painter) {
    const struct by_panels *row = find_by_panels(painter);
    cbx_status status =
        row ? cbx_kernel_create(painter->device, row->kernel, &painter->by_panels) : CBX_OK;
    if (row && !status) {
        const size_t group = cbx_kernel_group(painter->device, painter->by_panels, row->most);
        painter->group = group >= row->least ? group : 0;
    }
    return status;
}

const char *cbx_painter_luma_kernel(const cbx_painter *painter) {
    const struct by_panels *row = painter->group > 0 ? find_by_panels(painter) : NULL;
    return row ? row->kernel : "picture_luma";
}

cbx_status cbx_painter_init(cbx_painter *painter, cbx_device *device, const cbx_grid *grid,
                            cbx_tone tone) {
    memset(painter, 0, sizeof *painter);
    painter->device = device;
    painter->plain = 1;
    painter->layout = cbx_frame_layout_of(grid, tone);
    cbx_status status = cbx_tone_check(tone);
    if (!status) {
        status = cbx_kernel_create(device, "tone_of_tiles", &painter->tone_of_tiles);
    }
    if (!status) {
        status = cbx_kernel_create(device, "picture_luma", &painter->picture_luma);
    }
    if (!status) {
        status = cbx_kernel_create(device, "picture_rgb", &painter->picture_rgb);
    }
    if (!status) {
        status = cbx_kernel_create(device, "picture_chroma", &painter->picture_chroma);
    }
    if (!status) {
        status = choose_luma(painter);
    }
    if (!status) {
        status =
            cbx_buffer_create(device, CL_MEM_READ_WRITE, (uint64_t)grid->tiles * 4 * sizeof(float),
                              "the tones of the tiles", &painter->tones);
    }
    return status;
}

int cbx_drawing_changes_chroma(const cbx_drawing *drawing) {
    return drawing->colours != CBX_COLOURS_GREY || drawing->caption;
}

cbx_status cbx_painter_init_as(cbx_painter *painter, cbx_device *device, const cbx_grid *grid,
                               const cbx_drawing *drawing) {
    if (!cbx_drawing_changes_chroma(drawing)) {
        return cbx_painter_init(painter, device, grid, drawing->tone);
    }
    memset(painter, 0, sizeof *painter);
    painter->device = device;
    painter->grid = *grid;
    painter->layout = cbx_frame_layout_of(grid, drawing->tone);
    const cbx_status status = cbx_brush_init(&painter->brush, device, grid, drawing);
    return status || !drawing->caption ? status
                                       : cbx_scribe_init(&painter->scribe, &painter->brush, grid);
}

cbx_status cbx_painter_expect(cbx_painter *painter, uint64_t frames) {
    return painter->scribe.strip > 0 ? cbx_scribe_expect(&painter->scribe, frames) : CBX_OK;
}

size_t cbx_painter_state_bytes(const cbx_painter *painter) {
    return painter->scribe.strip > 0 ? painter->scribe.history_bytes : 0;
}

cbx_status cbx_painter_keep(const cbx_painter *painter, cbx_copy *to) {
    const size_t bytes = cbx_painter_state_bytes(painter);
    return bytes > 0 ? cbx_copy_add(to, painter->scribe.history, bytes) : CBX_OK;
}

cbx_status cbx_painter_resume(const cbx_painter *painter, const uint8_t *state) {
    const size_t bytes = cbx_painter_state_bytes(painter);
    return bytes == 0
               ? CBX_OK
               : cbx_cl_check(clEnqueueWriteBuffer(painter->device->queue, painter->scribe.history,
                                                   CL_TRUE, 0, bytes, state, 0, NULL, NULL),
                              "writing the losses of a film");
}

void cbx_painter_tell(cbx_painter *painter, const cbx_facts *facts, const cbx_news *news) {
    painter->facts = *facts;
    painter->news = *news;
}

uint32_t cbx_painter_plain_scale(const cbx_painter *painter) {
    return painter->plain ? painter->layout.scale : 0;
}

void cbx_painter_clear(cbx_painter *painter) {
    cl_kernel kernels[] = {painter->tone_of_tiles, painter->picture_luma, painter->picture_rgb,
                           painter->picture_chroma, painter->by_panels};
    for (size_t i = 0; i < CBX_COUNT(kernels); i++) {
        cbx_kernel_release(kernels[i]);
    }
    cbx_buffer_release(painter->tones);
    cbx_scribe_clear(&painter->scribe);
    cbx_brush_clear(&painter->brush);
    memset(painter, 0, sizeof *painter);
}

/* The tones, then one of the two kernels that draw tiles. */
static cbx_status draw_tiles(cbx_painter *painter, cl_kernel kernel, cl_mem w1,
                             const cbx_canvas *canvas, cl_event *event) {
    cbx_frame_layout layout = painter->layout;
    layout.plane = canvas->plane;
    const cbx_argument tone_arguments[] = {CBX_ARGUMENT(w1), CBX_ARGUMENT(layout),
                                           CBX_ARGUMENT(painter->tones)};
    const cbx_range tone_range = {{painter->layout.count, 1}, {painter->device->built.local, 1}};
    cbx_status status = cbx_enqueue(painter->device->queue, painter->tone_of_tiles, tone_arguments,
                                    CBX_COUNT(tone_arguments), tone_range,
                                    canvas->wait ? &canvas->wait : NULL, NULL);
    if (status) {
        return status;
    }
    const cbx_argument arguments[] = {CBX_ARGUMENT(w1), CBX_ARGUMENT(painter->tones),
                                      CBX_ARGUMENT(layout), CBX_ARGUMENT(canvas->luma)};
    const cbx_range range = {{painter->layout.count, CBX_IMAGE_SIDE},
                             {painter->device->built.local, 1}};
    return cbx_enqueue(painter->device->queue, kernel, arguments, CBX_COUNT(arguments), range, NULL,
                       event);
}

/* Luma in one launch. */
static cbx_status draw_by_panels(cbx_painter *painter, cl_mem w1, const cbx_canvas *canvas,
                                 cl_event *event) {
    cbx_frame_layout layout = painter->layout;
    layout.plane = canvas->plane;
    const size_t panels = CBX_PANELS_OF(layout.count);
    const cbx_argument arguments[] = {CBX_ARGUMENT(w1), CBX_ARGUMENT(layout),
                                      CBX_ARGUMENT(canvas->luma)};
    const cbx_range range = {{panels * painter->group, 1}, {painter->group, 1}};
    return cbx_enqueue_bound(painter->device->queue, painter->by_panels, &painter->bound, arguments,
                             CBX_COUNT(arguments), range, canvas->wait ? &canvas->wait : NULL,
                             event);
}

cbx_status cbx_painter_luma(cbx_painter *painter, cl_mem w1, const cbx_canvas *canvas,
                            cl_event *event) {
    return painter->group > 0 ? draw_by_panels(painter, w1, canvas, event)
                              : draw_tiles(painter, painter->picture_luma, w1, canvas, event);
}

/* One that is not plain. */
static cbx_status draw_planes(cbx_painter *painter, cl_mem w1, const cbx_canvas *canvas,
                              cl_event *event) {
    const cbx_planes *to = &canvas->planes;
    const cl_event *wait = canvas->wait ? &canvas->wait : NULL;
    const int captioned = painter->scribe.strip > 0;
    cbx_caption caption;
    cbx_status status = cbx_brush_tiles(&painter->brush, w1, to, wait, captioned ? NULL : event);
    if (status || !captioned) {
        return status;
    }
    cbx_legend_compose(&caption, &painter->grid, &painter->facts);
    status = cbx_scribe_note(&painter->scribe, &painter->news, painter->facts.frame);
    painter->news.count = 0;
    return status ? status : cbx_scribe_yuv(&painter->scribe, &caption, to, event);
}

cbx_status cbx_painter_draw(cbx_painter *painter, cl_mem w1, const cbx_canvas *canvas,
                            cl_event *event) {
    return painter->plain ? cbx_painter_luma(painter, w1, canvas, event)
                          : draw_planes(painter, w1, canvas, event);
}

cbx_status cbx_painter_ground(cbx_painter *painter, const cbx_planes *planes) {
    return cbx_brush_ground(&painter->brush, planes);
}

cbx_status cbx_easel_draw(const cbx_easel *easel, cl_mem w1) {
    cbx_canvas canvas;
    cl_event done = NULL;
    cbx_status status = easel->canvas(easel->user, &canvas);
    if (status || !canvas.luma) {
        return status;
    }
    status = cbx_painter_draw(easel->painter, w1, &canvas, &done);
    return status ? status : easel->drawn(easel->user, 1, done);
}

cbx_status cbx_painter_fill(cbx_painter *painter, cl_mem plane, size_t bytes, uint8_t value) {
    return cbx_cl_check(
        clEnqueueFillBuffer(painter->device->queue, plane, &value, 1, 0, bytes, 0, NULL, NULL),
        "clearing a picture");
}

cbx_status cbx_painter_chroma(cbx_painter *painter, uint8_t *cb, uint8_t *cr) {
    const uint32_t width = painter->layout.width / 2, height = painter->layout.height / 2;
    const size_t bytes = (size_t)width * height;
    cl_mem planes[2] = {NULL, NULL};
    cbx_status status =
        cbx_buffer_create(painter->device, CL_MEM_READ_WRITE, bytes, "a chroma plane", &planes[0]);
    if (!status) {
        status = cbx_buffer_create(painter->device, CL_MEM_READ_WRITE, bytes, "a chroma plane",
                                   &planes[1]);
    }
    if (!status) {
        const cbx_argument arguments[] = {CBX_ARGUMENT(painter->layout), CBX_ARGUMENT(planes[0]),
                                          CBX_ARGUMENT(planes[1])};
        const cbx_range range = {{width, height}, {painter->device->built.local, 1}};
        status = cbx_enqueue(painter->device->queue, painter->picture_chroma, arguments,
                             CBX_COUNT(arguments), range, NULL, NULL);
    }
    for (int i = 0; i < 2 && !status; i++) {
        status = cbx_cl_check(clEnqueueReadBuffer(painter->device->queue, planes[i], CL_TRUE, 0,
                                                  bytes, i ? cr : cb, 0, NULL, NULL),
                              "reading a chroma plane");
    }
    for (int i = 0; i < 2; i++) {
        cbx_buffer_release(planes[i]);
    }
    return status;
}

static cbx_status draw_rgb(cbx_painter *painter, cl_mem w1, cl_mem picture, size_t bytes) {
    const cbx_canvas canvas = {.luma = picture};
    cbx_caption caption;
    if (painter->plain) {
        const cbx_status cleared = cbx_painter_fill(painter, picture, bytes, 0);
        return cleared ? cleared : draw_tiles(painter, painter->picture_rgb, w1, &canvas, NULL);
    }
    cbx_status status = cbx_brush_ground_rgb(&painter->brush, picture);
    if (!status) {
        status = cbx_brush_tiles_rgb(&painter->brush, w1, picture);
    }
    if (!status && painter->scribe.strip > 0) {
        cbx_legend_compose(&caption, &painter->grid, &painter->facts);
        status = cbx_scribe_rgb(&painter->scribe, &caption, picture);
    }
    return status;
}

cbx_status cbx_painter_rgb(cbx_painter *painter, cl_mem w1, uint8_t *rgb) {
    const size_t bytes = (size_t)painter->layout.width * painter->layout.height * 3;
    cl_mem picture = NULL;
    cbx_status status =
        cbx_buffer_create(painter->device, CL_MEM_READ_WRITE, bytes, "the picture", &picture);
    if (!status) {
        status = draw_rgb(painter, w1, picture, bytes);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(painter->device->queue, picture, CL_TRUE, 0,
                                                  bytes, rgb, 0, NULL, NULL),
                              "reading the picture");
    }
    cbx_buffer_release(picture);
    return status;
}
