/* SPDX-License-Identifier: MIT */
/* Films in the style `show`: what decoders see at the end is the picture that was drawn, chroma
 * included, whoever encodes; the film has its length; and the same bytes whoever trains and draws. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/film_reader.h"
#include "support/fixture.h"
#include "support/learning.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Batches of the run, of one image each: more than frames, so that the clock leaves some out. */
enum { TRAIN = 72, EPOCHS = 2, FPS = 60, MOVING = 30, HELD = 6 };

static cbx_learn_settings show(const learning *l, uint32_t hidden) {
    cbx_learn_settings settings = learning_settings(l);
    assert_ok(cbx_learn_set_style(&settings, CBX_STYLE_SHOW));
    settings.recipe = CBX_RECIPE_NLL;
    settings.hidden = hidden;
    settings.batch = 1;
    settings.epochs = EPOCHS;
    settings.seconds = (MOVING + HELD) / (double)FPS;
    settings.hold = HELD / (double)FPS;
    settings.film = l->film;
    settings.picture = l->picture;
    return settings;
}

typedef struct last_frame {
    const char *what;
    const uint8_t *rgb; /* of the picture that was drawn */
    uint32_t width, height;
    uint64_t seen;
} last_frame;

/* Y, Cb or Cr of a pixel. */
static double part_of(const uint8_t *rgb, int part) {
    const double r = rgb[0] / 255.0, g = rgb[1] / 255.0, b = rgb[2] / 255.0;
    const double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    return part == 0   ? 16 + 219 * y
           : part == 1 ? 128 + 224 * (b - y) / 1.8556
                       : 128 + 224 * (r - y) / 1.5748;
}

/* In decibels, of a plane against the mean of the pixels that each sample stands for. */
static double signal_to_noise(const last_frame *last, const AVFrame *picture, int part) {
    const uint32_t side = part == 0 ? 1 : 2;
    double sum = 0;
    for (uint32_t y = 0; y < last->height / side; y++) {
        for (uint32_t x = 0; x < last->width / side; x++) {
            double expected = 0;
            for (uint32_t n = 0; n < side * side; n++) {
                const size_t pixel =
                    (size_t)(y * side + n / side) * last->width + x * side + n % side;
                expected += part_of(last->rgb + 3 * pixel, part) / (side * side);
            }
            const double is = picture->data[part][(ptrdiff_t)y * picture->linesize[part] + x];
            sum += (is - expected) * (is - expected);
        }
    }
    return 10 * log10(255 * 255 / (sum / (last->width / side * (last->height / side)) + 1e-9));
}

static void look(void *opaque, uint64_t index, const AVFrame *picture) {
    last_frame *last = opaque;
    last->seen++;
    assert_int_equal(picture->width, last->width);
    assert_int_equal(picture->height, last->height);
    if (index + 1 < MOVING + HELD) {
        return;
    }
    for (int part = 0; part < 3; part++) {
        /* The finest quantisers: 45 dB and more were measured. */
        const double quality = signal_to_noise(last, picture, part);
        if (!(quality > 40)) {
            fail_msg("%s: plane %d of the last frame is %.1f dB from the picture", last->what, part,
                     quality);
        }
    }
}

static void check_film(const learning *l, uint32_t hidden, const char *encoder) {
    char what[64];
    last_frame last = {.what = what};
    film_facts facts;
    cbx_learn_result result;
    cbx_learn_settings settings = show(l, hidden);
    settings.encoder = encoder;
    settings.quality = 1;
    snprintf(what, sizeof what, "H = %u, %s", hidden, encoder);
    const cbx_status status = cbx_learn(&settings, NULL, 0, NULL, &result);
    if (status == CBX_NO_ENCODER) {
        return; /* libavcodec may lack it */
    }
    assert_ok(status);
    uint8_t *rgb = learning_read_png(l->picture, &last.width, &last.height);
    last.rgb = rgb;
    film_read(l->film, FPS, &facts, look, &last);
    assert_int_equal(last.seen, MOVING + HELD);
    assert_int_equal(result.film.frames, MOVING + HELD);
    free(rgb);
}

static void the_last_frame_is_the_picture(void **state) {
    static const char *const encoders[] = {"device", "libx264", "mpeg4"};
    static const uint32_t hidden[] = {1, 2, 16, 37, 1300};
    (void)state;
    learning l;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, TRAIN, 5);
    for (size_t i = 0; i < COUNT(hidden); i++) {
        for (size_t e = 0; e < COUNT(encoders) - (i > 1 ? 1 : 0); e++) {
            check_film(&l, hidden[i], encoders[e]);
        }
    }
    learning_close(&l);
}

/* The parts of the style, alone with the lesson's. */
static void parts_of_it_work_alone(void **state) {
    (void)state;
    learning l;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, TRAIN, 5);
    for (int part = 0; part < 3; part++) {
        cbx_learn_result result;
        learning_log log = {0};
        cbx_learn_settings settings = learning_settings(&l);
        settings.hidden = 5;
        settings.film = l.film;
        settings.colours = part == 0 ? CBX_COLOURS_SIGNED : CBX_COLOURS_GREY;
        settings.caption = part == 1;
        settings.hold = part == 2 ? 0.1 : 0.0;
        assert_ok(learning_run(&settings, &log, &result));
        uint32_t width, height;
        assert_int_equal(learning_film_frames(l.film, &width, &height), part == 2 ? 9 + 7 : 9);
        assert_int_equal(width, log.plan.grid.width);
        assert_int_equal(height, log.plan.grid.height);
        assert_int_equal(log.plan.grid.strip > 0, part == 1);
        assert_int_equal(log.plan.grid.pitch > log.plan.grid.tile, part == 0);
    }
    learning_close(&l);
}

static void the_film_has_the_same_bytes_whoever_makes_it(void **state) {
    (void)state;
    char first[CBX_SHA256_TEXT] = "";
    learning l;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, TRAIN, 5);
    for (size_t i = 0; i < fixture_way_count; i++) {
        cbx_learn_result result;
        cbx_learn_settings settings = show(&l, 37);
        settings.family = fixture_ways[i].family;
        settings.schedule = fixture_ways[i].schedule;
        settings.encoder = "device";
        settings.hash_film = 1;
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
        if (first[0] && strcmp(first, result.film_sha256) != 0) {
            fail_msg("%s: another film", fixture_ways[i].name);
        }
        memcpy(first, result.film_sha256, sizeof first);
    }
    learning_close(&l);
}

/* With or without a film; the strip has the caption, without a loss in the latter case. */
static void a_picture_alone_has_its_caption(void **state) {
    (void)state;
    learning l;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, TRAIN, 5);
    cbx_learn_settings settings = show(&l, 16);
    settings.film = NULL;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    uint32_t width, height, bright = 0;
    uint8_t *rgb = learning_read_png(l.picture, &width, &height);
    for (size_t i = (size_t)(height - 60) * width; i < (size_t)height * width; i++) {
        bright += rgb[3 * i] > 200;
    }
    assert_true(bright > 100 && bright < 60 * width / 4);
    free(rgb);
    learning_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_last_frame_is_the_picture),
        cmocka_unit_test(parts_of_it_work_alone),
        cmocka_unit_test(the_film_has_the_same_bytes_whoever_makes_it),
        cmocka_unit_test(a_picture_alone_has_its_caption),
    };
    return cmocka_run_group_tests_name("film show", tests, fixture_setup, fixture_teardown);
}
