/* SPDX-License-Identifier: MIT */
#include "reference/picture.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "clearbox/dataset.h"

enum { SIDE = CBX_IMAGE_SIDE, PIXELS = CBX_IMAGE_PIXELS };

cbx_reference_tone cbx_reference_tone_of(cbx_tone tone, const double *weights, size_t stride) {
    double smallest = weights[0], largest = smallest;
    for (size_t i = 1; i < PIXELS; i++) {
        smallest = fmin(smallest, weights[i * stride]);
        largest = fmax(largest, weights[i * stride]);
    }
    double from = 0.0, to = largest, base = 0.0;
    switch (tone) {
    case CBX_TONE_PEAK:
        break;
    case CBX_TONE_RANGE:
        from = smallest;
        break;
    case CBX_TONE_SIGNED:
        to = fmax(-smallest, largest);
        base = 127.5;
        break;
    }
    return (cbx_reference_tone){
        .shift = from, .mul = to > from ? (255.0 - base) / (to - from) : 0.0, .base = base};
}

void cbx_reference_greys(cbx_tone tone, const double *weights, size_t stride, double *exact) {
    const cbx_reference_tone is = cbx_reference_tone_of(tone, weights, stride);
    for (size_t i = 0; i < PIXELS; i++) {
        exact[i] = fmin(fmax(is.mul * (weights[i * stride] - is.shift) + is.base, 0.0), 255.0);
    }
}

/* Paints one tile with its border at pixel (left, top). */
static void paint_tile(cbx_reference_picture *picture, const double *exact, size_t left, size_t top,
                       size_t scale) {
    for (size_t y = 0; y < SIDE * scale; y++) {
        for (size_t x = 0; x < SIDE * scale; x++) {
            const size_t row = y / scale, column = x / scale;
            const int border = row == 0 || row == SIDE - 1 || column == 0 || column == SIDE - 1;
            picture->exact[(top + y) * picture->width + left + x] =
                border ? CBX_REFERENCE_RED : exact[row * SIDE + column];
        }
    }
}

cbx_status cbx_reference_picture_draw(cbx_reference_picture *picture, const double *w1,
                                      uint32_t hidden, cbx_tone tone, uint32_t scale) {
    const size_t side = (size_t)SIDE * scale;
    size_t rows = 1;
    while (rows * rows < hidden) {
        rows++;
    }
    *picture = (cbx_reference_picture){.width = (uint32_t)(side * ((hidden + rows - 1) / rows)),
                                       .height = (uint32_t)(side * rows)};
    cbx_status status = cbx_new(&picture->exact, (size_t)picture->width * picture->height);
    for (size_t neuron = 0; neuron < hidden && !status; neuron++) {
        double exact[PIXELS];
        cbx_reference_greys(tone, w1 + hidden + neuron, hidden, exact);
        paint_tile(picture, exact, neuron / rows * side, neuron % rows * side, scale);
    }
    return status;
}

void cbx_reference_picture_clear(cbx_reference_picture *picture) {
    free(picture->exact);
    picture->exact = NULL;
}

unsigned cbx_reference_luma(unsigned grey) {
    return (unsigned)floor(16.0 + 219.0 / 255.0 * grey + 0.5);
}

unsigned cbx_reference_chroma(const cbx_reference_picture *picture, size_t x, size_t y,
                              unsigned red) {
    unsigned sum = 0;
    for (size_t i = 0; i < 4; i++) {
        const size_t at = (2 * y + i / 2) * picture->width + 2 * x + i % 2;
        sum += picture->exact[at] == CBX_REFERENCE_RED ? red : CBX_REFERENCE_NEUTRAL;
    }
    return (sum + 2) / 4;
}

/* The lowest and the highest level that are right for an exact value. */
static unsigned lowest_level(double exact, double slack) {
    return (unsigned)fmax(floor(exact - slack), 0.0);
}

static unsigned highest_level(double exact, double slack) {
    return (unsigned)fmin(floor(exact + slack), 255.0);
}

int cbx_reference_level_fits(double exact, unsigned level, double slack) {
    return level == lowest_level(exact, slack) || level == highest_level(exact, slack);
}

int cbx_reference_rgb_fits(double exact, const uint8_t rgb[3], double slack) {
    return exact == CBX_REFERENCE_RED ? rgb[0] == 255 && rgb[1] == 0 && rgb[2] == 0
                                      : rgb[0] == rgb[1] && rgb[1] == rgb[2] &&
                                            cbx_reference_level_fits(exact, rgb[0], slack);
}

int cbx_reference_luma_fits(double exact, unsigned luma, double slack) {
    return exact == CBX_REFERENCE_RED ? luma == CBX_REFERENCE_RED_LUMA
                                      : luma == cbx_reference_luma(lowest_level(exact, slack)) ||
                                            luma == cbx_reference_luma(highest_level(exact, slack));
}
