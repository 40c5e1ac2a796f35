/* SPDX-License-Identifier: MIT */
/* Which encoder, and how it is set up. */
#ifndef CBX_FILM_CODEC_H
#define CBX_FILM_CODEC_H

#include <libavcodec/avcodec.h>

#include "clearbox/film.h"

/* NULL if the linked libavcodec has none. Static. */
const AVCodec *cbx_codec_find(cbx_codec codec);

/* Puts quality and preset, which must have passed the check, into `context` and
 * `options` for avcodec_open2(). 0 or one of libav's errors; the caller frees
 * `options` in either case. */
int cbx_codec_options(AVDictionary **options, AVCodecContext *context,
                      const cbx_film_settings *settings);

#endif
