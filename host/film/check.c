/* SPDX-License-Identifier: MIT */
/* Whether a film can be made as it is wished for. */
#include "base/choice.h"
#include "base/error.h"
#include "film/containers.h"
#include "film/encoder.h"
#include "film/film.h"

/* libavcodec refuses pictures with (width + 128)(height + 128) above this, whatever the
 * codec, and so could not read them either: it keeps eight times that number in an int. */
#define MOST_PADDED_PIXELS (((uint64_t)1 << 28) - 1)
enum { PADDING_PIXELS = 128 };

static int fits_side(const cbx_format *format, uint32_t width, uint32_t height) {
    return width <= format->largest_side && height <= format->largest_side;
}

static int fits(const cbx_format *format, uint32_t width, uint32_t height) {
    return fits_side(format, width, height) &&
           ((uint64_t)width + PADDING_PIXELS) * ((uint64_t)height + PADDING_PIXELS) <=
               MOST_PADDED_PIXELS;
}

/* Says which limit a picture that is too large exceeds. */
static cbx_status fail_too_large(const cbx_format *format, uint32_t width, uint32_t height) {
    const cbx_encoder_kind *other = cbx_encoder_kinds;

    while (other->name && !fits(other->format, width, height)) {
        other++;
    }
    if (!fits_side(format, width, height)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels is too large: %s ends at %u pixels a side%s%s",
                        width, height, format->name, format->largest_side,
                        other->name ? ", and this fits into "
                                    : "; a smaller scale, fewer neurons or no film help",
                        other->name ? other->format->name : "");
    }
    const uint64_t most = MOST_PADDED_PIXELS / (height + PADDING_PIXELS) - PADDING_PIXELS;
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "a film of %u x %u pixels is too large: beside %u pixels libavcodec takes no "
                    "more than %u; a smaller scale or fewer neurons help",
                    width, height, height, (uint32_t)most & ~1u);
}

static cbx_status check_size(const cbx_format *format, uint32_t width, uint32_t height) {
    if (width == 0 || height == 0 || width % 2 || height % 2) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels cannot be encoded: both sides must be even and "
                        "not zero",
                        width, height);
    }
    return fits(format, width, height) ? CBX_OK : fail_too_large(format, width, height);
}

static cbx_status check_preset(const cbx_encoder_kind *kind, const cbx_film_settings *settings) {
    const char *preset = settings->preset;
    char known[160];
    if (!preset || (kind->presets && cbx_choice_find(kind->presets, preset) >= 0)) {
        return CBX_OK;
    }
    if (kind->presets) {
        cbx_choice_join(known, sizeof known, kind->presets, "and");
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown preset \"%.60s\": x264 has %s", preset, known);
    }
    return cbx_film_is_encoder_named(settings->encoder)
               ? cbx_fail(CBX_BAD_ARGUMENT, "preset \"%.60s\": the encoder %s has none", preset,
                          kind->name)
               : CBX_OK;
}

static cbx_status check_choices(const cbx_encoder_kind *kind, const cbx_film_settings *settings) {
    if (settings->fps < 1 || settings->fps > CBX_MAX_FPS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u frames per second: must be 1 to %u", settings->fps,
                        CBX_MAX_FPS);
    }
    if (settings->quality != -1 && kind->coarsest < 0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "quality %d: %s has none to choose", settings->quality,
                        kind->format->name);
    }
    if (settings->quality != -1 &&
        (settings->quality < kind->best || settings->quality > kind->coarsest)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "quality %d: must be %d (best) to %d for %s, or -1 for the default",
                        settings->quality, kind->best, kind->coarsest, kind->format->name);
    }
    if (settings->workers > CBX_MAX_WORKERS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u encoders at work: must be 0 to %u", settings->workers,
                        CBX_MAX_WORKERS);
    }
    return check_preset(kind, settings);
}

/* Says which codecs a container takes, after one that it does not. */
static cbx_status fail_container(const cbx_container_kind *container, const char *who,
                                 cbx_codec codec) {
    const char *names[CBX_CODEC_APNG + 2];
    char known[80];
    size_t count = 0;
    for (int i = 0; i <= (int)CBX_CODEC_APNG; i++) {
        if (cbx_container_takes(container, (cbx_codec)i)) {
            names[count++] = cbx_codec_name((cbx_codec)i);
        }
    }
    names[count] = NULL;
    cbx_choice_join(known, sizeof known, names, "and");
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "%s holds %s, and %s makes %s; choose another ending or another encoder",
                    container->a_film, known, who, cbx_codec_name(codec));
}

/* Whether codec and encoder are any, and fit each other and the container. */
static cbx_status check_kind(const cbx_film_settings *settings) {
    const char *codec = cbx_codec_name(settings->codec);
    const cbx_container_kind *container = cbx_container_kind_of(settings->container);
    char known[200];
    if (!codec) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown video codec %d", (int)settings->codec);
    }
    if (!container) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown container %d", (int)settings->container);
    }
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(settings);
    if (!kind) {
        cbx_choice_join(known, sizeof known, cbx_film_encoder_names, "and");
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown encoder \"%.60s\": there are %s",
                        settings->encoder, known);
    }
    if (!cbx_container_takes(container, kind->format->codec)) {
        return fail_container(container, kind->name, kind->format->codec);
    }
    if (!cbx_film_is_encoder_named(settings->encoder) && settings->codec != CBX_CODEC_H264 &&
        !cbx_container_takes(container, settings->codec)) {
        return fail_container(container, "what was chosen", settings->codec);
    }
    return settings->codec == CBX_CODEC_H264 || settings->codec == kind->format->codec
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT, "the encoder %s makes %s, not %s", kind->name,
                          cbx_codec_name(kind->format->codec), codec);
}

static cbx_status fail_missing(const cbx_encoder_kind *kind, const cbx_film_settings *settings) {
    char known[160];
    if (!cbx_film_is_encoder_named(settings->encoder)) {
        return cbx_fail(CBX_NO_ENCODER,
                        "the linked libavcodec has no %s encoder; install one built with %s",
                        kind->format->name, kind->name);
    }
    cbx_film_list_encoders(known, sizeof known, CBX_ANYWHERE);
    return cbx_fail(CBX_NO_ENCODER, "the linked libavcodec lacks %s; of these encoders it has %s",
                    kind->name, known);
}

cbx_status cbx_film_check_wishes(const cbx_film_settings *settings) {
    cbx_status status = check_kind(settings);
    if (status) {
        return status;
    }
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(settings);
    status = check_size(kind->format, settings->width, settings->height);
    return status ? status : check_choices(kind, settings);
}

cbx_status cbx_film_check(const cbx_film_settings *settings) {
    cbx_status status = cbx_film_check_wishes(settings);
    if (status) {
        return status;
    }
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(settings);
    if (!kind->calls) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "the encoder %s takes frames where they are drawn, and only cbx_learn() "
                        "has them there; name another",
                        kind->name);
    }
    return cbx_encoder_is_there(kind) ? CBX_OK : fail_missing(kind, settings);
}
