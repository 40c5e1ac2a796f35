/* SPDX-License-Identifier: MIT */
/* Owners of shares of a network's neurons, which exchange Z2 through memory: together they
 * learn, evaluate and draw what one owner of all neurons does. Where it is to the bit by the
 * canon, test_equality compares them with it. */
#include "support/test.h"

#include <stdio.h>

#include "base/error.h"
#include "support/compare.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/owners.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 402, TRAIN = 335, BATCH = 64 };

static const cbx_rates rates = {0.01f, 0.02f};
static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, IMAGES, 10, 3, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

/* A network in two shares. */
typedef struct split {
    cbx_schedule schedule;
    cbx_family family;
    uint32_t hidden, second; /* the first neuron of the second share */
    uint32_t chunks[OWNERS], slices;
    /* One owner adds in the same order: on processors where the first share is that of the
     * tree of canon.h, on GPUs with all these chunks. */
    int exact;
} split;

static owners_outcome learn(const split *s, cbx_recipe recipe, const cbx_network *start,
                            uint32_t owners) {
    const uint32_t first = owners == 1 ? s->chunks[0] + s->chunks[1] : s->chunks[0];
    const owners_plan plan = {.device = fixture_device(s->family),
                              .settings = {s->hidden, BATCH, recipe, s->schedule},
                              .dataset = dataset,
                              .order = order,
                              .start = start,
                              .rates = rates,
                              .second = owners == 1 ? 0 : s->second,
                              .division = {{.chunks = first, .slices = s->slices},
                                           {.chunks = s->chunks[1], .slices = s->slices}},
                              .scale = 1};
    return owners_learn(&plan);
}

/* Sums that are added in another order are off by some 2⁻²⁴ of themselves; six batches at
 * these rates do not amplify that. */
static void assert_nearly(const float *is, const float *should, size_t count, const char *what) {
    double *expected = NULL;
    TEST_NEW(expected, count);
    for (size_t i = 0; i < count; i++) {
        expected[i] = (double)should[i];
    }
    assert_arrays_close(is, expected, 1, count, 2e-6 * largest_magnitude(expected, count), what);
    free(expected);
}

static void compare(const split *s, const owners_outcome *one, const owners_outcome *two,
                    const char *what) {
    const size_t hidden = s->hidden;
    if (s->exact) {
        assert_networks_same(two->network, one->network, what);
    } else {
        assert_nearly(two->network->w1, one->network->w1, CBX_W1_ROWS * hidden, what);
        assert_nearly(two->network->w2, one->network->w2, (1 + hidden) * CBX_CLASSES, what);
    }
    for (size_t i = 0; i < one->pixels; i++) { /* the last bit of a weight may be a grey level */
        assert_in_range(two->luma[i] + 1, one->luma[i] + s->exact, one->luma[i] + 2 - s->exact);
    }
    const cbx_evaluation *should = &one->parts[0][CBX_TRAIN];
    const double off = s->exact ? 0 : 1e-6;
    for (size_t i = 0; i < OWNERS; i++) {
        const cbx_evaluation *is = &two->parts[i][CBX_TRAIN];
        assert_number_close(is->loss, should->loss, off * should->loss, what);
        assert_memory_equal(is->confusion, should->confusion, sizeof should->confusion);
    }
}

static void two_owners_learn_what_one_does(void **state) {
    static const split splits[] = {
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 64, 32, {1, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 96, 64, {2, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 75, 64, {1, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 131, 128, {3, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, 96, 32, {1, 2}, 0, 0},
        {CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, 75, 64, {1, 1}, 0, 1},
        {CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, 256, 128, {1, 4}, 0, 1},
        {CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, 75, 32, {1, 1}, 0, 0},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, 64, 32, {1, 1}, 0, 1},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, 75, 64, {1, 1}, 0, 1},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, 75, 32, {1, 1}, 0, 0},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, 101, 64, {0, 0}, 7, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, 64, 32, {0, 0}, 1, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, 331, 256, {0, 0}, 7, 1},
        {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, 96, 32, {0, 0}, 1, 0},
        {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_GPU, 75, 32, {1, 1}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < 2 * CBX_COUNT(splits); i++) {
        const split *s = &splits[i / 2];
        const cbx_recipe recipe = (cbx_recipe)(i % 2);
        char what[64];
        snprintf(what, sizeof what, "split %zu, %s", i / 2, cbx_recipe_name(recipe));
        cbx_network *start = synthetic_network(s->hidden, 5 + i);
        owners_outcome one = learn(s, recipe, start, 1), two = learn(s, recipe, start, OWNERS);
        compare(s, &one, &two, what);
        owners_free(&one);
        owners_free(&two);
        cbx_network_destroy(start);
    }
}

/* Whole panels, within the network. */
static void other_shares_are_refused(void **state) {
    static const cbx_share shares[] = {{16, 16}, {0, 16}, {32, 33}, {64, 1}, {32, UINT32_MAX}};
    const cbx_trainer_settings settings = {.hidden = 64, .batch = BATCH};
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(shares); i++) {
        cbx_trainer *trainer;
        const cbx_division division = {.share = shares[i]};
        assert_fails(cbx_trainer_create_with(&trainer, fixture_device(CBX_FAMILY_AUTO), dataset,
                                             &settings, &division),
                     CBX_BAD_ARGUMENT, "whole panels");
    }
}

/* A failure of the exchange ends the batch, for each member. */
static cbx_status fail_to_add(void *user, float *z2, size_t rows) {
    (void)user;
    (void)z2;
    (void)rows;
    return cbx_fail(CBX_DEVICE_FAULT, "the others are gone");
}

static void a_failing_exchange_is_reported(void **state) {
    const cbx_exchange exchange = {0, 2, fail_to_add, NULL};
    const cbx_division division = {.share = {0, 32}, .exchange = &exchange};
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        const cbx_trainer_settings settings = {
            .hidden = 64, .batch = BATCH, .schedule = fixture_ways[w].schedule};
        cbx_network *start = synthetic_network(64, 6);
        cbx_evaluation unused;
        cbx_trainer *trainer;
        assert_ok(cbx_trainer_create_with(&trainer, fixture_device(fixture_ways[w].family), dataset,
                                          &settings, &division));
        assert_ok(cbx_trainer_set_weights(trainer, start));
        assert_ok(cbx_trainer_set_order(trainer, order, TRAIN));
        assert_fails(cbx_trainer_steps(trainer, 0, 2, rates, 0), CBX_DEVICE_FAULT, "are gone");
        assert_fails(cbx_trainer_evaluate(trainer, CBX_TEST, &unused), CBX_DEVICE_FAULT,
                     "are gone");
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_owners_learn_what_one_does),
        cmocka_unit_test(other_shares_are_refused),
        cmocka_unit_test(a_failing_exchange_is_reported),
    };
    return cmocka_run_group_tests_name("exchange", tests, set_up, tear_down);
}
