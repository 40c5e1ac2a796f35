/* SPDX-License-Identifier: MIT */
/* Trainers for processors number their stages for as long as they live: after 2³² of them, some
 * days of a small network, the numbers start again, and nobody notices. */
#include "support/test.h"

#include <stdio.h>

#include "network/train_cpu.h"
#include "support/fixture.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 602, TRAIN = 501, BATCH = 16, BATCHES = TRAIN / BATCH, HIDDEN = 100 };

static const cbx_rates rates = {0.005f, 0.01f};

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, IMAGES, 10, 1, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

static void put(cbx_trainer *trainer, cl_mem buffer, size_t first, size_t count, cl_uint value) {
    assert_int_equal(CL_SUCCESS, clEnqueueFillBuffer(trainer->device->queue, buffer, &value,
                                                     sizeof value, first * sizeof value,
                                                     count * sizeof value, 0, NULL, NULL));
}

/* As if so many stages had been. */
static void age(cbx_trainer *trainer, uint32_t ticket) {
    cbx_train_cpu *own = trainer->own;
    own->ticket = ticket;
    put(trainer, own->progress, 0, trainer->chunks, ticket);
    put(trainer, own->progress, trainer->chunks, 1, ticket * trainer->chunks);
    put(trainer, own->held, 0, 2 * (size_t)own->groups, ticket - 100);
}

static cbx_network *train(cbx_schedule schedule, uint32_t ink, const cbx_network *start,
                          uint32_t ticket) {
    const cbx_trainer_settings settings = {HIDDEN, BATCH, CBX_RECIPE_NLL, schedule};
    const cbx_division division = {.ink = ink};
    cbx_trainer *trainer;
    assert_ok(cbx_trainer_create_with(&trainer, fixture_device(CBX_FAMILY_CPU), dataset, &settings,
                                      &division));
    age(trainer, ticket);
    assert_ok(cbx_trainer_set_weights(trainer, start));
    assert_ok(cbx_trainer_set_order(trainer, order, TRAIN));
    assert_ok(cbx_trainer_steps(trainer, 0, BATCHES, rates, 0));
    assert_ok(cbx_trainer_check(trainer));
    cbx_network *network = training_weights(trainer, HIDDEN);
    cbx_trainer_destroy(trainer);
    return network;
}

static void numbers_of_stages_start_again(void **state) {
    static const struct {
        cbx_schedule schedule;
        uint32_t ink;
        const char *what;
    } cases[] = {
        {CBX_SCHEDULE_FUSED, CBX_DENSE, "all pixels"},
        {CBX_SCHEDULE_SPARSE, CBX_BY_ROWS, "ink by rows"},
        {CBX_SCHEDULE_SPARSE, CBX_BY_PIXELS, "ink by pixels"},
    };
    (void)state;
    cbx_network *start = synthetic_network(HIDDEN, 3);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cbx_network *should = train(cases[i].schedule, cases[i].ink, start, 0);
        /* Between the launches, and within them, wherever they begin. */
        for (uint32_t before = 0; before < BATCHES; before += 5) {
            cbx_network *is = train(cases[i].schedule, cases[i].ink, start, UINT32_MAX - before);
            assert_networks_same(is, should, cases[i].what);
            cbx_network_destroy(is);
        }
        cbx_network_destroy(should);
    }
    cbx_network_destroy(start);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_of_stages_start_again),
    };
    return cmocka_run_group_tests_name("trainer tickets", tests, set_up, tear_down);
}
