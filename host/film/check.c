/* SPDX-License-Identifier: MIT */
/* Whether a film can be made as it is wished for. */
#include "base/choice.h"
#include "base/error.h"
#include "film/encoder.h"

/* libavcodec refuses pictures with (width + 128)(height + 128) above this, whatever the
 * codec, and so could not read them either: it keeps eight times that number in an int. */
#define MOST_PADDED_PIXELS (((uint64_t)1 << 28) - 1)
enum { PADDING_PIXELS = 128 };

static int fits_side(const cbx_encoder_kind *kind, uint32_t width, uint32_t height) {
    return width <= kind->largest_side && height <= kind->largest_side;
}

static int fits(const cbx_encoder_kind *kind, uint32_t width, uint32_t height) {
    return fits_side(kind, width, height) &&
           ((uint64_t)width + PADDING_PIXELS) * ((uint64_t)height + PADDING_PIXELS) <=
               MOST_PADDED_PIXELS;
}

/* Says which limit a picture that is too large exceeds. */
static cbx_status fail_too_large(const cbx_encoder_kind *kind, uint32_t width, uint32_t height) {
    const cbx_encoder_kind *other = cbx_encoder_kinds;

    while (other->name && !fits(other, width, height)) {
        other++;
    }
    if (!fits_side(kind, width, height)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels is too large: %s ends at %u pixels a side%s%s",
                        width, height, kind->codec_name, kind->largest_side,
                        other->name ? ", and this fits into " : "",
                        other->name ? other->codec_name : "");
    }
    const uint64_t most = MOST_PADDED_PIXELS / (height + PADDING_PIXELS) - PADDING_PIXELS;
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "a film of %u x %u pixels is too large: beside %u pixels libavcodec takes no "
                    "more than %u",
                    width, height, height, (uint32_t)most & ~1u);
}

static cbx_status check_size(const cbx_encoder_kind *kind, uint32_t width, uint32_t height) {
    if (width == 0 || height == 0 || width % 2 || height % 2) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a film of %u x %u pixels cannot be encoded: both sides must be even and "
                        "not zero",
                        width, height);
    }
    return fits(kind, width, height) ? CBX_OK : fail_too_large(kind, width, height);
}

/* A kind without presets ignores what stands there. */
static cbx_status check_preset(const cbx_encoder_kind *kind, const char *preset) {
    char known[160];
    if (!preset || !kind->presets || cbx_choice_find(kind->presets, preset) >= 0) {
        return CBX_OK;
    }
    cbx_choice_join(known, sizeof known, kind->presets, "and");
    return cbx_fail(CBX_BAD_ARGUMENT, "unknown preset \"%.60s\": x264 has %s", preset, known);
}

static cbx_status check_choices(const cbx_encoder_kind *kind, const cbx_film_settings *settings) {
    if (settings->fps < 1 || settings->fps > CBX_MAX_FPS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u frames per second: must be 1 to %u", settings->fps,
                        CBX_MAX_FPS);
    }
    if (settings->quality != -1 &&
        (settings->quality < kind->best || settings->quality > kind->coarsest)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "quality %d: must be %d (best) to %d for %s, or -1 for the default",
                        settings->quality, kind->best, kind->coarsest, kind->codec_name);
    }
    if (settings->workers > CBX_MAX_WORKERS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u encoders at work: must be 0 to %u", settings->workers,
                        CBX_MAX_WORKERS);
    }
    return check_preset(kind, settings->preset);
}

cbx_status cbx_film_check(const cbx_film_settings *settings) {
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(settings->codec);
    if (!kind) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown video codec %d", (int)settings->codec);
    }
    cbx_status status = check_size(kind, settings->width, settings->height);
    if (!status) {
        status = check_choices(kind, settings);
    }
    if (!status && !kind->calls->is_there(kind)) {
        status = cbx_fail(CBX_NO_ENCODER,
                          "the linked libavcodec has no %s encoder; install one built with %s",
                          kind->codec_name, kind->name);
    }
    return status;
}
