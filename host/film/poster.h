/* SPDX-License-Identifier: MIT */
/* A picture out of a film that is finished. */
#ifndef CBX_FILM_POSTER_H
#define CBX_FILM_POSTER_H

#include <stdint.h>

#include "clearbox/film.h"

/* Whether films in this container can be taken apart again: libavcodec decodes no animated WebP. */
int cbx_poster_can(cbx_container container);

/* The last picture of the film at `path`, as a player shows it: *rgb, (height, width, 3) bytes, is the
 * caller's, for free(); NULL after a failure. CBX_NO_ENCODER: libavcodec cannot decode it;
 * CBX_BAD_DATA: it cannot be read again; CBX_NO_MEMORY. */
cbx_status cbx_poster_read(const char *path, uint8_t **rgb, uint32_t *width, uint32_t *height);

#endif
