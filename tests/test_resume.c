/* SPDX-License-Identifier: MIT */
/* Runs that are stopped, and go on from their checkpoint: what comes of them is what comes of a run
 * that was never stopped, to the byte. Those that are killed are in cli/test_resume.py. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/files.h"
#include "support/fixture.h"
#include "support/learning.h"

#include "support/dataset.h"

enum { IMAGES = 72, BATCHES = 3 * 60 };

typedef struct going {
    learning whole, broken; /* never stopped, and stopped */
    char checkpoint[2 * SCRATCH_PATH];
} going;

static void open_both(going *g) {
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&g->whole, IMAGES, 20);
    learning_open(&g->broken, IMAGES, 20);
    snprintf(g->checkpoint, sizeof g->checkpoint, "%s/run.checkpoint", g->broken.folder);
}

static void close_both(going *g) {
    learning_close(&g->whole);
    learning_close(&g->broken);
}

/* How pictures are taken: after every batch; by the clock, with captions; and not at all. */
enum { EVERY_BATCH, BY_CLOCK, NO_FILM, WAYS };

static cbx_learn_settings settings_for(const learning *l, int way) {
    cbx_learn_settings settings = learning_settings(l);
    settings.epochs = 3;
    settings.batch = 1;
    settings.recipe = CBX_RECIPE_NLL;
    settings.picture = l->picture;
    if (way != NO_FILM) {
        settings.encoder = learning_encoder(LEARNING_DEVICE);
        settings.film = l->film;
        settings.poster = l->poster;
        settings.hash_film = 1;
    }
    if (way == BY_CLOCK) {
        assert_ok(cbx_learn_set_style(&settings, CBX_STYLE_SHOW));
        settings.scale = 1;
        settings.fps = 20;
        settings.batch_losses = 1;
    }
    return settings;
}

static void assert_outputs_same(const learning *a, const learning *b, int way) {
    assert_files_same(a->picture, b->picture);
    if (way != NO_FILM) {
        assert_files_same(a->film, b->film);
        assert_files_same(a->poster, b->poster);
    }
}

/* As far as a run of settings without an end. */
static void assert_reports_same(const learning_log *a, const learning_log *b) {
    assert_int_equal(a->epochs, b->epochs);
    assert_int_equal(a->disorder, 0);
    for (unsigned i = 0; i < b->epochs; i++) {
        const cbx_epoch_report *x = &a->reports[i], *y = &b->reports[i];
        assert_int_equal(x->epoch, y->epoch);
        assert_memory_equal(&x->train_loss, &y->train_loss, sizeof x->train_loss);
        assert_memory_equal(&x->validation_loss, &y->validation_loss, sizeof x->validation_loss);
        assert_memory_equal(x->validation_confusion, y->validation_confusion,
                            sizeof x->validation_confusion);
    }
}

/* Stops again and again, each time `step` questions further. */
static void stop_and_go_on(going *g, int way, uint64_t step) {
    cbx_learn_settings settings = settings_for(&g->broken, way);
    cbx_learn_result result, whole;
    learning_log log = {.stop_at = step}, never = {.stop_at = 0};
    const cbx_learn_settings undisturbed = settings_for(&g->whole, way);
    assert_ok(learning_run(&undisturbed, &never, &whole));
    settings.checkpoint = g->checkpoint;
    settings.checkpoint_seconds = 0.0;
    cbx_status status = learning_run(&settings, &log, &result);
    int stops = 0;
    for (; status == CBX_INTERRUPTED; stops++) {
        assert_true(result.kept[CBX_LEARN_CHECKPOINT]);
        settings.resume = g->checkpoint;
        log = (learning_log){.stop_at = step};
        status = learning_run(&settings, &log, &result);
    }
    assert_ok(status);
    assert_in_range(stops, 1, BATCHES);
    assert_int_equal(result.batches, BATCHES);
    assert_string_equal(result.weights_sha256, whole.weights_sha256);
    assert_string_equal(result.film_sha256, whole.film_sha256);
    assert_memory_equal(&result.test_loss, &whole.test_loss, sizeof whole.test_loss);
    assert_reports_same(&log, &never);
    assert_outputs_same(&g->broken, &g->whole, way);
    assert_int_equal(files_count(g->broken.folder), files_count(g->whole.folder) + 1);
    settings.resume = g->checkpoint;
    assert_fails(cbx_learn(&settings, NULL, 0, NULL, NULL), CBX_BAD_ARGUMENT, "is over");
}

static void a_run_that_goes_on_ends_as_if_it_had_not_stopped(void **state) {
    (void)state;
    static const uint64_t steps[] = {3, 8};
    for (int way = 0; way < WAYS; way++) {
        for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
            going g;
            open_both(&g);
            stop_and_go_on(&g, way, steps[i]);
            close_both(&g);
        }
    }
}

/* Leaves a checkpoint of a run that was stopped. */
static cbx_learn_settings stopped(going *g, int way) {
    cbx_learn_settings settings = settings_for(&g->broken, way);
    learning_log log = {.stop_at = 4};
    settings.checkpoint = g->checkpoint;
    assert_fails(learning_run(&settings, &log, NULL), CBX_INTERRUPTED, "stopped after batch");
    settings.resume = g->checkpoint;
    return settings;
}

static void assert_run_fails(const cbx_learn_settings *settings, cbx_status status,
                             const char *why) {
    assert_fails(cbx_learn(settings, NULL, 0, NULL, NULL), status, why);
}

static void settings_of_another_run_are_refused_by_name(void **state) {
    (void)state;
    going g;
    open_both(&g);
    const cbx_learn_settings same = stopped(&g, EVERY_BATCH);
    cbx_learn_settings other = same;
    other.hidden = 4;
    assert_run_fails(&other, CBX_BAD_ARGUMENT, "a run with hidden 3, not 4");
    other = same;
    other.recipe = CBX_RECIPE_LESSON;
    assert_run_fails(&other, CBX_BAD_ARGUMENT, "a run with recipe nll, not lesson");
    other = same;
    other.init = "weights";
    assert_run_fails(&other, CBX_BAD_ARGUMENT, "a run with init left out, not weights");
    other = same;
    other.learning_rate = 0.25;
    assert_run_fails(&other, CBX_BAD_ARGUMENT, "learning_rate 0, not 0.25");
    other = same;
    other.film = g.checkpoint;
    assert_run_fails(&other, CBX_BAD_ARGUMENT, "");
    synthetic_write(g.broken.data, IMAGES, 20, 62);
    assert_run_fails(&same, CBX_BAD_DATA, "of a run on other images");
    close_both(&g);
}

static void a_second_start_does_not_replace_progress(void **state) {
    (void)state;
    going g;
    open_both(&g);
    cbx_learn_settings settings = stopped(&g, NO_FILM);
    settings.resume = NULL;
    assert_run_fails(&settings, CBX_CANNOT_CREATE, "may have the progress of another run");
    settings.checkpoint = "/dev/null";
    assert_run_fails(&settings, CBX_CANNOT_CREATE, "no file");
    settings.checkpoint = g.checkpoint;
    settings.overwrite = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    close_both(&g);
}

/* The name of the one file of the folder that has frames. */
static void remove_spool(const going *g) {
    char command[4 * SCRATCH_PATH];
    snprintf(command, sizeof command, "rm '%s'/.film.mp4.spool-*", g->broken.folder);
    assert_int_equal(system(command), 0);
}

static void a_run_whose_frames_are_gone_goes_on_without_a_film(void **state) {
    (void)state;
    going g;
    cbx_learn_result result, whole;
    open_both(&g);
    cbx_learn_settings settings = stopped(&g, EVERY_BATCH);
    const cbx_learn_settings undisturbed = settings_for(&g.whole, NO_FILM);
    remove_spool(&g);
    assert_run_fails(&settings, CBX_MISSING_INPUT, "cannot use the frames in ");
    settings.film = settings.poster = NULL;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
    assert_ok(cbx_learn(&undisturbed, NULL, 0, NULL, &whole));
    assert_string_equal(result.weights_sha256, whole.weights_sha256);
    close_both(&g);
}

static void outputs_may_go_elsewhere(void **state) {
    (void)state;
    going g;
    cbx_learn_result result, whole;
    open_both(&g);
    cbx_learn_settings settings = stopped(&g, EVERY_BATCH);
    const cbx_learn_settings undisturbed = settings_for(&g.whole, EVERY_BATCH);
    char film[2 * SCRATCH_PATH + 8];
    snprintf(film, sizeof film, "%s.mp4", g.broken.second);
    settings.film = film;
    settings.save = g.broken.save;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
    assert_ok(cbx_learn(&undisturbed, NULL, 0, NULL, &whole));
    assert_files_same(film, g.whole.film);
    assert_true(files_exist(g.broken.save));
    close_both(&g);
}

static void a_film_of_another_encoder_is_refused(void **state) {
    (void)state;
    going g;
    open_both(&g);
    cbx_learn_settings settings = settings_for(&g.broken, EVERY_BATCH);
    settings.checkpoint = g.checkpoint;
    settings.encoder = "libx264";
    assert_run_fails(&settings, CBX_BAD_ARGUMENT, "films with the encoder device alone");
    settings.encoder = NULL;
    settings.poster = NULL;
    settings.film = g.broken.second;
    settings.container = CBX_CONTAINER_GIF;
    assert_run_fails(&settings, CBX_BAD_ARGUMENT, "films with the encoder device alone");
    settings.checkpoint_seconds = -1.0;
    assert_run_fails(&settings, CBX_BAD_ARGUMENT, "seconds between checkpoints");
    assert_int_equal(files_count(g.broken.folder), 0);
    close_both(&g);
}

/* What cbx_resumed_open() says of a file that was made by the first release with checkpoints. */
static void the_first_file_opens_for_ever(void **state) {
    (void)state;
    cbx_resumed *resumed = NULL;
    cbx_network *network = NULL;
    assert_ok(cbx_resumed_open(&resumed, CBX_TEST_CHECKPOINT));
    const cbx_learn_settings *settings = cbx_resumed_settings(resumed);
    assert_int_equal(settings->hidden, 8);
    assert_int_equal(settings->epochs, 3);
    assert_int_equal(settings->batch, 10);
    assert_int_equal(settings->recipe, CBX_RECIPE_NLL);
    assert_true(settings->seed == 7);
    assert_string_equal(settings->resume, CBX_TEST_CHECKPOINT);
    assert_string_equal(settings->film, "/tmp/learn.mp4");
    assert_true(cbx_resumed_batches(resumed) > 0 && !cbx_resumed_is_finished(resumed));
    cbx_resumed_close(resumed);
    assert_ok(cbx_network_load(&network, CBX_TEST_CHECKPOINT));
    assert_int_equal(network->hidden, 8);
    cbx_network_destroy(network);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_that_goes_on_ends_as_if_it_had_not_stopped),
        cmocka_unit_test(settings_of_another_run_are_refused_by_name),
        cmocka_unit_test(a_second_start_does_not_replace_progress),
        cmocka_unit_test(a_run_whose_frames_are_gone_goes_on_without_a_film),
        cmocka_unit_test(outputs_may_go_elsewhere),
        cmocka_unit_test(a_film_of_another_encoder_is_refused),
        cmocka_unit_test(the_first_file_opens_for_ever),
    };
    return cmocka_run_group_tests_name("resume", tests, fixture_setup, fixture_teardown);
}
