/* SPDX-License-Identifier: MIT */
/* The picture of the hidden layer, in double precision and as plainly as the formulas.
 *
 * Grey levels are truncated, as the lesson's astype(np.uint8) does:
 *   peak    trunc(clip(255·v/max, 0, 255)), black where max ≤ 0
 *   range   trunc(255·(v − min)/(max − min)), black where they are equal
 *   signed  trunc(127.5 + 127.5·v/max|v|), 127 where all are zero
 * A device computes in single precision, so wherever the exact value lies within `slack` of an
 * integer, the levels on both sides of it are right; elsewhere only one is.
 */
#ifndef CBX_REFERENCE_PICTURE_H
#define CBX_REFERENCE_PICTURE_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/picture.h"
#include "clearbox/status.h"

/* Instead of a grey value: a border. */
#define CBX_REFERENCE_RED (-1.0)

/* Limited-range BT.709: pure red, and the neutral chroma of grey. */
enum {
    CBX_REFERENCE_RED_LUMA = 63,
    CBX_REFERENCE_RED_CB = 102,
    CBX_REFERENCE_RED_CR = 240,
    CBX_REFERENCE_NEUTRAL = 128
};

/* How a neuron's weights become grey values: mul·(v − shift) + base, 0…255. */
typedef struct cbx_reference_tone {
    double shift, mul, base;
} cbx_reference_tone;

/* weights: 784 of them, `stride` numbers apart. */
cbx_reference_tone cbx_reference_tone_of(cbx_tone tone, const double *weights, size_t stride);

/* exact (784): their grey values. */
void cbx_reference_greys(cbx_tone tone, const double *weights, size_t stride, double *exact);

typedef struct cbx_reference_picture {
    uint32_t width, height;
    double *exact; /* (height, width): grey 0…255 before truncation, or CBX_REFERENCE_RED */
} cbx_reference_picture;

/* Draws all tiles of w1 (785, hidden) with their borders. cbx_reference_picture_clear() in
 * every case. */
cbx_status cbx_reference_picture_draw(cbx_reference_picture *picture, const double *w1,
                                      uint32_t hidden, cbx_tone tone, uint32_t scale);
void cbx_reference_picture_clear(cbx_reference_picture *picture);

/* Y = round(16 + 219/255·grey). */
unsigned cbx_reference_luma(unsigned grey);

/* A sample of a chroma plane (height/2, width/2): the mean of its 2×2 block, rounded half up.
 * red: the chroma of red in this plane. */
unsigned cbx_reference_chroma(const cbx_reference_picture *picture, size_t x, size_t y,
                              unsigned red);

/* Whether it is a right truncation of an exact grey value; the right colour, or luma, of an
 * exact value, which may be red. */
int cbx_reference_level_fits(double exact, unsigned level, double slack);
int cbx_reference_rgb_fits(double exact, const uint8_t rgb[3], double slack);
int cbx_reference_luma_fits(double exact, unsigned luma, double slack);

#endif
