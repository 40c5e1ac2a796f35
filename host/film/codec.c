/* SPDX-License-Identifier: MIT */
#include "film/codec.h"

#include <string.h>

#include "base/choice.h"
#include "base/error.h"
#include "film/film.h"

/* What the frames look like decides the default: static red borders around grey
 * that changes slowly, so that nearly every block of a P-frame is a skip. See
 * x264_options() for what was measured. */
enum { DEFAULT_QP = 22, DEFAULT_QUANTISER = 2 };

/* libavcodec refuses pictures with (width + 128)(height + 128) above this, whatever the
 * codec: it keeps eight times that number in an int. */
#define MOST_PADDED_PIXELS (((uint64_t)1 << 28) - 1)
enum { PADDING_PIXELS = 128 };

/* A row for each cbx_codec. */
typedef struct format {
    const char *name;
    const char *library; /* whom to ask for, where libavcodec has no encoder */
    int best, coarsest;  /* quality */
    uint32_t largest_side;
    uint64_t most_padded_pixels;
    const char *const *presets; /* NULL: whatever stands there is ignored */
    cbx_codec stand_in;         /* where libavcodec has no encoder; itself: none */
} format;

const char *const cbx_x264_presets[] = {"ultrafast", "superfast", "veryfast", "faster",
                                        "fast",      "medium",    "slow",     "slower",
                                        "veryslow",  "placebo",   NULL};

static const format formats[] = {
    [CBX_CODEC_H264] = {"H.264", "libx264", 0, 51, 16384, MOST_PADDED_PIXELS, cbx_x264_presets,
                        CBX_CODEC_MPEG4},
    [CBX_CODEC_MPEG4] = {"MPEG-4", "mpeg4", 1, 31, 8191, MOST_PADDED_PIXELS, NULL, CBX_CODEC_MPEG4},
};

enum { FORMATS = sizeof formats / sizeof formats[0] };

/* Three things make these films faster to encode than x264's presets do. A constant
 * quantiser, because rate control estimates the cost of every frame first (-20 %). A
 * far finer one, 9.5 steps, for I-frames: blocks that start exact can be skipped for
 * longer (-15 %, +0.8 dB, a fifth more bytes). And no search for coefficients that are
 * not worth coding (-25 %).
 *
 * Quantiser 0 would be x264's lossless mode, in a profile that browsers refuse. */
static int x264_options(AVDictionary **options, AVCodecContext *context,
                        const cbx_film_settings *settings) {
    (void)context;
    int qp = settings->quality < 0 ? DEFAULT_QP : settings->quality;
    int error =
        av_dict_set(options, "preset", settings->preset ? settings->preset : "ultrafast", 0);

    if (error >= 0) {
        error = av_dict_set_int(options, "qp", qp > 0 ? qp : 1, 0);
    }
    if (error >= 0) {
        error =
            av_dict_set(options, "x264-params",
                        "ipratio=3:dct-decimate=0:psy=0:scenecut=0:weightp=0:rc-lookahead=0", 0);
    }
    return error;
}

/* libopenh264 is held to one quantiser. */
static int openh264_options(AVDictionary **options, AVCodecContext *context,
                            const cbx_film_settings *settings) {
    int qp = settings->quality < 0 ? DEFAULT_QP : settings->quality;

    context->qmin = context->qmax = qp > 0 ? qp : 1;
    return av_dict_set(options, "rc_mode", "off", 0);
}

static int mpeg4_options(AVDictionary **options, AVCodecContext *context,
                         const cbx_film_settings *settings) {
    (void)options;
    int quantiser = settings->quality < 0 ? DEFAULT_QUANTISER : settings->quality;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = quantiser * FF_QP2LAMBDA;
    return 0;
}

/* By name, because libavcodec's own choice may be an encoder in hardware, whose bytes
 * nobody can promise. These are its only ones in software; the first that is there is
 * taken. */
static const struct {
    cbx_codec codec;
    const char *name;
    int (*set)(AVDictionary **options, AVCodecContext *context, const cbx_film_settings *settings);
} encoders[] = {
    {CBX_CODEC_H264, "libx264", x264_options},
    {CBX_CODEC_H264, "libopenh264", openh264_options},
    {CBX_CODEC_MPEG4, "mpeg4", mpeg4_options},
};

enum { ENCODERS = sizeof encoders / sizeof encoders[0] };

const AVCodec *cbx_codec_find(cbx_codec codec) {
    const AVCodec *found = NULL;
    for (size_t i = 0; i < ENCODERS && !found; i++) {
        found = encoders[i].codec == codec ? avcodec_find_encoder_by_name(encoders[i].name) : NULL;
    }
    return found;
}

void cbx_codec_quality(cbx_codec codec, int *best, int *coarsest) {
    *best = formats[codec].best;
    *coarsest = formats[codec].coarsest;
}

const char *cbx_film_encoder(cbx_codec codec) {
    const AVCodec *found = cbx_codec_find(codec);
    return found ? found->name : NULL;
}

int cbx_codec_options(AVDictionary **options, AVCodecContext *context,
                      const cbx_film_settings *settings) {
    for (size_t i = 0; i < ENCODERS; i++) {
        if (strcmp(context->codec->name, encoders[i].name) == 0) {
            return encoders[i].set(options, context, settings);
        }
    }
    return AVERROR_ENCODER_NOT_FOUND;
}

static int fits(const format *row, uint32_t width, uint32_t height) {
    return width <= row->largest_side && height <= row->largest_side &&
           ((uint64_t)width + PADDING_PIXELS) * ((uint64_t)height + PADDING_PIXELS) <=
               row->most_padded_pixels;
}

/* Says which limit a picture that is too large exceeds. */
static cbx_status fail_too_large(const cbx_film_settings *settings) {
    const format *row = &formats[settings->codec];
    const uint32_t width = settings->width, height = settings->height;
    const format *other = NULL;

    for (size_t i = 0; i < FORMATS && !other; i++) {
        other = fits(&formats[i], width, height) ? &formats[i] : NULL;
    }
    if (width > row->largest_side || height > row->largest_side) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels is too large: %s ends at %u pixels a side%s%s",
                        width, height, row->name, row->largest_side,
                        other ? ", and this fits into " : "", other ? other->name : "");
    }
    const uint64_t most = row->most_padded_pixels / (height + PADDING_PIXELS) - PADDING_PIXELS;
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "a film of %u x %u pixels is too large: beside %u pixels libavcodec takes no "
                    "more than %u",
                    width, height, height, (uint32_t)most & ~1u);
}

static cbx_status check_size(const cbx_film_settings *settings) {
    const uint32_t width = settings->width, height = settings->height;

    if (width == 0 || height == 0 || width % 2 || height % 2) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels cannot be encoded: both sides must be even and "
                        "not zero",
                        width, height);
    }
    return fits(&formats[settings->codec], width, height) ? CBX_OK : fail_too_large(settings);
}

/* A codec without presets ignores what stands there. */
static cbx_status check_preset(const format *row, const char *preset) {
    char known[160];
    if (!preset || !row->presets || cbx_choice_find(row->presets, preset) >= 0) {
        return CBX_OK;
    }
    cbx_choice_join(known, sizeof known, row->presets, "and");
    return cbx_fail(CBX_BAD_ARGUMENT, "unknown preset \"%.60s\": x264 has %s", preset, known);
}

static cbx_status check_choices(const cbx_film_settings *settings) {
    const format *row = &formats[settings->codec];

    if (settings->fps < 1 || settings->fps > CBX_MAX_FPS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u frames per second: must be 1 to %u", settings->fps,
                        CBX_MAX_FPS);
    }
    if (settings->quality != -1 &&
        (settings->quality < row->best || settings->quality > row->coarsest)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "quality %d: must be %d (best) to %d for %s, or -1 for the default",
                        settings->quality, row->best, row->coarsest, row->name);
    }
    if (settings->workers > CBX_MAX_WORKERS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u encoders at work: must be 0 to %u", settings->workers,
                        CBX_MAX_WORKERS);
    }
    return check_preset(row, settings->preset);
}

cbx_status cbx_film_check(const cbx_film_settings *settings) {
    if (!cbx_codec_name(settings->codec)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown video codec %d", (int)settings->codec);
    }
    cbx_status status = check_size(settings);
    if (!status) {
        status = check_choices(settings);
    }
    if (!status && !cbx_codec_find(settings->codec)) {
        const format *row = &formats[settings->codec];
        status = cbx_fail(CBX_NO_ENCODER,
                          "the linked libavcodec has no %s encoder; install one built with %s",
                          row->name, row->library);
    }
    return status;
}

int cbx_film_stand_in(cbx_film_settings *settings) {
    const cbx_codec other = formats[settings->codec].stand_in;
    if (other == settings->codec || cbx_codec_find(settings->codec)) {
        return 0;
    }
    settings->codec = other;
    settings->quality = -1; /* another codec's numbers mean something else */
    settings->preset = NULL;
    return 1;
}
