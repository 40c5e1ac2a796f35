/* SPDX-License-Identifier: MIT */
/* Owners of shares of a network's neurons, which exchange Z2 through memory: together they
 * learn, evaluate and draw what one owner of all neurons does, to the bit. */
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

/* A network in shares. */
typedef struct split {
    cbx_schedule schedule;
    cbx_family families[2]; /* of the first owner, the third …; of the others */
    uint32_t hidden;
    uint32_t panels[OWNERS]; /* of each owner, and then zeros */
    uint32_t chunks, slices; /* that each wishes */
} split;

/* By so many owners, on devices of one family or of both. */
static owners_outcome learn(const split *s, cbx_recipe recipe, const cbx_network *start,
                            int shared) {
    owners_plan plan = {.device = fixture_device(s->families[0]),
                        .settings = {s->hidden, BATCH, recipe, s->schedule},
                        .dataset = dataset,
                        .order = order,
                        .start = start,
                        .rates = rates,
                        .scale = s->families[0] == s->families[1]};
    plan.others = fixture_device(s->families[1]);
    for (uint32_t first = 0; plan.owners < OWNERS && s->panels[plan.owners] > 0 && shared;) {
        const uint32_t panels = s->panels[plan.owners];
        plan.owned[plan.owners++] = (cbx_span){first, panels};
        first += panels;
    }
    for (uint32_t i = 0; i < OWNERS; i++) {
        plan.division[i] = (cbx_division){.chunks = s->chunks, .slices = s->slices};
    }
    return owners_learn(&plan);
}

static void compare(const split *s, const owners_outcome *one, const owners_outcome *shared,
                    const char *what) {
    assert_networks_same(shared->network, one->network, what);
    if (one->pixels > 0) {
        assert_memory_equal(shared->luma, one->luma, one->pixels);
    }
    for (size_t i = 0; i < OWNERS && s->panels[i] > 0; i++) {
        for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
            assert_memory_equal(&shared->parts[i][part], &one->parts[0][part],
                                sizeof one->parts[0][part]);
        }
    }
}

#define CPU                                                                                        \
    { CBX_FAMILY_CPU, CBX_FAMILY_CPU }
#define GPU                                                                                        \
    { CBX_FAMILY_GPU, CBX_FAMILY_GPU }
#define BOTH                                                                                       \
    { CBX_FAMILY_CPU, CBX_FAMILY_GPU }

static void owners_learn_what_one_does(void **state) {
    static const split splits[] = {
        {CBX_SCHEDULE_FUSED, CPU, 64, {1, 1}, 0, 0},
        {CBX_SCHEDULE_FUSED, CPU, 96, {2, 1}, 1, 0},
        {CBX_SCHEDULE_FUSED, CPU, 96, {1, 2}, 2, 0},
        {CBX_SCHEDULE_FUSED, CPU, 75, {1, 1, 1}, 1, 0},
        {CBX_SCHEDULE_FUSED, CPU, 411, {5, 3, 5}, 1, 0},
        {CBX_SCHEDULE_SPARSE, CPU, 75, {2, 1}, 1, 0},
        {CBX_SCHEDULE_SPARSE, CPU, 75, {1, 2}, 1, 0},
        {CBX_SCHEDULE_SPARSE, CPU, 256, {4, 4}, 1, 0},
        {CBX_SCHEDULE_SPARSE, CPU, 352, {1, 7, 1, 1, 1}, 3, 0},
        {CBX_SCHEDULE_SPARSE, CPU, 1000, {8, 8, 4, 12}, 2, 0},
        {CBX_SCHEDULE_STEPWISE, CPU, 64, {1, 1}, 0, 0},
        {CBX_SCHEDULE_STEPWISE, CPU, 75, {1, 2}, 0, 0},
        {CBX_SCHEDULE_STEPWISE, CPU, 411, {3, 3, 7}, 0, 0},
        {CBX_SCHEDULE_STEPWISE, GPU, 75, {1, 2}, 0, 0},
        {CBX_SCHEDULE_FUSED, GPU, 64, {1, 1}, 0, 1},
        {CBX_SCHEDULE_FUSED, GPU, 101, {2, 2}, 0, 7},
        {CBX_SCHEDULE_FUSED, GPU, 96, {1, 2}, 0, 1},
        {CBX_SCHEDULE_FUSED, GPU, 411, {5, 8}, 0, 7},
        {CBX_SCHEDULE_FUSED, GPU, 331, {3, 3, 1, 4}, 0, 7},
        {CBX_SCHEDULE_FUSED, BOTH, 96, {1, 2}, 1, 1},
        {CBX_SCHEDULE_FUSED, BOTH, 331, {5, 6}, 1, 7},
        {CBX_SCHEDULE_STEPWISE, BOTH, 331, {4, 2, 5}, 0, 0},
    };
    (void)state;
    for (size_t i = 0; i < 2 * CBX_COUNT(splits); i++) {
        const split *s = &splits[i / 2];
        const cbx_recipe recipe = (cbx_recipe)(i % 2);
        char what[64];
        snprintf(what, sizeof what, "split %zu, %s", i / 2, cbx_recipe_name(recipe));
        cbx_network *start = synthetic_network(s->hidden, 5 + i);
        owners_outcome one = learn(s, recipe, start, 0), shared = learn(s, recipe, start, 1);
        compare(s, &one, &shared, what);
        owners_free(&one);
        owners_free(&shared);
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
static cbx_status fail_to_add(void *user, const float *own, size_t numbers, float *sum,
                              cbx_meanwhile *meanwhile) {
    (void)meanwhile;
    (void)user;
    (void)own;
    (void)numbers;
    (void)sum;
    return cbx_fail(CBX_DEVICE_FAULT, "the others are gone");
}

static void a_failing_exchange_is_reported(void **state) {
    const cbx_span owned[] = {{0, 1}, {1, 1}};
    const cbx_exchange exchange = {0, 2, owned, fail_to_add, NULL};
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
        cmocka_unit_test(owners_learn_what_one_does),
        cmocka_unit_test(other_shares_are_refused),
        cmocka_unit_test(a_failing_exchange_is_reported),
    };
    return cmocka_run_group_tests_name("exchange", tests, set_up, tear_down);
}
