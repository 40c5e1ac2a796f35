/* SPDX-License-Identifier: MIT */
/* The kernels of delta.cl and weight_update.cl, and output_loss, each against its formula in double precision and
 * to the bit, on its own inputs: odd sizes, short batches, orders out of order. */
#include <math.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
#include "support/chains.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/material.h"
#include "support/synthetic.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

static const cl_uint first = MATERIAL_FIRST;

/* Fails unless these are the same bits, where the device can give them. */
static void assert_exact(const material *m, const float *is, const float *should, size_t rows,
                         size_t columns, const char *what) {
    if (m->exact) {
        assert_same_bits(is, should, rows, columns, what);
    }
}

/* Outputs between 0 and 1, both included, and some that are tiny or nearly. */
static float *random_outputs(material *m, size_t rows) {
    float *a2;
    TEST_NEW(a2, rows * CBX_CLASSES);
    for (size_t i = 0; i < rows * CBX_CLASSES; i++) {
        const uint64_t which = synthetic_bits(&m->state) % 8;
        a2[i] = which == 0   ? 0.0f
                : which == 1 ? 1.0f
                : which == 2 ? CBX_TINY * (float)(4 * synthetic_uniform(&m->state))
                             : (float)synthetic_uniform(&m->state);
    }
    return a2;
}

static void check_output_delta(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, recipe = material_recipe(m);
    float *a2 = random_outputs(m, s.rows), *packed_a2 = pack_outputs(a2, s.rows, s.stride), *s2;
    float *exact;
    double *a = to_doubles(a2, s.rows * CBX_CLASSES), *exact_s2, *expected;
    uint8_t labels[MATERIAL_IMAGES];
    TEST_NEW(expected, s.rows * CBX_CLASSES);
    TEST_NEW(exact, s.rows * CBX_CLASSES);
    TEST_NEW(exact_s2, s.rows * CBX_CLASSES);
    TEST_NEW(s2, s.stride * CBX_LANES_OUT);
    for (size_t row = 0; row < s.rows; row++) {
        labels[row] = m->labels[m->order[MATERIAL_FIRST + row]];
    }
    for (size_t i = 0; i < s.stride * CBX_LANES_OUT; i++) {
        s2[i] = (float)cbx_reference_derivative(CBX_RECIPE_LESSON, (double)packed_a2[i]);
    }
    cbx_reference_derivatives(m->recipe, a, s.rows * CBX_CLASSES, exact_s2);
    cbx_reference_output_delta(m->recipe, a, exact_s2, labels, s.rows, expected);

    bands *b = bands_open(m->device);
    cl_mem outputs = bands_input(b, "a2", packed_a2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem slopes = bands_input(b, "s2", s2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem numbers = bands_input(b, "labels", m->labels, sizeof m->labels);
    cl_mem order = material_order(m, s, b);
    cl_mem out = bands_output(b, "d2", NULL, s.stride * CBX_LANES_OUT * sizeof(float));
    BANDS_LAUNCH(b, "output_delta", bands_range(b, s.rows, 1), ARG(outputs), ARG(slopes),
                 ARG(numbers), ARG(order), ARG(first), ARG(rows), ARG(recipe), ARG(out));
    float *d2 = bands_read(b, out), *actual = unpack_outputs(d2, s.rows);
    /* Up to four roundings of numbers up to 1. */
    assert_arrays_close(actual, expected, s.rows, CBX_CLASSES, 4 * 0x1p-24, "D2");
    float *slope = unpack_outputs(s2, s.rows);
    chain_output_delta(m->recipe, a2, slope, labels, s.rows, exact);
    assert_exact(m, actual, exact, s.rows, CBX_CLASSES, "D2");
    assert_outputs_padding(d2, s.rows, "D2");
    for (size_t i = s.rows * CBX_LANES_OUT; i < s.stride * CBX_LANES_OUT; i++) {
        assert_true(bands_untouched(d2 + i));
    }
    bands_close(b);
    free(a2);
    free(packed_a2);
    free(s2);
    free(slope);
    free(exact);
    free(exact_s2);
    free(a);
    free(expected);
    free(d2);
    free(actual);
}

/* Every place but those of the batch stays as it was. */
static void check_output_loss(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows;
    const size_t places = MATERIAL_FIRST + s.rows + 1;
    float *z = random_floats(&m->state, s.rows * CBX_CLASSES, 20), *packed;
    packed = pack_outputs(z, s.rows, s.stride);
    bands *b = bands_open(m->device);
    cl_mem z2 = bands_input(b, "z2", packed, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem numbers = bands_input(b, "labels", m->labels, sizeof m->labels);
    cl_mem order = material_order(m, s, b);
    cl_mem out = bands_output(b, "losses", NULL, places * sizeof(float));
    BANDS_LAUNCH(b, "output_loss", bands_range(b, s.rows, 1), ARG(z2), ARG(numbers), ARG(order),
                 ARG(first), ARG(rows), ARG(out));
    float *losses = bands_read(b, out);
    for (size_t i = 0; i < places; i++) {
        const size_t row = i - MATERIAL_FIRST;
        if (row >= s.rows) { /* or in front of the first */
            assert_true(bands_untouched(losses + i));
            continue;
        }
        const uint8_t label = m->labels[m->order[i]];
        const float should = cbx_canon_loss(z + row * CBX_CLASSES, label);
        double *exact = to_doubles(z + row * CBX_CLASSES, CBX_CLASSES);
        const double loss = cbx_reference_cost(exact, &label, 1);
        /* Ten terms of at most the whole, each right to some roundings. */
        assert_number_close((double)losses[i], loss, 16 * 0x1p-24 * loss, "loss");
        assert_exact(m, &losses[i], &should, 1, 1, "loss");
        free(exact);
    }
    bands_close(b);
    free(z);
    free(packed);
    free(losses);
}

static void check_hidden_delta(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    float *d2 = random_floats(&m->state, s.rows * CBX_CLASSES, 0.5);
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_CLASSES, 1);
    float *s1 = random_floats(&m->state, s.rows * s.hidden, 0.1), *exact;
    for (size_t i = 0; i < s.rows * s.hidden; i += 3) {
        s1[i] *= 8 * CBX_TINY;
    }
    float *packed_d2 = pack_outputs(d2, s.rows, s.stride);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows);
    float *packed_s1 = pack_panels(s, s1, 0.25f);
    double *expected, size = 0;
    TEST_NEW(expected, s.rows * s.hidden);
    TEST_NEW(exact, s.rows * s.hidden);
    for (size_t i = 0; i < s.rows * s.hidden; i++) {
        double sum = 0, squares = 0;
        for (size_t c = 0; c < CBX_CLASSES; c++) {
            const double term = (double)d2[i / s.hidden * CBX_CLASSES + c] *
                                (double)w2[(1 + i % s.hidden) * CBX_CLASSES + c] * (double)s1[i];
            sum += term;
            squares += term * term;
        }
        expected[i] = sum;
        size = fmax(size, sqrt(squares));
    }
    bands *b = bands_open(m->device);
    cl_mem errors = bands_input(b, "d2", packed_d2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem weights = bands_input(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    cl_mem slopes =
        bands_input(b, "s1", packed_s1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem out = bands_output(b, "d1", NULL, s.panels * s.stride * CBX_PANEL * sizeof(float));
    BANDS_LAUNCH(b, "hidden_delta", bands_range(b, s.rows, s.panels), ARG(errors), ARG(weights),
                 ARG(slopes), ARG(rows), ARG(stride), ARG(out));
    float *d1 = bands_read(b, out), *actual = unpack_panels(s, d1, s.stride, s.rows);
    assert_arrays_close(actual, expected, s.rows, s.hidden, rounding(CBX_CLASSES, size), "D1");
    chain_hidden_delta(d2, w2, s1, s.rows, s.hidden, exact);
    assert_exact(m, actual, exact, s.rows, s.hidden, "D1");
    assert_panels_padding(s, d1, s.rows, "D1");
    for (size_t i = 0; i < s.panels * s.stride * CBX_PANEL; i++) {
        assert_int_equal(i / CBX_PANEL % s.stride >= s.rows, bands_untouched(d1 + i));
    }
    bands_close(b);
    free(d2);
    free(w2);
    free(s1);
    free(packed_d2);
    free(packed_w2);
    free(packed_s1);
    free(exact);
    free(expected);
    free(d1);
    free(actual);
}

/* What a sum over the batch times the rate, and the addition to a weight, may be off:
 * in (rows, inner), d (rows, columns); the weights are about 1. */
static double update_tolerance(const double *in, const double *d, shape s, size_t inner,
                               size_t columns, double rate) {
    const double root = largest_magnitude(in, s.rows * inner) *
                        largest_magnitude(d, s.rows * columns) * sqrt((double)s.rows);
    return rate * rounding(s.rows, root) + 4 * 0x1p-24;
}

static void check_weight_update_hidden(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, recipe = material_recipe(m);
    const size_t items = CBX_IMAGE_PIXELS / CBX_STEP_ROWS * (CBX_PANEL / m->device->built.vector);
    const cbx_rates rates = {0.05f, 0.03f};
    const cbx_step_sizes steps = chain_steps(rates, test_normal);
    uint8_t *batch = material_levels(m, s);
    float *w1 = random_floats(&m->state, CBX_W1_ROWS * s.hidden, 0.2);
    float *d1 = random_floats(&m->state, s.rows * s.hidden, 0.2);
    float *packed_w1 = pack_w1(s, w1), *packed_d1 = pack_panels(s, d1, 0.0f);
    double *x = material_batch(m, s), *d = to_doubles(d1, s.rows * s.hidden);
    double *expected = to_doubles(w1, CBX_W1_ROWS * s.hidden);
    const double rate = (double)rates.hidden;
    cbx_reference_weight_update(m->recipe, x, d, s.rows, CBX_IMAGE_PIXELS, s.hidden, rate,
                                expected);

    bands *b = bands_open(m->device);
    cl_mem images = material_images(m, b), order = material_order(m, s, b);
    cl_mem errors =
        bands_input(b, "d1", packed_d1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem weights = bands_output(b, "w1", packed_w1, s.panels * CBX_PANEL_SIZE * sizeof(float));
    BANDS_LAUNCH(b, "weight_update_hidden", bands_range(b, items, s.panels), ARG(images),
                 ARG(order), ARG(first), ARG(rows), ARG(stride), ARG(errors), ARG(steps),
                 ARG(recipe), ARG(weights));
    float *packed = bands_read(b, weights),
          *actual = unpack_panels(s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
    assert_arrays_close(actual, expected, CBX_W1_ROWS, s.hidden,
                        update_tolerance(x, d, s, CBX_IMAGE_PIXELS, s.hidden, rate), "W1");
    if (m->recipe == CBX_RECIPE_LESSON) {
        assert_same_bits(actual, w1, 1, s.hidden, "bias row of W1");
    }
    chain_update_hidden(m->recipe, batch, d1, s.rows, s.hidden, steps, w1);
    assert_exact(m, actual, w1, CBX_W1_ROWS, s.hidden, "W1");
    assert_w1_padding(s, packed, "W1");
    bands_close(b);
    free(batch);
    free(w1);
    free(d1);
    free(packed_w1);
    free(packed_d1);
    free(x);
    free(d);
    free(expected);
    free(packed);
    free(actual);
}

static void check_weight_update_output(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, recipe = material_recipe(m);
    const cl_uint panels = (cl_uint)s.panels;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    const float rate = 0.05f;
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_CLASSES, 0.2);
    float *a1 = random_floats(&m->state, s.rows * s.hidden, 0.5);
    float *d2 = random_floats(&m->state, s.rows * CBX_CLASSES, 0.2);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows);
    float *packed_a1 = pack_panels(s, a1, 0.0f);
    float *packed_d2 = pack_outputs(d2, s.rows, s.stride);
    double *in = to_doubles(a1, s.rows * s.hidden), *d = to_doubles(d2, s.rows * CBX_CLASSES);
    double *expected = to_doubles(w2, (1 + s.hidden) * CBX_CLASSES);
    cbx_reference_weight_update(m->recipe, in, d, s.rows, s.hidden, CBX_CLASSES, (double)rate,
                                expected);

    bands *b = bands_open(m->device);
    cl_mem hidden =
        bands_input(b, "a1", packed_a1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem errors = bands_input(b, "d2", packed_d2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem weights = bands_output(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    BANDS_LAUNCH(b, "weight_update_output", bands_range(b, w2_rows, 1), ARG(hidden), ARG(errors),
                 ARG(panels), ARG(rows), ARG(stride), ARG(rate), ARG(recipe), ARG(weights));
    float *packed = bands_read(b, weights), *actual = unpack_outputs(packed, 1 + s.hidden);
    assert_arrays_close(actual, expected, 1 + s.hidden, CBX_CLASSES,
                        update_tolerance(in, d, s, s.hidden, CBX_CLASSES, (double)rate), "W2");
    if (m->recipe == CBX_RECIPE_LESSON) {
        assert_same_bits(actual, w2, 1, CBX_CLASSES, "bias row of W2");
    }
    chain_update_output(m->recipe, a1, d2, s.rows, s.hidden, rate, w2);
    assert_exact(m, actual, w2, 1 + s.hidden, CBX_CLASSES, "W2");
    assert_w2_padding(s, packed, "W2");
    bands_close(b);
    free(w2);
    free(a1);
    free(d2);
    free(packed_w2);
    free(packed_a1);
    free(packed_d2);
    free(in);
    free(d);
    free(expected);
    free(packed);
    free(actual);
}

static void output_delta_matches(void **state) {
    static material_check *const checks[] = {check_output_delta};
    (void)state;
    material_check_all(checks, 1);
}

static void output_loss_matches(void **state) {
    static material_check *const checks[] = {check_output_loss};
    (void)state;
    material_check_all(checks, 1);
}

static void hidden_delta_matches(void **state) {
    static material_check *const checks[] = {check_hidden_delta};
    (void)state;
    material_check_all(checks, 1);
}

static void weight_update_hidden_matches(void **state) {
    static material_check *const checks[] = {check_weight_update_hidden};
    (void)state;
    material_check_all(checks, 1);
}

static void weight_update_output_matches(void **state) {
    static material_check *const checks[] = {check_weight_update_output};
    (void)state;
    material_check_all(checks, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(output_delta_matches),
        cmocka_unit_test(output_loss_matches),
        cmocka_unit_test(hidden_delta_matches),
        cmocka_unit_test(weight_update_hidden_matches),
        cmocka_unit_test(weight_update_output_matches),
    };
    return cmocka_run_group_tests_name("kernels: backward", tests, fixture_setup, fixture_teardown);
}
