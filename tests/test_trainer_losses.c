/* SPDX-License-Identifier: MIT */
/* The losses that a trainer keeps while it trains: of every image, with the weights from before
 * its batch, to the bit where the canon holds. How they go with divisions of the work, pictures
 * and two owners, shows test_equality. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "network/trainer.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 240, TRAIN = 200, BATCH = 7 };

static const uint32_t batch_sizes[] = {1, BATCH, 64, 77, TRAIN};
static const uint32_t hidden_sizes[] = {1, 37, 64, 100};
static const cbx_rates rates = {0.005f, 0.01f};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, IMAGES, 10, 31, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

static cbx_trainer *start_training(fixture_way way, cbx_recipe recipe, const cbx_network *start,
                                   uint32_t batch) {
    cbx_trainer *trainer = training_start(way, recipe, dataset, start, batch, order, TRAIN);
    cbx_trainer_keep_losses(trainer);
    return trainer;
}

/* The full batches together, and the short one. */
static void train_epoch(cbx_trainer *trainer, uint32_t batch) {
    const uint32_t full = TRAIN / batch;
    assert_ok(cbx_trainer_steps(trainer, 0, full, rates, 0));
    if (TRAIN % batch > 0) {
        assert_ok(cbx_trainer_step(trainer, full * batch, TRAIN % batch, rates, full));
    }
}

static uint32_t rows_of(uint32_t first, uint32_t batch) {
    return TRAIN - first < batch ? TRAIN - first : batch;
}

/* What an epoch's losses should be. */
typedef struct truth {
    float losses[TRAIN];  /* of the canon */
    double nearly[TRAIN]; /* in double precision */
} truth;

static truth truth_of(cbx_recipe recipe, const cbx_network *start, uint32_t batch,
                      const uint32_t *in_order) {
    truth out;
    cbx_canon canon;
    cbx_reference r;
    assert_ok(cbx_canon_init(&canon, recipe, start, batch));
    assert_ok(cbx_reference_init(&r, recipe, start, batch));
    for (uint32_t first = 0; first < TRAIN; first += batch) {
        const uint32_t rows = rows_of(first, batch);
        cbx_canon_step(&canon, dataset, in_order, first, rows, rates);
        cbx_canon_losses(&canon, out.losses + first);
        cbx_reference_step(&r, dataset, in_order, first, rows, rates);
        for (uint32_t row = 0; row < rows; row++) {
            out.nearly[first + row] =
                cbx_reference_cost(r.z2 + row * CBX_CLASSES, r.labels + row, 1);
        }
    }
    cbx_canon_clear(&canon);
    cbx_reference_clear(&r);
    return out;
}

/* Nearly: ten terms, each of which moves as its z does, by some 1e-6; training on for up to 200
 * batches adds to that, which is why there is room for ten times as much. */
static void assert_losses(fixture_way way, const float *is, const truth *should, const char *what) {
    assert_arrays_close(is, should->nearly, 1, TRAIN, 1e-4, what);
    if (cbx_device_arithmetic(fixture_device(way.family)) == CBX_ARITHMETIC_CANON) {
        assert_same_bits(is, should->losses, 1, TRAIN, what);
    }
}

static void check_size(cbx_recipe recipe, uint32_t hidden, uint32_t batch) {
    cbx_network *start = synthetic_network(hidden, hidden);
    const truth should = truth_of(recipe, start, batch, order);
    for (size_t w = 0; w < fixture_way_count; w++) {
        float losses[TRAIN];
        char what[128];
        snprintf(what, sizeof what, "losses of %s %s H=%u B=%u", cbx_recipe_name(recipe),
                 fixture_ways[w].name, hidden, batch);
        cbx_trainer *trainer = start_training(fixture_ways[w], recipe, start, batch);
        train_epoch(trainer, batch);
        assert_ok(cbx_trainer_losses(trainer, 0, TRAIN, losses));
        assert_losses(fixture_ways[w], losses, &should, what);
        cbx_trainer_destroy(trainer);
    }
    cbx_network_destroy(start);
}

static void losses_are_those_before_each_batch(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(hidden_sizes) * COUNT(batch_sizes); i++) {
        const uint32_t hidden = hidden_sizes[i / COUNT(batch_sizes)];
        check_size(CBX_RECIPE_LESSON, hidden, batch_sizes[i % COUNT(batch_sizes)]);
        check_size(CBX_RECIPE_NLL, hidden, batch_sizes[i % COUNT(batch_sizes)]);
    }
}

static void keeping_them_changes_no_weights(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_network *start = synthetic_network(37, 5), *weights[2];
        for (int keeping = 0; keeping < 2; keeping++) {
            cbx_trainer *trainer = training_start(fixture_ways[w], CBX_RECIPE_NLL, dataset, start,
                                                  BATCH, order, TRAIN);
            if (keeping) {
                cbx_trainer_keep_losses(trainer);
            }
            train_epoch(trainer, BATCH);
            weights[keeping] = training_weights(trainer, start->hidden);
            cbx_trainer_destroy(trainer);
        }
        assert_networks_same(weights[1], weights[0], fixture_ways[w].name);
        cbx_network_destroy(weights[0]);
        cbx_network_destroy(weights[1]);
        cbx_network_destroy(start);
    }
}

/* The buffer as a kernel would find it; nothing is flushed. */
static void read_buffer(cbx_trainer *trainer, fixture_way way, float *out) {
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(fixture_device(way.family)->queue,
                                                     cbx_trainer_loss_buffer(trainer), CL_TRUE, 0,
                                                     TRAIN * sizeof *out, out, 0, NULL, NULL));
}

static void assert_zeros(const float *losses, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_true(losses[i] == 0.0f);
    }
}

/* Any part of them may be read at any time; what was not trained is 0. */
static void losses_come_batch_by_batch(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        float epoch[TRAIN], buffer[TRAIN], part[3 * BATCH];
        cbx_network *start = synthetic_network(64, 6);
        cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, start, BATCH);
        read_buffer(trainer, fixture_ways[w], buffer);
        assert_zeros(buffer, TRAIN);
        train_epoch(trainer, BATCH);
        assert_ok(cbx_trainer_losses(trainer, 0, TRAIN, epoch));
        read_buffer(trainer, fixture_ways[w], buffer);
        assert_same_bits(buffer, epoch, 1, TRAIN, fixture_ways[w].name);
        cbx_trainer_destroy(trainer);

        trainer = start_training(fixture_ways[w], CBX_RECIPE_NLL, start, BATCH);
        for (uint32_t i = 0; i < 3; i++) {
            assert_ok(cbx_trainer_step(trainer, i * BATCH, BATCH, rates, i));
            assert_ok(cbx_trainer_losses(trainer, i * BATCH, BATCH, part + i * BATCH));
        }
        assert_same_bits(part, epoch, 1, 3 * BATCH, fixture_ways[w].name);
        assert_ok(cbx_trainer_losses(trainer, BATCH - 2, 5, part));
        assert_same_bits(part, epoch + BATCH - 2, 1, 5, fixture_ways[w].name);
        read_buffer(trainer, fixture_ways[w], buffer);
        assert_zeros(buffer + 3 * BATCH, TRAIN - 3 * BATCH);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

/* The batch that is pending when a new order comes is one of the old. */
static void the_next_epoch_has_its_own(void **state) {
    uint32_t *other = synthetic_order(TRAIN, 77);
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        float losses[TRAIN];
        cbx_network *start = synthetic_network(37, 8);
        cbx_trainer *trainer = start_training(fixture_ways[w], CBX_RECIPE_LESSON, start, 64);
        train_epoch(trainer, 64);
        assert_ok(cbx_trainer_set_order(trainer, other, TRAIN));
        cbx_network *middle = training_weights(trainer, start->hidden);
        train_epoch(trainer, 64);
        const truth should = truth_of(CBX_RECIPE_LESSON, middle, 64, other);
        assert_ok(cbx_trainer_losses(trainer, 0, TRAIN, losses));
        assert_losses(fixture_ways[w], losses, &should, fixture_ways[w].name);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(middle);
        cbx_network_destroy(start);
    }
    free(other);
}

static void what_there_is_not_is_refused(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        float losses[TRAIN];
        cbx_network *start = synthetic_network(3, 9);
        cbx_trainer *trainer = training_start(fixture_ways[w], CBX_RECIPE_NLL, dataset, start,
                                              BATCH, order, TRAIN - 1);
        assert_fails(cbx_trainer_losses(trainer, 0, 1, losses), CBX_BAD_ARGUMENT,
                     "the trainer was not asked to keep losses");
        cbx_trainer_keep_losses(trainer);
        assert_ok(cbx_trainer_losses(trainer, TRAIN - 1, 0, losses));
        assert_fails(cbx_trainer_losses(trainer, 0, TRAIN, losses), CBX_BAD_ARGUMENT, "199 rows");
        assert_fails(cbx_trainer_losses(trainer, UINT32_MAX, 2, losses), CBX_BAD_ARGUMENT, "");
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_are_those_before_each_batch),
        cmocka_unit_test(keeping_them_changes_no_weights),
        cmocka_unit_test(losses_come_batch_by_batch),
        cmocka_unit_test(the_next_epoch_has_its_own),
        cmocka_unit_test(what_there_is_not_is_refused),
    };
    return cmocka_run_group_tests_name("trainer losses", tests, set_up, tear_down);
}
