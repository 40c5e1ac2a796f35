/* SPDX-License-Identifier: MIT */
/* Pictures of the hidden layer, compared with the reference's. */
#ifndef TEST_SUPPORT_PICTURES_H
#define TEST_SUPPORT_PICTURES_H

#include "reference/picture.h"

/* The picture of w1 (785, hidden), for cbx_reference_picture_clear(). */
cbx_reference_picture picture_of(const float *w1, uint32_t hidden, cbx_tone tone, uint32_t scale);

/* Fail the running test unless rgb (height, width, 3) or luma (height, width) is this picture,
 * naming `what` and the first wrong pixel.
 *
 * Three roundings to single precision of a value up to 255 are off by at most 3·2⁻²⁴·255 < 5e-5,
 * so either level is right where the exact value is within 1e-4 of an integer. */
void assert_picture_rgb(const cbx_reference_picture *picture, const uint8_t *rgb, const char *what);
void assert_picture_luma(const cbx_reference_picture *picture, const uint8_t *luma,
                         const char *what);

#endif
