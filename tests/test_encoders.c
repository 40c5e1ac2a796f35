/* SPDX-License-Identifier: MIT */
/* libavcodec without encoders, from the start or from some call on: the linker sends
 * every question for one to the function below. */
#include "support/scratch.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clearbox/film.h"
#include "clearbox/learn.h"
#include "learn/job.h"
#include "support/film_scene.h"

static const char *hidden;  /* encoders of this name, or of its beginning, do not exist */
static unsigned asked;      /* how often, since it was set to 0 */
static unsigned fails_from; /* the number of the first call without an answer; 0: none */

const AVCodec *__real_avcodec_find_encoder_by_name(const char *name);
const AVCodec *__wrap_avcodec_find_encoder_by_name(const char *name);

const AVCodec *__wrap_avcodec_find_encoder_by_name(const char *name) {
    asked++;
    if ((fails_from && asked >= fails_from) ||
        (hidden && strncmp(name, hidden, strlen(hidden)) == 0)) {
        return NULL;
    }
    return __real_avcodec_find_encoder_by_name(name);
}

static int reset(void **state) {
    hidden = NULL;
    fails_from = asked = 0;
    return scratch_setup(state);
}

static int forget(void **state) {
    hidden = NULL;
    fails_from = 0;
    return scratch_teardown(state);
}

/* A film of three groups; how it ended. */
static cbx_status make_film(void **state, cbx_codec codec) {
    const cbx_film_settings settings = {
        .width = 84, .height = 56, .fps = 70, .codec = codec, .quality = -1, .workers = 2};
    film_scene scene;
    film_ring ring;
    cbx_film *film = NULL;
    cbx_film_result result = {0};
    scene_make(&scene, 84, 56);
    cbx_status status =
        cbx_film_open(&film, scratch_path(state, "a.mp4"), &settings, scene.cb, scene.cr);
    if (!status) {
        ring_make(&ring, cbx_film_ring_frames(film), &scene);
        ring_push(&ring, &scene, film, 0, 600);
        status = cbx_film_finish(film, &result);
        assert_int_equal(ring.released, ring.lent);
        assert_true(status || result.encoder);
        ring_free(&ring);
    }
    scene_free(&scene);
    return status;
}

/* Wherever the encoder is no longer found, the film fails, says so and leaves nothing. */
static void an_encoder_that_vanishes_is_an_error(void **state) {
    const cbx_codec codecs[] = {CBX_CODEC_H264, CBX_CODEC_MPEG4};
    for (size_t i = 0; i < 2; i++) {
        fails_from = 0;
        if (!cbx_film_encoder(codecs[i])) {
            continue;
        }
        asked = 0;
        assert_ok(make_film(state, codecs[i]));
        const unsigned calls = asked;
        assert_in_range(calls, 3, 1000);
        assert_int_equal(scratch_entries(state), 1);
        unlink(scratch_path(state, "a.mp4"));
        for (fails_from = 1; fails_from <= calls; fails_from++) {
            asked = 0;
            assert_fails(make_film(state, codecs[i]), CBX_NO_ENCODER, "encoder");
            assert_int_equal(scratch_entries(state), 0);
        }
    }
}

static cbx_learn_settings good_settings(void) {
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.data = "anywhere";
    return settings;
}

/* MPEG-4 stands in, with its own quality: H.264's 40 would be nonsense there. */
static void mpeg4_stands_in_with_its_own_quality(void **state) {
    cbx_learn_settings settings = good_settings();
    cbx_film_settings film;
    cbx_grid grid;
    (void)state;
    assert_ok(cbx_grid_lay_out(&grid, 64, 1));
    settings.quality = 40;
    settings.preset = "superfast";
    if (cbx_film_encoder(CBX_CODEC_H264)) {
        assert_ok(cbx_job_film_settings(&settings, &grid, &film));
        assert_int_equal(film.codec, CBX_CODEC_H264);
        assert_int_equal(film.quality, 40);
        assert_int_equal(film.codec, settings.codec);
        assert_int_equal(cbx_film_stand_in(&film), 0);
    }
    hidden = "lib"; /* x264, openh264 */
    assert_ok(cbx_learn_check(&settings));
    assert_ok(cbx_job_film_settings(&settings, &grid, &film));
    assert_int_equal(film.codec, CBX_CODEC_MPEG4);
    assert_int_equal(film.quality, -1);
    assert_null(film.preset);
    assert_int_not_equal(film.codec, settings.codec);
    assert_ok(cbx_film_check(&film));

    /* What is nonsense stays nonsense, and MPEG-4's own limits count. */
    settings.quality = 52;
    assert_fails(cbx_learn_check(&settings), CBX_BAD_ARGUMENT, "quality 52");
    settings.quality = -1;
    settings.scale = 37; /* 8 tiles of 28 pixels: 8,288 a side */
    assert_fails(cbx_learn_check(&settings), CBX_BAD_ARGUMENT, "MPEG-4 ends at 8191");
    assert_message("scale 36 is the largest that fits");
}

static void without_any_encoder_nothing_is_begun(void **state) {
    cbx_learn_settings settings = good_settings();
    (void)state;
    hidden = "";
    assert_fails(cbx_learn_check(&settings), CBX_NO_ENCODER, "no MPEG-4 encoder");
    settings.film = NULL;
    assert_ok(cbx_learn_check(&settings));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, reset, forget)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_encoder_that_vanishes_is_an_error),
        TEST(mpeg4_stands_in_with_its_own_quality),
        TEST(without_any_encoder_nothing_is_begun),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
