/* SPDX-License-Identifier: MIT */
#include "film/plays.h"

#include <stdio.h>

#include "film/containers.h"
#include "film/encoder.h"
#include "film/film.h"
#include "film/level.h"

/* What is worth a warning. */
static const double MANY_MEGABYTES = 20, MANY_SECONDS = 10;

/* What every player takes. */
enum { COMMON_IDC = 52, COMMON_WIDTH = 4096, COMMON_HEIGHT = 2304 };

/* At another rate. */
static const cbx_level *level_at(const cbx_film_settings *settings, uint32_t fps) {
    return cbx_level_of(settings->width, settings->height, fps, NULL);
}

const char *cbx_film_level(const cbx_film_settings *settings) {
    const int has_levels = cbx_film_codec_of(settings) == CBX_CODEC_H264;
    return has_levels ? level_at(settings, settings->fps)->name : NULL;
}

/* The highest rate at which every player takes pictures that are not too large themselves. */
static uint32_t common_fps(const cbx_film_settings *settings) {
    uint32_t fps = settings->fps;
    while (fps > 0 && level_at(settings, fps)->idc > COMMON_IDC) {
        fps--;
    }
    return fps;
}

int cbx_film_plays(const cbx_film_settings *settings, char *sentence, size_t size) {
    const cbx_level *level = level_at(settings, settings->fps);
    const int beyond =
        !cbx_level_holds(level, settings->width, settings->height, settings->fps, NULL);
    const int large = settings->width > COMMON_WIDTH || settings->height > COMMON_HEIGHT;
    char meaning[40] = "too large for some players", help[48];

    sentence[0] = '\0';
    if (cbx_film_codec_of(settings) != CBX_CODEC_H264 || (level->idc <= COMMON_IDC && !large)) {
        return 1;
    }
    if (beyond) {
        snprintf(meaning, sizeof meaning, "beyond H.264's levels");
    } else if (level->idc > COMMON_IDC) {
        snprintf(meaning, sizeof meaning, "level %s, for few players", level->name);
    }
    if (large) {
        snprintf(help, sizeof help, "a smaller scale or fewer neurons help");
    } else {
        snprintf(help, sizeof help, "%u frames a second or fewer would help", common_fps(settings));
    }
    snprintf(sentence, size, "%s; %s", meaning, help);
    return 0;
}

void cbx_film_costs(const cbx_film_settings *settings, uint64_t frames, char *sentence,
                    size_t size) {
    const cbx_container_kind *container = cbx_container_kind_of(settings->container);
    const cbx_format *format = cbx_encoder_kind_of(settings)->format;
    const uint64_t pictures = cbx_container_pictures(container, settings->fps, frames);
    const double pixels = (double)pictures * settings->width * settings->height;
    const double megabytes = pixels * format->bytes / 1e6;
    const double seconds = pixels * format->nanoseconds / 1e9;
    char kept[64] = "";
    size_t used = 0;
    sentence[0] = '\0';
    if (pictures < frames) {
        used = (size_t)snprintf(kept, sizeof kept, "%llu of %llu frames, %u a second",
                                (unsigned long long)pictures, (unsigned long long)frames,
                                container->most_fps);
        snprintf(sentence, size, "%s", kept);
    }
    if (megabytes >= MANY_MEGABYTES || seconds >= MANY_SECONDS) {
        snprintf(sentence + used, size - used, "%sabout %.0f MB and %.0f s of work%s",
                 used ? "; " : "", megabytes, seconds,
                 used ? "" : "; .mp4 and .webm are far smaller");
    }
}
