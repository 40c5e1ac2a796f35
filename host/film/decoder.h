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

/* For packets of an encoder of libavcodec that describes them by these bytes: pictures of that size,
 * one for each packet, in the order of the packets. Likewise. */
cbx_status cbx_decoder_open_for(cbx_decoder **out, uint32_t width, uint32_t height,
                                const uint8_t *extradata, size_t bytes);

/* Decodes the next sample, or packet, and fills `planes` with its picture: (height, width) bytes of luma, then
 * of cb and of cr, half as wide and as high. CBX_BAD_DATA: it is not a picture of
 * that size, whole and sound; CBX_NO_MEMORY. */
cbx_status cbx_decoder_decode(cbx_decoder *decoder, const uint8_t *sample, size_t bytes,
                              uint8_t *planes);

/* NULL is allowed. */
void cbx_decoder_close(cbx_decoder *decoder);

#endif
