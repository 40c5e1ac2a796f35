/* SPDX-License-Identifier: MIT */
/* Measuring: the baseline trains as the device does, and every number that comes out
 * is one. Nothing here depends on how fast the machine is. */
#include "support/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/blas.h"
#include "bench/meter.h"
#include "bench/peak.h"
#include "bench/statistics.h"
#include "network/trainer.h"

enum { TRAIN = 500, VALIDATION = 100, TEST = BENCH_TEST };

static int is_rate(double value) {
    return isfinite(value) && value > 0.0;
}

static void assert_spread(const cbx_spread *spread) {
    assert_true(is_rate(spread->least) && is_rate(spread->median) && is_rate(spread->most));
    assert_true(spread->least <= spread->median && spread->median <= spread->most);
}

/* ---- numbers ---- */

static void test_spread(void **state) {
    (void)state;
    double odd[] = {3.0, 1.0, 7.0}, even[] = {8.0, 2.0, 4.0, 1.0}, one[] = {5.0};
    cbx_spread spread = cbx_spread_of(odd, 3);
    assert_true(spread.least == 1.0 && spread.median == 3.0 && spread.most == 7.0);
    spread = cbx_spread_of(even, 4);
    assert_true(spread.least == 1.0 && spread.median == 3.0 && spread.most == 8.0);
    spread = cbx_spread_of(one, 1);
    assert_true(spread.least == 5.0 && spread.median == 5.0 && spread.most == 5.0);
}

static void test_scale(void **state) {
    (void)state;
    assert_int_equal(cbx_meter_scale(10, 1.0, 3.0), 30);
    assert_int_equal(cbx_meter_scale(10, 1.0, 1000.0), 160);
    assert_int_equal(cbx_meter_scale(10, 5.0, 1.0), 11);
    assert_int_equal(cbx_meter_scale(10, 0.0, 1.0), 160);
}

/* What bench.h says, spelled out product by product. */
static void test_costs(void **state) {
    (void)state;
    const cbx_bench_settings settings = {.hidden = 37, .batch = 7};
    const double hidden = 2.0 * 7 * 37 * 785, output = 2.0 * 7 * 37 * 10;
    const double batch = hidden + output    /* forward */
                         + output           /* hidden error */
                         + output + hidden; /* both updates */
    assert_true(cbx_train_flop(&settings, 7) == batch);
    assert_true(cbx_evaluate_flop(&settings, 7) == hidden + output);
    assert_true(cbx_batch_bytes(&settings) == 2.0 * 785 * 37 * 4 + 7.0 * 784 * 4);
}

static void test_settings(void **state) {
    (void)state;
    cbx_bench_settings settings;
    cbx_bench_defaults(&settings);
    assert_ok(cbx_bench_check(&settings));
    settings.repetitions = 0;
    assert_fails(cbx_bench_check(&settings), CBX_BAD_ARGUMENT, "repetitions");
    cbx_bench_defaults(&settings);
    settings.seconds = (double)NAN;
    assert_fails(cbx_bench_check(&settings), CBX_BAD_ARGUMENT, "seconds");
    cbx_bench_defaults(&settings);
    settings.hidden = CBX_MAX_HIDDEN + 1;
    assert_fails(cbx_bench_check(&settings), CBX_BAD_ARGUMENT, "hidden");
    cbx_bench_defaults(&settings);
    settings.batch = 0;
    assert_fails(cbx_bench_check(&settings), CBX_BAD_ARGUMENT, "batch");
}

/* ---- measurements ---- */

static void test_limits(void **state) {
    const bench_fixture *f = *state;
    cbx_bench_settings settings;
    cbx_bench_limits limits;
    memset(&limits, 0, sizeof limits);
    cbx_bench_defaults(&settings);
    settings.repetitions = 2;
    assert_ok(cbx_bench_measure_limits(f->bench, &settings, 4u << 20, &limits));
    assert_spread(&limits.peak);
    assert_spread(&limits.copy);
    assert_spread(&limits.read);
    assert_true(limits.bandwidth >= limits.copy.median);
    assert_true(limits.bandwidth >= limits.read.median);
    assert_true(limits.buffer_bytes > 0 && limits.buffer_bytes <= 4u << 20);
    assert_true(is_rate(limits.launch_seconds) && is_rate(limits.round_trip_seconds));
    settings.repetitions = 0;
    assert_fails(cbx_bench_measure_limits(f->bench, &settings, 0, &limits), CBX_BAD_ARGUMENT, "0");
}

static void assert_training(const cbx_bench_training *got, const cbx_bench_settings *settings) {
    assert_true(got->images > 0);
    assert_spread(&got->epoch_seconds);
    assert_spread(&got->flops);
    assert_spread(&got->peak);
    assert_true(is_rate(got->epochs_per_second) && is_rate(got->images_per_second));
    assert_true(got->batch_flop == cbx_train_flop(settings, settings->batch));
    assert_true(got->batch_bytes == cbx_batch_bytes(settings));
    /* Of each other's sizes, however noisy the machine. */
    const double best = got->flops.most / got->peak.most;
    assert_true(got->share_of_peak > 0.999 * got->flops.least / got->peak.most);
    assert_true(got->share_of_peak < 1.001 * got->flops.most / got->peak.least);
    assert_true(fabs(got->best_share_of_peak - best) < 1e-6 * best);
    assert_true(isfinite(got->flop_per_processor_second));
    assert_true(got->evaluated_images == VALIDATION || got->evaluated_images == TRAIN + VALIDATION);
    assert_spread(&got->evaluate_seconds);
    assert_true(is_rate(got->evaluate_flops));
    assert_true(is_rate(got->evaluate_share_of_peak));
}

static void test_training(void **state) {
    const bench_fixture *f = *state;
    cbx_bench_settings settings;
    cbx_bench_training got;
    cbx_bench_defaults(&settings);
    settings.hidden = 9;
    settings.batch = 48; /* 500 images: 10 batches and a short one */
    settings.repetitions = 2;
    settings.seconds = 0.05;
    f->bench->bandwidth = 0.0;
    for (int i = 0; i < 3; i++) {
        settings.schedule = i == 1 ? CBX_SCHEDULE_STEPWISE : CBX_SCHEDULE_FUSED;
        settings.recipe = i == 2 ? CBX_RECIPE_NLL : CBX_RECIPE_LESSON;
        memset(&got, 0xff, sizeof got);
        assert_ok(cbx_bench_train(f->bench, &settings, &got));
        assert_training(&got, &settings);
        assert_spread(&got.frames_per_second);
        assert_true(got.share_of_bandwidth == 0.0);
    }
    f->bench->bandwidth = 1e9;
    assert_ok(cbx_bench_train(f->bench, &settings, &got));
    assert_true(is_rate(got.share_of_bandwidth));
}

/* No time at all: one batch a repetition, scaled to an epoch. */
static void test_part_of_an_epoch(void **state) {
    const bench_fixture *f = *state;
    cbx_bench_settings settings;
    cbx_bench_training got;
    cbx_bench_defaults(&settings);
    settings.repetitions = 1;
    settings.seconds = 1e-9;
    assert_ok(cbx_bench_train(f->bench, &settings, &got));
    assert_training(&got, &settings);
    assert_int_equal(got.images, settings.batch);
    assert_false(got.whole_epochs);
    assert_int_equal(got.evaluated_images, VALIDATION);
    settings.batch = TRAIN + 1;
    assert_fails(cbx_bench_train(f->bench, &settings, &got), CBX_BAD_ARGUMENT, "500");
}

/* ---- the baseline ---- */

static float at(size_t i) {
    return 0.03f * (float)((int)(i * 11 % 17) - 8);
}

/* W1 and W2 after three batches, on the device and through OpenBLAS. */
static void compare_baseline(const bench_fixture *f, const cbx_blas *blas, cbx_recipe recipe) {
    const uint32_t hidden = 37, rows = 50;
    const cbx_rates rates = {0.004f, 0.006f};
    const cbx_trainer_settings settings = {hidden, rows, recipe, CBX_SCHEDULE_FUSED};
    const cbx_images images = cbx_dataset_images(f->dataset, CBX_TRAIN);
    cbx_network *ours = NULL, *theirs = NULL;
    cbx_trainer *trainer = NULL;
    cbx_blas_batch batch;
    uint32_t order[150];
    assert_ok(cbx_network_create(&ours, hidden));
    assert_ok(cbx_network_create(&theirs, hidden));
    for (size_t i = 0; i < (size_t)CBX_W1_ROWS * hidden; i++) {
        theirs->w1[i] = at(i);
    }
    for (size_t i = 0; i < (size_t)(hidden + 1) * CBX_CLASSES; i++) {
        theirs->w2[i] = at(i + 5);
    }
    for (uint32_t i = 0; i < 150; i++) {
        order[i] = i * 7 % TRAIN;
    }
    assert_ok(cbx_trainer_create(&trainer, f->device, f->dataset, &settings));
    assert_ok(cbx_trainer_set_weights(trainer, theirs));
    assert_ok(cbx_trainer_set_order(trainer, order, 150));
    assert_ok(cbx_trainer_steps(trainer, 0, 3, rates, 0));
    assert_ok(cbx_trainer_get_weights(trainer, ours));
    assert_ok(cbx_blas_batch_create(&batch, rows, hidden));
    for (uint32_t first = 0; first < 150; first += rows) {
        for (uint32_t b = 0; b < rows; b++) {
            const size_t image = order[first + b];
            cbx_dataset_normalise(f->dataset, images.pixels + image * CBX_IMAGE_PIXELS,
                                  CBX_IMAGE_PIXELS, batch.x + (size_t)b * CBX_IMAGE_PIXELS);
            batch.labels[b] = images.labels[image];
        }
        cbx_blas_train(blas, theirs, &batch, rows, recipe, rates);
    }
    /* Weights of at most 1 after sums of 50 and 785 products in another order. */
    for (size_t i = 0; i < (size_t)CBX_W1_ROWS * hidden; i++) {
        assert_true(fabs((double)ours->w1[i] - theirs->w1[i]) <= 2e-5);
    }
    for (size_t i = 0; i < (size_t)(hidden + 1) * CBX_CLASSES; i++) {
        assert_true(fabs((double)ours->w2[i] - theirs->w2[i]) <= 2e-5);
    }
    assert_true(fabs((double)theirs->w1[hidden] - at(hidden)) > 0.0); /* something was learnt */
    cbx_blas_batch_free(&batch);
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(ours);
    cbx_network_destroy(theirs);
}

static void test_baseline(void **state) {
    const bench_fixture *f = *state;
    cbx_blas *blas = NULL;
    cbx_bench_settings settings;
    cbx_bench_training got;
    if (cbx_blas_open(&blas) != CBX_OK) {
        print_message("left out: the baseline, %s\n", cbx_last_error());
        skip();
    }
    assert_true(cbx_blas_threads(blas) >= 1);
    assert_true(cbx_blas_about(blas)[0] != '\0');
    compare_baseline(f, blas, CBX_RECIPE_LESSON);
    compare_baseline(f, blas, CBX_RECIPE_NLL);

    cbx_bench_defaults(&settings);
    settings.hidden = 9;
    settings.repetitions = 2;
    settings.seconds = 0.05;
    assert_ok(cbx_bench_train_blas(blas, f->bench, f->dataset, &settings, &got));
    assert_training(&got, &settings);
    assert_ok(cbx_bench_train_blas(blas, NULL, f->dataset, &settings, &got));
    assert_true(got.share_of_peak == 0.0 && got.peak.median == 0.0);
    assert_true(is_rate(got.images_per_second));
    cbx_blas_close(blas);
}

static void test_no_baseline(void **state) {
    cbx_blas *blas = NULL;
    (void)state;
    assert_int_equal(setenv("CLEARBOX_OPENBLAS", "/nonexistent.so", 1), 0);
    assert_fails(cbx_blas_open(&blas), CBX_MISSING_INPUT, "nonexistent");
    assert_null(blas);
    assert_int_equal(setenv("CLEARBOX_OPENBLAS", "libm.so.6", 1), 0);
    assert_fails(cbx_blas_open(&blas), CBX_MISSING_INPUT, "cblas_sgemm");
    assert_int_equal(unsetenv("CLEARBOX_OPENBLAS"), 0);
}

/* ---- the film ---- */

static void test_film(void **state) {
    bench_fixture *f = *state;
    const size_t entries = scratch_entries(&f->folder);
    cbx_learn_settings job;
    cbx_bench_film film;
    cbx_learn_defaults(&job);
    job.data = scratch_path(&f->folder, ".");
    job.hidden = 9;
    job.epochs = 1;
    job.batch = 50;
    assert_int_equal(setenv("TMPDIR", job.data, 1), 0);
    assert_ok(cbx_bench_measure_film(&job, 0.0, NULL, &film));
    assert_int_equal(film.job.film.frames, 10);
    assert_int_equal(film.job.interrupted, 0);
    assert_true(film.job.film.bytes > 0);
    assert_true(is_rate(film.job.times.total) && is_rate(film.processor_seconds));
    assert_true(is_rate(film.frames_per_second));
    /* No patience at all: whatever there is by then is still a film. */
    job.epochs = 100000;
    assert_ok(cbx_bench_measure_film(&job, 0.5, NULL, &film));
    assert_int_equal(film.job.interrupted, 1);
    assert_true(film.job.film.frames > 0);
    assert_int_equal(scratch_entries(&f->folder), entries);
    assert_ok(cbx_bench_check_film(NULL));
    assert_ok(cbx_bench_check_film("auto"));
    assert_fails(cbx_bench_check_film("x265"), CBX_BAD_ARGUMENT, "unknown encoder");
    assert_int_equal(scratch_entries(&f->folder), entries);
    assert_int_equal(setenv("TMPDIR", "/nonexistent", 1), 0);
    assert_fails(cbx_bench_check_film(NULL), CBX_CANNOT_CREATE, "/nonexistent");
    assert_fails(cbx_bench_measure_film(&job, 0.5, NULL, &film), CBX_CANNOT_CREATE, "/nonexistent");
    assert_int_equal(unsetenv("TMPDIR"), 0);
}

/* ---- stopping ---- */

/* How often a stop was asked for, and from which time on the answer is yes. */
typedef struct patience {
    unsigned asked, limit;
} patience;

static int lose_patience(void *user) {
    patience *left = user;
    return ++left->asked > left->limit;
}

static cbx_status stop_training(const bench_fixture *f, const cbx_bench_settings *settings) {
    cbx_bench_training got;
    return cbx_bench_train(f->bench, settings, &got);
}

static cbx_status stop_limits(const bench_fixture *f, const cbx_bench_settings *settings) {
    cbx_bench_limits limits;
    return cbx_bench_measure_limits(f->bench, settings, 1u << 20, &limits);
}

static cbx_status stop_baseline(const bench_fixture *f, const cbx_bench_settings *settings) {
    cbx_bench_training got;
    cbx_blas *blas = NULL;
    if (cbx_blas_open(&blas) != CBX_OK) {
        return CBX_INTERRUPTED; /* nothing to try */
    }
    cbx_status status = cbx_bench_train_blas(blas, NULL, f->dataset, settings, &got);
    cbx_blas_close(blas);
    return status;
}

static cbx_status stop_film(const bench_fixture *f, const cbx_bench_settings *settings) {
    bench_fixture *mine = (bench_fixture *)(uintptr_t)f;
    cbx_learn_settings job;
    cbx_bench_film film;
    cbx_learn_defaults(&job);
    job.data = scratch_path(&mine->folder, ".");
    job.hidden = 9;
    job.epochs = 100000;
    return cbx_bench_measure_film(&job, 0.0, &settings->stop, &film);
}

/* At once, after some questions, and in the middle of a repetition: of a million epochs
 * in the last case, which would not end before the test's time is over. */
static void test_stopping(void **state) {
    const bench_fixture *f = *state;
    cbx_status (*const measurements[])(const bench_fixture *, const cbx_bench_settings *) = {
        stop_training, stop_limits, stop_baseline, stop_film};
    const unsigned limits[] = {0, 3, 5};
    for (size_t m = 0; m < sizeof measurements / sizeof *measurements; m++) {
        for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
            patience left = {.limit = limits[i]};
            cbx_bench_settings settings;
            cbx_bench_defaults(&settings);
            settings.seconds = 86400.0;
            settings.repetitions = 20;
            settings.stop = (cbx_bench_stop){lose_patience, &left};
            assert_int_equal(measurements[m](f, &settings), CBX_INTERRUPTED);
            assert_true(left.asked <= limits[i] + 1 || measurements[m] == stop_film);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spread),
        cmocka_unit_test(test_scale),
        cmocka_unit_test(test_costs),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_part_of_an_epoch),
        cmocka_unit_test(test_baseline),
        cmocka_unit_test(test_no_baseline),
        cmocka_unit_test(test_film),
        cmocka_unit_test(test_stopping),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
