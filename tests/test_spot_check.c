/* SPDX-License-Identifier: MIT */
/* Batches that are computed again on the host while a network is trained: those that are right pass,
 * by every way to train, and change nothing; a single number that is wrong on the device is named. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check/spot_check.h"
#include "network/schedule.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 1002, TRAIN = 835 };

static const cbx_rates rates = {0.005f, 0.01f};

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, IMAGES, 10, 1, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

/* A training of this network in batches of a size, and its check. */
typedef struct run {
    cbx_trainer *trainer;
    cbx_spot_check *check;
    uint32_t hidden, batch;
} run;

static run begin_as(fixture_way way, cbx_recipe recipe, uint32_t hidden, uint32_t batch,
                    const cbx_network *start) {
    run r = {.hidden = hidden, .batch = batch};
    r.trainer = training_start(way, recipe, dataset, start, batch, order, TRAIN);
    assert_ok(cbx_spot_check_create(&r.check, r.trainer, dataset));
    return r;
}

static run begin(fixture_way way, cbx_recipe recipe, uint32_t hidden, uint32_t batch) {
    cbx_network *start = synthetic_network(hidden, 40);
    const run r = begin_as(way, recipe, hidden, batch, start);
    cbx_network_destroy(start);
    return r;
}

static void end(run *r) {
    cbx_spot_check_destroy(r->check);
    cbx_trainer_destroy(r->trainer);
}

static uint32_t rows_of(const run *r, uint32_t number) {
    const uint32_t left = TRAIN - number * r->batch;
    return left < r->batch ? left : r->batch;
}

static void ask_at(run *r, uint32_t number, cbx_rates by) {
    assert_false(cbx_spot_check_is_busy(r->check));
    cbx_spot_check_begin(r->check, &(cbx_spot_batch){.order = order,
                                                     .first = number * r->batch,
                                                     .rows = rows_of(r, number),
                                                     .rates = by,
                                                     .number = number});
    assert_true(cbx_spot_check_is_busy(r->check));
}

static void ask(run *r, uint32_t number) {
    ask_at(r, number, rates);
}

static void step(run *r, uint32_t number) {
    assert_ok(cbx_trainer_step(r->trainer, number * r->batch, rows_of(r, number), rates, number));
}

/* Whole batches, which go together as they do in runs. */
static void step_many(run *r, uint32_t number, uint32_t count) {
    assert_ok(cbx_trainer_steps(r->trainer, number * r->batch, count, rates, number));
}

/* The verdict on what was asked for. */
static cbx_status verdict(run *r) {
    assert_ok(cbx_trainer_flush(r->trainer));
    const cbx_status status = cbx_spot_check_look(r->check, 1);
    assert_false(cbx_spot_check_is_busy(r->check));
    return status;
}

/* A whole epoch, in which the first batch, one amid others and the last, short one are checked. */
static void check_epoch(run *r) {
    const uint32_t whole = TRAIN / r->batch, amid = whole / 2;
    ask(r, 0);
    step(r, 0);
    assert_ok(verdict(r));
    ask(r, amid);
    step_many(r, 1, whole - 1);
    assert_ok(verdict(r));
    if (TRAIN % r->batch > 0) {
        ask(r, whole);
        step(r, whole);
        assert_ok(verdict(r));
    }
    assert_int_equal(cbx_spot_check_count(r->check), 2 + (TRAIN % r->batch > 0));
}

/* By every way, and the weights are those of a training without. */
static void right_batches_pass(void **state) {
    static const struct {
        uint32_t hidden, batch;
    } sizes[] = {{70, 77}, {1, 7}, {331, 64}, {32, 1}};
    (void)state;
    for (size_t i = 0; i < 2 * fixture_way_count * 4; i++) {
        const fixture_way way = fixture_ways[i / 8];
        const cbx_recipe recipe = (cbx_recipe)(i % 2);
        const uint32_t hidden = sizes[i / 2 % 4].hidden, batch = sizes[i / 2 % 4].batch;
        run r = begin(way, recipe, hidden, batch);
        check_epoch(&r);
        cbx_network *with = training_weights(r.trainer, hidden);
        end(&r);

        cbx_network *start = synthetic_network(hidden, 40);
        r.trainer = training_start(way, recipe, dataset, start, batch, order, TRAIN);
        step_many(&r, 0, TRAIN / batch);
        if (TRAIN % batch > 0) {
            step(&r, TRAIN / batch);
        }
        cbx_network *without = training_weights(r.trainer, hidden);
        assert_networks_same(with, without, way.name);
        cbx_trainer_destroy(r.trainer);
        cbx_network_destroy(start);
        cbx_network_destroy(with);
        cbx_network_destroy(without);
    }
}

/* A bit of a float of a buffer, behind what is enqueued: rounding does not take it back. */
static void flip(run *r, cl_mem buffer, size_t at) {
    uint32_t bits;
    cl_command_queue queue = r->trainer->device->queue;
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(queue, buffer, CL_TRUE, at * sizeof bits,
                                                     sizeof bits, &bits, 0, NULL, NULL));
    bits ^= 1 << 12;
    assert_int_equal(CL_SUCCESS, clEnqueueWriteBuffer(queue, buffer, CL_TRUE, at * sizeof bits,
                                                      sizeof bits, &bits, 0, NULL, NULL));
}

static size_t of_w1(size_t neuron, size_t row) {
    return (neuron / CBX_PANEL * CBX_ROWS + row) * CBX_PANEL + neuron % CBX_PANEL;
}

static void assert_named(run *r, unsigned batch, const char *place) {
    char text[128];
    snprintf(text, sizeof text, "batch %u was computed wrongly on ", batch);
    assert_fails(verdict(r), CBX_BAD_KERNEL, text);
    snprintf(text, sizeof text, ": %s: 0x", place);
    assert_non_null(strstr(cbx_last_error(), text));
    assert_non_null(strstr(cbx_last_error(), r->trainer->device->info.name));
}

/* While the batch is pending, one bit of one weight changes: after it, that weight is another than
 * that from before the batch leads to. The schedules that have nothing pending are left out. */
static void a_single_number_is_named(void **state) {
    static const struct {
        size_t neuron, row;
        const char *place;
    } in_w1[] = {{0, 0, "w1 of neuron 0, bias"},
                 {17, 204, "w1 of neuron 17, pixel 203"},
                 {69, 784, "w1 of neuron 69, pixel 783"}},
      in_w2[] = {{0, 3, "w2 of output 3, bias"},
                 {1, 9, "w2 of output 9, neuron 0"},
                 {70, 0, "w2 of output 0, neuron 69"}};
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t i = 0; i < 6 && fixture_ways[w].schedule != CBX_SCHEDULE_STEPWISE; i++) {
            run r = begin(fixture_ways[w], CBX_RECIPE_LESSON, 70, 64);
            step(&r, 0);
            ask(&r, 1);
            step(&r, 1);
            if (i < 3) {
                flip(&r, r.trainer->w1, of_w1(in_w1[i].neuron, in_w1[i].row));
            } else {
                flip(&r, r.trainer->w2, in_w2[i - 3].neuron * CBX_LANES_OUT + in_w2[i - 3].row);
            }
            step(&r, 2);
            assert_named(&r, 2, i < 3 ? in_w1[i].place : in_w2[i - 3].place);
            assert_int_equal(cbx_spot_check_count(r.check), 0);
            end(&r);
        }
    }
}

/* Of a network of 20 panels eight are looked at at a time, so what is wrong in one of them is found
 * by the third check at the latest. W2 is looked at as a whole each time. */
static void every_panel_is_met_in_turn(void **state) {
    enum { PANELS = 20, AT_ONCE = 8, HIDDEN = PANELS * CBX_PANEL - 5 };
    (void)state;
    for (uint32_t wrong = 0; wrong < PANELS; wrong++) {
        run r = begin(fixture_ways[0], CBX_RECIPE_NLL, HIDDEN, 8);
        for (uint32_t i = 0; i <= wrong / AT_ONCE; i++) {
            char place[64];
            ask(&r, 2 * i);
            step(&r, 2 * i);
            flip(&r, r.trainer->w1, of_w1(wrong * CBX_PANEL + 3, 101));
            step(&r, 2 * i + 1);
            if (i < wrong / AT_ONCE) {
                assert_ok(verdict(&r));
                continue;
            }
            snprintf(place, sizeof place, "w1 of neuron %u, pixel 100", wrong * CBX_PANEL + 3);
            assert_named(&r, 2 * i + 1, place);
        }
        end(&r);
    }
    /* And after the last panel come the first ones again: 0…7, 8…15, 16…19 and 0…3. */
    run r = begin(fixture_ways[0], CBX_RECIPE_NLL, HIDDEN, 8);
    for (uint32_t i = 0; i < 3; i++) {
        ask(&r, 2 * i);
        step(&r, 2 * i);
        if (i == 2) {
            flip(&r, r.trainer->w1, of_w1(3 * CBX_PANEL, 1));
        }
        step(&r, 2 * i + 1);
        if (i < 2) {
            assert_ok(verdict(&r));
        }
    }
    assert_named(&r, 5, "w1 of neuron 96, pixel 0");
    end(&r);
}

/* Kernels that are broken in what no network of the self-test has: a sixth panel. */
static void broken_kernels_are_found(void **state) {
    static const struct {
        cbx_family family;
        cbx_schedule schedule;
        edit edit;
        const char *place;
    } cases[] = {
        {CBX_FAMILY_CPU,
         CBX_SCHEDULE_SPARSE,
         {"train_cpu.cl", "global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;",
          "global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;"
          "if (panel + i == 5 && start_rows > 9) { q[i * CBX_PANEL + 9 * pitch] += 1.0f; }"},
         "a1 of neuron 160, image 9 of the batch"},
        {CBX_FAMILY_GPU,
         CBX_SCHEDULE_FUSED,
         {"train_gpu.cl", "share_of_panel_gpu(act, weights, CBX_OUTPUT_GROUP,",
          "barrier(CLK_GLOBAL_MEM_FENCE);"
          "if (panel == 5 && me == 0) { a1[panel * of_panel + 40 * CBX_PANEL + 2] = 0.25f; }"
          "share_of_panel_gpu(act, weights, CBX_OUTPUT_GROUP,"},
         "a1 of neuron 162, image 40 of the batch"},
        {CBX_FAMILY_CPU,
         CBX_SCHEDULE_STEPWISE,
         {"delta.cl", "d1[at + lane] = tiny_one(", "d1[at + lane] = panel == 5 ? 0.0f : tiny_one("},
         "w1 of neuron 160"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const cbx_trainer_settings settings = {200, 64, CBX_RECIPE_LESSON, cases[i].schedule};
        cbx_network *start = synthetic_network(200, 40);
        cbx_device *device;
        run r = {.hidden = 200, .batch = 64};
        (void)fixture_device(cases[i].family);
        assert_ok(cbx_device_open(&device, fixture_spec(), cases[i].family));
        mutate_all(device, &cases[i].edit, 1);
        assert_ok(cbx_trainer_create(&r.trainer, device, dataset, &settings));
        assert_ok(cbx_trainer_set_weights(r.trainer, start));
        assert_ok(cbx_trainer_set_order(r.trainer, order, TRAIN));
        assert_ok(cbx_spot_check_create(&r.check, r.trainer, dataset));
        ask(&r, 3);
        step_many(&r, 0, 6);
        assert_fails(verdict(&r), CBX_BAD_KERNEL, "batch 4 was computed wrongly on ");
        assert_message(cases[i].place);
        end(&r);
        cbx_device_close(device);
        cbx_network_destroy(start);
    }
}

/* On a device with plain arithmetic, which is the caller's. */
static run begin_plainly(cbx_family family, cbx_device **device) {
    const cbx_trainer_settings settings = {70, 64, CBX_RECIPE_NLL, CBX_SCHEDULE_AUTO};
    cbx_network *start = synthetic_network(70, 40);
    run r = {.hidden = 70, .batch = 64};
    (void)fixture_device(family);
    assert_ok(cbx_device_open_for(device, fixture_spec(), family, CBX_ARITHMETIC_PLAIN));
    assert_ok(cbx_trainer_create(&r.trainer, *device, dataset, &settings));
    assert_ok(cbx_trainer_set_weights(r.trainer, start));
    assert_ok(cbx_trainer_set_order(r.trainer, order, TRAIN));
    assert_ok(cbx_spot_check_create(&r.check, r.trainer, dataset));
    cbx_network_destroy(start);
    return r;
}

/* Other arithmetic than the canon's has its own bits, but is near. */
static void plain_arithmetic_is_nearly_right(void **state) {
    cbx_device *device;
    (void)state;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        run r = begin_plainly(family, &device);
        check_epoch(&r);
        /* With a tenth more of a rate the weights are others. */
        ask_at(&r, 4, (cbx_rates){rates.hidden, 1.1f * rates.output});
        step(&r, 4);
        assert_fails(verdict(&r), CBX_BAD_KERNEL, "w2 of output");
        end(&r);
        cbx_device_close(device);
    }
}

/* Numbers that are not finite are the training's own fault, which cbx_trainer_check() tells. */
static void leave_the_finite(run *r) {
    const cbx_rates large = {3e38f, 3e38f};
    for (uint32_t i = 0; i < 6; i++) {
        ask_at(r, i, large);
        assert_ok(cbx_trainer_step(r->trainer, i * 64, 64, large, i));
        assert_ok(verdict(r));
    }
    assert_fails(cbx_trainer_check(r->trainer), CBX_DIVERGED, "");
    end(r);
}

static void numbers_that_left_the_finite_are_no_difference(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        run r = begin(fixture_ways[w], CBX_RECIPE_NLL, 70, 64);
        leave_the_finite(&r);
    }
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        cbx_device *device;
        run r = begin_plainly(family, &device);
        leave_the_finite(&r);
        cbx_device_close(device);
    }
}

/* What was asked for, and not trained after all, is forgotten. */
static void a_batch_that_never_came_is_forgotten(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        run r = begin(fixture_ways[w], CBX_RECIPE_LESSON, 70, 64);
        ask(&r, 5);
        step_many(&r, 0, 3);
        assert_ok(cbx_spot_check_look(r.check, 0));
        assert_true(cbx_spot_check_is_busy(r.check));
        assert_ok(verdict(&r));
        assert_int_equal(cbx_spot_check_count(r.check), 0);
        ask(&r, 3);
        step_many(&r, 3, 9);
        assert_ok(verdict(&r));
        assert_int_equal(cbx_spot_check_count(r.check), 1);
        ask(&r, 12);
        step_many(&r, 12, 1);
        end(&r); /* while it is under way */
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_batches_pass),
        cmocka_unit_test(a_single_number_is_named),
        cmocka_unit_test(every_panel_is_met_in_turn),
        cmocka_unit_test(broken_kernels_are_found),
        cmocka_unit_test(plain_arithmetic_is_nearly_right),
        cmocka_unit_test(numbers_that_left_the_finite_are_no_difference),
        cmocka_unit_test(a_batch_that_never_came_is_forgotten),
    };
    return cmocka_run_group_tests_name("spot check", tests, set_up, tear_down);
}
