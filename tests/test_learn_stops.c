/* SPDX-License-Identifier: MIT */
/* How a run ends early: on request, or because something is wrong. Outputs are then
 * either complete and valid, or the old ones are untouched and nothing is left. */
#include "support/test.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/files.h"
#include "support/fixture.h"
#include "support/learning.h"
#include "support/synthetic.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void open_run(learning *l) {
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(l, 72, 20);
}

/* Between batches, of which several go together; whatever was trained is in the film. */
static void check_interruption(const learning *l, uint64_t stop_at, cbx_schedule schedule,
                               int encoder) {
    learning_log log = {.stop_at = stop_at};
    cbx_learn_result result;
    cbx_network *network = NULL;
    uint32_t width, height;
    cbx_learn_settings settings = learning_settings(l);
    settings.epochs = 3;
    settings.batch = 1;
    settings.schedule = schedule;
    settings.encoder = learning_encoder(encoder);
    settings.film = l->film;
    settings.picture = l->picture;
    settings.save = l->save;
    settings.report = l->report;
    settings.poster = l->second;
    assert_fails(learning_run(&settings, &log, &result), CBX_INTERRUPTED, "");
    assert_int_equal(result.interrupted, 1);
    assert_in_range(result.batches, stop_at - 1, 3 * 60 - 1);
    assert_in_range(result.epochs, (result.batches - 1) / 60, result.batches / 60);
    assert_int_equal(result.film.frames, result.batches);
    assert_int_equal(learning_film_frames(l->film, &width, &height), result.batches);
    assert_true(isnan(result.test_accuracy) && isnan(result.test_loss));
    free(learning_read_png(l->picture, &width, &height));
    assert_ok(cbx_network_load(&network, l->save));
    cbx_network_destroy(network);
    assert_int_equal(files_count(l->folder), CBX_LEARN_CHECKPOINT);
    for (int i = 0; i < CBX_LEARN_CHECKPOINT; i++) {
        assert_true(result.kept[i]);
        assert_int_equal(log.lost[i], 0);
    }
}

static void interrupted_run_leaves_valid_outputs(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (uint64_t stop_at = 2; stop_at <= 8; stop_at++) {
        for (int encoder = 0; encoder < LEARNING_ENCODERS; encoder++) {
            check_interruption(&l, stop_at, CBX_SCHEDULE_FUSED, encoder);
            check_interruption(&l, stop_at, CBX_SCHEDULE_STEPWISE, encoder);
        }
    }
    learning_close(&l);
}

/* Old files with known contents, where all outputs go. */
static void put_old_outputs(const learning *l, cbx_learn_settings *settings) {
    files_write_text(l->film, "old film");
    files_write_text(l->picture, "old picture");
    files_write_text(l->save, "old weights");
    settings->film = l->film;
    settings->picture = l->picture;
    settings->save = l->save;
}

static void assert_old_outputs(const learning *l) {
    assert_file_holds(l->film, "old film");
    assert_file_holds(l->picture, "old picture");
    assert_file_holds(l->save, "old weights");
    assert_int_equal(files_count(l->folder), 3);
}

/* Who stops a run while it starts wants nothing replaced. */
static void stopping_before_the_first_batch_keeps_old_outputs(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (unsigned when = 0; when <= 7; when++) {
        learning_log log = {.stop_before = when, .stop_at = when == 0};
        cbx_learn_result result;
        cbx_learn_settings settings = learning_settings(&l);
        put_old_outputs(&l, &settings);
        assert_fails(learning_run(&settings, &log, &result), CBX_INTERRUPTED, "");
        /* Nothing goes on: at most the step that heard of it, and the next, ask. */
        assert_true(when == 0 || (log.before >= when && log.before <= when + 1));
        assert_int_equal(result.batches, 0);
        assert_int_equal(result.interrupted, 1);
        for (int i = 0; i < CBX_LEARN_CHECKPOINT; i++) {
            assert_false(result.kept[i] || log.lost[i]);
        }
        assert_old_outputs(&l);
    }
    learning_close(&l);
}

/* Before a frame was due there is no film; everything else is kept. */
static void stopping_before_the_first_frame_keeps_the_rest(void **state) {
    (void)state;
    learning l;
    learning_log log = {.stop_at = 5};
    cbx_learn_result result;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    put_old_outputs(&l, &settings);
    settings.frame_every = 1000000;
    settings.epochs = 3;
    assert_fails(learning_run(&settings, &log, &result), CBX_INTERRUPTED, "");
    assert_true(result.batches > 0);
    assert_false(result.kept[CBX_LEARN_FILM]);
    assert_true(result.kept[CBX_LEARN_WEIGHTS] && result.kept[CBX_LEARN_PICTURE]);
    assert_int_equal(log.lost[CBX_LEARN_FILM], 0);
    assert_file_holds(l.film, "old film");
    cbx_network *network = NULL;
    assert_ok(cbx_network_load(&network, l.save));
    cbx_network_destroy(network);
    assert_int_equal(files_count(l.folder), 3);
    learning_close(&l);
}

static void divergence_keeps_old_outputs(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (int schedule = CBX_SCHEDULE_FUSED; schedule <= CBX_SCHEDULE_STEPWISE; schedule++) {
        cbx_learn_settings settings = learning_settings(&l);
        put_old_outputs(&l, &settings);
        settings.epochs = 2;
        settings.recipe = CBX_RECIPE_NLL;
        settings.schedule = (cbx_schedule)schedule;
        settings.family = schedule == CBX_SCHEDULE_SPARSE ? CBX_FAMILY_CPU : CBX_FAMILY_AUTO;
        settings.learning_rate = (double)FLT_MAX;
        assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_DIVERGED, "");
        assert_true(strpbrk(cbx_last_error(), "0123456789") != NULL); /* names a batch */
        assert_old_outputs(&l);
    }
    learning_close(&l);
}

static void missing_inputs_keep_old_outputs(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    put_old_outputs(&l, &settings);
    settings.init = l.second;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_MISSING_INPUT, "");
    assert_old_outputs(&l);
    settings.init = NULL;
    settings.data = l.second;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_MISSING_INPUT, "");
    assert_old_outputs(&l);
    settings.data = l.data;
    settings.device = "no such device";
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_NO_DEVICE, "");
    assert_old_outputs(&l);
    learning_close(&l);
}

/* Weights of another size than asked for are an error, not a surprise. */
static void weights_of_another_size_are_refused(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    cbx_network *network = synthetic_network(5, 1);
    assert_ok(cbx_network_save(network, l.second, NULL, 0));
    settings.init = l.second;
    settings.film = l.film;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_BAD_ARGUMENT, "hidden 5");
    assert_false(files_exist(l.film));
    assert_int_equal(files_count(l.folder), 1);
    cbx_network_destroy(network);
    learning_close(&l);
}

/* An output that cannot be created fails the run and leaves nothing of the others. */
static void outputs_in_no_folder_leave_nothing(void **state) {
    (void)state;
    learning l;
    char nowhere[3 * SCRATCH_PATH];
    open_run(&l);
    snprintf(nowhere, sizeof nowhere, "%s/none/output", l.folder);
    cbx_learn_settings settings = learning_settings(&l);
    settings.film = l.film;
    settings.picture = l.picture;
    settings.save = l.save;
    const char **outputs[] = {&settings.film, &settings.picture, &settings.save};
    for (size_t i = 0; i < COUNT(outputs); i++) {
        const char *kept = *outputs[i];
        *outputs[i] = nowhere;
        assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_CANNOT_CREATE, "");
        assert_int_equal(files_count(l.folder), 0);
        *outputs[i] = kept;
    }
    learning_close(&l);
}

static void no_clobber_keeps_old_outputs(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    put_old_outputs(&l, &settings);
    settings.no_clobber = 1;
    const char **outputs[] = {&settings.film, &settings.picture, &settings.save};
    for (size_t i = 0; i < COUNT(outputs); i++) {
        cbx_learn_settings one = learning_settings(&l);
        one.no_clobber = 1;
        one.film = i == 0 ? *outputs[i] : NULL;
        one.picture = i == 1 ? *outputs[i] : NULL;
        one.save = i == 2 ? *outputs[i] : NULL;
        assert_fails(cbx_learn(&one, NULL, 0, NULL, NULL), CBX_CANNOT_CREATE, "");
        assert_old_outputs(&l);
    }
    settings.no_clobber = 0;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_int_equal(files_count(l.folder), 3);
    learning_close(&l);
}

/* Settings that make no sense are refused before any work. */
static void nonsense_is_refused(void **state) {
    (void)state;
    cbx_learn_settings good;
    cbx_learn_defaults(&good);
    assert_fails(cbx_learn_check(&good), CBX_BAD_ARGUMENT, ""); /* no data */
    good.data = "anywhere";
    assert_ok(cbx_learn_check(&good));
    cbx_learn_settings bad[14];
    for (size_t i = 0; i < COUNT(bad); i++) {
        bad[i] = good;
    }
    bad[0].hidden = 0;
    bad[1].hidden = CBX_MAX_HIDDEN + 1;
    bad[2].batch = 0;
    bad[3].batch = CBX_MAX_BATCH + 1;
    bad[4].epochs = 0;
    bad[5].learning_rate = (double)NAN;
    bad[6].learning_rate = -1;
    bad[7].learning_rate = (double)INFINITY;
    bad[8].frame_every = 0;
    bad[9].scale = 70000;
    bad[10].fps = 0;
    bad[11].quality = 52;
    bad[12].codec = CBX_CODEC_MPEG4;
    bad[12].quality = 32;
    bad[13].hidden = 65536; /* 256 tiles a side … */
    bad[13].scale = 10;     /* … of 280 pixels: beyond 65,535 */
    size_t accepted = 0;
    for (size_t i = 0; i < COUNT(bad); i++) {
        if (cbx_learn_check(&bad[i]) != CBX_BAD_ARGUMENT) {
            print_error("nonsense %zu is accepted\n", i);
            accepted++;
        }
    }
    assert_int_equal(accepted, 0);
}

static void defaults_are_the_lesson(void **state) {
    (void)state;
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    assert_int_equal(settings.hidden, 64);
    assert_int_equal(settings.epochs, 5);
    assert_int_equal(settings.batch, 64);
    assert_int_equal(settings.recipe, CBX_RECIPE_LESSON);
    assert_int_equal(settings.schedule, CBX_SCHEDULE_AUTO);
    assert_int_equal(settings.arithmetic, CBX_ARITHMETIC_CANON);
    assert_int_equal(settings.seed, 0);
    assert_int_equal(settings.frame_every, 1);
    assert_int_equal(settings.fps, 70);
    assert_int_equal(settings.tone, CBX_TONE_PEAK);
    assert_int_equal(settings.scale, 1);
    assert_int_equal(settings.codec, CBX_CODEC_H264);
    assert_null(settings.encoder);
    assert_string_equal(settings.film, "learn.mp4");
    assert_null(settings.data);
    assert_null(settings.picture);
    assert_null(settings.save);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_lesson),
        cmocka_unit_test(nonsense_is_refused),
        cmocka_unit_test(interrupted_run_leaves_valid_outputs),
        cmocka_unit_test(stopping_before_the_first_batch_keeps_old_outputs),
        cmocka_unit_test(stopping_before_the_first_frame_keeps_the_rest),
        cmocka_unit_test(divergence_keeps_old_outputs),
        cmocka_unit_test(missing_inputs_keep_old_outputs),
        cmocka_unit_test(weights_of_another_size_are_refused),
        cmocka_unit_test(outputs_in_no_folder_leave_nothing),
        cmocka_unit_test(no_clobber_keeps_old_outputs),
    };
    return cmocka_run_group_tests_name("learn stops", tests, fixture_setup, fixture_teardown);
}
