/* SPDX-License-Identifier: MIT */
/* One whole epoch of MNIST at H = 64 against the double-precision reference from the
 * same start and order. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>

#include "support/compare.h"
#include "support/fixture.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { HIDDEN = 64, BATCH = 64 };

static const cbx_rates rates = {0.005f, 0.005f};

static cbx_dataset *dataset;
static uint32_t *order, train_count;

static int set_up(void **state) {
    const char *folder = getenv("CBX_TEST_DATA");
    if (folder == NULL || fixture_setup(state) != 0) {
        print_error("CBX_TEST_DATA must name the folder of MNIST\n");
        return -1;
    }
    if (cbx_dataset_load(&dataset, folder) != CBX_OK) {
        print_error("%s\n", cbx_last_error());
        return -1;
    }
    train_count = (uint32_t)cbx_dataset_images(dataset, CBX_TRAIN).count;
    order = synthetic_order(train_count, 51);
    return 0;
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

static void enqueue_epoch(cbx_trainer *trainer) {
    uint32_t full = train_count / BATCH, rest = train_count % BATCH;
    assert_ok(cbx_trainer_steps(trainer, 0, full, rates, 0));
    if (rest > 0) {
        assert_ok(cbx_trainer_step(trainer, full * BATCH, rest, rates, full));
    }
    assert_ok(cbx_trainer_check(trainer));
}

/* 782 batches: each rounds the weights (u·√782 = 2e-6 of them where roundings do not
 * line up) and brings an update that is off by some 1e-6 of its size; training at a
 * stable rate does not amplify that much. Measured on PoCL: 2e-6 of the largest weight;
 * 2e-5 leaves other devices' exp and sums a factor of ten. Losses and answers are
 * averages over thousands of images. */
static void check_epoch(fixture_way way, cbx_recipe recipe, const cbx_network *start,
                        const cbx_reference *r, const cbx_reference_verdict *validation) {
    char what[64];
    cbx_evaluation got;
    snprintf(what, sizeof what, "%s %s", cbx_recipe_name(recipe), way.name);
    cbx_trainer *trainer = training_start(way, recipe, dataset, start, BATCH, order, train_count);
    enqueue_epoch(trainer);
    training_bounds bounds = {2e-5 * largest_magnitude(r->w1, CBX_W1_ROWS * HIDDEN),
                              2e-5 * largest_magnitude(r->w2, (1 + HIDDEN) * CBX_CLASSES)};
    assert_training_close(trainer, r, bounds, what);
    assert_ok(cbx_trainer_evaluate(trainer, CBX_VALIDATION, &got));
    assert_number_close(got.loss, validation->loss, 1e-5 * validation->loss, "validation loss");
    assert_number_close((double)got.correct, (double)validation->correct, (double)validation->close,
                        "correct answers");
    assert_true(got.correct > got.images * 8 / 10);
    cbx_trainer_destroy(trainer);
}

static void check_recipe(cbx_recipe recipe) {
    cbx_network *start = synthetic_network(HIDDEN, 52);
    cbx_reference r;
    assert_ok(cbx_reference_init(&r, recipe, start, BATCH));
    for (uint32_t first = 0; first < train_count; first += BATCH) {
        uint32_t rows = train_count - first < BATCH ? train_count - first : BATCH;
        cbx_reference_step(&r, dataset, order, first, rows, rates);
    }
    cbx_reference_verdict validation = cbx_reference_evaluate(&r, dataset, CBX_VALIDATION, 1e-3);
    for (size_t w = 0; w < fixture_way_count; w++) {
        check_epoch(fixture_ways[w], recipe, start, &r, &validation);
    }
    cbx_reference_clear(&r);
    cbx_network_destroy(start);
}

static void lesson_epoch_matches_the_reference(void **state) {
    (void)state;
    check_recipe(CBX_RECIPE_LESSON);
}

static void nll_epoch_matches_the_reference(void **state) {
    (void)state;
    check_recipe(CBX_RECIPE_NLL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_epoch_matches_the_reference),
        cmocka_unit_test(nll_epoch_matches_the_reference),
    };
    return cmocka_run_group_tests_name("epoch", tests, set_up, tear_down);
}
