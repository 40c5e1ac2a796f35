/* SPDX-License-Identifier: MIT */
/* The encoders of libavcodec that make pictures for screens rather than films: frames are converted
 * for them, and those that would come too fast are left out. */
#ifndef CBX_FILM_IMAGE_H
#define CBX_FILM_IMAGE_H

#include "film/encoder.h"

extern const cbx_encoder_calls cbx_image_calls;

#endif
