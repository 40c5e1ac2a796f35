#include "film/codec.h"

#include <string.h>

#include "base/error.h"

/* What the frames look like decides the default: static red borders around grey
 * that changes slowly, so that nearly every block of a P-frame is a skip. See
 * x264_options() for what was measured. */
enum { DEFAULT_QP = 22, DEFAULT_QUANTISER = 2, LARGEST_H264 = 16384, LARGEST_MPEG4 = 8191 };

/* By name, because libavcodec's own choice may be an encoder in hardware, whose
 * bytes nobody can promise. These two are its only H.264 encoders in software. */
const AVCodec *cbx_codec_find(cbx_codec codec) {
    static const char *const h264[] = {"libx264", "libopenh264"};

    if (codec == CBX_CODEC_MPEG4) {
        return avcodec_find_encoder_by_name("mpeg4");
    }
    for (size_t i = 0; i < sizeof h264 / sizeof h264[0]; i++) {
        const AVCodec *found = avcodec_find_encoder_by_name(h264[i]);
        if (found) {
            return found;
        }
    }
    return NULL;
}

const char *cbx_film_encoder(cbx_codec codec) {
    if (codec != CBX_CODEC_H264 && codec != CBX_CODEC_MPEG4) {
        return NULL;
    }
    const AVCodec *found = cbx_codec_find(codec);
    return found ? found->name : NULL;
}

static int known_preset(const char *name) {
    static const char *const known[] = {"ultrafast", "superfast", "veryfast", "faster",
                                        "fast",      "medium",    "slow",     "slower",
                                        "veryslow",  "placebo"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(name, known[i]) == 0) {
            return 1;
        }
    }
    return 0;
}

static cbx_status check_size(const cbx_film_settings *settings) {
    uint32_t width = settings->width, height = settings->height;
    uint32_t largest = settings->codec == CBX_CODEC_H264 ? LARGEST_H264 : LARGEST_MPEG4;

    if (width == 0 || height == 0 || width % 2 || height % 2) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels cannot be encoded: both sides must be even and "
                        "not zero",
                        width, height);
    }
    if (width > largest || height > largest) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels is too large: %s ends at %u pixels a side%s",
                        width, height, settings->codec == CBX_CODEC_H264 ? "H.264" : "MPEG-4",
                        largest, settings->codec == CBX_CODEC_MPEG4 ? ", H.264 reaches 16384" : "");
    }
    return CBX_OK;
}

cbx_status cbx_codec_check(const cbx_film_settings *settings) {
    int h264 = settings->codec == CBX_CODEC_H264;

    if (!h264 && settings->codec != CBX_CODEC_MPEG4) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown video codec %d", (int)settings->codec);
    }
    cbx_status status = check_size(settings);
    if (status) {
        return status;
    }
    if (settings->fps < 1 || settings->fps > 1000) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u frames per second: must be 1 to 1000", settings->fps);
    }
    int lowest = h264 ? 0 : 1, highest = h264 ? 51 : 31;
    if (settings->quality != -1 && (settings->quality < lowest || settings->quality > highest)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "quality %d: must be %d (best) to %d for %s",
                        settings->quality, lowest, highest, h264 ? "H.264" : "MPEG-4");
    }
    if (h264 && settings->preset && !known_preset(settings->preset)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "unknown preset \"%s\": x264 has ultrafast, superfast, veryfast, faster, "
                        "fast, medium, slow, slower, veryslow and placebo",
                        settings->preset);
    }
    if (!cbx_codec_find(settings->codec)) {
        return cbx_fail(CBX_NO_ENCODER,
                        "the linked libavcodec has no %s encoder; install one "
                        "built with %s",
                        h264 ? "H.264" : "MPEG-4", h264 ? "libx264" : "mpeg4");
    }
    return CBX_OK;
}

/* Three things make these films faster to encode than x264's presets do. A constant
 * quantiser, because rate control estimates the cost of every frame first (-20 %). A
 * far finer one, 9.5 steps, for I-frames: blocks that start exact can be skipped for
 * longer (-15 %, +0.8 dB, a fifth more bytes). And no search for coefficients that are
 * not worth coding (-25 %).
 *
 * Quantiser 0 would be x264's lossless mode, in a profile that browsers refuse. */
static int x264_options(AVDictionary **options, const cbx_film_settings *settings) {
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

int cbx_codec_options(AVDictionary **options, AVCodecContext *context,
                      const cbx_film_settings *settings) {
    const char *name = context->codec->name;

    if (strcmp(name, "libx264") == 0) {
        return x264_options(options, settings);
    }
    if (strcmp(name, "libopenh264") == 0) {
        return openh264_options(options, context, settings);
    }
    int quantiser = settings->quality < 0 ? DEFAULT_QUANTISER : settings->quality;
    context->flags |= AV_CODEC_FLAG_QSCALE;
    context->global_quality = quantiser * FF_QP2LAMBDA;
    return 0;
}
