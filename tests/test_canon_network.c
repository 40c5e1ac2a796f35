/* SPDX-License-Identifier: MIT */
/* The network of host/reference/canon.h: against the reference in double precision; and, to the
 * bit, against the chains of kernels/canon.h with all their pixels, one number at a time. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
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

typedef struct plain {
    const cbx_canon *canon; /* before the step */
    const cbx_images *images;
    const uint32_t *rows; /* (canon->rows) numbers of images */
    float *a1, *d1;
    float *z2, *d2;
} plain;

static float level(const plain *p, size_t b, size_t k) {
    return (float)p->images->pixels[p->rows[b] * PIXELS + k];
}

static float plain_a1(const plain *p, size_t b, size_t j) {
    const float *w1 = p->canon->w1;
    const size_t hidden = p->canon->hidden;
    float q = 0.0f, u = 0.0f;
    for (size_t slab = 0; slab < 7; slab++) {
        float q_slab = 0.0f, u_slab = 0.0f;
        for (size_t k = 112 * slab; k < 112 * (slab + 1); k++) {
            q_slab = fmaf(level(p, b, k), w1[(1 + k) * hidden + j], q_slab);
            u_slab = u_slab + w1[(1 + k) * hidden + j];
        }
        q = q + q_slab;
        u = u + u_slab;
    }
    const cbx_normal normal = {
        (float)(1 / cbx_dataset_deviation(dataset)),
        (float)(-cbx_dataset_mean(dataset) / cbx_dataset_deviation(dataset))};
    return cbx_canon_sigmoid(fmaf(normal.scale, q, fmaf(normal.shift, u, w1[j])));
}

static float plain_z2(const plain *p, size_t b, size_t o) {
    const size_t hidden = p->canon->hidden;
    float sums[8] = {0};
    for (size_t j = 0; j < hidden; j++) {
        sums[j / 32] = fmaf(p->a1[b * hidden + j], p->canon->w2[(1 + j) * 10 + o], sums[j / 32]);
    }
    return p->canon->w2[o] + cbx_canon_tree(sums, (hidden + 31) / 32);
}

static float plain_d2(const plain *p, size_t b, size_t o) {
    const float a = cbx_canon_sigmoid(p->z2[b * 10 + o]);
    const float miss = (p->images->labels[p->rows[b]] == o ? 1.0f : 0.0f) - a;
    return cbx_canon_tiny(p->canon->recipe == CBX_RECIPE_NLL ? miss
                                                             : 2.0f * miss * cbx_canon_slope(a));
}

static float plain_d1(const plain *p, size_t b, size_t j) {
    const float a = p->a1[b * p->canon->hidden + j];
    float c = 0.0f;
    for (size_t o = 0; o < 10; o++) {
        c = fmaf(p->d2[b * 10 + o], p->canon->w2[(1 + j) * 10 + o], c);
    }
    return cbx_canon_tiny(
        c * (p->canon->recipe == CBX_RECIPE_NLL ? a * (1.0f - a) : cbx_canon_slope(a)));
}

/* What becomes of W1[row][j] and W2[row][o]. */
static float plain_w1(const plain *p, size_t row, size_t j) {
    const size_t hidden = p->canon->hidden;
    const float w = p->canon->w1[row * hidden + j], rate = rates.hidden;
    float g = 0.0f, s = 0.0f;
    for (size_t b = 0; b < ROWS; b++) {
        g = fmaf(row > 0 ? level(p, b, row - 1) : 0.0f, p->d1[b * hidden + j], g);
        s = s + p->d1[b * hidden + j];
    }
    if (row == 0) {
        return p->canon->recipe == CBX_RECIPE_NLL ? fmaf(rate, s, w) : w;
    }
    const float scale = (float)(1 / cbx_dataset_deviation(dataset));
    const float shift = (float)(-cbx_dataset_mean(dataset) / cbx_dataset_deviation(dataset));
    return fmaf(rate * scale, g, fmaf(rate * shift, s, w));
}

static float plain_w2(const plain *p, size_t row, size_t o) {
    const float w = p->canon->w2[row * 10 + o];
    float g = 0.0f;
    for (size_t b = 0; b < ROWS; b++) {
        g = fmaf(row > 0 ? p->a1[b * p->canon->hidden + row - 1] : 1.0f, p->d2[b * 10 + o], g);
    }
    return row == 0 && p->canon->recipe == CBX_RECIPE_LESSON ? w : fmaf(rates.output, g, w);
}

/* (rows, columns) numbers, in any order. */
static float *fill(const plain *p, float (*number)(const plain *, size_t, size_t), size_t rows,
                   size_t columns) {
    float *out;
    TEST_NEW(out, rows * columns);
    for (size_t i = rows * columns; i-- > 0;) {
        out[i] = number(p, i / columns, i % columns);
    }
    return out;
}

/* Makes some activations and errors tiny: neurons and outputs that hardly stir, and neurons
 * that hardly matter. */
static void make_faint(cbx_network *network) {
    for (size_t j = 0; j < network->hidden; j++) {
        network->w1[j] -= j % 3 == 1 ? 43.5f : 0.0f;
        for (size_t o = 0; o < CLASSES && j % 3 == 2; o++) {
            network->w2[(1 + j) * CLASSES + o] *= 0x1p-63f;
        }
    }
    for (size_t o = 5; o < CLASSES; o++) {
        network->w2[o] -= 44.0f;
    }
}

static void check_step(cbx_recipe recipe, uint32_t hidden, int faint) {
    cbx_network *network = synthetic_network(hidden, hidden);
    if (faint) {
        make_faint(network);
    }
    const cbx_images images = cbx_dataset_images(dataset, CBX_TRAIN);
    cbx_canon before, after;
    assert_ok(cbx_canon_init(&before, recipe, network, 1));
    assert_ok(cbx_canon_init(&after, recipe, network, ROWS));
    cbx_canon_step(&after, dataset, order, 5, ROWS, rates);

    plain p = {.canon = &before, .images = &images, .rows = order + 5};
    p.a1 = fill(&p, plain_a1, ROWS, hidden);
    p.z2 = fill(&p, plain_z2, ROWS, CLASSES);
    p.d2 = fill(&p, plain_d2, ROWS, CLASSES);
    p.d1 = fill(&p, plain_d1, ROWS, hidden);
    float *w1 = fill(&p, plain_w1, CBX_W1_ROWS, hidden);
    float *w2 = fill(&p, plain_w2, 1 + hidden, CLASSES);
    assert_same_bits(after.a1, p.a1, ROWS, hidden, "a1");
    assert_same_bits(after.z2, p.z2, ROWS, CLASSES, "z2");
    assert_same_bits(after.d2, p.d2, ROWS, CLASSES, "d2");
    assert_same_bits(after.d1, p.d1, ROWS, hidden, "d1");
    assert_same_bits(after.w1, w1, CBX_W1_ROWS, hidden, "w1");
    assert_same_bits(after.w2, w2, 1 + hidden, CLASSES, "w2");

    float *made[] = {p.a1, p.z2, p.d2, p.d1, w1, w2};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        free(made[i]);
    }
    cbx_canon_clear(&before);
    cbx_canon_clear(&after);
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
    const double tolerance = 1e-5 * largest_magnitude(should, rows * columns) + 0x1p-64;
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
