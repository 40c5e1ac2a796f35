/* SPDX-License-Identifier: MIT */
/* Whether a film can be made as it is wished for. */
#include "base/choice.h"
#include "base/error.h"
#include "film/encoder.h"

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
                        other->name ? ", and this fits into " : "",
                        other->name ? other->format->name : "");
    }
    const uint64_t most = MOST_PADDED_PIXELS / (height + PADDING_PIXELS) - PADDING_PIXELS;
    return cbx_fail(CBX_BAD_ARGUMENT,
                    "a film of %u x %u pixels is too large: beside %u pixels libavcodec takes no "
                    "more than %u",
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

/* A codec without presets ignores what stands there. */
static cbx_status check_preset(const cbx_format *format, const char *preset) {
    char known[160];
    if (!preset || !format->presets || cbx_choice_find(format->presets, preset) >= 0) {
        return CBX_OK;
    }
    cbx_choice_join(known, sizeof known, format->presets, "and");
    return cbx_fail(CBX_BAD_ARGUMENT, "unknown preset \"%.60s\": x264 has %s", preset, known);
}

static cbx_status check_choices(const cbx_format *format, const cbx_film_settings *settings) {
    if (settings->fps < 1 || settings->fps > CBX_MAX_FPS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u frames per second: must be 1 to %u", settings->fps,
                        CBX_MAX_FPS);
    }
    if (settings->quality != -1 &&
        (settings->quality < format->best || settings->quality > format->coarsest)) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "quality %d: must be %d (best) to %d for %s, or -1 for the default",
                        settings->quality, format->best, format->coarsest, format->name);
    }
    if (settings->workers > CBX_MAX_WORKERS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u encoders at work: must be 0 to %u", settings->workers,
                        CBX_MAX_WORKERS);
    }
    return check_preset(format, settings->preset);
}

cbx_status cbx_film_check(const cbx_film_settings *settings) {
    const cbx_encoder_kind *kind = cbx_encoder_kind_of(settings->codec);
    if (!kind) {
        return cbx_fail(CBX_BAD_ARGUMENT, "unknown video codec %d", (int)settings->codec);
    }
    cbx_status status = check_size(kind->format, settings->width, settings->height);
    if (!status) {
        status = check_choices(kind->format, settings);
    }
    if (!status && !kind->calls->is_there(kind)) {
        status = cbx_fail(CBX_NO_ENCODER,
                          "the linked libavcodec has no %s encoder; install one built with %s",
                          kind->format->name, kind->name);
    }
    return status;
}
