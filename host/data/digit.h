/* SPDX-License-Identifier: MIT */
/* A picture of a digit made 28×28, as MNIST's images were: "size normalized to fit in a 20x20 pixel
 * box while preserving their aspect ratio", anti-aliased, and "centered in a 28x28 image by
 * computing the center of mass of the pixels" (Y. LeCun, C. Cortes, C. Burges).
 *
 * Nothing here depends on the machine: whole numbers, and + − × / of doubles in a fixed order. The
 * page of `learn --report` does the same in JavaScript with what is drawn on its pad.
 *
 * p = a grey level 0…255, (0, 0) the top left corner; pixel (x, y) covers [x, x+1) × [y, y+1).
 *
 * As it is   A picture of 28×28 whose ink, all that is not black, is 19 or 20 pixels on its longer
 *            side, with the centre of mass between 13.9 and 15.1 both ways, is taken pixel for
 *            pixel. That holds for each of MNIST's 70,000 images, and for what comes out below, but
 *            where the box had to be moved, or a few pixels were enlarged. The same for its
 *            negative, 255 − p.
 * Paper      The border is max(1, min(width, height)/16) pixels wide. b = the median of its levels, the
 *            paper; n = twice the level below which three quarters of its |p − b| are, at most
 *            a quarter of the largest |p − b| of the picture: what paper and light may vary by.
 * Tone       Dark on light where Σ max(0, b − p − n) ≥ Σ max(0, p − b − n) over all pixels, and d
 *            = b − p; else d = p − b.
 * Ink        Of the pixels with d > n and d > largest d / 4, the level that three quarters
 *            do not exceed is D, full ink: i = (d − n)/(D − n), cut to 0…1. Fewer than 16 levels are
 *            none: the picture is empty.
 * Box        [x0, x1) × [y0, y1), the smallest around all pixels with i ≥ 1/2 that have another such
 *            one among their eight neighbours; where there is none, around all with i ≥ 1/2.
 *            From here on ink outside of the box does not count.
 * Scale      s = 20 / max(x1 − x0, y1 − y0).
 * Centre     c = centre of mass of i within the box, in pixels of the picture. The box's left side
 *            comes to 14 − ⌊(cx − x0)·s⌋, moved so that it stays within 0…28 − ⌈(x1 − x0)·s⌉; likewise
 *            its top. So it begins on a whole pixel, and the mass is, as in MNIST, between 14 and 15.
 * Sampling   Pixel k of the box's ⌈(x1 − x0)·s⌉ covers k/s … (k+1)/s of the box; where that is less
 *            than a pixel, one pixel around its middle. It is the mean of i over that area, which
 *            beyond the box's end is 0, or, enlarging, left out. Columns are added first, then rows.
 * Contrast   v = ⌊255·(mean / largest mean) + 1/2⌋.
 */
#ifndef CBX_DATA_DIGIT_H
#define CBX_DATA_DIGIT_H

#include <stdint.h>

#include "clearbox/dataset.h"

/* What was found out about a picture. */
typedef struct cbx_digit_look {
    int dark_on_light;
    int as_it_is; /* nothing but the tone was changed */
} cbx_digit_look;

/* grey (height, width), each at least 1; out (28, 28), light on dark. `name` is for the message.
 * CBX_BAD_DATA: nothing stands out from the paper. */
cbx_status cbx_digit_fit(const uint8_t *grey, uint32_t width, uint32_t height, const char *name,
                         uint8_t out[CBX_IMAGE_PIXELS], cbx_digit_look *look);

#endif
