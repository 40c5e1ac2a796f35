/* SPDX-License-Identifier: MIT */
/* host/film/trial: groups are encoded as those of a film are, and seen as a decoder sees them. */
#include "support/test.h"

#include <stdlib.h>

#include "film/film.h"
#include "film/trial.h"
#include "support/film_scene.h"

enum { WIDTH = 130, HEIGHT = 98, GROUP = 12, PICTURE = WIDTH * HEIGHT * 3 / 2 };

/* What one group became. */
typedef struct outcome {
    size_t bytes;
    double error; /* squares summed over luma */
} outcome;

static cbx_film_settings settings_of(const char *preset, int quality) {
    return (cbx_film_settings){.width = WIDTH,
                               .height = HEIGHT,
                               .fps = 70,
                               .encoder = "libx264",
                               .preset = preset,
                               .quality = quality};
}

/* Frames first … first + GROUP of the scene. */
static outcome try_group(cbx_film_trial *trial, const film_scene *scene, uint64_t first) {
    static uint8_t planes[GROUP][WIDTH * HEIGHT], decoded[PICTURE];
    outcome sum = {0};
    assert_ok(cbx_film_trial_begin(trial));
    for (size_t i = 0; i < GROUP; i++) {
        scene_draw(scene, first + i, planes[i]);
        assert_ok(cbx_film_trial_push(trial, planes[i]));
    }
    assert_ok(cbx_film_trial_end(trial));
    assert_int_equal(cbx_film_trial_frames(trial), GROUP);
    for (size_t i = 0; i < GROUP; i++) {
        sum.bytes += cbx_film_trial_bytes(trial, i);
        assert_ok(cbx_film_trial_decode(trial, i, decoded));
        for (int j = 0; j < WIDTH * HEIGHT; j++) {
            const double by = (double)decoded[j] - planes[i][j];
            sum.error += by * by;
        }
    }
    assert_true(sum.bytes > 0);
    return sum;
}

static void check_preset(const film_scene *scene, const char *preset) {
    const cbx_film_settings fine = settings_of(preset, 12), coarse = settings_of(preset, 32);
    cbx_film_trial *finer, *coarser;
    outcome again = {0};
    assert_ok(cbx_film_check(&fine));
    assert_ok(cbx_film_trial_create(&finer, &fine, GROUP, scene->cb, scene->cr));
    assert_ok(cbx_film_trial_create(&coarser, &coarse, GROUP, scene->cb, scene->cr));
    for (uint64_t group = 0; group < 3; group++) {
        const outcome first = try_group(finer, scene, group * GROUP);
        const outcome second = try_group(coarser, scene, group * GROUP);
        assert_true(first.bytes > second.bytes && first.error < second.error);
        /* Far from nothing, and not another picture. */
        assert_true(first.error < 4.0 * GROUP * WIDTH * HEIGHT);
        again = first;
    }
    /* Whatever came before. */
    const outcome last = try_group(finer, scene, 2 * GROUP);
    assert_true(last.bytes == again.bytes && last.error == again.error);
    cbx_film_trial_destroy(finer);
    cbx_film_trial_destroy(coarser);
}

static void a_lower_quantiser_comes_nearer_and_costs_more(void **state) {
    static const char *const presets[] = {"ultrafast", "superfast", "medium"};
    film_scene scene;
    (void)state;
    if (!cbx_film_encoder(CBX_CODEC_H264)) {
        skip();
    }
    scene_make(&scene, WIDTH, HEIGHT);
    for (size_t i = 0; i < sizeof presets / sizeof *presets; i++) {
        check_preset(&scene, presets[i]);
    }
    scene_free(&scene);
    cbx_film_trial_destroy(NULL);
}

/* A trial that is given up in the middle of a group, and one that has none. */
static void it_may_be_given_up(void **state) {
    const cbx_film_settings settings = settings_of(NULL, 20);
    static uint8_t plane[WIDTH * HEIGHT];
    film_scene scene;
    cbx_film_trial *trial;
    (void)state;
    if (cbx_film_check(&settings)) {
        skip();
    }
    scene_make(&scene, WIDTH, HEIGHT);
    assert_ok(cbx_film_trial_create(&trial, &settings, GROUP, scene.cb, scene.cr));
    cbx_film_trial_destroy(trial);
    assert_ok(cbx_film_trial_create(&trial, &settings, GROUP, scene.cb, scene.cr));
    assert_ok(cbx_film_trial_begin(trial));
    assert_ok(cbx_film_trial_push(trial, plane));
    assert_ok(cbx_film_trial_begin(trial));
    assert_int_equal(cbx_film_trial_frames(trial), 0);
    assert_ok(cbx_film_trial_push(trial, plane));
    cbx_film_trial_destroy(trial);
    scene_free(&scene);
}

static void groups_are_as_long_as_a_film_has_them(void **state) {
    cbx_film_settings settings = settings_of(NULL, 20);
    (void)state;
    assert_int_equal(cbx_film_group_of(&settings), 280);
    settings.width = settings.height = 1024;
    assert_int_equal(cbx_film_group_of(&settings), 128);
    settings.width = settings.height = 8192;
    assert_int_equal(cbx_film_group_of(&settings), 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_lower_quantiser_comes_nearer_and_costs_more),
        cmocka_unit_test(it_may_be_given_up),
        cmocka_unit_test(groups_are_as_long_as_a_film_has_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
