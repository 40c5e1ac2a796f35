/* SPDX-License-Identifier: MIT */
/* What a file says once of all packets of a film. */
#ifndef CBX_FILM_HEADERS_H
#define CBX_FILM_HEADERS_H

#include <libavcodec/avcodec.h>

#include "clearbox/status.h"

/* Gives `parameters`, which have none, a copy of these headers. CBX_NO_MEMORY. */
cbx_status cbx_headers_set(AVCodecParameters *parameters, const uint8_t *bytes, size_t size);

#endif
