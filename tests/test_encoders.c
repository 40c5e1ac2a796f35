/* SPDX-License-Identifier: MIT */
/* libavcodec without encoders, from the start or from some call on: the linker sends
 * every question for one to the function below. */
#include "support/scratch.h"

#include <libavcodec/avcodec.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "clearbox/film.h"
#include "clearbox/learn.h"
#include "film/containers.h"
#include "film/encoder.h"
#include "film/library.h"
#include "learn/job.h"
#include "support/film_scene.h"

static const char *hidden;  /* encoders of this name, or of its beginning, do not exist */
static const char *feigned; /* an encoder of this name does, though it is another */
static unsigned asked;      /* how often, since it was set to 0 */
static unsigned fails_from; /* the number of the first call without an answer; 0: none */
static cbx_container container_wanted; /* of the films that are made */
static int device_errs;                /* its encoder's check fails */

const AVCodec *__real_avcodec_find_encoder_by_name(const char *name);
const AVCodec *__wrap_avcodec_find_encoder_by_name(const char *name);

const AVCodec *__wrap_avcodec_find_encoder_by_name(const char *name) {
    asked++;
    if ((fails_from && asked >= fails_from) ||
        (hidden && strncmp(name, hidden, strlen(hidden)) == 0)) {
        return NULL;
    }
    if (feigned && strcmp(name, feigned) == 0) {
        name = "mpeg4";
    }
    return __real_avcodec_find_encoder_by_name(name);
}

cbx_status __wrap_cbx_avc_check(cbx_device *device);

cbx_status __wrap_cbx_avc_check(cbx_device *device) {
    (void)device;
    return device_errs ? cbx_fail(CBX_BAD_KERNEL, "the encoder errs") : CBX_OK;
}

static int reset(void **state) {
    hidden = feigned = NULL;
    fails_from = asked = 0;
    device_errs = 0;
    container_wanted = CBX_CONTAINER_AUTO;
    return scratch_setup(state);
}

static int forget(void **state) {
    hidden = feigned = NULL;
    fails_from = 0;
    return scratch_teardown(state);
}

/* The first that takes what the encoder makes. */
static cbx_container container_of(const cbx_encoder_kind *kind) {
    cbx_container container = CBX_CONTAINER_MP4;
    while (!cbx_container_takes(cbx_container_kind_of(container), kind->format->codec)) {
        container++;
    }
    return container;
}

/* A film of three groups; how it ended. */
static cbx_status make_film(void **state, cbx_codec codec, const char *encoder) {
    const cbx_film_settings settings = {.width = 168,
                                        .height = 196,
                                        .fps = 70,
                                        .codec = codec,
                                        .encoder = encoder,
                                        .quality = -1,
                                        .workers = 2,
                                        .container = container_wanted};
    film_scene scene;
    film_ring ring;
    cbx_film *film = NULL;
    cbx_film_result result = {0};
    scene_make(&scene, settings.width, settings.height);
    cbx_status status = cbx_film_open(&film, scratch_path(state, container_wanted ? "a" : "a.mp4"),
                                      &settings, scene.cb, scene.cr);
    if (!status) {
        ring_make(&ring, cbx_film_ring_frames(film), &scene);
        ring_push(&ring, &scene, film, 0, 600);
        status = cbx_film_finish(film, &result);
        assert_int_equal(ring.released, ring.lent);
        assert_true(status || result.encoder);
        assert_true(status || !encoder || strcmp(result.encoder, encoder) == 0);
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
        assert_ok(make_film(state, codecs[i], NULL));
        const unsigned calls = asked;
        assert_in_range(calls, 3, 1000);
        assert_int_equal(scratch_entries(state), 1);
        unlink(scratch_path(state, "a.mp4"));
        for (fails_from = 1; fails_from <= calls; fails_from++) {
            asked = 0;
            assert_fails(make_film(state, codecs[i], NULL), CBX_NO_ENCODER, "encoder");
            assert_int_equal(scratch_entries(state), 0);
        }
    }
}

/* A name gets what it names, with the codec that this makes, or a sentence. */
static void every_name_makes_its_film_or_says_why_not(void **state) {
    char needs[128];
    cbx_film_silence_libav();
    for (const cbx_encoder_kind *kind = cbx_encoder_kinds; kind->name; kind++) {
        container_wanted = container_of(kind);
        cbx_status status = make_film(state, CBX_CODEC_H264, kind->name);
        if (!kind->calls) {
            assert_fails(status, CBX_BAD_ARGUMENT, "name another");
        } else if (!cbx_encoder_is_there(kind)) {
            assert_fails(status, CBX_NO_ENCODER, "the linked libavcodec lacks");
        } else if (status && kind->needs) {
            snprintf(needs, sizeof needs, "; it needs %s", kind->needs);
            assert_fails(status, CBX_NO_ENCODER, "cannot open");
            assert_message(needs);
        } else {
            assert_ok(status);
            assert_int_equal(scratch_entries(state), 1);
            unlink(scratch_path(state, "a"));
        }
        assert_int_equal(scratch_entries(state), 0);
    }
}

static void names_and_kinds_are_the_same(void **state) {
    const char *const *name = cbx_film_encoder_names;
    (void)state;
    assert_string_equal(*name++, "auto");
    for (const cbx_encoder_kind *kind = cbx_encoder_kinds; kind->name; kind++) {
        assert_non_null(*name);
        assert_string_equal(*name++, kind->name);
    }
    assert_null(*name);
}

static void a_missing_encoder_is_told_with_those_there_are(void **state) {
    cbx_film_settings settings = {
        .width = 84, .height = 56, .fps = 70, .encoder = "libx264", .quality = -1};
    (void)state;
    hidden = "lib";
    assert_fails(cbx_film_check(&settings), CBX_NO_ENCODER,
                 "the linked libavcodec lacks libx264; of these encoders it has ");
    assert_message(" mpeg4");
    assert_int_equal(cbx_film_stand_in(&settings), 0); /* a name is a name */
    hidden = "";
    assert_fails(cbx_film_check(&settings), CBX_NO_ENCODER, "of these encoders it has none");
}

/* Those in hardware are not among them, wherever they are. */
static void who_leaves_the_choice_gets_the_best_in_software(void **state) {
    static const struct {
        const char *hidden, *feigned, *h264, *mpeg4;
    } cases[] = {
        {"none", "libx264", "libx264", "mpeg4"},
        {"libx264", "libopenh264", "libopenh264", "mpeg4"},
        {"lib", "h264_nvenc", NULL, "mpeg4"},
        {"lib", "h264_vaapi", NULL, "mpeg4"},
        {"", NULL, NULL, NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        hidden = cases[i].hidden;
        feigned = cases[i].feigned;
        const char *names[] = {cbx_film_encoder(CBX_CODEC_H264), cbx_film_encoder(CBX_CODEC_MPEG4)};
        const char *wanted[] = {cases[i].h264, cases[i].mpeg4};
        for (int codec = 0; codec < 2; codec++) {
            if (wanted[codec]) {
                assert_non_null(names[codec]);
                assert_string_equal(names[codec], wanted[codec]);
            } else {
                assert_null(names[codec]);
            }
        }
    }
}

static void every_encoder_has_its_own_range(void **state) {
    (void)state;
    for (const cbx_encoder_kind *kind = cbx_encoder_kinds; kind->name; kind++) {
        cbx_film_settings settings = {
            .width = 84, .height = 56, .fps = 70, .encoder = kind->name, .quality = -1};
        settings.container = container_of(kind);
        int best, coarsest;
        cbx_film_quality(&settings, &best, &coarsest);
        assert_int_equal(best, kind->best);
        assert_int_equal(coarsest, kind->coarsest);
        assert_in_range(kind->usual, best, coarsest);
        assert_ok(cbx_film_check_wishes(&settings));
        for (settings.quality = best < 0 ? 0 : best; settings.quality <= coarsest;
             settings.quality++) {
            assert_ok(cbx_film_check_wishes(&settings));
        }
        assert_fails(cbx_film_check_wishes(&settings), CBX_BAD_ARGUMENT, "quality");
        settings.quality = best - 1 == -1 ? -2 : best - 1;
        assert_fails(cbx_film_check_wishes(&settings), CBX_BAD_ARGUMENT, "quality");
        settings.quality = -1;
        settings.preset = "superfast";
        assert_int_equal(cbx_film_check_wishes(&settings),
                         kind->presets ? CBX_OK : CBX_BAD_ARGUMENT);
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
    settings.preset = "superfast"; /* x264's, so that the device is not meant */
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
    assert_string_equal(cbx_film_encoder_of(&film), "mpeg4");

    /* What is nonsense stays nonsense, and MPEG-4's own limits count. */
    settings.quality = 52;
    assert_fails(cbx_learn_check(&settings), CBX_BAD_ARGUMENT, "quality 52");
    settings.quality = -1;
    settings.scale = 37; /* 8 tiles of 28 pixels: 8,288 a side */
    assert_fails(cbx_learn_check(&settings), CBX_BAD_ARGUMENT, "MPEG-4 ends at 8191");
    assert_message("scale 36 is the largest that fits");
}

/* A run does not begin for an encoder that is named and missing, and takes no other. */
static void a_run_refuses_an_encoder_that_is_missing(void **state) {
    cbx_learn_settings settings = good_settings();
    (void)state;
    settings.encoder = "device";
    assert_ok(cbx_learn_check(&settings));
    settings.preset = "superfast";
    assert_fails(cbx_learn_check(&settings), CBX_BAD_ARGUMENT, "device");
    settings.preset = NULL;
    settings.scale = 100;
    assert_fails(cbx_learn_check(&settings), CBX_BAD_ARGUMENT, "; scale 72 is the largest");
    settings.scale = 1;
    hidden = "lib";
    settings.encoder = "libx264";
    assert_fails(cbx_learn_check(&settings), CBX_NO_ENCODER, "lacks libx264");
    settings.encoder = "auto";
    assert_ok(cbx_learn_check(&settings));
    settings.encoder = "mpeg4";
    assert_ok(cbx_learn_check(&settings));
}

/* A device with room for every film. */
static cbx_device roomy(void) {
    return (cbx_device){
        .info = {.global_memory_bytes = UINT64_MAX, .largest_buffer_bytes = UINT64_MAX}};
}

/* What the observers are told of the choice. */
static void the_plan_says_who_encodes_and_why(void **state) {
    static const struct {
        const char *encoder, *preset, *hidden;
        int errs, quality;
        const char *taken, *why;
    } cases[] = {
        {NULL, NULL, "none", 0, -1, "device", NULL},
        {"auto", NULL, "lib", 0, 40, "device", NULL},
        {"device", NULL, "", 0, 40, "device", NULL},
        {"auto", "superfast", "none", 0, -1, "libx264", NULL}, /* the preset means it */
        {NULL, NULL, "none", 1, -1, "libx264", "the encoder errs"},
        {"auto", NULL, "lib", 1, -1, "mpeg4", "the encoder errs"},
        {"libx264", NULL, "none", 0, -1, "libx264", NULL},
        {"mpeg4", NULL, "lib", 0, 31, "mpeg4", NULL},
        {"auto", "superfast", "lib", 0, -1, "mpeg4",
         "the linked libavcodec has no H.264 encoder: MPEG-4"},
        {NULL, "superfast", "lib", 0, 40, "mpeg4",
         "the linked libavcodec has no H.264 encoder: MPEG-4 at its default quality"},
    };
    (void)state;
    feigned = "libx264";
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cbx_learn_settings settings = good_settings();
        cbx_device device = roomy();
        cbx_job job = {.settings = &settings, .device = &device};
        settings.encoder = cases[i].encoder;
        settings.preset = cases[i].preset;
        settings.quality = cases[i].quality;
        hidden = cases[i].hidden[0] ? cases[i].hidden : NULL;
        device_errs = cases[i].errs;
        assert_ok(cbx_job_choose_encoder(&job));
        assert_string_equal(job.plan.encoder, cases[i].taken);
        assert_int_equal(job.plan.encoder_is_fallback, cases[i].why != NULL);
        assert_string_equal(cases[i].why ? job.plan.encoder_why : "", job.encoder_why);
        assert_string_equal(cases[i].why ? cases[i].why : "", job.encoder_why);
    }
}

/* Whoever names the device wants no other; whoever does not gets what can be had. */
static void a_device_that_cannot_encode(void **state) {
    cbx_learn_settings settings = good_settings();
    cbx_device small = roomy();
    cbx_job job = {.settings = &settings, .device = &small};
    (void)state;
    device_errs = 1;
    settings.encoder = "device";
    assert_fails(cbx_job_choose_encoder(&job), CBX_BAD_KERNEL, "the encoder errs");
    device_errs = 0;
    small.info.largest_buffer_bytes = 1 << 20;
    assert_fails(cbx_job_choose_encoder(&job), CBX_TOO_LARGE, "no room to encode a film of 224 x");
    feigned = "libx264";
    settings.encoder = NULL;
    assert_ok(cbx_job_choose_encoder(&job));
    assert_string_equal(job.plan.encoder, "libx264");
    assert_non_null(strstr(job.plan.encoder_why, "no room to encode"));
}

/* Only the device can tell, when it is open. */
static void without_any_encoder(void **state) {
    cbx_learn_settings settings = good_settings();
    cbx_device device = roomy();
    cbx_job job = {.settings = &settings, .device = &device};
    (void)state;
    hidden = "";
    assert_ok(cbx_learn_check(&settings));
    assert_ok(cbx_job_choose_encoder(&job));
    device_errs = 1;
    assert_fails(cbx_job_choose_encoder(&job), CBX_NO_ENCODER, "no MPEG-4 encoder");
    settings.codec = CBX_CODEC_MPEG4;
    assert_fails(cbx_learn_check(&settings), CBX_NO_ENCODER, "no MPEG-4 encoder");
    settings.film = NULL;
    assert_ok(cbx_learn_check(&settings));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, reset, forget)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(names_and_kinds_are_the_same),
        TEST(who_leaves_the_choice_gets_the_best_in_software),
        TEST(every_encoder_has_its_own_range),
        TEST(every_name_makes_its_film_or_says_why_not),
        TEST(a_missing_encoder_is_told_with_those_there_are),
        TEST(a_run_refuses_an_encoder_that_is_missing),
        TEST(an_encoder_that_vanishes_is_an_error),
        TEST(mpeg4_stands_in_with_its_own_quality),
        TEST(the_plan_says_who_encodes_and_why),
        TEST(a_device_that_cannot_encode),
        TEST(without_any_encoder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
