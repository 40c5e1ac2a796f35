/* SPDX-License-Identifier: MIT */
/* Which libraries make the films. */
#ifndef CBX_FILM_LIBRARY_H
#define CBX_FILM_LIBRARY_H

#include <stddef.h>

/* Writes names and versions of what is linked now, which need not be what was built with. */
void cbx_film_library(char *out, size_t size);

/* Keeps libav from writing to standard error. It is the whole process that falls silent, so this
 * is for the program alone; a library's encoders are silent anyway, but for the drivers of
 * hardware. */
void cbx_film_silence_libav(void);

#endif
