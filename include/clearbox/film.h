/* An mp4 file written from frames in 4:2:0 planes.
 *
 * Frames are collected in closed groups; each group is encoded by one of
 * several single-threaded encoders, and the groups are joined in order, so the
 * file's bytes do not depend on the number of workers. The file appears under
 * its name only when it is complete.
 */
#ifndef CLEARBOX_FILM_H
#define CLEARBOX_FILM_H

#include <stdint.h>

#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum cbx_codec { CBX_CODEC_H264, CBX_CODEC_MPEG4 } cbx_codec;

typedef struct cbx_film_settings {
    uint32_t width, height; /* pixels, even */
    uint32_t fps;           /* frames per second, 1…1000 */
    cbx_codec codec;
    int quality;        /* H.264: CRF/QP 0…51, MPEG-4: quantiser 1…31; -1: the codec's default */
    const char *preset; /* x264's preset name; NULL: the default */
    uint32_t workers;   /* encoders at work, 0: one per processor */
    int no_clobber;     /* fail rather than replace an existing file */
} cbx_film_settings;

typedef struct cbx_film_result {
    uint64_t frames;
    uint64_t bytes;          /* of the finished file */
    double encode_seconds;   /* processor seconds of all encoders together */
    double waited_seconds;   /* time the caller was held back by full encoders */
    const char *encoder;     /* static name, e.g. "libx264" */
} cbx_film_result;

typedef struct cbx_film cbx_film;

/* The encoder that `codec` gets from the linked libavcodec: "libx264",
 * "libopenh264", "mpeg4" …, or NULL if it has none. Static. */
const char *cbx_film_encoder(cbx_codec codec);

/* Opens encoders and a temporary file beside `path`. CBX_BAD_ARGUMENT,
 * CBX_NO_ENCODER, CBX_CANNOT_CREATE. *out is the caller's, to be given to
 * cbx_film_finish() or cbx_film_discard(). The chroma planes are the same in
 * every frame: `cb` and `cr`, (height/2, width/2) bytes each, are copied. */
cbx_status cbx_film_open(cbx_film **out, const char *path, const cbx_film_settings *settings,
                         const uint8_t *cb, const uint8_t *cr);

/* How many frames a group has, and how many frames can be pushed and not yet
 * released at any time: the size of the ring that the caller needs so that all
 * workers stay busy. Both depend on the settings only. */
uint32_t cbx_film_group_frames(const cbx_film *film);
uint32_t cbx_film_ring_frames(const cbx_film *film);

/* Hands over the next frame's luma plane, (height, width) bytes, limited range
 * (16…235), borrowed until `release(opaque)` is called, once, from any thread,
 * also when encoding failed. Returns at once; the ring of the caller bounds what
 * is in flight. An error of a worker is reported by the next push or by finish. */
cbx_status cbx_film_push(cbx_film *film, const uint8_t *luma, void (*release)(void *opaque),
                         void *opaque);

/* Encodes what is left, writes the index in front (faststart), moves the file to
 * its name. Frees the film in every case; on failure nothing is left behind and
 * an old file stays. A film without frames is CBX_BAD_ARGUMENT. */
cbx_status cbx_film_finish(cbx_film *film, cbx_film_result *result);

/* Throws the film away; NULL is allowed. */
void cbx_film_discard(cbx_film *film);

#ifdef __cplusplus
}
#endif
#endif
