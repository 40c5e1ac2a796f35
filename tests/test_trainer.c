/* SPDX-License-Identifier: MIT */
/* Training against the double-precision reference: both recipes, both schedules, both
 * families of kernels, odd and even sizes, from the same start and order. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>

#include "support/compare.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "network/trainer.h"
#include "reference/canon.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { IMAGES = 1002, TRAIN = 835, TESTS = 70, BATCHES = 10 };

static const uint32_t batch_sizes[] = {1, 7, 64, 77};
static const uint32_t hidden_sizes[] = {1, 3, 37, 64, 100, 257};
static const cbx_rates rates = {0.005f, 0.01f};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    const int failed = training_set_up(state, IMAGES, TESTS, 1, &dataset, &order);
    return failed || cbx_dataset_images(dataset, CBX_TRAIN).count != TRAIN;
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

/* The reference after the first batch and after all, and how far each may be off. */
typedef struct expectation {
    cbx_reference first, all;
    training_bounds first_bounds, all_bounds;
} expectation;

static expectation expect(cbx_recipe recipe, const cbx_network *start, uint32_t batch) {
    expectation e;
    training_trace trace = {0};
    assert_ok(cbx_reference_init(&e.first, recipe, start, batch));
    assert_ok(cbx_reference_init(&e.all, recipe, start, batch));
    training_reference_step(&e.first, &trace, dataset, order, 0, batch, rates);
    e.first_bounds = training_tolerance(&e.first, &trace);
    trace = (training_trace){0};
    for (size_t i = 0; i < BATCHES; i++) {
        training_reference_step(&e.all, &trace, dataset, order, i * batch, batch, rates);
    }
    e.all_bounds = training_tolerance(&e.all, &trace);
    return e;
}

/* The device's own weights, evaluated by both. The loss of an image is a sum of ten
 * terms of order one, each off by the rounding of one logit (some 1e-6); 1e-5 of the
 * mean leaves room. An answer may differ only where two logits are that close. */
static void check_evaluation(cbx_trainer *trainer, cbx_reference *r, cbx_part part,
                             const char *what) {
    cbx_evaluation got;
    cbx_network *network = training_weights(trainer, r->hidden);
    cbx_reference_set_weights(r, network);
    cbx_reference_verdict expected = cbx_reference_evaluate(r, dataset, part, 1e-4);
    assert_ok(cbx_trainer_evaluate(trainer, part, &got));
    assert_int_equal(got.images, expected.images);
    assert_number_close(got.loss, expected.loss, 1e-5 * expected.loss, what);
    assert_number_close((double)got.correct, (double)expected.correct, (double)expected.close,
                        what);
    assert_confusion(got.confusion, got.images, got.correct, &expected, what);
    cbx_network_destroy(network);
}

static void check_way(fixture_way way, cbx_recipe recipe, const cbx_network *start, uint32_t batch,
                      const expectation *e) {
    char what[128];
    snprintf(what, sizeof what, "%s %s B=%u H=%u", cbx_recipe_name(recipe), way.name, batch,
             start->hidden);
    cbx_trainer *trainer = training_start(way, recipe, dataset, start, batch, order, TRAIN);
    assert_ok(cbx_trainer_step(trainer, 0, batch, rates, 0));
    assert_ok(cbx_trainer_check(trainer));
    assert_training_close(trainer, &e->first, e->first_bounds, what);
    for (uint32_t i = 1; i < BATCHES; i++) {
        assert_ok(cbx_trainer_step(trainer, i * batch, batch, rates, i));
    }
    assert_ok(cbx_trainer_check(trainer));
    assert_training_close(trainer, &e->all, e->all_bounds, what);
    cbx_trainer_destroy(trainer);
}

static void check_recipe(cbx_recipe recipe) {
    for (size_t b = 0; b < COUNT(batch_sizes); b++) {
        for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
            cbx_network *start = synthetic_network(hidden_sizes[h], 3 + h);
            expectation e = expect(recipe, start, batch_sizes[b]);
            for (size_t w = 0; w < fixture_way_count; w++) {
                check_way(fixture_ways[w], recipe, start, batch_sizes[b], &e);
            }
            cbx_reference_clear(&e.first);
            cbx_reference_clear(&e.all);
            cbx_network_destroy(start);
        }
    }
}

static void lesson_matches_the_reference(void **state) {
    (void)state;
    check_recipe(CBX_RECIPE_LESSON);
}

static void nll_matches_the_reference(void **state) {
    (void)state;
    check_recipe(CBX_RECIPE_NLL);
}

static void evaluation_matches_the_reference(void **state) {
    (void)state;
    static const cbx_part parts[] = {CBX_TRAIN, CBX_VALIDATION, CBX_TEST};
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
            uint32_t batch = batch_sizes[h % COUNT(batch_sizes)];
            cbx_network *start = synthetic_network(hidden_sizes[h], 20 + h);
            cbx_trainer *trainer = training_start(fixture_ways[w], CBX_RECIPE_NLL, dataset, start,
                                                  batch, order, TRAIN);
            cbx_reference r;
            assert_ok(cbx_reference_init(&r, CBX_RECIPE_NLL, start, 64));
            for (size_t p = 0; p < COUNT(parts); p++) {
                char what[128];
                snprintf(what, sizeof what, "%s H=%u: evaluation of part %d", fixture_ways[w].name,
                         hidden_sizes[h], (int)parts[p]);
                check_evaluation(trainer, &r, parts[p], what);
            }
            /* and with a batch under way */
            assert_ok(cbx_trainer_step(trainer, 5, batch, rates, 0));
            check_evaluation(trainer, &r, CBX_VALIDATION, "evaluation after a step");
            cbx_reference_clear(&r);
            cbx_trainer_destroy(trainer);
            cbx_network_destroy(start);
        }
    }
}

/* Outputs so saturated that σ is 0 or 1 in float32 still have a finite loss. */
static void saturated_outputs_have_a_finite_loss(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_network *start = synthetic_network(37, 4);
        for (size_t i = 0; i < 38 * CBX_CLASSES; i++) {
            start->w2[i] *= 1e4f;
        }
        cbx_trainer *trainer =
            training_start(fixture_ways[w], CBX_RECIPE_NLL, dataset, start, 7, order, TRAIN);
        cbx_reference r;
        assert_ok(cbx_reference_init(&r, CBX_RECIPE_NLL, start, 64));
        cbx_evaluation got;
        assert_ok(cbx_trainer_evaluate(trainer, CBX_TEST, &got));
        double expected = cbx_reference_evaluate(&r, dataset, CBX_TEST, 0).loss;
        assert_true(expected > 1e3);
        assert_number_close(got.loss, expected, 1e-5 * expected, "loss of saturated outputs");
        cbx_reference_clear(&r);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

/* Batches of any length up to B in any order, each with its own rates, with a new
 * order uploaded while batches of the old one may still be under way. */
static void check_uneven_run(fixture_way way, cbx_recipe recipe, uint32_t hidden) {
    static const uint32_t rows[] = {64, 3, 64, 1, 63, 17, 64, 2};
    char what[128];
    snprintf(what, sizeof what, "%s %s H=%u: uneven batches", cbx_recipe_name(recipe), way.name,
             hidden);
    uint32_t *second = synthetic_order(TRAIN, 77);
    cbx_network *start = synthetic_network(hidden, 6);
    cbx_trainer *trainer = training_start(way, recipe, dataset, start, 64, order, TRAIN);
    cbx_reference r;
    cbx_canon canon;
    assert_ok(cbx_reference_init(&r, recipe, start, 64));
    assert_ok(cbx_canon_init(&canon, recipe, start, 64));
    training_trace trace = {0};
    uint32_t first = 11;
    for (uint32_t i = 0; i < COUNT(rows); i++) {
        cbx_rates step = {0.002f * (float)(i + 1), 0.016f - 0.002f * (float)i};
        if (i == COUNT(rows) / 2) {
            assert_ok(cbx_trainer_set_order(trainer, second, TRAIN));
        }
        assert_ok(cbx_trainer_step(trainer, first, rows[i], step, i));
        const uint32_t *now = i < COUNT(rows) / 2 ? order : second;
        training_reference_step(&r, &trace, dataset, now, first, rows[i], step);
        cbx_canon_step(&canon, dataset, now, first, rows[i], step);
        first += rows[i];
    }
    assert_ok(cbx_trainer_check(trainer));
    assert_training_close(trainer, &r, training_tolerance(&r, &trace), what);
    assert_training_exact(trainer, &canon, what);
    cbx_reference_clear(&r);
    cbx_canon_clear(&canon);
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(start);
    free(second);
}

static void uneven_batches_match_both_references(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t h = 0; h < COUNT(hidden_sizes); h++) {
            check_uneven_run(fixture_ways[w], CBX_RECIPE_LESSON, hidden_sizes[h]);
            check_uneven_run(fixture_ways[w], CBX_RECIPE_NLL, hidden_sizes[h]);
        }
    }
}

/* The smallest set there is: five images train, one validates. */
static void smallest_dataset_trains(void **state) {
    (void)state;
    static const uint32_t few_order[] = {4, 0, 3, 1, 2};
    cbx_dataset *few = synthetic_dataset(6, 1, 9);
    for (size_t w = 0; w < fixture_way_count; w++) {
        cbx_network *start = synthetic_network(3, 5);
        cbx_trainer *trainer =
            training_start(fixture_ways[w], CBX_RECIPE_NLL, few, start, 64, few_order, 5);
        cbx_reference r;
        assert_ok(cbx_reference_init(&r, CBX_RECIPE_NLL, start, 64));
        training_trace trace = {0};
        for (uint32_t i = 0; i < 3; i++) {
            assert_ok(cbx_trainer_step(trainer, 0, 5, rates, i));
            training_reference_step(&r, &trace, few, few_order, 0, 5, rates);
        }
        assert_training_close(trainer, &r, training_tolerance(&r, &trace), "five images");
        cbx_reference_clear(&r);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
    cbx_dataset_destroy(few);
}

/* Of all parts; the evaluation for GPUs has an order of its own. */
static void outputs_are_the_canons(void **state) {
    static const uint32_t sizes[] = {1, 37, 64, 100, 257};
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        const fixture_way way = fixture_ways[w];
        const int exact = way.family == CBX_FAMILY_CPU;
        for (size_t h = 0; h < sizeof sizes / sizeof *sizes; h++) {
            cbx_network *network = synthetic_network(sizes[h], 40 + h);
            cbx_trainer *trainer =
                training_start(way, CBX_RECIPE_NLL, dataset, network, 7, order, TRAIN);
            cbx_canon canon;
            float z2[TRAIN * CBX_CLASSES];
            assert_ok(cbx_canon_init(&canon, CBX_RECIPE_NLL, network, TRAIN));
            for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
                const size_t count = cbx_dataset_images(dataset, (cbx_part)part).count;
                assert_ok(cbx_trainer_outputs(trainer, (cbx_part)part, z2));
                cbx_canon_outputs(&canon, dataset, (cbx_part)part, 0, count);
                for (size_t i = 0; i < count * CBX_CLASSES; i++) {
                    const double off = fabs((double)z2[i] - (double)canon.z2[i]);
                    if (exact ? memcmp(&z2[i], &canon.z2[i], 4) != 0 : !(off <= 1e-4)) {
                        fail_msg("%s, %u neurons, part %d: sum %zu is %a, should be %a", way.name,
                                 sizes[h], part, i, (double)z2[i], (double)canon.z2[i]);
                    }
                }
            }
            assert_fails(cbx_trainer_outputs(trainer, (cbx_part)3, z2), CBX_BAD_ARGUMENT, "part");
            cbx_canon_clear(&canon);
            cbx_trainer_destroy(trainer);
            cbx_network_destroy(network);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_matches_the_reference),
        cmocka_unit_test(nll_matches_the_reference),
        cmocka_unit_test(evaluation_matches_the_reference),
        cmocka_unit_test(outputs_are_the_canons),
        cmocka_unit_test(saturated_outputs_have_a_finite_loss),
        cmocka_unit_test(uneven_batches_match_both_references),
        cmocka_unit_test(smallest_dataset_trains),
    };
    return cmocka_run_group_tests_name("trainer", tests, set_up, tear_down);
}
