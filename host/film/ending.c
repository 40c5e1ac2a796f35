/* SPDX-License-Identifier: MIT */
#include "film/ending.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/error.h"

/* .mp4 and .m4v are what the muxer writes. A row goes when its kind can be written. */
static const struct {
    const char *ending, *kind;
} others[] = {
    {"3gp", "a 3GP film"},
    {"apng", "an animated PNG"},
    {"asf", "an ASF film"},
    {"avi", "an AVI film"},
    {"avif", "an AVIF picture"},
    {"bmp", "a BMP picture"},
    {"flv", "a Flash film"},
    {"gif", "a GIF"},
    {"h264", "a bare H.264 stream"},
    {"jpeg", "a JPEG"},
    {"jpg", "a JPEG"},
    {"m2ts", "an MPEG stream"},
    {"m3u8", "a playlist"},
    {"mjpeg", "a JPEG film"},
    {"mkv", "a Matroska film"},
    {"mov", "a QuickTime film"},
    {"mpeg", "an MPEG film"},
    {"mpg", "an MPEG film"},
    {"ogg", "an Ogg film"},
    {"ogv", "an Ogg film"},
    {"png", "a PNG picture"},
    {"ppm", "a PPM picture"},
    {"ts", "an MPEG stream"},
    {"webm", "a WebM film"},
    {"webp", "a WebP picture"},
    {"wmv", "a Windows Media film"},
    {"y4m", "raw frames"},
};

cbx_status cbx_film_check_ending(const char *path) {
    struct stat target;
    const char *slash = strrchr(path, '/');
    const char *dot = strrchr(slash ? slash : path, '.');
    if (!dot || (stat(path, &target) == 0 && !S_ISREG(target.st_mode))) {
        return CBX_OK;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcasecmp(dot + 1, others[i].ending) == 0) {
            return cbx_fail(CBX_BAD_ARGUMENT,
                            "the film is an mp4 file, but %s ends like %s; let it end in .mp4",
                            path, others[i].kind);
        }
    }
    return CBX_OK;
}
