/* SPDX-License-Identifier: MIT */
/* The encoders there are, how they are set up, and which one a film gets. */
#include "base/choice.h"
#include "film/encoder.h"
#include "film/film.h"

const char *const cbx_x264_presets[] = {"ultrafast", "superfast", "veryfast", "faster",
                                        "fast",      "medium",    "slow",     "slower",
                                        "veryslow",  "placebo",   NULL};

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
        error = av_dict_set_int(options, "qp", settings->quality > 0 ? settings->quality : 1, 0);
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
    context->qmin = context->qmax = settings->quality > 0 ? settings->quality : 1;
    return av_dict_set(options, "rc_mode", "off", 0);
}

static int set_mpeg4(AVDictionary **options, AVCodecContext *context,
                     const cbx_film_settings *settings) {
    (void)options;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = settings->quality * FF_QP2LAMBDA;
    return 0;
}

/* What the frames look like decides the usual quality: static red borders around grey
 * that changes slowly, so that nearly every block of a P-frame is a skip. */
static const cbx_format h264 = {.codec = CBX_CODEC_H264,
                                .name = "H.264",
                                .best = 0,
                                .coarsest = 51,
                                .usual = 22,
                                .largest_side = 16384,
                                .presets = cbx_x264_presets};
static const cbx_format mpeg4 = {.codec = CBX_CODEC_MPEG4,
                                 .name = "MPEG-4",
                                 .best = 1,
                                 .coarsest = 31,
                                 .usual = 2,
                                 .largest_side = 8191};

/* Those of libavcodec by name, because its own choice may be an encoder in hardware, whose
 * bytes nobody can promise; these are its only ones in software. */
const cbx_encoder_kind cbx_encoder_kinds[] = {
    {"libx264", &h264, &cbx_libav_calls, set_x264},
    {"libopenh264", &h264, &cbx_libav_calls, set_openh264}, /* to which presets mean nothing */
    {"mpeg4", &mpeg4, &cbx_libav_calls, set_mpeg4},
    {NULL, NULL, NULL, NULL},
};

static int is_there(const cbx_encoder_kind *kind) {
    return kind->calls->is_there(kind);
}

const cbx_encoder_kind *cbx_encoder_kind_of(cbx_codec codec) {
    const cbx_encoder_kind *first = NULL;
    for (const cbx_encoder_kind *kind = cbx_encoder_kinds; kind->name; kind++) {
        if (kind->format->codec == codec) {
            if (is_there(kind)) {
                return kind;
            }
            first = first ? first : kind;
        }
    }
    return first;
}

void cbx_encoder_settle(const cbx_encoder_kind *kind, cbx_film_settings *settings) {
    const char *const *presets = kind->format->presets, *preset = settings->preset;
    if (settings->quality < 0) {
        settings->quality = kind->format->usual;
    }
    settings->preset = presets ? presets[preset ? cbx_choice_find(presets, preset) : 0] : NULL;
}

void cbx_codec_quality(cbx_codec codec, int *best, int *coarsest) {
    const cbx_encoder_kind *kind = cbx_encoder_kinds;
    while (kind->format->codec != codec) {
        kind++;
    }
    *best = kind->format->best;
    *coarsest = kind->format->coarsest;
}

const char *cbx_film_encoder(cbx_codec codec) {
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(codec);
    return kind && is_there(kind) ? kind->name : NULL;
}

int cbx_film_stand_in(cbx_film_settings *settings) {
    const cbx_encoder_kind *own = cbx_encoder_kind_of(settings->codec), *other = NULL;
    if (is_there(own)) {
        return 0;
    }
    for (const cbx_encoder_kind *kind = own; kind->name && !(other && is_there(other)); kind++) {
        other = kind->format->codec != settings->codec ? kind : other;
    }
    if (!other) {
        return 0;
    }
    settings->codec = other->format->codec;
    settings->quality = -1; /* another codec's numbers mean something else */
    settings->preset = NULL;
    return 1;
}
