/* SPDX-License-Identifier: MIT */
#include "picture/scribe.h"

#include <string.h>

#include "picture/font.h"

static cbx_status make_kernels(cbx_scribe *scribe) {
    const struct {
        const char *name;
        cl_kernel *kernel;
    } rows[] = {{"caption_note", &scribe->note},
                {"caption_curve", &scribe->curve},
                {"caption_text", &scribe->text},
                {"caption_yuv", &scribe->yuv},
                {"caption_rgb", &scribe->rgb}};
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < CBX_COUNT(rows) && !status; i++) {
        status = cbx_kernel_create_in(scribe->brush->device->picture, rows[i].name, rows[i].kernel);
    }
    return status;
}

static size_t ink_bytes(const cbx_scribe *scribe) {
    return (size_t)scribe->strip * scribe->brush->layout.width * 2;
}

cbx_status cbx_scribe_expect(cbx_scribe *scribe, uint64_t frames) {
    cbx_device *device = scribe->brush->device;
    const uint64_t bytes = (2 + frames) * sizeof(cl_uint);
    const cl_uint zero = 0;
    cbx_buffer_release(scribe->history);
    scribe->history_bytes = (size_t)bytes;
    cbx_status status = cbx_buffer_create(device, CL_MEM_READ_WRITE, bytes, "the losses of a film",
                                          &scribe->history);
    return status ? status
                  : cbx_cl_check(clEnqueueFillBuffer(device->queue, scribe->history, &zero,
                                                     sizeof zero, 0, (size_t)bytes, 0, NULL, NULL),
                                 "clearing the losses of a film");
}

static cbx_status make_buffers(cbx_scribe *scribe) {
    cbx_device *device = scribe->brush->device;
    cbx_status status =
        cbx_buffer_copy(device, cbx_glyphs, sizeof cbx_glyphs, "glyphs", &scribe->glyphs);
    if (!status) {
        status = cbx_buffer_copy(device, cbx_glyph_coverage, cbx_glyph_bytes, "glyphs",
                                 &scribe->coverage);
    }
    if (!status) {
        status = cbx_scribe_expect(scribe, 1);
    }
    return status ? status
                  : cbx_buffer_create(device, CL_MEM_READ_WRITE, ink_bytes(scribe), "a caption",
                                      &scribe->ink);
}

cbx_status cbx_scribe_init(cbx_scribe *scribe, const cbx_brush *brush, const cbx_grid *grid) {
    memset(scribe, 0, sizeof *scribe);
    scribe->brush = brush;
    scribe->strip = grid->strip;
    const cbx_status status = make_kernels(scribe);
    return status ? status : make_buffers(scribe);
}

void cbx_scribe_clear(cbx_scribe *scribe) {
    cl_kernel kernels[] = {scribe->note, scribe->curve, scribe->text, scribe->yuv, scribe->rgb};
    cl_mem buffers[] = {scribe->glyphs, scribe->coverage, scribe->history, scribe->ink};
    for (size_t i = 0; i < CBX_COUNT(kernels); i++) {
        cbx_kernel_release(kernels[i]);
    }
    for (size_t i = 0; i < CBX_COUNT(buffers); i++) {
        cbx_buffer_release(buffers[i]);
    }
    memset(scribe, 0, sizeof *scribe);
}

static cbx_status enqueue(const cbx_scribe *scribe, cl_kernel kernel, const cbx_argument *arguments,
                          cl_uint count, size_t wide, size_t high, cl_event *event) {
    const cbx_device *device = scribe->brush->device;
    const cbx_range range = {{wide, high}, {device->built.local, 1}};
    return cbx_enqueue(device->queue, kernel, arguments, count, range, NULL, event);
}

cbx_status cbx_scribe_note(const cbx_scribe *scribe, const cbx_news *news, uint32_t frame) {
    const uint32_t over = news->count > CBX_NOTED_IMAGES ? news->count - CBX_NOTED_IMAGES : 0;
    const cl_uint first = news->first + over, count = news->count - over;
    /* Where there is none, any buffer: it is not read. */
    const cl_mem losses = news->losses ? news->losses : scribe->ink;
    const cbx_argument arguments[] = {CBX_ARGUMENT(losses), CBX_ARGUMENT(first),
                                      CBX_ARGUMENT(count), CBX_ARGUMENT(frame),
                                      CBX_ARGUMENT(scribe->history)};
    const cbx_range range = {{1, 1}, {1, 1}};
    return cbx_enqueue(scribe->brush->device->queue, scribe->note, arguments, CBX_COUNT(arguments),
                       range, NULL, NULL);
}

/* Curve and text into the ink. */
static cbx_status write(const cbx_scribe *scribe, const cbx_caption *caption) {
    const cl_uint width = scribe->brush->layout.width, strip = scribe->strip;
    const cl_uchar none = 0;
    const cbx_argument curve[] = {CBX_ARGUMENT(*caption), CBX_ARGUMENT(scribe->history),
                                  CBX_ARGUMENT(width), CBX_ARGUMENT(scribe->ink)};
    const cbx_argument text[] = {
        CBX_ARGUMENT(*caption),        CBX_ARGUMENT(scribe->glyphs), CBX_ARGUMENT(scribe->coverage),
        CBX_ARGUMENT(scribe->history), CBX_ARGUMENT(width),          CBX_ARGUMENT(strip),
        CBX_ARGUMENT(scribe->ink)};
    cbx_status status =
        cbx_cl_check(clEnqueueFillBuffer(scribe->brush->device->queue, scribe->ink, &none, 1, 0,
                                         ink_bytes(scribe), 0, NULL, NULL),
                     "clearing a caption");
    if (!status && caption->width > 0) {
        status = enqueue(scribe, scribe->curve, curve, CBX_COUNT(curve), caption->width, 1, NULL);
    }
    return status ? status
                  : enqueue(scribe, scribe->text, text, CBX_COUNT(text), CBX_LINE_GLYPHS,
                            CBX_CAPTION_LINES, NULL);
}

cbx_status cbx_scribe_yuv(const cbx_scribe *scribe, const cbx_caption *caption,
                          const cbx_planes *to, cl_event *event) {
    const cbx_brush *brush = scribe->brush;
    const cl_uint strip = scribe->strip;
    const cbx_argument arguments[] = {CBX_ARGUMENT(brush->layout), CBX_ARGUMENT(brush->yuv),
                                      CBX_ARGUMENT(scribe->ink),   CBX_ARGUMENT(strip),
                                      CBX_ARGUMENT(to->luma),      CBX_ARGUMENT(to->luma_at),
                                      CBX_ARGUMENT(to->chroma),    CBX_ARGUMENT(to->chroma_at)};
    const cbx_status status = write(scribe, caption);
    return status ? status
                  : enqueue(scribe, scribe->yuv, arguments, CBX_COUNT(arguments),
                            brush->layout.width / 2, strip / 2, event);
}

cbx_status cbx_scribe_rgb(const cbx_scribe *scribe, const cbx_caption *caption, cl_mem rgb) {
    const cbx_brush *brush = scribe->brush;
    const cl_uint strip = scribe->strip;
    const cbx_argument arguments[] = {CBX_ARGUMENT(brush->layout), CBX_ARGUMENT(brush->rgb),
                                      CBX_ARGUMENT(scribe->ink), CBX_ARGUMENT(strip),
                                      CBX_ARGUMENT(rgb)};
    const cbx_status status = write(scribe, caption);
    return status ? status
                  : enqueue(scribe, scribe->rgb, arguments, CBX_COUNT(arguments),
                            brush->layout.width, strip, NULL);
}
