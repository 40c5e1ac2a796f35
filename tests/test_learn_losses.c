/* SPDX-License-Identifier: MIT */
/* The losses of all batches that cbx_learn() tells its observers: the means of what the trainer
 * keeps, of every way to train, with a film and without. */
#include "support/test.h"

#include <string.h>

#include "data/dataset.h"
#include "reference/canon.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/learning.h"

/* 60 images train, in batches of 7: 9 an epoch, the last of 4 images. */
enum { IMAGES = 72, TRAIN = 60, TESTS = 20, HIDDEN = 37, BATCH = 7, BATCHES = 9, EPOCHS = 2 };

/* What an observer was told. */
typedef struct notes {
    double losses[EPOCHS * BATCHES];
    uint32_t epochs;
    int none; /* of the losses */
} notes;

static cbx_status take(void *user, const cbx_epoch_report *report) {
    notes *to = user;
    assert_int_equal(report->batches, BATCHES);
    assert_in_range(report->epoch, 1, EPOCHS);
    to->none = !report->batch_losses;
    if (!to->none) {
        memcpy(to->losses + (report->epoch - 1) * BATCHES, report->batch_losses,
               BATCHES * sizeof *to->losses);
    }
    to->epochs++;
    return CBX_OK;
}

static notes run(const cbx_learn_settings *settings) {
    notes all = {.epochs = 0};
    const cbx_learn_observer observer = {.finished_epoch = take, .user = &all};
    assert_ok(cbx_learn(settings, &observer, 1, NULL, NULL));
    assert_int_equal(all.epochs, settings->epochs);
    return all;
}

/* In the order of the file, which needs no random numbers. */
static cbx_learn_settings settings_of(const learning *l) {
    cbx_learn_settings settings = learning_settings(l);
    settings.hidden = HIDDEN;
    settings.epochs = EPOCHS;
    settings.batch = BATCH;
    settings.no_shuffle = 1;
    settings.batch_losses = 1;
    return settings;
}

static notes truth_of(const cbx_learn_settings *settings) {
    const cbx_rates rates = {0.005f, 0.005f};
    notes out = {.epochs = EPOCHS};
    cbx_dataset *dataset;
    cbx_network *start;
    cbx_canon canon;
    assert_ok(cbx_dataset_load(&dataset, settings->data));
    assert_ok(cbx_network_create(&start, HIDDEN));
    cbx_network_randomise(start, settings->seed);
    assert_ok(cbx_canon_init(&canon, CBX_RECIPE_LESSON, start, BATCH));
    for (size_t i = 0; i < EPOCHS * BATCHES; i++) {
        const size_t first = i % BATCHES * BATCH, left = TRAIN - first;
        float losses[BATCH];
        cbx_canon_step(&canon, dataset, NULL, first, left < BATCH ? left : BATCH, rates);
        cbx_canon_losses(&canon, losses);
        for (size_t row = 0; row < canon.rows; row++) {
            out.losses[i] += (double)losses[row];
        }
        out.losses[i] /= (double)canon.rows;
    }
    cbx_canon_clear(&canon);
    cbx_network_destroy(start);
    cbx_dataset_destroy(dataset);
    return out;
}

static void assert_means(fixture_way way, const notes *is, const notes *should) {
    assert_false(is->none);
    for (size_t i = 0; i < EPOCHS * BATCHES; i++) {
        const int exact = cbx_device_arithmetic(fixture_device(way.family)) == CBX_ARITHMETIC_CANON;
        assert_number_close(is->losses[i], should->losses[i], exact ? 0.0 : 1e-4, way.name);
    }
}

static void observers_are_told_the_mean_of_every_batch(void **state) {
    learning l;
    (void)state;
    fixture_device(CBX_FAMILY_AUTO); /* skips where no device is allowed */
    learning_open(&l, IMAGES, TESTS);
    cbx_learn_settings settings = settings_of(&l);
    const notes should = truth_of(&settings);
    for (size_t w = 0; w < 2 * fixture_way_count; w++) {
        const fixture_way way = fixture_ways[w / 2];
        settings.family = way.family;
        settings.schedule = way.schedule;
        settings.film = w % 2 > 0 ? l.film : NULL;
        settings.encoder = "device";
        const notes is = run(&settings);
        assert_means(way, &is, &should);
    }
    learning_close(&l);
}

/* A page shows them, so there they are. */
static void they_are_kept_where_they_are_wanted(void **state) {
    learning l;
    (void)state;
    fixture_device(CBX_FAMILY_AUTO);
    learning_open(&l, IMAGES, TESTS);
    cbx_learn_settings settings = settings_of(&l);
    settings.batch_losses = 0;
    assert_true(run(&settings).none);
    settings.report = l.report;
    assert_false(run(&settings).none);
    learning_close(&l);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(observers_are_told_the_mean_of_every_batch),
        cmocka_unit_test(they_are_kept_where_they_are_wanted),
    };
    return cmocka_run_group_tests_name("learn losses", tests, fixture_setup, fixture_teardown);
}
