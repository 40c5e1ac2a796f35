/* SPDX-License-Identifier: MIT */
#include "film/containers.h"

#include <stddef.h>
#include <strings.h>

#include "base/choice.h"

enum { MOST_ENDINGS = 24 };

#define TAKES(codec) (1u << (unsigned)CBX_CODEC_##codec)

static const char *const mp4_endings[] = {".mp4", ".m4v", NULL};
static const char *const mkv_endings[] = {".mkv", NULL};
static const char *const webm_endings[] = {".webm", NULL};
static const char *const gif_endings[] = {".gif", NULL};
static const char *const webp_endings[] = {".webp", NULL};
static const char *const apng_endings[] = {".apng", NULL};
static const char *const mpegts_endings[] = {".ts", NULL};

/* Browsers show a picture of a GIF for 20 ms at least, or make 100 ms of what is shorter; of the
 * other animations for 11 ms. Checksums of Matroska would have to be made anew where its level
 * and tags are known at the end. */
static const cbx_container_kind kinds[] = {
    {.container = CBX_CONTAINER_MP4,
     .muxer = "mp4",
     .a_film = "an mp4 film",
     .endings = mp4_endings,
     .codecs = TAKES(H264) | TAKES(MPEG4) | TAKES(VP9) | TAKES(AV1),
     .global_headers = 1,
     .file_options = "movflags=+faststart",
     .pipe_options = "movflags=+frag_keyframe+empty_moov"},
    {.container = CBX_CONTAINER_MKV,
     .muxer = "matroska",
     .a_film = "a Matroska film",
     .endings = mkv_endings,
     .codecs = TAKES(H264) | TAKES(MPEG4) | TAKES(VP9) | TAKES(VP8) | TAKES(AV1),
     .global_headers = 1,
     .file_options = "write_crc32=0"},
    {.container = CBX_CONTAINER_WEBM,
     .muxer = "webm",
     .a_film = "a WebM film",
     .endings = webm_endings,
     .codecs = TAKES(VP9) | TAKES(VP8) | TAKES(AV1),
     .global_headers = 1,
     .file_options = "write_crc32=0"},
    {.container = CBX_CONTAINER_GIF,
     .muxer = "gif",
     .a_film = "a GIF",
     .endings = gif_endings,
     .codecs = TAKES(GIF),
     .most_fps = 50,
     .in_pieces = 1,
     .file_options = "loop=0",
     .pipe_options = "loop=0"},
    {.container = CBX_CONTAINER_WEBP,
     .muxer = "webp",
     .a_film = "an animated WebP",
     .endings = webp_endings,
     .codecs = TAKES(WEBP),
     .most_fps = 90,
     .in_pieces = 1,
     .file_options = "loop=0",
     .pipe_options = "loop=0"},
    {.container = CBX_CONTAINER_APNG,
     .muxer = "apng",
     .a_film = "an animated PNG",
     .endings = apng_endings,
     .codecs = TAKES(APNG),
     .most_fps = 90,
     .in_pieces = 1,
     .needs_file = 1, /* the number of pictures stands in its head */
     .file_options = "plays=0"},
    {.container = CBX_CONTAINER_MPEGTS,
     .muxer = "mpegts",
     .a_film = "an MPEG transport stream",
     .endings = mpegts_endings,
     .codecs = TAKES(H264) | TAKES(MPEG4)},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

const cbx_container_kind *cbx_container_kind_of(cbx_container container) {
    const cbx_container wanted = container == CBX_CONTAINER_AUTO ? CBX_CONTAINER_MP4 : container;
    for (size_t i = 0; i < KINDS; i++) {
        if (kinds[i].container == wanted) {
            return &kinds[i];
        }
    }
    return NULL;
}

int cbx_container_takes(const cbx_container_kind *kind, cbx_codec codec) {
    return (kind->codecs >> (unsigned)codec & 1) != 0;
}

const cbx_container_kind *cbx_container_of_ending(const char *ending) {
    for (size_t i = 0; i < KINDS; i++) {
        for (const char *const *known = kinds[i].endings; *known; known++) {
            if (strcasecmp(ending, *known) == 0) {
                return &kinds[i];
            }
        }
    }
    return NULL;
}

void cbx_container_list_endings(char *out, size_t size) {
    const char *all[MOST_ENDINGS];
    size_t count = 0;
    for (size_t i = 0; i < KINDS; i++) {
        for (const char *const *ending = kinds[i].endings; *ending && count + 1 < MOST_ENDINGS;) {
            all[count++] = *ending++;
        }
    }
    all[count] = NULL;
    cbx_choice_join(out, size, all, "or");
}

uint32_t cbx_container_rate(const cbx_container_kind *kind, uint32_t fps) {
    return kind->most_fps && fps > kind->most_fps ? kind->most_fps : fps;
}

uint64_t cbx_container_slot(const cbx_container_kind *kind, uint32_t fps, uint64_t index) {
    return index * cbx_container_rate(kind, fps) / fps;
}

uint64_t cbx_container_pictures(const cbx_container_kind *kind, uint32_t fps, uint64_t frames) {
    return frames ? cbx_container_slot(kind, fps, frames - 1) + 1 : 0;
}
