/* SPDX-License-Identifier: MIT */
/* Joins encoded groups into an mp4 file with its index in front. */
#ifndef CBX_FILM_MUXER_H
#define CBX_FILM_MUXER_H

#include <libavcodec/avcodec.h>
#include <stddef.h>
#include <stdint.h>

#include "base/files.h"
#include "film/packets.h"

typedef struct cbx_muxer cbx_muxer;

/* Writes the film's head to `output`, which is open and becomes the muxer's in every
 * case. A target that is not a regular file (a pipe, /dev/null) cannot be rewritten and
 * gets a fragmented mp4. CBX_CANNOT_CREATE, CBX_CANNOT_WRITE, CBX_NO_ENCODER
 * (libavformat has no mp4 muxer), CBX_NO_MEMORY. */
cbx_status cbx_muxer_open(cbx_muxer **out, cbx_output *output, uint32_t fps,
                          const AVCodecParameters *parameters);

/* Appends a group: its first frame follows the last one of the group before, each
 * frame lasting exactly 1/fps second. CBX_CANNOT_WRITE. */
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
