/* SPDX-License-Identifier: MIT */
/* Decoded pictures of any pixel format, in grey. */
#ifndef CBX_FILM_STILL_GREY_H
#define CBX_FILM_STILL_GREY_H

#include "film/still.h"

struct AVFrame;

/* As cbx_still_read() says. `name` is for the messages. CBX_BAD_DATA: libavutil does not know how
 * this format lies in memory; CBX_NO_MEMORY. */
cbx_status cbx_still_grey(cbx_still *out, const struct AVFrame *frame, const char *name);

#endif
