/* SPDX-License-Identifier: MIT */
#include "film/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "film/colours.h"
#include "film/containers.h"
#include "film/libav.h"

/* What such an encoder has beside those of films. */
struct cbx_image {
    const cbx_film_parts *parts;
    AVFrame *picture;     /* the last that was converted; … */
    int waits;            /* … it was not yet encoded, for another may take its place */
    cbx_palette *palette; /* NULL: none, or no frame was seen yet */
    uint8_t *row;         /* (width, 3) */
};

static void destroy(cbx_encoder *encoder) {
    cbx_image *image = encoder ? encoder->image : NULL;
    if (image) {
        av_frame_free(&image->picture);
        cbx_palette_destroy(image->palette);
        free(image->row);
        free(image);
    }
    cbx_libav_destroy(encoder);
}

static cbx_status make_image(cbx_encoder *encoder, const cbx_film_parts *parts) {
    cbx_status status = cbx_new(&encoder->image, 1);
    if (!status) {
        encoder->image->parts = parts;
        encoder->image->picture = av_frame_alloc();
        status = cbx_new(&encoder->image->row, (size_t)parts->settings.width * 3);
    }
    return !status && !encoder->image->picture ? cbx_fail(CBX_NO_MEMORY, "no memory for a frame")
                                               : status;
}

static cbx_status open(cbx_encoder **out, const cbx_film_parts *parts) {
    cbx_status status = cbx_libav_open(out, parts);
    if (!status) {
        status = make_image(*out, parts);
        if (status) {
            destroy(*out);
            *out = NULL;
        }
    }
    return status;
}

/* ---- conversion ---- */

static void put_bgra(const uint8_t *rgb, int width, uint8_t *out) {
    for (int x = 0; x < width; x++) {
        out[4 * x] = rgb[3 * x + 2];
        out[4 * x + 1] = rgb[3 * x + 1];
        out[4 * x + 2] = rgb[3 * x];
        out[4 * x + 3] = 255;
    }
}

static void convert_row(cbx_image *image, int y) {
    AVFrame *to = image->picture;
    uint8_t *out = to->data[0] + (ptrdiff_t)y * to->linesize[0];
    const size_t width = (size_t)to->width;
    switch (to->format) {
    case AV_PIX_FMT_PAL8:
        cbx_palette_map(image->palette, image->row, width, out);
        break;
    case AV_PIX_FMT_BGRA:
        put_bgra(image->row, to->width, out);
        break;
    default:
        memcpy(out, image->row, width * 3);
    }
}

/* Each has memory of its own, because encoders keep what they compare the next with. */
static cbx_status renew(AVFrame *picture, const AVFrame *like, enum AVPixelFormat format) {
    av_frame_unref(picture);
    picture->width = like->width;
    picture->height = like->height;
    picture->format = format;
    picture->color_range = AVCOL_RANGE_JPEG;
    picture->color_primaries = AVCOL_PRI_BT709;
    picture->color_trc = AVCOL_TRC_IEC61966_2_1;
    picture->colorspace = AVCOL_SPC_RGB;
    picture->sample_aspect_ratio = like->sample_aspect_ratio;
    return av_frame_get_buffer(picture, 0) < 0 ? cbx_fail(CBX_NO_MEMORY, "no memory for a frame")
                                               : CBX_OK;
}

/* Of encoder->frame. */
static cbx_status convert(cbx_encoder *encoder) {
    cbx_image *image = encoder->image;
    const AVFrame *from = encoder->frame;
    const enum AVPixelFormat format = encoder->context->pix_fmt;
    cbx_status status = renew(image->picture, from, format);
    if (!status && format == AV_PIX_FMT_PAL8 && !image->palette) {
        status = cbx_palette_create(&image->palette, from);
    }
    if (status) {
        return status;
    }
    if (image->palette) {
        memcpy(image->picture->data[1], cbx_palette_colours(image->palette), AVPALETTE_SIZE);
    }
    for (int y = 0; y < from->height; y++) {
        cbx_rgb_row(from, y, image->row);
        convert_row(image, y);
    }
    return CBX_OK;
}

/* ---- in order ---- */

static cbx_status send_waiting(cbx_encoder *encoder, cbx_packets *out) {
    cbx_image *image = encoder->image;
    if (!image->waits) {
        return CBX_OK;
    }
    image->waits = 0;
    return cbx_libav_encode(encoder, image->picture, out);
}

/* A frame takes the place of one before it that would be shown for too short a time. */
static cbx_status push(cbx_encoder *encoder, const cbx_film_frame *frame, cbx_packets *out) {
    cbx_image *image = encoder->image;
    const cbx_film_parts *parts = image->parts;
    const int64_t slot =
        (int64_t)cbx_container_slot(parts->container, parts->settings.fps, encoder->frames);
    cbx_status status = cbx_libav_fill(encoder, frame);
    if (!status && image->waits && slot > image->picture->pts) {
        status = send_waiting(encoder, out);
    }
    if (!status) {
        status = convert(encoder);
        image->picture->pts = slot;
        image->waits = 1;
    }
    av_frame_unref(encoder->frame);
    encoder->frames++;
    return status;
}

static cbx_status finish(cbx_encoder *encoder, cbx_packets *out) {
    cbx_status status = send_waiting(encoder, out);
    return status ? status : cbx_libav_finish(encoder, out);
}

const cbx_encoder_calls cbx_image_calls = {.is_there = cbx_libav_is_there,
                                           .open = open,
                                           .describe = cbx_libav_describe,
                                           .matches = cbx_libav_matches,
                                           .push = push,
                                           .finish = finish,
                                           .destroy = destroy};
