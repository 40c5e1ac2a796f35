/* SPDX-License-Identifier: MIT */
/* An encoder of libavcodec on trial: what it makes of groups of frames, in the caller's thread and
 * without a file, and what a decoder sees of that. H.264 only. */
#ifndef CBX_FILM_TRIAL_H
#define CBX_FILM_TRIAL_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/film.h"

typedef struct cbx_film_trial cbx_film_trial;

/* The settings must have passed cbx_film_check(). `group`: frames of a group at most. `cb` and
 * `cr` are those of all frames, (height/2, width/2) bytes each. CBX_NO_MEMORY. */
cbx_status cbx_film_trial_create(cbx_film_trial **out, const cbx_film_settings *settings,
                                 uint32_t group, const uint8_t *cb, const uint8_t *cr);

/* NULL is allowed. */
void cbx_film_trial_destroy(cbx_film_trial *trial);

/* Forgets the group before, and opens an encoder for the next. CBX_NO_ENCODER, CBX_NO_MEMORY. */
cbx_status cbx_film_trial_begin(cbx_film_trial *trial);

/* Encodes its next frame, (height, width) bytes, which stays as it is until the group ends. Likewise. */
cbx_status cbx_film_trial_push(cbx_film_trial *trial, const uint8_t *luma);

/* It has no more frames. CBX_NO_ENCODER: it was not encoded as a closed group. */
cbx_status cbx_film_trial_end(cbx_film_trial *trial);

/* What is encoded of the group so far: its frames, and the bytes of one of them. */
size_t cbx_film_trial_frames(const cbx_film_trial *trial);
size_t cbx_film_trial_bytes(const cbx_film_trial *trial, size_t frame);

/* Decodes a frame of a group that ended, one after the other; see cbx_decoder_decode(). */
cbx_status cbx_film_trial_decode(cbx_film_trial *trial, size_t frame, uint8_t *planes);

#endif
