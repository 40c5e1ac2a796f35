/* SPDX-License-Identifier: MIT */
/* data/digit.h: pictures of digits become what MNIST's images are. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "data/digit.h"
#include "support/idx.h"

enum { SIDE = CBX_IMAGE_SIDE, PIXELS = CBX_IMAGE_PIXELS };

typedef struct canvas {
    uint32_t width, height;
    uint8_t *grey;
} canvas;

static canvas canvas_new(uint32_t width, uint32_t height, uint8_t paper) {
    canvas out = {width, height, NULL};
    TEST_NEW(out.grey, (size_t)width * height);
    memset(out.grey, paper, (size_t)width * height);
    return out;
}

/* A filled rectangle, [x0, x1) × [y0, y1). */
static void paint(canvas *to, uint32_t x0, uint32_t y0, uint32_t x1, uint32_t y1, uint8_t ink) {
    for (uint32_t y = y0; y < y1; y++) {
        memset(to->grey + (size_t)y * to->width + x0, ink, x1 - x0);
    }
}

/* A seven, whose mass is at its top right, in a box of 10×16 units. */
static void paint_seven(canvas *to, uint32_t x, uint32_t y, uint32_t unit, uint8_t ink) {
    paint(to, x, y, x + 10 * unit, y + 3 * unit, ink);
    paint(to, x + 7 * unit, y, x + 10 * unit, y + 16 * unit, ink);
}

static cbx_digit_look fit(const canvas *from, uint8_t out[PIXELS]) {
    cbx_digit_look look;
    assert_ok(cbx_digit_fit(from->grey, from->width, from->height, "a.png", out, &look));
    return look;
}

static void assert_near(const uint8_t *got, const uint8_t *expected, int most, const char *what) {
    for (int i = 0; i < PIXELS; i++) {
        if (abs(got[i] - expected[i]) > most) {
            fail_msg("%s: pixel (%d, %d) is %d instead of %d", what, i % SIDE, i / SIDE, got[i],
                     expected[i]);
        }
    }
}

/* Where the mass is, in pixels; and how long the longer side of the ink is. */
static void measure(const uint8_t *image, double *x, double *y, int *longer) {
    double mass = 0;
    int left = SIDE, right = 0, top = SIDE, bottom = 0;
    *x = *y = 0;
    for (int i = 0; i < PIXELS; i++) {
        const int u = i % SIDE, v = i / SIDE;
        mass += image[i];
        *x += image[i] * (u + 0.5);
        *y += image[i] * (v + 0.5);
        if (image[i] > 0) {
            left = u < left ? u : left;
            right = u >= right ? u + 1 : right;
            top = v < top ? v : top;
            bottom = v >= bottom ? v + 1 : bottom;
        }
    }
    *x /= mass;
    *y /= mass;
    *longer = right - left > bottom - top ? right - left : bottom - top;
}

static void assert_like_mnist(const uint8_t *image, const char *what) {
    double x, y;
    int longer;
    measure(image, &x, &y, &longer);
    if (longer != 20 || x < 13.9 || x > 15.1 || y < 13.9 || y > 15.1) {
        fail_msg("%s: %d pixels long, mass at (%.2f, %.2f)", what, longer, x, y);
    }
}

/* ---- */

static void mnists_images_stay_as_they_are(void **state) {
    const char *names[] = {"train-images-idx3-ubyte", "t10k-images-idx3-ubyte"};
    (void)state;
    for (int file = 0; file < 2; file++) {
        cbx_idx images;
        assert_ok(idx_load(&images, getenv("CBX_TEST_DATA"), names[file], CBX_IDX_IMAGES));
        for (uint32_t i = 0; i < images.count; i++) {
            const canvas from = {SIDE, SIDE, images.items + (size_t)i * PIXELS};
            uint8_t out[PIXELS], negative[PIXELS], again[PIXELS];
            const cbx_digit_look look = fit(&from, out);
            assert_true(look.as_it_is && !look.dark_on_light);
            assert_memory_equal(out, from.grey, PIXELS);
            for (int p = 0; p < PIXELS; p++) {
                negative[p] = 255 - from.grey[p];
            }
            const cbx_digit_look other = fit(&(canvas){SIDE, SIDE, negative}, again);
            assert_true(other.as_it_is && other.dark_on_light);
            assert_memory_equal(again, from.grey, PIXELS);
        }
        cbx_idx_free(&images);
    }
}

static void size_place_and_tone_do_not_matter(void **state) {
    static const uint32_t units[] = {1, 2, 5, 20, 61};
    uint8_t first[PIXELS], out[PIXELS];
    (void)state;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        const uint32_t unit = units[i];
        for (int dark = 0; dark < 2; dark++) {
            canvas from = canvas_new(40 * unit, 30 * unit, dark ? 250 : 3);
            paint_seven(&from, 25 * unit, 2 * unit, unit, dark ? 20 : 180);
            assert_int_equal(fit(&from, out).dark_on_light, dark);
            assert_like_mnist(out, "a seven");
            if (i == 0 && !dark) {
                memcpy(first, out, PIXELS);
            }
            /* Enlarging is smooth, and so edges differ. */
            assert_near(out, first, unit == 1 ? 0 : 130, "a seven of another size");
            free(from.grey);
        }
    }
}

static void a_plain_scale_is_exact(void **state) {
    canvas from = canvas_new(100, 100, 255);
    uint8_t out[PIXELS], expected[PIXELS] = {0};
    (void)state;
    paint(&from, 11, 7, 31, 47, 0); /* 20×40: 10×20 pixels of the result */
    fit(&from, out);
    for (int y = 4; y < 24; y++) {
        memset(expected + y * SIDE + 9, 255, 10);
    }
    assert_memory_equal(out, expected, PIXELS);
    paint(&from, 11, 7, 12, 47, 127); /* half ink in half of a pixel */
    fit(&from, out);
    assert_in_range(out[4 * SIDE + 9], 186, 194);
    free(from.grey);
}

static void what_was_fitted_stays_as_it_is(void **state) {
    canvas from = canvas_new(300, 200, 230);
    uint8_t once[PIXELS], twice[PIXELS];
    (void)state;
    paint_seven(&from, 11, 20, 9, 40);
    fit(&from, once);
    assert_true(fit(&(canvas){SIDE, SIDE, once}, twice).as_it_is);
    assert_memory_equal(once, twice, PIXELS);
    free(from.grey);
}

static uint32_t random_of(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Grain on the paper, specks, and a light that falls off. */
static void paper_need_not_be_even(void **state) {
    canvas clean = canvas_new(300, 400, 200), rough = canvas_new(300, 400, 200);
    uint8_t expected[PIXELS], out[PIXELS];
    uint32_t seed = 7;
    (void)state;
    paint_seven(&clean, 40, 60, 12, 40);
    paint_seven(&rough, 40, 60, 12, 40);
    for (uint32_t i = 0; i < 300 * 400; i++) {
        const int shade = (int)(i % 300) / 15 + (int)(random_of(&seed) % 9) - 4;
        rough.grey[i] = (uint8_t)(rough.grey[i] - shade);
    }
    for (int i = 0; i < 20; i++) {
        rough.grey[(20 * i + 3) * 300 + 290] = 0;
    }
    fit(&clean, expected);
    fit(&rough, out);
    assert_near(out, expected, 40, "a seven on rough paper");
    free(clean.grey);
    free(rough.grey);
}

static void thin_lines_are_seen(void **state) {
    canvas from = canvas_new(1000, 1000, 255);
    uint8_t out[PIXELS];
    (void)state;
    paint(&from, 100, 100, 600, 102, 0);
    paint(&from, 598, 100, 600, 900, 0);
    fit(&from, out);
    assert_like_mnist(out, "two thin lines");
    free(from.grey);
}

static void odd_sizes_are_no_matter(void **state) {
    static const uint32_t sizes[][2] = {{1, 3},   {3, 1},    {2, 2},   {3, 3},
                                        {28, 28}, {5000, 3}, {3, 5000}};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        canvas from = canvas_new(sizes[i][0], sizes[i][1], 0);
        cbx_digit_look look;
        uint8_t out[PIXELS];
        from.grey[from.width * from.height / 2] = 255;
        const cbx_status status =
            cbx_digit_fit(from.grey, from.width, from.height, "a.png", out, &look);
        assert_true(!status || status == CBX_BAD_DATA);
        assert_true(status || memchr(out, 255, PIXELS));
        free(from.grey);
    }
}

static void an_empty_picture_is_refused(void **state) {
    static const uint8_t levels[] = {0, 128, 255};
    uint8_t out[PIXELS];
    cbx_digit_look look;
    uint32_t seed = 3;
    (void)state;
    for (size_t i = 0; i < sizeof levels; i++) {
        canvas from = canvas_new(i ? 40 : 28, i ? 30 : 28, levels[i]);
        assert_fails(cbx_digit_fit(from.grey, from.width, from.height, "a.png", out, &look),
                     CBX_BAD_DATA, "a.png: no digit");
        for (uint32_t p = 0; p < from.width * from.height; p++) {
            from.grey[p] = (uint8_t)(100 + random_of(&seed) % 10);
        }
        assert_fails(cbx_digit_fit(from.grey, from.width, from.height, "a.png", out, &look),
                     CBX_BAD_DATA, "a.png: no digit");
        free(from.grey);
    }
    canvas one = canvas_new(1, 1, 7);
    assert_fails(cbx_digit_fit(one.grey, 1, 1, "a.png", out, &look), CBX_BAD_DATA, "no digit");
    free(one.grey);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mnists_images_stay_as_they_are),
        cmocka_unit_test(size_place_and_tone_do_not_matter),
        cmocka_unit_test(a_plain_scale_is_exact),
        cmocka_unit_test(what_was_fitted_stays_as_it_is),
        cmocka_unit_test(paper_need_not_be_even),
        cmocka_unit_test(thin_lines_are_seen),
        cmocka_unit_test(odd_sizes_are_no_matter),
        cmocka_unit_test(an_empty_picture_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
