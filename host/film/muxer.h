/* SPDX-License-Identifier: MIT */
/* Joins encoded groups into a file. */
#ifndef CBX_FILM_MUXER_H
#define CBX_FILM_MUXER_H

#include <libavcodec/avcodec.h>
#include <stddef.h>
#include <stdint.h>

#include "base/files.h"
#include "film/containers.h"
#include "film/packets.h"

typedef struct cbx_muxer cbx_muxer;

/* What a film says of itself, where its container has a place for it: all may be NULL, and are
 * copied. */
typedef struct cbx_film_tags {
    const char *title;
    const char *comment;
    const char *maker; /* which program of which version */
} cbx_film_tags;

/* Writes the film's head to `output`, which is open and becomes the muxer's in every
 * case. A target that is not a regular file (a pipe, /dev/null) cannot be rewritten: an mp4
 * is fragmented then. `rate`: pictures a second. CBX_CANNOT_CREATE, CBX_CANNOT_WRITE,
 * CBX_NO_ENCODER (libavformat has no such muxer), CBX_NO_MEMORY. */
cbx_status cbx_muxer_open(cbx_muxer **out, cbx_output *output, const cbx_container_kind *container,
                          uint32_t rate, const AVCodecParameters *parameters,
                          const cbx_film_tags *tags);

/* Before the end: another comment, which an mp4 in a regular file gets. */
cbx_status cbx_muxer_comment(cbx_muxer *muxer, const char *comment);

/* Appends a group: its first frame follows the last one of the group before, each
 * picture lasting 1/rate second. CBX_CANNOT_WRITE. */
cbx_status cbx_muxer_write(cbx_muxer *muxer, const cbx_packets *group);

/* Appends one frame, `bytes` of an mp4 sample, likewise. CBX_CANNOT_WRITE. */
cbx_status cbx_muxer_append(cbx_muxer *muxer, const uint8_t *sample, size_t bytes, int key);

/* Writes the index, moves it to the front and the file to its name. `extradata`, where it is
 * not NULL, takes the place of the parameters' in the file; it has as many bytes, and a target
 * that is not a regular file goes without. `bytes` gets the file's size, 0 where it has none.
 * Call it once; then only destroy is left. */
cbx_status cbx_muxer_finish(cbx_muxer *muxer, const uint8_t *extradata, uint64_t *bytes);

/* Removes an unfinished file; NULL is allowed. */
void cbx_muxer_destroy(cbx_muxer *muxer);

#endif
