/* SPDX-License-Identifier: MIT */
#include "support/pictures.h"

#include "clearbox/network.h"
#include "support/panels.h"
#include "support/test.h"

static const double slack = 1e-4;

cbx_reference_picture picture_of(const float *w1, uint32_t hidden, cbx_tone tone, uint32_t scale) {
    cbx_reference_picture picture;
    double *exact_w1 = to_doubles(w1, (size_t)CBX_W1_ROWS * hidden);
    assert_ok(cbx_reference_picture_draw(&picture, exact_w1, hidden, tone, scale));
    free(exact_w1);
    return picture;
}

void assert_picture_rgb(const cbx_reference_picture *picture, const uint8_t *rgb,
                        const char *what) {
    for (size_t i = 0; i < (size_t)picture->width * picture->height; i++) {
        const double exact = picture->exact[i];
        if (!cbx_reference_rgb_fits(exact, rgb + 3 * i, slack)) {
            fail_msg("%s: pixel x %zu, y %zu is (%u, %u, %u), expected %s %.6f", what,
                     i % picture->width, i / picture->width, rgb[3 * i], rgb[3 * i + 1],
                     rgb[3 * i + 2], exact == CBX_REFERENCE_RED ? "red" : "grey", exact);
        }
    }
}

void assert_picture_luma(const cbx_reference_picture *picture, const uint8_t *luma,
                         const char *what) {
    for (size_t i = 0; i < (size_t)picture->width * picture->height; i++) {
        const double exact = picture->exact[i];
        if (!cbx_reference_luma_fits(exact, luma[i], slack)) {
            fail_msg("%s: luma at x %zu, y %zu is %u, expected %s %.6f", what, i % picture->width,
                     i / picture->width, luma[i],
                     exact == CBX_REFERENCE_RED ? "red" : "that of grey", exact);
        }
    }
}
