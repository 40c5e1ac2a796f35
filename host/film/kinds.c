/* SPDX-License-Identifier: MIT */
/* The encoders there are, how they are set up, and which one a film gets. */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "base/choice.h"
#include "film/containers.h"
#include "film/encoder.h"
#include "film/film.h"
#include "film/image.h"
#include "film/libav.h"
#include "film/vaapi.h"

const char *const cbx_x264_presets[] = {"ultrafast", "superfast", "veryfast", "faster",
                                        "fast",      "medium",    "slow",     "slower",
                                        "veryslow",  "placebo",   NULL};

static int quantiser_of(const cbx_film_settings *settings) {
    return settings->quality > 0 ? settings->quality : 1;
}

/* Three things make these films faster to encode than x264's presets do. A constant
 * quantiser, because rate control estimates the cost of every frame first (-20 %). A
 * far finer one, 9.5 steps, for I-frames: blocks that start exact can be skipped for
 * longer (-15 %, +0.8 dB, a fifth more bytes). And no search for coefficients that are
 * not worth coding (-25 %).
 *
 * Quantiser 0 would be x264's lossless mode, in a profile that browsers refuse. */
static int set_x264(AVDictionary **options, AVCodecContext *context,
                    const cbx_film_settings *settings) {
    (void)context;
    int error = av_dict_set(options, "preset", settings->preset, 0);

    if (error >= 0) {
        error = av_dict_set_int(options, "qp", quantiser_of(settings), 0);
    }
    if (error >= 0) {
        error =
            av_dict_set(options, "x264-params",
                        "ipratio=3:dct-decimate=0:psy=0:scenecut=0:weightp=0:rc-lookahead=0", 0);
    }
    return error;
}

/* libopenh264 is held to one quantiser. */
static int set_openh264(AVDictionary **options, AVCodecContext *context,
                        const cbx_film_settings *settings) {
    context->qmin = context->qmax = quantiser_of(settings);
    return av_dict_set(options, "rc_mode", "off", 0);
}

static int set_nvenc(AVDictionary **options, AVCodecContext *context,
                     const cbx_film_settings *settings) {
    (void)context;
    const int error = av_dict_set(options, "rc", "constqp", 0);
    return error < 0 ? error : av_dict_set_int(options, "qp", quantiser_of(settings), 0);
}

static int set_vaapi(AVDictionary **options, AVCodecContext *context,
                     const cbx_film_settings *settings) {
    int error = av_dict_set(options, "rc_mode", "CQP", 0);
    if (error >= 0) {
        error = av_dict_set_int(options, "qp", quantiser_of(settings), 0);
    }
    return error < 0 ? error : cbx_vaapi_attach(context);
}

static int set_mpeg4(AVDictionary **options, AVCodecContext *context,
                     const cbx_film_settings *settings) {
    (void)options;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = settings->quality * FF_QP2LAMBDA;
    return 0;
}

/* One packet for each frame, and none that is not shown. */
static int set_vpx(AVDictionary **options, AVCodecContext *context,
                   const cbx_film_settings *settings) {
    const struct {
        const char *name;
        int value;
    } choices[] = {
        {"crf", settings->quality}, {"lag-in-frames", 0}, {"auto-alt-ref", 0}, {"cpu-used", 8}};
    int error = av_dict_set(options, "deadline", "realtime", 0);
    context->qmin = 0;
    context->qmax = 63;
    for (size_t i = 0; i < sizeof choices / sizeof *choices && error >= 0; i++) {
        error = av_dict_set_int(options, choices[i].name, choices[i].value, 0);
    }
    return error;
}

/* VP8 knows constant quality only beside a rate that it must not exceed. */
static int set_vp8(AVDictionary **options, AVCodecContext *context,
                   const cbx_film_settings *settings) {
    context->bit_rate = INT_MAX;
    return set_vpx(options, context, settings);
}

static int set_aom(AVDictionary **options, AVCodecContext *context,
                   const cbx_film_settings *settings) {
    (void)context;
    int error = av_dict_set(options, "usage", "realtime", 0);
    if (error >= 0) {
        error = av_dict_set_int(options, "cpu-used", 8, 0);
    }
    if (error >= 0) {
        error = av_dict_set_int(options, "lag-in-frames", 0, 0);
    }
    return error < 0 ? error : av_dict_set_int(options, "crf", settings->quality, 0);
}

static int set_gif(AVDictionary **options, AVCodecContext *context,
                   const cbx_film_settings *settings) {
    (void)options;
    (void)context;
    (void)settings;
    return 0;
}

/* More effort makes noise no smaller. */
static int set_webp(AVDictionary **options, AVCodecContext *context,
                    const cbx_film_settings *settings) {
    (void)settings;
    context->compression_level = 0;
    return av_dict_set_int(options, "lossless", 1, 0);
}

static int set_apng(AVDictionary **options, AVCodecContext *context,
                    const cbx_film_settings *settings) {
    (void)options;
    (void)settings;
    context->compression_level = 1;
    return 0;
}

static const cbx_format h264 = {.codec = CBX_CODEC_H264, .name = "H.264", .largest_side = 16384};
static const cbx_format mpeg4 = {.codec = CBX_CODEC_MPEG4, .name = "MPEG-4", .largest_side = 8191};
static const cbx_format vp9 = {.codec = CBX_CODEC_VP9, .name = "VP9", .largest_side = 16384};
static const cbx_format vp8 = {.codec = CBX_CODEC_VP8, .name = "VP8", .largest_side = 16382};
static const cbx_format av1 = {.codec = CBX_CODEC_AV1, .name = "AV1", .largest_side = 16384};
static const cbx_format gif = {
    .codec = CBX_CODEC_GIF, .name = "GIF", .largest_side = 16384, .bytes = 0.23, .nanoseconds = 17};
static const cbx_format webp = {.codec = CBX_CODEC_WEBP,
                                .name = "WebP",
                                .largest_side = 16383,
                                .bytes = 0.55,
                                .nanoseconds = 63,
                                .in_memory = 1};
static const cbx_format apng = {.codec = CBX_CODEC_APNG,
                                .name = "APNG",
                                .largest_side = 16384,
                                .bytes = 0.93,
                                .nanoseconds = 104};

/* What the frames look like decides the usual quality: static red borders around grey
 * that changes slowly, so that nearly every block of a P-frame is a skip. */
#define H264_QUALITY .best = 0, .coarsest = 51, .usual = 22
#define MPEG4_QUALITY .best = 1, .coarsest = 31, .usual = 2
#define VP9_QUALITY .best = 1, .coarsest = 63, .usual = 15
#define VP8_QUALITY .best = 4, .coarsest = 63, .usual = 8
#define AV1_QUALITY .best = 1, .coarsest = 63, .usual = 18
#define NO_QUALITY .best = -1, .coarsest = -1, .usual = -1

/* Those of libavcodec by name, because its own choice may be an encoder in hardware; those
 * that need none are its only ones in software. */
const cbx_encoder_kind cbx_encoder_kinds[] = {
    {.name = CBX_DEVICE_ENCODER, .format = &h264, .best = 0, .coarsest = 51, .usual = 23},
    {.name = "libx264",
     .format = &h264,
     H264_QUALITY,
     .presets = cbx_x264_presets,
     .calls = &cbx_libav_calls,
     .set = set_x264},
    {.name = "libopenh264",
     .format = &h264,
     H264_QUALITY,
     .calls = &cbx_libav_calls,
     .set = set_openh264},
    {.name = "h264_nvenc",
     .format = &h264,
     H264_QUALITY,
     .needs = "an NVIDIA GPU that encodes, and its driver",
     .calls = &cbx_libav_calls,
     .set = set_nvenc},
    {.name = "h264_vaapi",
     .format = &h264,
     H264_QUALITY,
     .needs = "a GPU that encodes, and its VA-API driver",
     .calls = &cbx_vaapi_calls,
     .set = set_vaapi},
    {.name = "mpeg4", .format = &mpeg4, MPEG4_QUALITY, .calls = &cbx_libav_calls, .set = set_mpeg4},
    {.name = "libvpx-vp9", .format = &vp9, VP9_QUALITY, .calls = &cbx_libav_calls, .set = set_vpx},
    {.name = "libvpx", .format = &vp8, VP8_QUALITY, .calls = &cbx_libav_calls, .set = set_vp8},
    {.name = "libaom-av1",
     .format = &av1,
     AV1_QUALITY,
     .late_headers = 1,
     .calls = &cbx_libav_calls,
     .set = set_aom},
    {.name = "gif",
     .format = &gif,
     NO_QUALITY,
     .pixels = AV_PIX_FMT_PAL8,
     .calls = &cbx_image_calls,
     .set = set_gif},
    {.name = "libwebp_anim",
     .format = &webp,
     NO_QUALITY,
     .pixels = AV_PIX_FMT_BGRA,
     .calls = &cbx_image_calls,
     .set = set_webp},
    {.name = "apng",
     .format = &apng,
     NO_QUALITY,
     .pixels = AV_PIX_FMT_RGB24,
     .calls = &cbx_image_calls,
     .set = set_apng},
    {.name = NULL},
};

const char *const cbx_film_encoder_names[] = {"auto",       CBX_DEVICE_ENCODER,
                                              "libx264",    "libopenh264",
                                              "h264_nvenc", "h264_vaapi",
                                              "mpeg4",      "libvpx-vp9",
                                              "libvpx",     "libaom-av1",
                                              "gif",        "libwebp_anim",
                                              "apng",       NULL};

/* Sessions at a time of an encoder in hardware, of which there are one to three, and whose
 * driver may allow no more than three. */
enum { HARDWARE_WORKERS = 2 };

int cbx_encoder_is_there(const cbx_encoder_kind *kind) {
    return kind->calls && kind->calls->is_there(kind);
}

static const cbx_encoder_kind *find_kind(const char *name) {
    const cbx_encoder_kind *kind = cbx_encoder_kinds;
    while (kind->name && strcmp(kind->name, name) != 0) {
        kind++;
    }
    return kind->name ? kind : NULL;
}

/* Whether it may be taken by who leaves the choice. */
static int may_choose(const cbx_encoder_kind *kind) {
    return kind->calls && !kind->needs;
}

/* By their bits. */
static const cbx_encoder_kind *choose_kind(unsigned codecs) {
    const cbx_encoder_kind *first = NULL;
    for (const cbx_encoder_kind *kind = cbx_encoder_kinds; kind->name; kind++) {
        if ((codecs >> (unsigned)kind->format->codec & 1) && may_choose(kind)) {
            if (cbx_encoder_is_there(kind)) {
                return kind;
            }
            first = first ? first : kind;
        }
    }
    return first;
}

int cbx_film_is_encoder_named(const char *encoder) {
    return encoder && strcmp(encoder, cbx_film_encoder_names[0]) != 0;
}

int cbx_film_is_by_device(const char *encoder) {
    return encoder && strcmp(encoder, CBX_DEVICE_ENCODER) == 0;
}

const cbx_encoder_kind *cbx_encoder_kind_of(const cbx_film_settings *settings) {
    const cbx_container_kind *container = cbx_container_kind_of(settings->container);
    if (cbx_film_is_encoder_named(settings->encoder)) {
        return find_kind(settings->encoder);
    }
    return choose_kind(cbx_container_takes(container, settings->codec)
                           ? 1u << (unsigned)settings->codec
                           : container->codecs);
}

/* Of settings that were checked, whose name there is. */
static const cbx_encoder_kind *checked_kind(const cbx_film_settings *settings) {
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(settings);
    return kind ? kind : cbx_encoder_kinds;
}

void cbx_encoder_settle(const cbx_encoder_kind *kind, cbx_film_settings *settings) {
    const char *const *presets = kind->presets, *preset = settings->preset;
    if (settings->quality < 0) {
        settings->quality = kind->usual;
    }
    if (settings->workers == 0 && kind->needs) {
        settings->workers = HARDWARE_WORKERS;
    }
    settings->codec = kind->format->codec;
    settings->encoder = kind->name;
    settings->preset = presets ? presets[preset ? cbx_choice_find(presets, preset) : 0] : NULL;
}

void cbx_film_quality(const cbx_film_settings *settings, int *best, int *coarsest) {
    const cbx_encoder_kind *kind = checked_kind(settings);
    *best = kind->best;
    *coarsest = kind->coarsest;
}

int cbx_film_quality_of(const cbx_film_settings *settings) {
    return settings->quality < 0 ? checked_kind(settings)->usual : settings->quality;
}

cbx_codec cbx_film_codec_of(const cbx_film_settings *settings) {
    return checked_kind(settings)->format->codec;
}

const char *cbx_film_encoder_of(const cbx_film_settings *settings) {
    return checked_kind(settings)->name;
}

const char *cbx_film_encoder(cbx_codec codec) {
    const cbx_encoder_kind *kind =
        cbx_codec_name(codec) ? choose_kind(1u << (unsigned)codec) : NULL;
    return kind && cbx_encoder_is_there(kind) ? kind->name : NULL;
}

void cbx_film_list_encoders(char *out, size_t size, cbx_encoder_place place) {
    const char *names[sizeof cbx_encoder_kinds / sizeof *cbx_encoder_kinds];
    size_t count = 0;
    for (const cbx_encoder_kind *kind = cbx_encoder_kinds; kind->name; kind++) {
        const cbx_encoder_place own = kind->needs ? CBX_IN_HARDWARE : CBX_IN_SOFTWARE;
        if ((place == CBX_ANYWHERE || place == own) && cbx_encoder_is_there(kind)) {
            names[count++] = kind->name;
        }
    }
    names[count] = NULL;
    cbx_choice_join(out, size, names, "and");
    if (count == 0) {
        snprintf(out, size, "none");
    }
}

int cbx_film_stand_in(cbx_film_settings *settings) {
    const cbx_container_kind *container = cbx_container_kind_of(settings->container);
    const cbx_encoder_kind *own = checked_kind(settings), *other = NULL, *there = NULL;
    if (cbx_film_is_encoder_named(settings->encoder) || cbx_encoder_is_there(own) ||
        settings->codec != CBX_CODEC_H264) {
        return 0;
    }
    for (const cbx_encoder_kind *kind = own; kind->name && !there; kind++) {
        if (kind->format->codec != own->format->codec && may_choose(kind) &&
            cbx_container_takes(container, kind->format->codec)) {
            other = other ? other : kind;
            there = cbx_encoder_is_there(kind) ? kind : NULL;
        }
    }
    if (!other) {
        return 0;
    }
    other = there ? there : other;
    settings->codec = other->format->codec;
    settings->quality = -1; /* another codec's numbers mean something else */
    settings->preset = NULL;
    return 1;
}
