/* SPDX-License-Identifier: MIT */
/* The whole job through cbx_learn(): what it reports, draws, films and saves. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>

#include "support/compare.h"
#include "support/files.h"
#include "support/fixture.h"
#include "support/learning.h"
#include "reference/network.h"
#include "support/pictures.h"
#include "support/training.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* 72 images in the training file: 60 train, in 9 batches of at most 7. */
enum { IMAGES = 72, TRAIN = 60, TESTS = 20, BATCHES = 9 };

static void open_run(learning *l) {
    fixture_device(CBX_FAMILY_AUTO); /* skips where no device is allowed */
    learning_open(l, IMAGES, TESTS);
}

static cbx_network *saved_weights(const char *path) {
    cbx_network *network = NULL;
    assert_ok(cbx_network_load(&network, path));
    return network;
}

static void check_plan(const cbx_learn_plan *plan, uint32_t hidden, uint32_t epochs) {
    assert_true(plan->family == CBX_FAMILY_CPU || plan->family == CBX_FAMILY_GPU);
    assert_int_equal(plan->grid.tiles, hidden);
    assert_int_equal(plan->parameters, 785 * hidden + (hidden + 1) * 10);
    assert_int_equal(plan->training_images, TRAIN);
    assert_int_equal(plan->validation_images, IMAGES - TRAIN);
    assert_int_equal(plan->test_images, TESTS);
    assert_int_equal(plan->batches_per_epoch, BATCHES);
    assert_int_equal(plan->batches, BATCHES * epochs);
    assert_int_equal(plan->frames, BATCHES * epochs);
    assert_non_null(plan->encoder);
    assert_true(plan->first_learning_rate_hidden > 0 && plan->first_learning_rate_output > 0);
}

/* Losses and accuracies as reported, against the reference with the weights saved. */
static void check_scores(const learning *l, cbx_epoch_report *last,
                         const cbx_learn_result *result) {
    cbx_dataset *dataset = NULL;
    cbx_network *network = saved_weights(l->save);
    assert_ok(cbx_dataset_load(&dataset, l->data));
    cbx_reference r;
    assert_ok(cbx_reference_init(&r, CBX_RECIPE_LESSON, network, 64));
    cbx_reference_verdict train = cbx_reference_evaluate(&r, dataset, CBX_TRAIN, 1e-4);
    cbx_reference_verdict validation = cbx_reference_evaluate(&r, dataset, CBX_VALIDATION, 1e-4);
    cbx_reference_verdict test = cbx_reference_evaluate(&r, dataset, CBX_TEST, 1e-4);
    assert_number_close(last->train_loss, train.loss, 1e-5 * train.loss, "training loss");
    assert_number_close(last->validation_loss, validation.loss, 1e-5 * validation.loss,
                        "validation loss");
    assert_number_close(last->validation_accuracy * (double)validation.images,
                        (double)validation.correct, (double)validation.close + 1e-6,
                        "right answers in validation");
    assert_confusion(last->validation_confusion, validation.images,
                     (uint64_t)lround(last->validation_accuracy * (double)validation.images),
                     &validation, "confusion in validation");
    assert_number_close(result->test_loss, test.loss, 1e-5 * test.loss, "test loss");
    assert_number_close(result->test_accuracy * (double)test.images, (double)test.correct,
                        (double)test.close + 1e-6, "right answers in the test");
    cbx_reference_clear(&r);
    cbx_network_destroy(network);
    cbx_dataset_destroy(dataset);
}

static void check_film(const learning *l, const cbx_learn_plan *plan, const char *encoder,
                       const cbx_learn_result *result) {
    size_t bytes;
    uint32_t width, height;
    assert_string_equal(plan->encoder, encoder);
    assert_string_equal(result->film.encoder, encoder);
    assert_true(result->film.encode_seconds > 0);
    assert_true(result->times.encode >= result->film.encode_seconds);
    assert_int_equal(result->film.frames, plan->frames);
    free(scratch_read(l->film, &bytes));
    assert_int_equal(result->film.bytes, bytes);
    assert_int_equal(learning_film_frames(l->film, &width, &height), plan->frames);
    assert_int_equal(width, plan->grid.width);
    assert_int_equal(height, plan->grid.height);
}

static void check_report(int encoder) {
    learning l;
    learning_log log = {0};
    cbx_learn_result result;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    settings.hidden = 37;
    settings.epochs = 3;
    settings.device_times = 1;
    settings.encoder = learning_encoder(encoder);
    settings.film = l.film;
    settings.picture = l.picture;
    settings.save = l.save;
    assert_ok(learning_run(&settings, &log, &result));

    assert_int_equal(log.started, 1);
    assert_int_equal(log.epochs, 3);
    assert_int_equal(log.disorder, 0);
    assert_true(log.progress <= 3 * BATCHES);
    assert_true(log.asked >= 3 * 2); /* between batches, of which several go together */
    check_plan(&log.plan, 37, 3);
    assert_int_equal(result.interrupted, 0);
    assert_int_equal(result.epochs, 3);
    assert_int_equal(result.batches, 3 * BATCHES);
    check_film(&l, &log.plan, settings.encoder, &result);
    assert_true(result.times.total > 0 && result.times.total < 600);
    check_scores(&l, &log.reports[2], &result);
    assert_int_equal(files_count(l.folder), 3);
    learning_close(&l);
}

static void run_reports_what_it_did(void **state) {
    (void)state;
    for (int encoder = 0; encoder < LEARNING_ENCODERS; encoder++) {
        check_report(encoder);
    }
}

/* The smallest call there is. */
static void run_needs_no_observer_and_no_result(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_int_equal(files_count(l.folder), 0);
    learning_close(&l);
}

static void check_picture(const learning *l, uint32_t hidden, cbx_tone tone, uint32_t scale) {
    char what[64];
    uint32_t width, height;
    cbx_learn_settings settings = learning_settings(l);
    settings.hidden = hidden;
    settings.tone = tone;
    settings.scale = scale;
    settings.picture = l->picture;
    settings.save = l->save;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    snprintf(what, sizeof what, "picture of H=%u, tone %d, scale %u", hidden, (int)tone, scale);
    cbx_network *network = saved_weights(l->save);
    cbx_reference_picture expected = picture_of(network->w1, hidden, tone, scale);
    uint8_t *rgb = learning_read_png(l->picture, &width, &height);
    assert_int_equal(width, expected.width);
    assert_int_equal(height, expected.height);
    assert_picture_rgb(&expected, rgb, what);
    free(rgb);
    cbx_reference_picture_clear(&expected);
    cbx_network_destroy(network);
}

static void picture_is_the_reference(void **state) {
    (void)state;
    static const uint32_t hidden_sizes[] = {1, 3, 37, 64, 100};
    static const cbx_tone tones[] = {CBX_TONE_PEAK, CBX_TONE_RANGE, CBX_TONE_SIGNED};
    learning l;
    open_run(&l);
    for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
        for (size_t t = 0; t < COUNT(tones); t++) {
            check_picture(&l, hidden_sizes[h], tones[t], 1);
            check_picture(&l, hidden_sizes[h], tones[t], 3);
        }
    }
    learning_close(&l);
}

/* Schedules draw the last frame in their own ways; a film must not change it. */
static void picture_is_the_same_beside_a_film(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    for (int schedule = CBX_SCHEDULE_FUSED; schedule <= CBX_SCHEDULE_STEPWISE; schedule++) {
        cbx_learn_settings settings = learning_settings(&l);
        settings.hidden = 37;
        settings.schedule = (cbx_schedule)schedule;
        settings.family = schedule == CBX_SCHEDULE_SPARSE ? CBX_FAMILY_CPU : CBX_FAMILY_AUTO;
        settings.picture = l.picture;
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
        settings.picture = l.second;
        settings.film = l.film;
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
        assert_files_same(l.second, l.picture);
    }
    learning_close(&l);
}

static void check_frame_count(const learning *l, uint32_t every, uint64_t expected) {
    learning_log log = {0};
    cbx_learn_result result;
    uint32_t width, height;
    cbx_learn_settings settings = learning_settings(l);
    settings.epochs = 2;
    settings.film = l->film;
    settings.frame_every = every;
    assert_ok(learning_run(&settings, &log, &result));
    assert_int_equal(log.plan.frames, expected);
    assert_int_equal(result.film.frames, expected);
    assert_int_equal(learning_film_frames(l->film, &width, &height), expected);
}

/* A frame after every N-th batch of the whole run, and one after the very last. */
static void frames_can_be_skipped(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    check_frame_count(&l, 1, 18);
    check_frame_count(&l, 3, 6);
    check_frame_count(&l, 5, 4);
    check_frame_count(&l, 18, 1);
    check_frame_count(&l, 1000, 1);
    learning_close(&l);
}

static void same_seed_gives_the_same_bits(void **state) {
    (void)state;
    learning l;
    char weights[2 * SCRATCH_PATH + 16];
    open_run(&l);
    snprintf(weights, sizeof weights, "%s.safetensors", l.second);
    cbx_learn_settings settings = learning_settings(&l);
    settings.hidden = 37;
    settings.epochs = 2;
    settings.film = l.film;
    settings.save = l.save;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    settings.film = l.second;
    settings.save = weights;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_files_same(l.second, l.film);
    cbx_network *once = saved_weights(l.save), *again = saved_weights(weights);
    assert_networks_same(again, once, "second run");
    cbx_network_destroy(again);

    settings.seed = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    again = saved_weights(weights);
    assert_memory_not_equal(again->w1, once->w1, 37 * sizeof *once->w1);
    cbx_network_destroy(again);
    cbx_network_destroy(once);
    learning_close(&l);
}

/* 500 frames: several groups for each of up to seven encoders. */
static void workers_do_not_change_the_film(void **state) {
    (void)state;
    static const uint32_t workers[] = {2, 7};
    learning l;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, 600, 10);
    cbx_learn_settings settings = learning_settings(&l);
    settings.batch = 1;
    settings.film = l.film;
    settings.encoder = learning_encoder(LEARNING_SOFTWARE);
    settings.workers = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    for (size_t i = 0; i < COUNT(workers); i++) {
        settings.film = l.second;
        settings.workers = workers[i];
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
        assert_files_same(l.second, l.film);
    }
    learning_close(&l);
}

/* One epoch, saved and continued by another, is the same as two in one go. */
static void saved_weights_continue_exactly(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_settings settings = learning_settings(&l);
    settings.hidden = 37;
    settings.no_shuffle = 1;
    settings.epochs = 2;
    settings.save = l.save;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    cbx_network *whole = saved_weights(l.save);
    settings.epochs = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    settings.init = l.save;
    settings.save = l.second;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    cbx_network *halves = saved_weights(l.second);
    assert_networks_same(halves, whole, "two runs of one epoch");
    cbx_network_destroy(halves);
    cbx_network_destroy(whole);
    learning_close(&l);
}

/* The same seed takes the same orders, so this repeats the whole job on the host. */
/* On processors every schedule gives the bits of the canon: weights, and a film of them. */
static void every_schedule_learns_the_same(void **state) {
    (void)state;
    learning l;
    open_run(&l);
    cbx_learn_result first;
    for (cbx_schedule schedule = 0; cbx_schedule_name(schedule); schedule++) {
        cbx_learn_settings settings = learning_settings(&l);
        cbx_learn_result result;
        settings.hidden = 64;
        settings.family = CBX_FAMILY_CPU;
        settings.schedule = schedule;
        settings.save = l.save;
        settings.film = l.film;
        assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
        first = schedule == 0 ? result : first;
        assert_string_equal(result.weights_sha256, first.weights_sha256);
        assert_string_equal(result.film_sha256, first.film_sha256);
        assert_true(result.test_loss == first.test_loss);
    }
    learning_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_reports_what_it_did),
        cmocka_unit_test(run_needs_no_observer_and_no_result),
        cmocka_unit_test(picture_is_the_reference),
        cmocka_unit_test(picture_is_the_same_beside_a_film),
        cmocka_unit_test(frames_can_be_skipped),
        cmocka_unit_test(same_seed_gives_the_same_bits),
        cmocka_unit_test(workers_do_not_change_the_film),
        cmocka_unit_test(saved_weights_continue_exactly),
        cmocka_unit_test(every_schedule_learns_the_same),
    };
    return cmocka_run_group_tests_name("learn", tests, fixture_setup, fixture_teardown);
}
