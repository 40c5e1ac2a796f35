/* SPDX-License-Identifier: MIT */
/* The picture of the hidden layer in plain double precision.
 *
 * Grey levels are truncated, as the lesson's astype(np.uint8) does:
 *   peak    trunc(clip(255·v/max, 0, 255)), black where max ≤ 0
 *   range   trunc(255·(v − min)/(max − min)), black where they are equal
 *   signed  trunc(127.5 + 127.5·v/max|v|), 127 where all are zero
 * A device computes in single precision. Three roundings of a value up to 255 are
 * off by at most 3·2⁻²⁴·255 < 5e-5, so wherever the exact value lies within 1e-4 of
 * an integer, the levels on both sides of it are right; elsewhere only one is.
 */
#ifndef TEST_SUPPORT_ORACLE_PICTURE_H
#define TEST_SUPPORT_ORACLE_PICTURE_H

#include <stdint.h>

#include "clearbox/network.h"
#include "clearbox/picture.h"

#define ORACLE_RED (-1.0)

/* Limited-range BT.709: pure red, and the neutral chroma of grey. */
enum { ORACLE_RED_LUMA = 63, ORACLE_RED_CB = 102, ORACLE_RED_CR = 240, ORACLE_NEUTRAL = 128 };

typedef struct oracle_picture {
    uint32_t width, height;
    double *exact; /* (height, width): grey 0…255 before truncation, or ORACLE_RED */
} oracle_picture;

/* exact[784]: the grey values of one neuron, v[784] its weights without the bias. */
void oracle_tone(cbx_tone tone, const double *v, double *exact);

/* Draws all tiles of w1 (785, hidden), row-major, with their borders. */
oracle_picture oracle_picture_draw(const float *w1, uint32_t hidden, cbx_tone tone, uint32_t scale);
void oracle_picture_free(oracle_picture *picture);

/* Whether `level` is a right truncation of an exact grey value. */
int oracle_level_fits(double exact, unsigned level);

/* Y = round(16 + 219/255·grey). */
unsigned oracle_luma(unsigned grey);

/* Fail the running test unless rgb (height, width, 3) or luma (height, width) is
 * this picture, naming `what` and the first wrong pixel. */
void assert_picture_rgb(const oracle_picture *picture, const uint8_t *rgb, const char *what);
void assert_picture_luma(const oracle_picture *picture, const uint8_t *luma, const char *what);

/* cb, cr (height/2, width/2): the mean of each 2×2 block's chroma, rounded half up. */
void oracle_picture_chroma(const oracle_picture *picture, uint8_t *cb, uint8_t *cr);

#endif
