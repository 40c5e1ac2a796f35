/* SPDX-License-Identifier: MIT */
/* The network of host/reference/canon.h: against the reference in double precision; and, to the
 * bit, against the chains of support/chains.h, with all their pixels, one number at a time. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
#include "support/chains.h"
#include "support/compare.h"
#include "support/dataset.h"
#include "support/synthetic.h"

enum { PIXELS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES, IMAGES = 90, ROWS = 19 };

/* Within a panel, one panel, some with a last one that is short. */
static const uint32_t sizes[] = {1, 32, 69, 131};
static const cbx_rates rates = {0.02f, 0.03f};

static cbx_dataset *dataset;
static uint32_t *order;
static size_t training; /* images */

static int set_up(void **state) {
    (void)state;
    dataset = synthetic_dataset(IMAGES, 23, 51);
    training = cbx_dataset_images(dataset, CBX_TRAIN).count;
    order = synthetic_order((uint32_t)training, 52);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    cbx_dataset_destroy(dataset);
    free(order);
    return 0;
}

/* ---- as kernels/canon.h says it, one number at a time ---- */

/* What a step makes of the weights of a network, (785, H) and (1+H, 10), and on the way. */
typedef struct plain {
    float *u, *a1, *s1, *d1;
    float *z2, *a2, *s2, *d2;
    float *w1, *w2;
} plain;

static void plain_forward(plain *p, const cbx_network *network, const uint8_t *levels,
                          cbx_normal normal) {
    const size_t hidden = network->hidden, panels = (hidden + 31) / 32;
    chain_column_sums(network->w1, hidden, p->u);
    chain_hidden_sums(levels, normal, network->w1, p->u, ROWS, hidden, p->a1);
    chain_sigmoids(p->a1, ROWS * hidden);
    chain_outputs(p->a1, network->w2, ROWS, hidden, 0, panels, p->z2);
    for (size_t i = 0; i < ROWS * CLASSES; i++) {
        p->a2[i] = p->z2[i] = network->w2[i % CLASSES] + p->z2[i];
    }
    chain_sigmoids(p->a2, ROWS * CLASSES);
}

static void plain_backward(plain *p, const cbx_network *network, cbx_recipe recipe,
                           const uint8_t *levels, const uint8_t *labels, cbx_step_sizes steps) {
    const size_t hidden = network->hidden;
    chain_derivatives(recipe, p->a2, ROWS * CLASSES, p->s2);
    chain_output_delta(recipe, p->a2, p->s2, labels, ROWS, p->d2);
    chain_derivatives(recipe, p->a1, ROWS * hidden, p->s1);
    chain_hidden_delta(p->d2, network->w2, p->s1, ROWS, hidden, p->d1);
    memcpy(p->w1, network->w1, CBX_W1_ROWS * hidden * sizeof *p->w1);
    memcpy(p->w2, network->w2, (1 + hidden) * CLASSES * sizeof *p->w2);
    chain_update_hidden(recipe, levels, p->d1, ROWS, hidden, steps, p->w1);
    chain_update_output(recipe, p->a1, p->d2, ROWS, hidden, steps.output, p->w2);
}

/* Of the rows order[5 … 5 + ROWS). */
static void plain_step(plain *p, const cbx_network *network, cbx_recipe recipe) {
    const cbx_images images = cbx_dataset_images(dataset, CBX_TRAIN);
    const double mean = cbx_dataset_mean(dataset), deviation = cbx_dataset_deviation(dataset);
    const cbx_normal normal = {(float)(1 / deviation), (float)(-mean / deviation)};
    uint8_t *levels, labels[ROWS];
    TEST_NEW(levels, ROWS * PIXELS);
    for (size_t row = 0; row < ROWS; row++) {
        memcpy(levels + row * PIXELS, images.pixels + order[5 + row] * (size_t)PIXELS, PIXELS);
        labels[row] = images.labels[order[5 + row]];
    }
    plain_forward(p, network, levels, normal);
    plain_backward(p, network, recipe, levels, labels, chain_steps(rates, normal));
    free(levels);
}

/* All in the one block at `u`, for free(). */
static plain plain_new(size_t hidden) {
    const size_t of_hidden = ROWS * hidden, of_output = (size_t)ROWS * CLASSES;
    plain p;
    TEST_NEW(p.u, hidden + 3 * of_hidden + 4 * of_output + CBX_W1_ROWS * hidden +
                      (1 + hidden) * CLASSES);
    p.a1 = p.u + hidden;
    p.s1 = p.a1 + of_hidden;
    p.d1 = p.s1 + of_hidden;
    p.z2 = p.d1 + of_hidden;
    p.a2 = p.z2 + of_output;
    p.s2 = p.a2 + of_output;
    p.d2 = p.s2 + of_output;
    p.w1 = p.d2 + of_output;
    p.w2 = p.w1 + CBX_W1_ROWS * hidden;
    return p;
}

/* Makes some activations and errors tiny: neurons and outputs that hardly stir, and neurons
 * that hardly matter. */
static void make_faint(cbx_network *network) {
    for (size_t j = 0; j < network->hidden; j++) {
        network->w1[j] -= j % 3 == 1 ? 43.0f : 0.0f;
        for (size_t o = 0; o < CLASSES && j % 3 == 2; o++) {
            network->w2[(1 + j) * CLASSES + o] *= 0x1p-61f;
        }
    }
    for (size_t o = 5; o < CLASSES; o++) {
        network->w2[o] -= 43.5f;
    }
}

static void check_step(cbx_recipe recipe, uint32_t hidden, int faint) {
    cbx_network *network = synthetic_network(hidden, hidden);
    if (faint) {
        make_faint(network);
    }
    cbx_canon canon;
    plain p = plain_new(hidden);
    plain_step(&p, network, recipe);
    assert_ok(cbx_canon_init(&canon, recipe, network, ROWS));
    cbx_canon_step(&canon, dataset, order, 5, ROWS, rates);
    assert_same_bits(canon.a1, p.a1, ROWS, hidden, "a1");
    assert_same_bits(canon.z2, p.z2, ROWS, CLASSES, "z2");
    assert_same_bits(canon.d2, p.d2, ROWS, CLASSES, "d2");
    assert_same_bits(canon.d1, p.d1, ROWS, hidden, "d1");
    assert_same_bits(canon.w1, p.w1, CBX_W1_ROWS, hidden, "w1");
    assert_same_bits(canon.w2, p.w2, 1 + hidden, CLASSES, "w2");
    free(p.u);
    cbx_canon_clear(&canon);
    cbx_network_destroy(network);
}

static void a_step_is_the_chains_with_all_pixels(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int faint = 0; faint < 2; faint++) {
            check_step(CBX_RECIPE_LESSON, sizes[i], faint);
            check_step(CBX_RECIPE_NLL, sizes[i], faint);
        }
    }
}

/* ---- against double precision ---- */

/* Sums of at most 785 rounded products are off by some √785·2⁻²⁴ = 2e-6 of their largest
 * terms; and what is tiny is 0. */
static void check_close(const float *is, const double *should, size_t rows, size_t columns,
                        const char *what) {
    const double tolerance = 1e-5 * largest_magnitude(should, rows * columns) + (double)CBX_TINY;
    assert_arrays_close(is, should, rows, columns, tolerance, what);
}

static void check_training(cbx_recipe recipe, uint32_t hidden) {
    cbx_network *network = synthetic_network(hidden, 7);
    cbx_canon canon;
    cbx_reference reference;
    assert_ok(cbx_canon_init(&canon, recipe, network, ROWS));
    assert_ok(cbx_reference_init(&reference, recipe, network, ROWS));
    for (size_t first = 0; first < training; first += ROWS) {
        const size_t left = training - first, rows = left < ROWS ? left : ROWS;
        cbx_canon_step(&canon, dataset, order, first, rows, rates);
        cbx_reference_step(&reference, dataset, order, first, rows, rates);
        check_close(canon.a1, reference.a1, rows, hidden, "a1");
        check_close(canon.z2, reference.z2, rows, CLASSES, "z2");
        check_close(canon.a2, reference.a2, rows, CLASSES, "a2");
    }
    check_close(canon.w1, reference.w1, CBX_W1_ROWS, hidden, "w1");
    check_close(canon.w2, reference.w2, 1 + hidden, CLASSES, "w2");
    cbx_canon_clear(&canon);
    cbx_reference_clear(&reference);
    cbx_network_destroy(network);
}

static void training_follows_double_precision(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        check_training(CBX_RECIPE_LESSON, sizes[i]);
        check_training(CBX_RECIPE_NLL, sizes[i]);
    }
}

/* Of all outputs at hand. */
static double mean_loss(const cbx_canon *canon) {
    double loss = 0;
    for (size_t b = 0; b < canon->rows; b++) {
        loss += (double)cbx_canon_loss(canon->z2 + b * CLASSES, canon->labels[b]);
    }
    return loss / (double)canon->rows;
}

static void check_evaluation(cbx_part part) {
    cbx_network *network = synthetic_network(69, 8);
    cbx_canon blocks, whole;
    cbx_reference reference;
    assert_ok(cbx_canon_init(&blocks, CBX_RECIPE_NLL, network, 4));
    assert_ok(cbx_canon_init(&whole, CBX_RECIPE_NLL, network, IMAGES));
    assert_ok(cbx_reference_init(&reference, CBX_RECIPE_NLL, network, IMAGES));
    const cbx_evaluation is = cbx_canon_evaluate(&blocks, dataset, part);
    const cbx_evaluation same = cbx_canon_evaluate(&whole, dataset, part);
    const cbx_reference_verdict should = cbx_reference_evaluate(&reference, dataset, part, 1e-5);
    assert_memory_equal(&is, &same, sizeof is);
    assert_true(same.loss == mean_loss(&whole));
    assert_int_equal(is.images, should.images);
    assert_int_equal(should.close, 0); /* else choose another seed */
    assert_int_equal(is.correct, should.correct);
    assert_memory_equal(is.confusion, should.confusion, sizeof is.confusion);
    assert_number_close(is.loss, should.loss, 1e-5 * should.loss, "loss");
    cbx_canon_clear(&blocks);
    cbx_canon_clear(&whole);
    cbx_reference_clear(&reference);
    cbx_network_destroy(network);
}

static void evaluation_follows_double_precision(void **state) {
    (void)state;
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        check_evaluation((cbx_part)part);
    }
}

static void the_first_of_equal_outputs_is_the_answer(void **state) {
    (void)state;
    cbx_network *network = NULL;
    cbx_canon canon;
    assert_ok(cbx_network_create(&network, 3));
    network->w2[4] = network->w2[7] = 1.0f;
    assert_ok(cbx_canon_init(&canon, CBX_RECIPE_NLL, network, IMAGES));
    const cbx_evaluation is = cbx_canon_evaluate(&canon, dataset, CBX_TRAIN);
    uint64_t answers = 0;
    for (size_t label = 0; label < CLASSES; label++) {
        answers += is.confusion[label][4];
    }
    assert_int_equal(answers, training);
    assert_int_equal(is.correct, is.confusion[4][4]);
    cbx_canon_clear(&canon);
    cbx_network_destroy(network);
}

/* ---- what is not finite ---- */

static void check_nan(const float *numbers, size_t count) {
    for (size_t i = 0; i < count; i++) {
        assert_true(isnan(numbers[i]));
    }
}

/* Even a weight whose pixel is 0 in every image, and so is left out. */
static void check_spread(float weight) {
    enum { HIDDEN = 40, NEURON = 33 };
    cbx_network *network = synthetic_network(HIDDEN, 9);
    network->w1[(1 + 0) * HIDDEN + NEURON] = weight;
    cbx_canon canon;
    assert_ok(cbx_canon_init(&canon, CBX_RECIPE_LESSON, network, ROWS));
    cbx_canon_step(&canon, dataset, order, 0, ROWS, rates);
    for (size_t b = 0; b < ROWS; b++) {
        assert_int_equal(canon.levels[b * PIXELS], 0);
        for (size_t j = 0; j < HIDDEN; j++) {
            assert_int_equal(isnan(canon.a1[b * HIDDEN + j]) != 0, j == NEURON);
        }
    }
    check_nan(canon.z2, ROWS * CLASSES);
    check_nan(canon.a2, ROWS * CLASSES);
    check_nan(canon.w2 + CLASSES, HIDDEN * CLASSES);
    check_nan(canon.w1 + HIDDEN, PIXELS * HIDDEN);
    assert_true(isnan(cbx_canon_evaluate(&canon, dataset, CBX_TEST).loss));
    cbx_canon_clear(&canon);
    cbx_network_destroy(network);
}

static void weights_that_are_not_finite_give_nan(void **state) {
    (void)state;
    check_spread(INFINITY);
    check_spread(-INFINITY);
    check_spread(NAN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_step_is_the_chains_with_all_pixels),
        cmocka_unit_test(training_follows_double_precision),
        cmocka_unit_test(evaluation_follows_double_precision),
        cmocka_unit_test(the_first_of_equal_outputs_is_the_answer),
        cmocka_unit_test(weights_that_are_not_finite_give_nan),
    };
    return cmocka_run_group_tests_name("canon_network", tests, set_up, tear_down);
}
