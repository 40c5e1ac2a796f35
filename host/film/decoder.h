/* SPDX-License-Identifier: MIT */
/* libavcodec's decoder as a judge of what others encode: sample by sample, and strict. */
#ifndef CBX_FILM_DECODER_H
#define CBX_FILM_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"
#include "film/parameter_sets.h"

typedef struct cbx_decoder cbx_decoder;

/* For samples of an mp4 file that follows cbx_avcc_write(). CBX_NO_ENCODER: the linked libavcodec
 * does not decode H.264; CBX_NO_MEMORY. */
cbx_status cbx_decoder_open(cbx_decoder **out, const cbx_stream *stream);

/* Decodes the next sample and fills `planes` with its picture: (height, width) bytes of luma, then
 * of cb and of cr, half as wide and as high. CBX_BAD_DATA: it is not a picture of
 * that size, whole and sound; CBX_NO_MEMORY. */
cbx_status cbx_decoder_decode(cbx_decoder *decoder, const uint8_t *sample, size_t bytes,
                              uint8_t *planes);

/* NULL is allowed. */
void cbx_decoder_close(cbx_decoder *decoder);

#endif
