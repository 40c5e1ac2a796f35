/* SPDX-License-Identifier: MIT */
/* A film written from frames in 4:2:0 planes: mp4, Matroska, WebM, MPEG-TS, or an animated picture.
 *
 * Frames are collected in closed groups; each group is encoded by one of
 * several single-threaded encoders, and the groups are joined in order, so the
 * file's bytes do not depend on the number of workers. In an animated picture each frame
 * builds on those before, and one encoder makes them all. The file appears under
 * its name only when it is complete.
 *
 * A film belongs to one thread at a time; several may be written at once.
 */
#ifndef CLEARBOX_FILM_H
#define CLEARBOX_FILM_H

#include <stdint.h>

#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cbx_codec {
    CBX_CODEC_H264,
    CBX_CODEC_MPEG4,
    CBX_CODEC_VP9,
    CBX_CODEC_VP8,
    CBX_CODEC_AV1,
    CBX_CODEC_GIF,
    CBX_CODEC_WEBP, /* lossless */
    CBX_CODEC_APNG
} cbx_codec;

/* "h264", "mpeg4" …, static; NULL: there is no such codec. */
CBX_API const char *cbx_codec_name(cbx_codec codec);

/* What the encoded frames are put in. */
typedef enum cbx_container {
    CBX_CONTAINER_AUTO, /* what the file's ending says; mp4 where it has none */
    CBX_CONTAINER_MP4,  /* h264, mpeg4, vp9, av1; fragmented where it is no regular file */
    CBX_CONTAINER_MKV,  /* those and vp8 */
    CBX_CONTAINER_WEBM, /* vp9, vp8, av1 */
    /* Pictures, from 4:2:0 converted to RGB, in a loop. A player shows no more than so many a
     * second; of more frames the last within the time of each is kept, so that a film lasts as
     * long as it should and ends with its last frame. */
    CBX_CONTAINER_GIF,   /* 50; 255 colours, chosen by the first frame */
    CBX_CONTAINER_WEBP,  /* 90; encoded in memory until the end */
    CBX_CONTAINER_APNG,  /* 90; a regular file only */
    CBX_CONTAINER_MPEGTS /* h264, mpeg4: for players that read a pipe */
} cbx_container;

/* "auto", "mp4" …, static; NULL: there is no such container. */
CBX_API const char *cbx_container_name(cbx_container container);

#define CBX_MAX_WORKERS 256u
#define CBX_MAX_FPS 1000u

typedef struct cbx_film_settings {
    /* Pixels, even; H.264 ends at 16,384 a side, MPEG-4 at 8,191, and libavcodec at
     * (width + 128) x (height + 128) = 2^28 - 1: the largest square is 16,254 pixels. */
    uint32_t width, height;
    uint32_t fps; /* frames per second, 1…CBX_MAX_FPS */
    /* CBX_CODEC_H264, the default, gives way to what a named encoder makes, and where the
     * container does not take it to the best that it does. */
    cbx_codec codec;
    /* "libx264", "libopenh264", "mpeg4", "libvpx-vp9", "libvpx", "libaom-av1", "gif",
     * "libwebp_anim", "apng", or in hardware, whose bytes nobody can promise, "h264_nvenc" or
     * "h264_vaapi". NULL or "auto": the codec's best in software that the
     * linked libavcodec has. "device", which takes frames where they are drawn, is for
     * cbx_learn() alone. */
    const char *encoder;
    /* H.264: QP 1…51, 0 is taken as 1; MPEG-4: quantiser 1…31; VP9, VP8 and AV1: 1…63; others have
     * none. -1: the usual one, 22 for H.264, or 23 for "device", whose key frames are eight steps
     * finer. */
    int quality;
    /* x264's preset name; NULL: "ultrafast". "superfast" makes smaller files, by an eighth,
     * in 1.5 to 2 times the time; the others gain nothing with these pictures. An encoder
     * without presets refuses one when it is named, and else ignores it. */
    const char *preset;
    uint32_t workers; /* encoders at work, up to CBX_MAX_WORKERS; 0: one per processor */
    int no_clobber;   /* fail rather than replace an existing file */
    cbx_container container;
    /* What mp4, Matroska and WebM say of the film beside the program and its version; a transport
     * stream has the title. Borrowed until it is open; NULL: nothing. */
    const char *title, *comment;
    int chroma_changes; /* every frame brings its own chroma; 0: it is the same in all */
} cbx_film_settings;

typedef struct cbx_film_result {
    uint64_t frames;       /* in the file, which may be fewer than were pushed */
    double seconds;        /* that it plays */
    uint64_t bytes;        /* of the finished file */
    double encode_seconds; /* processor seconds of all encoders; of "device" the device's time,
                              NaN where it was not measured */
    double waited_seconds; /* time cbx_film_finish() waited for the encoders */
    const char *encoder;   /* static name, e.g. "libx264" */
} cbx_film_result;

typedef struct cbx_film cbx_film;

/* Which container a film at `path` gets. AUTO: by its ending, whatever the case of its letters;
 * mp4 where there is none, and where the path is no regular file and its ending says nothing;
 * MPEG-TS where `path` is NULL: a pipe without a name.
 * CBX_BAD_ARGUMENT: the ending is none of a film, or another container's than the one that is
 * wished for; or that is made in a regular file only, and this is none. */
CBX_API cbx_status cbx_film_container(cbx_container *out, const char *path, cbx_container wish);

/* The range of cbx_film_settings.quality for these settings, whose codec and encoder there
 * must be; -1 both: there is no quality to choose. */
CBX_API void cbx_film_quality(const cbx_film_settings *settings, int *best, int *coarsest);

/* The encoder that `codec` gets from the linked libavcodec: "libx264",
 * "libopenh264", "mpeg4" …, or NULL if it has none. Static. */
CBX_API const char *cbx_film_encoder(cbx_codec codec);

/* Whether cbx_film_open() would take these settings; the one place that knows every
 * range. CBX_BAD_ARGUMENT, CBX_NO_ENCODER. */
CBX_API cbx_status cbx_film_check(const cbx_film_settings *settings);

/* Where the linked libavcodec has no encoder for settings->codec, H.264 for example, puts
 * the codec there that stands in for it, MPEG-4, with its own default quality, and
 * returns 1; else 0. A named encoder never gives way, nor does another codec. The codec must be one of cbx_codec. */
CBX_API int cbx_film_stand_in(cbx_film_settings *settings);

/* Opens encoders and a temporary file beside `path`, whose ending says which container is meant
 * where the settings do not. CBX_BAD_ARGUMENT,
 * CBX_NO_ENCODER, CBX_CANNOT_CREATE, CBX_CANNOT_WRITE, CBX_NO_MEMORY. *out is the
 * caller's, to be given to cbx_film_finish() or cbx_film_discard(). The chroma planes of all
 * frames, `cb` and `cr`, (height/2, width/2) bytes each, are copied; with chroma_changes there are
 * none, and both may be NULL. */
CBX_API cbx_status cbx_film_open(cbx_film **out, const char *path,
                                 const cbx_film_settings *settings, const uint8_t *cb,
                                 const uint8_t *cr);

/* How many frames a group has: it depends on the frame's size alone. And how many
 * frames the caller's ring should hold so that all workers stay busy: group_frames x
 * (workers + 2) / 2. A smaller ring works too, more slowly; no more than the ring is
 * ever pushed and not yet released. Without a wish for workers the ring stays below
 * 2 GiB and below a quarter of the memory that the process may use, or has the frames
 * of one worker. */
CBX_API uint32_t cbx_film_group_frames(const cbx_film *film);
CBX_API uint32_t cbx_film_ring_frames(const cbx_film *film);

/* About how much host memory a film of `frames` frames takes: the caller's ring and the
 * encoders; and, as *index_bytes, what libavformat keeps of each frame until the film is
 * finished, 64 bytes: 16 MB for an hour at 70 frames a second. */
CBX_API uint64_t cbx_film_memory_bytes(const cbx_film_settings *settings, uint64_t frames,
                                       uint64_t *index_bytes);

/* Hands over the next frame's luma plane, (height, width) bytes, limited range
 * (16…235), borrowed until `release(opaque)` is called, once, from any thread,
 * also when encoding or this call failed. Returns at once; the ring of the caller
 * bounds what is in flight. An error of a worker is reported by the next push or
 * by finish. */
CBX_API cbx_status cbx_film_push(cbx_film *film, const uint8_t *luma, void (*release)(void *opaque),
                                 void *opaque);

/* The same for a film with chroma_changes: `cb` and `cr`, (height/2, width/2) bytes each, are
 * borrowed like `luma`. Each of both is for its kind of film: else CBX_BAD_ARGUMENT. */
CBX_API cbx_status cbx_film_push_planes(cbx_film *film, const uint8_t *luma, const uint8_t *cb,
                                        const uint8_t *cr, void (*release)(void *opaque),
                                        void *opaque);

/* Encodes what is left, writes the index in front (faststart), moves the file to
 * its name. Frees the film in every case; on failure nothing is left behind and
 * an old file stays. A film without frames is CBX_BAD_ARGUMENT. */
CBX_API cbx_status cbx_film_finish(cbx_film *film, cbx_film_result *result);

/* Makes the film `out` of what a process that was killed left of the film `film`: all frames that are
 * whole in the newest file .NAME.spool-PID beside it that has any, which is removed then unless a
 * checkpoint counts on it. A film of the ending of `out`, or where it has none that is known, of the
 * kind that it was to be. CBX_MISSING_INPUT: nothing was left, no frame is whole, or the process is
 * still running; CBX_BAD_DATA: it is damaged; and what films fail with. `result` may be NULL; *kept,
 * which may be, tells whether the file stays. */
CBX_API cbx_status cbx_film_recover(const char *film, const char *out, int no_clobber,
                                    cbx_film_result *result, int *kept);

/* Throws the film away; NULL is allowed. */
CBX_API void cbx_film_discard(cbx_film *film);

#ifdef __cplusplus
}
#endif
#endif
