/* SPDX-License-Identifier: MIT */
/* What a trainer keeps to the bit: round trips, repetition, frozen bias rows; and
 * that it stops being silent when the numbers leave the finite. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "network/train_cpu.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 1002, TRAIN = 835 };

static const uint32_t hidden_sizes[] = {1, 3, 37, 64, 100, 257};
static const cbx_rates rates = {0.005f, 0.01f};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, IMAGES, 10, 1, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

static cbx_trainer *start_training(fixture_way way, cbx_recipe recipe, const cbx_network *start,
                                   uint32_t batch) {
    return training_start(way, recipe, dataset, start, batch, order, TRAIN);
}

/* The weights after `count` batches of `batch` rows by single steps. */
static cbx_network *train(fixture_way way, cbx_recipe recipe, const cbx_network *start,
                          uint32_t batch, uint32_t count) {
    cbx_trainer *trainer = start_training(way, recipe, start, batch);
    for (uint32_t i = 0; i < count; i++) {
        assert_ok(cbx_trainer_step(trainer, i * batch, batch, rates, i));
    }
    cbx_network *network = training_weights(trainer, start->hidden);
    cbx_trainer_destroy(trainer);
    return network;
}

static void assert_trainer_holds(cbx_trainer *trainer, const cbx_network *expected,
                                 const char *what) {
    cbx_network *got = training_weights(trainer, expected->hidden);
    assert_networks_same(got, expected, what);
    cbx_network_destroy(got);
}

static void weights_make_the_round_trip(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
            cbx_network *network = synthetic_network(hidden_sizes[h], 40 + h);
            network->w1[0] = -0.0f;
            network->w1[784 * hidden_sizes[h]] = 3e30f;
            network->w2[9] = -1e-30f;
            cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, network, 7);
            assert_trainer_holds(trainer, network, fixture_ways[w].name);
            cbx_trainer_destroy(trainer);
            cbx_network_destroy(network);
        }
    }
}

/* New weights replace everything: nothing of a batch under way is added to them. */
static void new_weights_drop_batches_under_way(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_network *start = synthetic_network(37, 8), *other = synthetic_network(37, 9);
        cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, start, 64);
        assert_ok(cbx_trainer_step(trainer, 0, 64, rates, 0));
        assert_ok(cbx_trainer_step(trainer, 64, 64, rates, 1));
        assert_ok(cbx_trainer_set_weights(trainer, other));
        assert_trainer_holds(trainer, other, fixture_ways[w].name);

        cbx_network *expected = train(fixture_ways[w], CBX_RECIPE_NLL, other, 64, 1);
        assert_ok(cbx_trainer_step(trainer, 0, 64, rates, 2));
        assert_trainer_holds(trainer, expected, fixture_ways[w].name);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(expected);
        cbx_network_destroy(start);
        cbx_network_destroy(other);
    }
}

static void lesson_leaves_the_bias_rows_alone(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
            uint32_t hidden = hidden_sizes[h];
            cbx_network *start = synthetic_network(hidden, 12);
            cbx_network *got = train(fixture_ways[w], CBX_RECIPE_LESSON, start, 77, 10);
            assert_same_bits(got->w1, start->w1, 1, hidden, "bias row of w1");
            assert_same_bits(got->w2, start->w2, 1, CBX_CLASSES, "bias row of w2");
            assert_true(memcmp(got->w1 + 400 * hidden, start->w1 + 400 * hidden,
                               hidden * sizeof *got->w1) != 0);
            cbx_network_destroy(got);
            got = train(fixture_ways[w], CBX_RECIPE_NLL, start, 77, 10);
            for (size_t c = 0; c < CBX_CLASSES; c++) {
                assert_true(got->w2[c] != start->w2[c]);
            }
            cbx_network_destroy(got);
            cbx_network_destroy(start);
        }
    }
}

static void repetition_gives_the_same_bits(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
            cbx_network *start = synthetic_network(hidden_sizes[h], 13);
            cbx_network *once = train(fixture_ways[w], CBX_RECIPE_NLL, start, 64, 10);
            cbx_network *again = train(fixture_ways[w], CBX_RECIPE_NLL, start, 64, 10);
            assert_networks_same(again, once, fixture_ways[w].name);
            cbx_network_destroy(once);
            cbx_network_destroy(again);
            cbx_network_destroy(start);
        }
    }
}

static void steps_are_that_many_single_steps(void **state) {
    (void)state;
    static const uint32_t batch_sizes[] = {1, 7, 64, 77};
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t b = 0; b < COUNT(batch_sizes); b++) {
            uint32_t batch = batch_sizes[b];
            cbx_network *start = synthetic_network(37, 14);
            cbx_network *expected = train(fixture_ways[w], CBX_RECIPE_LESSON, start, batch, 10);
            cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_LESSON, start, batch);
            assert_ok(cbx_trainer_steps(trainer, 0, 1, rates, 0));
            assert_ok(cbx_trainer_steps(trainer, batch, 6, rates, 1));
            assert_ok(cbx_trainer_step(trainer, 7 * batch, batch, rates, 7));
            assert_ok(cbx_trainer_steps(trainer, 8 * batch, 2, rates, 8));
            assert_trainer_holds(trainer, expected, fixture_ways[w].name);
            cbx_trainer_destroy(trainer);
            cbx_network_destroy(expected);
            cbx_network_destroy(start);
        }
    }
}

/* Several stages share a launch only where work-groups see each other's writes in order: on
 * the host's own processor. Elsewhere each has its launch, with the same bits. */
static void stages_have_launches_of_their_own_where_memory_is_not_shared(void **state) {
    const fixture_way way = {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, "fused cpu"};
    cbx_device *device = fixture_device(CBX_FAMILY_CPU);
    cbx_network *start = synthetic_network(100, 21), *weights[2];
    const int shares = device->shares_memory;
    (void)state;
    for (int i = 0; i < 2; i++) {
        device->shares_memory = i == 0 ? shares : 0;
        cbx_trainer *trainer = start_training(way, CBX_RECIPE_NLL, start, 7);
        const uint32_t batches = cbx_trainer_batches_per_launch(trainer);
        assert_true(i == 0 ? batches >= 1 : batches == 1);
        const cbx_train_cpu *own = trainer->own;
        assert_in_range(own->groups, 1, trainer->chunks); /* more would have nothing to do */
        assert_ok(cbx_trainer_steps(trainer, 0, 50, rates, 0));
        weights[i] = training_weights(trainer, start->hidden);
        cbx_trainer_destroy(trainer);
        device->shares_memory = shares;
    }
    assert_networks_same(weights[1], weights[0], "one stage a launch");
    cbx_network_destroy(weights[0]);
    cbx_network_destroy(weights[1]);
    cbx_network_destroy(start);
}

/* As if `left` work-groups had left launches by now: the number of batches that are then
 * launched one by one. */
static uint32_t singly_after(cbx_trainer *trainer, cl_uint left) {
    cl_command_queue queue = trainer->device->queue;
    const cbx_train_cpu *own = trainer->own;
    uint32_t singly = 0;
    assert_int_equal(CL_SUCCESS, clEnqueueWriteBuffer(queue, own->progress, CL_TRUE,
                                                      (trainer->chunks + 1) * sizeof left,
                                                      sizeof left, &left, 0, NULL, NULL));
    assert_ok(cbx_trainer_steps(trainer, 0, 4, rates, 0)); /* asks the device */
    assert_int_equal(CL_SUCCESS, clFinish(queue));
    assert_ok(cbx_trainer_step(trainer, 0, 7, rates, 4)); /* has the answer */
    for (; cbx_trainer_batches_per_launch(trainer) == 1; singly++) {
        assert_true(singly < 5000);
        assert_ok(cbx_trainer_step(trainer, 0, 7, rates, 5 + singly));
    }
    return singly;
}

/* Work-groups leave a launch when others keep them waiting: then stages get launches of their
 * own for a while, for a longer one each time it happens again. */
static void crowded_stages_get_launches_of_their_own(void **state) {
    const cbx_trainer_settings settings = {100, 7, CBX_RECIPE_LESSON, CBX_SCHEDULE_FUSED};
    cbx_network *start = synthetic_network(settings.hidden, 22);
    cbx_trainer *trainer;
    cbx_device *device;
    (void)state;
    (void)fixture_device(CBX_FAMILY_CPU);
    /* None leaves by itself, however busy this machine is. */
    assert_int_equal(0, setenv("CLEARBOX_BUILD_OPTIONS", "-DCBX_WAIT_TURNS=4000000000u", 1));
    cbx_status status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_CPU);
    assert_int_equal(0, unsetenv("CLEARBOX_BUILD_OPTIONS"));
    assert_ok(status);
    assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
    assert_ok(cbx_trainer_set_weights(trainer, start));
    assert_ok(cbx_trainer_set_order(trainer, order, TRAIN));
    if (cbx_trainer_batches_per_launch(trainer) > 1) {
        assert_int_equal(0, singly_after(trainer, 0));
        assert_int_equal(64, singly_after(trainer, 1));
        assert_int_equal(128, singly_after(trainer, 3));
        assert_int_equal(256, singly_after(trainer, 4));
        assert_int_equal(512, singly_after(trainer, 5));
        assert_int_equal(1024, singly_after(trainer, 6));
        assert_int_equal(1024, singly_after(trainer, 7));
        assert_int_equal(0, singly_after(trainer, 7));
        assert_int_equal(64, singly_after(trainer, 8));
    }
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(start);
    cbx_device_close(device);
}

/* Reading, evaluating and checking in between must not change what is learnt, and
 * two trainers on one device must not disturb each other. */
static void looking_on_changes_nothing(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_network *start = synthetic_network(37, 15), *other_start = synthetic_network(64, 16);
        cbx_network *expected = train(fixture_ways[w], CBX_RECIPE_NLL, start, 64, 8);
        cbx_network *other_expected = train(fixture_ways[w], CBX_RECIPE_LESSON, other_start, 7, 8);
        cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, start, 64);
        cbx_trainer *other = start_training(fixture_ways[w], CBX_RECIPE_LESSON, other_start, 7);
        for (uint32_t i = 0; i < 8; i++) {
            cbx_evaluation ignored;
            assert_ok(cbx_trainer_step(trainer, i * 64, 64, rates, i));
            assert_ok(cbx_trainer_step(other, i * 7, 7, rates, i));
            if (i % 3 == 0) {
                assert_ok(cbx_trainer_evaluate(trainer, CBX_VALIDATION, &ignored));
            } else if (i % 3 == 1) {
                cbx_network_destroy(training_weights(trainer, 37));
                assert_ok(cbx_trainer_check(other));
            }
        }
        assert_trainer_holds(trainer, expected, fixture_ways[w].name);
        assert_trainer_holds(other, other_expected, fixture_ways[w].name);
        cbx_trainer_destroy(trainer);
        cbx_trainer_destroy(other);
        cbx_network_destroy(expected);
        cbx_network_destroy(other_expected);
        cbx_network_destroy(start);
        cbx_network_destroy(other_start);
    }
}

/* A few images at a time, as where a part has very many, evaluate to the same bits. */
static void evaluation_does_not_depend_on_how_much_is_held(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_evaluation all, parts;
        cbx_network *start = synthetic_network(37, 14);
        cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, start, 64);
        assert_ok(cbx_trainer_evaluate(trainer, CBX_TRAIN, &all));
        trainer->judged = 3 * trainer->device->built.evaluate_rows;
        assert_true(trainer->judged < TRAIN);
        assert_ok(cbx_trainer_evaluate(trainer, CBX_TRAIN, &parts));
        assert_memory_equal(&all, &parts, sizeof all);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

/* The first batch after the weights went bad has sums that are not finite. */
static void check_divergence(fixture_way way, cbx_recipe recipe, float bad_rate) {
    cbx_network *start = synthetic_network(37, 17);
    cbx_trainer *trainer = start_training(way, recipe, start, 64);
    for (uint32_t i = 0; i < 3; i++) {
        assert_ok(cbx_trainer_step(trainer, i * 64, 64, rates, 4440 + i));
    }
    assert_ok(cbx_trainer_check(trainer));
    assert_ok(cbx_trainer_step(trainer, 3 * 64, 64, (cbx_rates){bad_rate, bad_rate}, 4443));
    for (uint32_t i = 4; i < 8; i++) {
        assert_ok(cbx_trainer_step(trainer, i * 64, 64, rates, 4440 + i));
    }
    assert_fails(cbx_trainer_check(trainer), CBX_DIVERGED, "");
    if (strstr(cbx_last_error(), "4444") == NULL) {
        fail_msg("%s: the message does not name batch 4444: %s", way.name, cbx_last_error());
    }
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(start);
}

static void divergence_names_the_first_bad_batch(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        check_divergence(fixture_ways[w], CBX_RECIPE_LESSON, (float)INFINITY);
        check_divergence(fixture_ways[w], CBX_RECIPE_NLL, (float)INFINITY);
        check_divergence(fixture_ways[w], CBX_RECIPE_NLL, (float)NAN);
    }
}

/* Weights that make the output sums infinite at once, or merely very large. */
static cbx_status check_large_sums(fixture_way way, float bias) {
    cbx_network *start = synthetic_network(37, 18);
    for (size_t i = 0; i < 38 * CBX_CLASSES; i++) {
        start->w2[i] = 0;
    }
    for (size_t c = 0; c < CBX_CLASSES; c++) {
        start->w2[c] = bias;
        start->w2[CBX_CLASSES + c] = bias;
        start->w2[2 * CBX_CLASSES + c] = bias;
    }
    start->w1[0] = start->w1[1] = 1000; /* the first two activations are 1 */
    cbx_trainer *trainer = start_training(way, CBX_RECIPE_LESSON, start, 7);
    assert_ok(cbx_trainer_steps(trainer, 0, 3, rates, 880));
    cbx_status status = cbx_trainer_check(trainer);
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(start);
    return status;
}

static void only_infinite_sums_are_divergence(void **state) {
    (void)state;
    static const float too_large[] = {3e38f, -3e38f};
    for (size_t w = 0; w < fixture_way_count; w++) {
        assert_ok(check_large_sums(fixture_ways[w], 1e30f));
        assert_ok(check_large_sums(fixture_ways[w], -1e30f));
        for (size_t i = 0; i < COUNT(too_large); i++) {
            assert_fails(check_large_sums(fixture_ways[w], too_large[i]), CBX_DIVERGED, "");
            if (strstr(cbx_last_error(), "880") == NULL) {
                fail_msg("%s: the message does not name batch 880: %s", fixture_ways[w].name,
                         cbx_last_error());
            }
        }
    }
}

static void rows_beyond_the_data_are_refused(void **state) {
    (void)state;
    static const uint32_t beyond[] = {0, 1, TRAIN};
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_network *start = synthetic_network(3, 19), *other = synthetic_network(4, 19);
        cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, start, 64);
        assert_fails(cbx_trainer_set_order(trainer, beyond, 3), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_step(trainer, TRAIN - 1, 2, rates, 0), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_step(trainer, UINT32_MAX, 64, rates, 0), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_step(trainer, 0, 65, rates, 0), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_step(trainer, 0, 0, rates, 0), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_steps(trainer, 0, TRAIN / 64 + 1, rates, 0), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_set_weights(trainer, other), CBX_BAD_ARGUMENT, "");
        assert_fails(cbx_trainer_get_weights(trainer, other), CBX_BAD_ARGUMENT, "");
        assert_trainer_holds(trainer, start, "after refusals");
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
        cbx_network_destroy(other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(weights_make_the_round_trip),
        cmocka_unit_test(new_weights_drop_batches_under_way),
        cmocka_unit_test(lesson_leaves_the_bias_rows_alone),
        cmocka_unit_test(repetition_gives_the_same_bits),
        cmocka_unit_test(steps_are_that_many_single_steps),
        cmocka_unit_test(stages_have_launches_of_their_own_where_memory_is_not_shared),
        cmocka_unit_test(crowded_stages_get_launches_of_their_own),
        cmocka_unit_test(looking_on_changes_nothing),
        cmocka_unit_test(evaluation_does_not_depend_on_how_much_is_held),
        cmocka_unit_test(divergence_names_the_first_bad_batch),
        cmocka_unit_test(only_infinite_sums_are_divergence),
        cmocka_unit_test(rows_beyond_the_data_are_refused),
    };
    return cmocka_run_group_tests_name("trainer bits", tests, set_up, tear_down);
}
