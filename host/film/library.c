/* SPDX-License-Identifier: MIT */
#include "film/library.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/avutil.h>
#include <stdio.h>

void cbx_film_library(char *out, size_t size) {
    const struct {
        const char *name;
        unsigned version;
    } libraries[] = {{"libavformat", avformat_version()},
                     {"libavcodec", avcodec_version()},
                     {"libavutil", avutil_version()}};
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < sizeof libraries / sizeof *libraries && used < size; i++) {
        const unsigned version = libraries[i].version;
        used += (size_t)snprintf(out + used, size - used, "%s%s %u.%u.%u", i ? ", " : "",
                                 libraries[i].name, AV_VERSION_MAJOR(version),
                                 AV_VERSION_MINOR(version), AV_VERSION_MICRO(version));
    }
}

void cbx_film_silence_libav(void) {
    av_log_set_level(AV_LOG_QUIET);
}
