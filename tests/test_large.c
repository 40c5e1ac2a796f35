/* SPDX-License-Identifier: MIT */
/* A few batches with hidden layers of thousands of neurons: whole panels and a last
 * one that is not full, strides that are powers of two, launches of many groups. */
#include "support/test.h"

#include <stdio.h>

#include "support/compare.h"
#include "support/fixture.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { TRAIN = 135, BATCH = 64 };

/* The outputs are sums of thousands of terms here, so small steps suffice. */
static const cbx_rates rates = {0.005f, 0.0005f};

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, 162, 10, 71, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

/* Two full batches and a short one. */
static void check_size(uint32_t hidden, cbx_recipe recipe) {
    cbx_network *start = synthetic_network(hidden, 73);
    cbx_reference r;
    assert_ok(cbx_reference_init(&r, recipe, start, BATCH));
    training_trace trace = {0};
    for (uint32_t first = 0; first < TRAIN; first += BATCH) {
        uint32_t rows = TRAIN - first < BATCH ? TRAIN - first : BATCH;
        training_reference_step(&r, &trace, dataset, order, first, rows, rates);
    }
    cbx_reference_verdict expected = cbx_reference_evaluate(&r, dataset, CBX_VALIDATION, 1e-3);
    for (size_t w = 0; w < fixture_way_count; w++) {
        char what[64];
        cbx_evaluation got;
        snprintf(what, sizeof what, "%s %s H=%u", cbx_recipe_name(recipe), fixture_ways[w].name,
                 hidden);
        cbx_trainer *trainer =
            training_start(fixture_ways[w], recipe, dataset, start, BATCH, order, TRAIN);
        assert_ok(cbx_trainer_steps(trainer, 0, TRAIN / BATCH, rates, 0));
        assert_ok(cbx_trainer_step(trainer, TRAIN / BATCH * BATCH, TRAIN % BATCH, rates, 2));
        assert_ok(cbx_trainer_check(trainer));
        assert_training_close(trainer, &r, training_tolerance(&r, &trace), what);
        assert_ok(cbx_trainer_evaluate(trainer, CBX_VALIDATION, &got));
        assert_number_close(got.loss, expected.loss, 1e-5 * expected.loss, what);
        cbx_trainer_destroy(trainer);
    }
    cbx_reference_clear(&r);
    cbx_network_destroy(start);
}

static void thousands_of_neurons_match_the_reference(void **state) {
    (void)state;
    check_size(4099, CBX_RECIPE_LESSON);
    check_size(16384, CBX_RECIPE_NLL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousands_of_neurons_match_the_reference),
    };
    return cmocka_run_group_tests_name("large", tests, set_up, tear_down);
}
