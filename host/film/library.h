/* SPDX-License-Identifier: MIT */
/* Which libraries make the films. */
#ifndef CBX_FILM_LIBRARY_H
#define CBX_FILM_LIBRARY_H

#include <stddef.h>

/* Writes names and versions of what is linked now, which need not be what was built with. */
void cbx_film_library(char *out, size_t size);

#endif
