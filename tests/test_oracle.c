/* SPDX-License-Identifier: MIT */
/* The reference itself: hand-computed values, and the nll gradient against
 * central differences of the cost. Everything else leans on them. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "support/compare.h"
#include "reference/network.h"
#include "support/pictures.h"
#include "support/synthetic.h"

/* σ(0) = 1/2, σ(ln 3) = 3/4, s(0) = 1/4. */
static void sigmoid_has_known_values(void **state) {
    (void)state;
    assert_number_close(cbx_reference_sigmoid(0), 0.5, 0, "sigmoid(0)");
    assert_number_close(cbx_reference_sigmoid(log(3)), 0.75, 1e-15, "sigmoid(ln 3)");
    assert_number_close(cbx_reference_derivative(CBX_RECIPE_LESSON, 0), 0.25, 0, "s(0)");
    assert_number_close(cbx_reference_derivative(CBX_RECIPE_LESSON, log(3)), 0.1875, 1e-15,
                        "s(ln 3)");
    assert_true(cbx_reference_sigmoid(-1e4) == 0 && cbx_reference_sigmoid(1e4) == 1);
}

static void matmul_adds_the_bias_row(void **state) {
    (void)state;
    /* Five inner terms: one block of four and one left over. */
    const double in[] = {1, 2, 3, 4, 5, /**/ -1, 0, 1, 0, 2};
    const double w[] = {10, 20, /**/ 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    const double expected[] = {10 + 1 + 6 + 15 + 28 + 45, 20 + 2 + 8 + 18 + 32 + 50,
                               10 - 1 + 5 + 18, 20 - 2 + 6 + 20};
    double out[4];
    cbx_reference_biased_matmul(in, w, 2, 5, 2, out);
    assert_true(largest_difference(out, expected, 4) == 0);
}

static void update_sums_over_the_batch(void **state) {
    (void)state;
    const double in[] = {1, 2, /**/ 3, 4, /**/ 5, 6}, d[] = {1, -1, /**/ 2, 0, /**/ 3, 1};
    const double learnt[] = {100 + 0.5 * 6,  100,          /**/ 100 + 0.5 * 22, 100 + 0.5 * 4,
                             100 + 0.5 * 28, 100 + 0.5 * 4};
    double w[6] = {100, 100, 100, 100, 100, 100};
    cbx_reference_weight_update(CBX_RECIPE_NLL, in, d, 3, 2, 2, 0.5, w);
    assert_true(largest_difference(w, learnt, 6) == 0);

    double kept[6] = {100, 100, 100, 100, 100, 100};
    cbx_reference_weight_update(CBX_RECIPE_LESSON, in, d, 3, 2, 2, 0.5, kept);
    assert_true(kept[0] == 100 && kept[1] == 100);
    assert_true(largest_difference(kept + 2, learnt + 2, 4) == 0);
}

/* With all weights zero every activation is 1/2, so both deltas are known. */
static void deltas_have_known_values(void **state) {
    (void)state;
    double a2[10], s2[10], a1[] = {0.5, 0.25}, s1[2], d2[10], d1[2], w2[30] = {0};
    const uint8_t label = 3;
    for (size_t c = 0; c < 10; c++) {
        a2[c] = 0.5;
    }
    double s = cbx_reference_derivative(CBX_RECIPE_LESSON, 0.5);
    cbx_reference_derivatives(CBX_RECIPE_LESSON, a2, 10, s2);
    cbx_reference_output_delta(CBX_RECIPE_LESSON, a2, s2, &label, 1, d2);
    assert_number_close(d2[3], s, 1e-16, "lesson d2 of the label");
    assert_number_close(d2[4], -s, 1e-16, "lesson d2 of another");
    cbx_reference_derivatives(CBX_RECIPE_NLL, a2, 10, s2);
    cbx_reference_output_delta(CBX_RECIPE_NLL, a2, s2, &label, 1, d2);
    assert_number_close(d2[3], 0.5, 0, "nll d2 of the label");

    w2[0 * 10 + 3] = 1000; /* the bias row takes no part */
    w2[1 * 10 + 3] = 2;
    w2[2 * 10 + 4] = 8;
    cbx_reference_derivatives(CBX_RECIPE_NLL, a1, 2, s1);
    cbx_reference_hidden_delta(d2, w2, s1, 1, 2, d1);
    assert_number_close(d1[0], 0.5 * 2 * 0.25, 1e-16, "nll d1");
    assert_number_close(d1[1], -0.5 * 8 * 0.1875, 1e-16, "nll d1");
    cbx_reference_derivatives(CBX_RECIPE_LESSON, a1, 2, s1);
    cbx_reference_hidden_delta(d2, w2, s1, 1, 2, d1);
    assert_number_close(d1[0], s, 1e-16, "lesson d1");
    assert_number_close(d1[1], -4 * cbx_reference_derivative(CBX_RECIPE_LESSON, 0.25), 1e-15,
                        "lesson d1");
}

static void cost_never_overflows(void **state) {
    (void)state;
    double z2[10] = {0};
    const uint8_t label = 0;
    assert_number_close(cbx_reference_cost(z2, &label, 1), 10 * log(2), 1e-14, "cost of zeros");
    z2[0] = -1e5;
    z2[1] = 1e5;
    assert_number_close(cbx_reference_cost(z2, &label, 1), 2e5 + 8 * log(2), 1e-9,
                        "cost of saturation");
}

static double cost_of(cbx_reference *r) {
    cbx_reference_forward(r);
    return cbx_reference_cost(r->z2, r->labels, r->rows);
}

static double slope(cbx_reference *r, double *weight) {
    const double step = 1e-5;
    double kept = *weight;
    *weight = kept + step;
    double above = cost_of(r);
    *weight = kept - step;
    double below = cost_of(r);
    *weight = kept;
    return (above - below) / (2 * step);
}

/* An nll step at rate 1 is minus the gradient of the cost, bias rows included. */
static void nll_step_is_the_gradient(void **state) {
    (void)state;
    enum { HIDDEN = 3, ROWS = 5 };
    cbx_network *start = synthetic_network(HIDDEN, 11);
    cbx_reference r;
    assert_ok(cbx_reference_init(&r, CBX_RECIPE_NLL, start, ROWS));
    uint64_t random = 5;
    for (size_t i = 0; i < ROWS * CBX_IMAGE_PIXELS; i++) {
        r.x[i] = synthetic_normal(&random);
    }
    for (size_t row = 0; row < ROWS; row++) {
        r.labels[row] = (uint8_t)(synthetic_bits(&random) % 10);
    }
    r.rows = ROWS;

    double slopes[30 + (1 + HIDDEN) * 10], steps[30 + (1 + HIDDEN) * 10];
    for (size_t i = 0; i < 30; i++) {
        slopes[i] = -slope(&r, &r.w1[i]);
        steps[i] = -r.w1[i];
    }
    for (size_t i = 0; i < (1 + HIDDEN) * 10; i++) {
        slopes[30 + i] = -slope(&r, &r.w2[i]);
        steps[30 + i] = -r.w2[i];
    }
    cbx_reference_forward(&r);
    cbx_reference_backward(&r);
    cbx_reference_update(&r, (cbx_rates){1, 1});
    for (size_t i = 0; i < 30; i++) {
        steps[i] += r.w1[i];
    }
    for (size_t i = 0; i < (1 + HIDDEN) * 10; i++) {
        steps[30 + i] += r.w2[i];
    }
    assert_number_close(largest_difference(steps, slopes, 30 + (1 + HIDDEN) * 10), 0, 1e-8,
                        "distance of the step from the gradient");
    cbx_reference_clear(&r);
    cbx_network_destroy(start);
}

static void tones_have_known_values(void **state) {
    (void)state;
    double v[784] = {0}, exact[784];
    v[0] = -1;
    v[1] = 2;
    v[2] = 0.5;
    cbx_reference_greys(CBX_TONE_PEAK, v, 1, exact);
    assert_true(exact[0] == 0 && exact[1] == 255 && exact[2] == 63.75 && exact[3] == 0);
    cbx_reference_greys(CBX_TONE_RANGE, v, 1, exact);
    assert_true(exact[0] == 0 && exact[1] == 255 && exact[2] == 127.5 && exact[3] == 85);
    cbx_reference_greys(CBX_TONE_SIGNED, v, 1, exact);
    assert_true(exact[0] == 63.75 && exact[1] == 255 && exact[3] == 127.5);

    v[1] = v[2] = 0; /* nothing positive is left */
    cbx_reference_greys(CBX_TONE_PEAK, v, 1, exact);
    assert_true(exact[0] == 0 && exact[1] == 0);
    v[0] = 0;
    cbx_reference_greys(CBX_TONE_RANGE, v, 1, exact);
    assert_true(exact[0] == 0 && exact[783] == 0);
    cbx_reference_greys(CBX_TONE_SIGNED, v, 1, exact);
    assert_true(exact[0] == 127.5 && exact[783] == 127.5);

    assert_true(cbx_reference_level_fits(63.75, 63, 1e-4) &&
                !cbx_reference_level_fits(63.75, 64, 1e-4));
    assert_true(cbx_reference_level_fits(64.00005, 63, 1e-4) &&
                cbx_reference_level_fits(63.99995, 64, 1e-4));
    assert_true(cbx_reference_level_fits(255, 255, 1e-4) && cbx_reference_level_fits(0, 0, 1e-4));
    assert_true(!cbx_reference_level_fits(0, 1, 1e-4) &&
                !cbx_reference_level_fits(64.001, 63, 1e-4));
}

static void luma_spans_the_limited_range(void **state) {
    (void)state;
    assert_int_equal(cbx_reference_luma(0), 16);
    assert_int_equal(cbx_reference_luma(128), 126);
    assert_int_equal(cbx_reference_luma(255), 235);
}

static void assert_chroma(const cbx_reference_picture *picture, size_t x, size_t y, unsigned cb,
                          unsigned cr) {
    assert_int_equal(cbx_reference_chroma(picture, x, y, CBX_REFERENCE_RED_CB), cb);
    assert_int_equal(cbx_reference_chroma(picture, x, y, CBX_REFERENCE_RED_CR), cr);
}

/* Three neurons in a grid of 2×2: the fourth tile stays black, neuron 2 starts the
 * second column, and scaling repeats every pixel, the border's too. */
static void picture_is_laid_out_by_columns(void **state) {
    (void)state;
    float *w1;
    TEST_NEW(w1, 785 * 3);
    for (size_t i = 0; i < 784; i++) {
        w1[(1 + i) * 3 + 2] = (float)(i + 1) / 784;
    }
    cbx_reference_picture picture = picture_of(w1, 3, CBX_TONE_PEAK, 3);
    assert_int_equal(picture.width, 168);
    assert_int_equal(picture.height, 168);
    const double *exact = picture.exact;
    assert_true(exact[0] == CBX_REFERENCE_RED && exact[2 * 168 + 2] == CBX_REFERENCE_RED);
    assert_true(exact[3 * 168 + 3] == 0);                   /* neuron 0 is all zero */
    assert_true(exact[83 * 168 + 40] == CBX_REFERENCE_RED); /* its lower border */
    assert_true(exact[84 * 168 + 40] == CBX_REFERENCE_RED); /* upper border of neuron 1 */
    assert_true(exact[(84 + 40) * 168 + 84 + 40] == 0);     /* no neuron 3 */
    assert_true(exact[84 * 168 + 84] == 0);                 /* and no border */
    assert_number_close(exact[5 * 168 + 84 + 8], 255 * (28.0 + 3) / 784, 1e-4, "neuron 2");

    assert_chroma(&picture, 0, 0, 102, 240);
    assert_chroma(&picture, 1, 1, 109, 212); /* three of four are red */
    assert_chroma(&picture, 2, 1, 115, 184); /* two of four */
    assert_chroma(&picture, 2, 2, 128, 128);
    cbx_reference_picture_clear(&picture);
    free(w1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sigmoid_has_known_values),
        cmocka_unit_test(matmul_adds_the_bias_row),
        cmocka_unit_test(update_sums_over_the_batch),
        cmocka_unit_test(deltas_have_known_values),
        cmocka_unit_test(cost_never_overflows),
        cmocka_unit_test(nll_step_is_the_gradient),
        cmocka_unit_test(tones_have_known_values),
        cmocka_unit_test(luma_spans_the_limited_range),
        cmocka_unit_test(picture_is_laid_out_by_columns),
    };
    return cmocka_run_group_tests_name("oracle", tests, NULL, NULL);
}
