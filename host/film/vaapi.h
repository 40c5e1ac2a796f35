/* SPDX-License-Identifier: MIT */
/* An encoder of libavcodec that takes its frames in a GPU's memory, through VA-API. */
#ifndef CBX_FILM_VAAPI_H
#define CBX_FILM_VAAPI_H

#include "film/encoder.h"

extern const cbx_encoder_calls cbx_vaapi_calls;

/* Opens the system's first GPU with VA-API for `context`, which has its size, and gives it a
 * pool of frames there. 0 or one of libav's errors. */
int cbx_vaapi_attach(AVCodecContext *context);

#endif
