/* SPDX-License-Identifier: MIT */
/* What the end of a film's name promises. */
#ifndef CBX_FILM_ENDING_H
#define CBX_FILM_ENDING_H

#include "clearbox/status.h"

/* CBX_BAD_ARGUMENT when `path` ends like another kind of film or picture, .gif for
 * instance: what is written is always mp4. Endings that mean nothing, and none, are
 * allowed, and so is every name of something that is not a file, such as a pipe. */
cbx_status cbx_film_check_ending(const char *path);

#endif
