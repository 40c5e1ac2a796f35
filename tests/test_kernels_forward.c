/* SPDX-License-Identifier: MIT */
/* The kernels of biased_matmul.cl, each against its formula in double precision and to the bit,
 * on its own inputs: odd sizes, short batches, orders out of order. */
#include <math.h>
#include <string.h>

#include "reference/network.h"
#include "support/chains.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/material.h"
#include "support/synthetic.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

static const cl_uint first = MATERIAL_FIRST;

static void check_column_sums(void *context, shape s) {
    material *m = context;
    const cl_uint panels = (cl_uint)s.panels;
    const size_t vectors = s.panels * (CBX_PANEL / m->device->built.vector);
    const shape row = {.rows = 1, .hidden = s.hidden, .panels = s.panels, .stride = 1};
    float *w1 = random_floats(&m->state, CBX_W1_ROWS * s.hidden, 1.0 / 28);
    float *packed = pack_w1(s, w1), *exact;
    double *w = to_doubles(w1, CBX_W1_ROWS * s.hidden), *ones, *expected;
    TEST_NEW(expected, s.hidden);
    TEST_NEW(exact, s.hidden);
    TEST_NEW(ones, CBX_IMAGE_PIXELS);
    for (size_t k = 0; k < CBX_IMAGE_PIXELS; k++) {
        ones[k] = 1;
    }
    memset(w, 0, s.hidden * sizeof *w); /* the bias is no part of it */
    cbx_reference_biased_matmul(ones, w, 1, CBX_IMAGE_PIXELS, s.hidden, expected);

    bands *b = bands_open(m->device);
    cl_mem weights = bands_input(b, "w1", packed, s.panels * CBX_PANEL_SIZE * sizeof(float));
    cl_mem out = bands_output(b, "u", NULL, s.panels * CBX_PANEL * sizeof(float));
    BANDS_LAUNCH(b, "column_sums", bands_range(b, vectors, 1), ARG(weights), ARG(panels), ARG(out));
    float *u = bands_read(b, out), *actual = unpack_panels(row, u, 1, 1);
    assert_arrays_close(actual, expected, 1, s.hidden,
                        rounding(CBX_W1_ROWS, largest_root(ones, w, 1, CBX_IMAGE_PIXELS, s.hidden)),
                        "U");
    assert_panels_padding(row, u, 1, "U");
    if (m->exact) {
        chain_column_sums(w1, s.hidden, exact);
        assert_same_bits(actual, exact, 1, s.hidden, "U");
    }
    bands_close(b);
    free(w1);
    free(packed);
    free(exact);
    free(w);
    free(ones);
    free(expected);
    free(u);
    free(actual);
}

/* With any U, not only that of the weights. */
static void check_biased_matmul_hidden(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride;
    const size_t vectors = CBX_PANEL / m->device->built.vector;
    const size_t blocks = (s.rows + CBX_STEP_ROWS - 1) / CBX_STEP_ROWS;
    const shape row = {.rows = 1, .hidden = s.hidden, .panels = s.panels, .stride = 1};
    float *w1 = random_floats(&m->state, CBX_W1_ROWS * s.hidden, 1.0 / 28);
    float *u = random_floats(&m->state, s.hidden, 1), *packed_u = pack_panels(row, u, 0.0f);
    float *packed = pack_w1(s, w1), *exact;
    uint8_t *batch = material_levels(m, s);
    double *x = normalised(batch, s.rows * CBX_IMAGE_PIXELS, (cbx_normal){test_normal.scale, 0.0f});
    double *w = to_doubles(w1, CBX_W1_ROWS * s.hidden), *expected;
    TEST_NEW(expected, s.rows * s.hidden);
    TEST_NEW(exact, s.rows * s.hidden);
    cbx_reference_biased_matmul(x, w, s.rows, CBX_IMAGE_PIXELS, s.hidden, expected);
    for (size_t i = 0; i < s.rows * s.hidden; i++) {
        expected[i] += (double)test_normal.shift * (double)u[i % s.hidden];
    }

    bands *b = bands_open(m->device);
    cl_mem images = material_images(m, b), order = material_order(m, s, b);
    cl_mem weights = bands_input(b, "w1", packed, s.panels * CBX_PANEL_SIZE * sizeof(float));
    cl_mem sums = bands_input(b, "u", packed_u, s.panels * CBX_PANEL * sizeof(float));
    cl_mem out = bands_output(b, "z1", NULL, s.panels * s.stride * CBX_PANEL * sizeof(float));
    BANDS_LAUNCH(b, "biased_matmul_hidden", bands_range(b, blocks * vectors, s.panels), ARG(images),
                 ARG(test_normal), ARG(order), ARG(first), ARG(rows), ARG(stride), ARG(weights),
                 ARG(sums), ARG(out));
    float *z1 = bands_read(b, out), *actual = unpack_panels(s, z1, s.stride, s.rows);
    assert_arrays_close(
        actual, expected, s.rows, s.hidden,
        rounding(CBX_W1_ROWS, largest_root(x, w, s.rows, CBX_IMAGE_PIXELS, s.hidden)), "Z1");
    if (m->exact) {
        chain_hidden_sums(batch, test_normal, w1, u, s.rows, s.hidden, exact);
        assert_same_bits(actual, exact, s.rows, s.hidden, "Z1");
    }
    for (size_t i = 0; i < s.panels * s.stride * CBX_PANEL; i++) {
        assert_int_equal(i / CBX_PANEL % s.stride >= s.rows, bands_untouched(z1 + i));
    }
    /* Padding lanes: σ of this is exactly zero. */
    for (size_t i = s.hidden; i < s.panels * CBX_PANEL; i++) {
        const size_t panel = i / CBX_PANEL;
        assert_true(z1[panel * s.stride * CBX_PANEL + i % CBX_PANEL] == CBX_PADDING_BIAS);
    }
    bands_close(b);
    free(w1);
    free(u);
    free(packed_u);
    free(packed);
    free(exact);
    free(batch);
    free(x);
    free(w);
    free(expected);
    free(z1);
    free(actual);
}

static void check_matmul_output(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride;
    const cbx_node all = {0, (cl_uint)s.panels, 0};
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    float *a1 = random_floats(&m->state, s.rows * s.hidden, 0.5);
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_CLASSES, 1);
    float *packed_a1 = pack_panels(s, a1, 0.0f);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows), *exact;
    double *in = to_doubles(a1, s.rows * s.hidden), *expected;
    double *w = to_doubles(w2, (1 + s.hidden) * CBX_CLASSES);
    TEST_NEW(expected, s.rows * CBX_CLASSES);
    TEST_NEW(exact, s.rows * CBX_CLASSES);
    memset(w, 0, CBX_CLASSES * sizeof *w); /* the bias is no part of it */
    cbx_reference_biased_matmul(in, w, s.rows, s.hidden, CBX_CLASSES, expected);

    bands *b = bands_open(m->device);
    cl_mem hidden =
        bands_input(b, "a1", packed_a1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem weights = bands_input(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    cl_mem out = bands_output(b, "z2", NULL, s.stride * CBX_LANES_OUT * sizeof(float));
    BANDS_LAUNCH(b, "matmul_output", bands_range(b, s.rows, 1), ARG(hidden), ARG(all), ARG(rows),
                 ARG(stride), ARG(weights), ARG(out));
    float *z2 = bands_read(b, out), *actual = unpack_outputs(z2, s.rows);
    assert_arrays_close(actual, expected, s.rows, CBX_CLASSES,
                        rounding(1 + s.hidden, largest_root(in, w, s.rows, s.hidden, CBX_CLASSES)),
                        "Z2");
    if (m->exact) {
        chain_outputs(a1, w2, s.rows, s.hidden, 0, (s.hidden + CBX_PANEL - 1) / CBX_PANEL, exact);
        assert_same_bits(actual, exact, s.rows, CBX_CLASSES, "Z2");
    }
    assert_outputs_padding(z2, s.rows, "Z2");
    for (size_t i = s.rows * CBX_LANES_OUT; i < s.stride * CBX_LANES_OUT; i++) {
        assert_true(bands_untouched(z2 + i));
    }
    bands_close(b);
    free(a1);
    free(w2);
    free(packed_a1);
    free(packed_w2);
    free(exact);
    free(in);
    free(w);
    free(expected);
    free(z2);
    free(actual);
}

/* Runs add_output_bias on z2 (rows, 10), in place, with a bias (10); `fault` is the record before
 * and after. */
static void add_output_bias(const material *m, shape s, const float *bias, float *z2,
                            cl_uint *fault) {
    const cl_uint rows = (cl_uint)s.rows, number = 123;
    float *packed = pack_outputs(z2, s.rows, s.rows), *packed_bias = pack_outputs(bias, 1, 1);
    bands *b = bands_open(m->device);
    cl_mem weights =
        bands_input(b, "the bias row of w2", packed_bias, CBX_LANES_OUT * sizeof(float));
    cl_mem sums = bands_output(b, "z2", packed, s.rows * CBX_LANES_OUT * sizeof(float));
    cl_mem record = bands_output(b, "fault", fault, sizeof *fault);
    BANDS_LAUNCH(b, "add_output_bias", bands_range(b, s.rows, 1), ARG(weights), ARG(rows),
                 ARG(number), ARG(sums), ARG(record));
    float *is = bands_read(b, sums), *actual = unpack_outputs(is, s.rows);
    cl_uint *now = bands_read(b, record);
    *fault = *now;
    memcpy(z2, actual, s.rows * CBX_CLASSES * sizeof *z2);
    assert_outputs_padding(is, s.rows, "Z2");
    bands_close(b);
    free(packed);
    free(packed_bias);
    free(is);
    free(actual);
    free(now);
}

/* A sum of two floats is rounded once, everywhere. */
static void check_add_output_bias(void *context, shape s) {
    material *m = context;
    cl_uint fault = CBX_NO_FAULT;
    float *z2 = random_floats(&m->state, s.rows * CBX_CLASSES, 1), *should;
    float *bias = random_floats(&m->state, CBX_CLASSES, 1);
    TEST_NEW(should, s.rows * CBX_CLASSES);
    for (size_t i = 0; i < s.rows * CBX_CLASSES; i++) {
        should[i] = bias[i % CBX_CLASSES] + z2[i];
    }
    add_output_bias(m, s, bias, z2, &fault);
    assert_same_bits(z2, should, s.rows, CBX_CLASSES, "Z2");
    assert_int_equal(CBX_NO_FAULT, fault);
    free(z2);
    free(should);
    free(bias);
}

/* One sum that is not finite, in any row, is recorded, unless something is already. */
static void check_fault(void *context, shape s) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    material *m = context;
    cl_uint fault = CBX_NO_FAULT;
    float *z2 = random_floats(&m->state, s.rows * CBX_CLASSES, 1);
    float *bias = random_floats(&m->state, CBX_CLASSES, 1);
    z2[synthetic_bits(&m->state) % (s.rows * CBX_CLASSES)] = bad[synthetic_bits(&m->state) % 3];
    add_output_bias(m, s, bias, z2, &fault);
    assert_int_equal(123, fault);
    fault = 7;
    add_output_bias(m, s, bias, z2, &fault);
    assert_int_equal(7, fault);
    free(z2);
    free(bias);
}

static void biased_matmul_hidden_matches(void **state) {
    static material_check *const checks[] = {check_column_sums, check_biased_matmul_hidden};
    (void)state;
    material_check_all(checks, 2);
}

static void biased_matmul_output_matches(void **state) {
    static material_check *const checks[] = {check_matmul_output, check_add_output_bias,
                                             check_fault};
    (void)state;
    material_check_all(checks, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(biased_matmul_hidden_matches),
        cmocka_unit_test(biased_matmul_output_matches),
    };
    return cmocka_run_group_tests_name("kernels: forward", tests, fixture_setup, fixture_teardown);
}
