/* SPDX-License-Identifier: MIT */
#include "support/oracle_picture.h"

#include <math.h>

#include "support/test.h"

enum { SIDE = 28, PIXELS = SIDE * SIDE };

/* How near to an integer a value must be for the level on its other side to be
 * right as well. */
static const double undecided = 1e-4;

void oracle_tone(cbx_tone tone, const double *v, double *exact) {
    double low = v[0], high = v[0];
    for (size_t i = 1; i < PIXELS; i++) {
        low = fmin(low, v[i]);
        high = fmax(high, v[i]);
    }
    double largest = fmax(fabs(low), fabs(high));
    for (size_t i = 0; i < PIXELS; i++) {
        switch (tone) {
        case CBX_TONE_PEAK:
            exact[i] = high > 0 ? fmin(fmax(v[i] / high * 255, 0), 255) : 0;
            break;
        case CBX_TONE_RANGE:
            exact[i] = high > low ? (v[i] - low) / (high - low) * 255 : 0;
            break;
        case CBX_TONE_SIGNED:
            exact[i] = largest > 0 ? 127.5 + 127.5 * v[i] / largest : 127.5;
            break;
        }
    }
}

/* Paints one tile with its border at pixel (left, top). */
static void paint_tile(oracle_picture *picture, const double *exact, size_t left, size_t top,
                       size_t scale) {
    for (size_t y = 0; y < SIDE * scale; y++) {
        for (size_t x = 0; x < SIDE * scale; x++) {
            size_t row = y / scale, column = x / scale;
            int border = row == 0 || row == SIDE - 1 || column == 0 || column == SIDE - 1;
            picture->exact[(top + y) * picture->width + left + x] =
                border ? ORACLE_RED : exact[row * SIDE + column];
        }
    }
}

oracle_picture oracle_picture_draw(const float *w1, uint32_t hidden, cbx_tone tone,
                                   uint32_t scale) {
    size_t rows = 1;
    while (rows * rows < hidden) {
        rows++;
    }
    size_t columns = (hidden + rows - 1) / rows;
    oracle_picture picture = {.width = (uint32_t)(SIDE * scale * columns),
                              .height = (uint32_t)(SIDE * scale * rows)};
    TEST_NEW(picture.exact, (size_t)picture.width * picture.height);
    for (size_t neuron = 0; neuron < hidden; neuron++) {
        double v[PIXELS], exact[PIXELS];
        for (size_t i = 0; i < PIXELS; i++) {
            v[i] = (double)w1[(1 + i) * hidden + neuron];
        }
        oracle_tone(tone, v, exact);
        paint_tile(&picture, exact, neuron / rows * SIDE * scale, neuron % rows * SIDE * scale,
                   scale);
    }
    return picture;
}

void oracle_picture_free(oracle_picture *picture) {
    free(picture->exact);
    picture->exact = NULL;
}

/* The lowest and the highest level that are right for an exact value. */
static unsigned lowest_level(double exact) {
    return (unsigned)fmax(floor(exact - undecided), 0);
}

static unsigned highest_level(double exact) {
    return (unsigned)fmin(floor(exact + undecided), 255);
}

int oracle_level_fits(double exact, unsigned level) {
    return level == lowest_level(exact) || level == highest_level(exact);
}

unsigned oracle_luma(unsigned grey) {
    return (unsigned)floor(16 + 219.0 / 255 * grey + 0.5);
}

void assert_picture_rgb(const oracle_picture *picture, const uint8_t *rgb, const char *what) {
    for (size_t i = 0; i < (size_t)picture->width * picture->height; i++) {
        double exact = picture->exact[i];
        unsigned r = rgb[3 * i], g = rgb[3 * i + 1], b = rgb[3 * i + 2];
        int right = exact == ORACLE_RED ? r == 255 && g == 0 && b == 0
                                        : r == g && g == b && oracle_level_fits(exact, r);
        if (!right) {
            fail_msg("%s: pixel x %zu, y %zu is (%u, %u, %u), expected %s %.6f", what,
                     i % picture->width, i / picture->width, r, g, b,
                     exact == ORACLE_RED ? "red" : "grey", exact);
        }
    }
}

void assert_picture_luma(const oracle_picture *picture, const uint8_t *luma, const char *what) {
    for (size_t i = 0; i < (size_t)picture->width * picture->height; i++) {
        double exact = picture->exact[i];
        int right = exact == ORACLE_RED ? luma[i] == ORACLE_RED_LUMA
                                        : luma[i] == oracle_luma(lowest_level(exact)) ||
                                              luma[i] == oracle_luma(highest_level(exact));
        if (!right) {
            fail_msg("%s: luma at x %zu, y %zu is %u, expected %s %.6f", what, i % picture->width,
                     i / picture->width, luma[i], exact == ORACLE_RED ? "red" : "that of grey",
                     exact);
        }
    }
}

void oracle_picture_chroma(const oracle_picture *picture, uint8_t *cb, uint8_t *cr) {
    size_t width = picture->width;
    for (size_t y = 0; y < picture->height / 2; y++) {
        for (size_t x = 0; x < width / 2; x++) {
            double sum_cb = 0, sum_cr = 0;
            for (size_t k = 0; k < 4; k++) {
                int red = picture->exact[(2 * y + k / 2) * width + 2 * x + k % 2] == ORACLE_RED;
                sum_cb += red ? ORACLE_RED_CB : ORACLE_NEUTRAL;
                sum_cr += red ? ORACLE_RED_CR : ORACLE_NEUTRAL;
            }
            cb[y * (width / 2) + x] = (uint8_t)floor(sum_cb / 4 + 0.5);
            cr[y * (width / 2) + x] = (uint8_t)floor(sum_cr / 4 + 0.5);
        }
    }
}
