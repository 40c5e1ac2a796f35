/* SPDX-License-Identifier: MIT */
/* biased_matmul_hidden and biased_matmul_output, each against its formula in double
 * precision, on its own inputs: odd sizes, short batches, orders out of order. */
#include <math.h>
#include <string.h>

#include "support/compare.h"
#include "support/fixture.h"
#include "support/material.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

static const cl_uint first = MATERIAL_FIRST;

static void check_biased_matmul_hidden(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride;
    const size_t vectors = CBX_PANEL / m->device->built.vector;
    const size_t blocks = (s.rows + CBX_STEP_ROWS - 1) / CBX_STEP_ROWS;
    float *w1 = random_floats(&m->state, CBX_W1_ROWS * s.hidden, 1.0 / 28);
    float *packed = pack_w1(s, w1);
    double *x = material_batch(m, s), *w = to_doubles(w1, CBX_W1_ROWS * s.hidden), *expected;
    TEST_NEW(expected, s.rows * s.hidden);
    cbx_reference_biased_matmul(x, w, s.rows, CBX_IMAGE_PIXELS, s.hidden, expected);

    bands *b = bands_open(m->device);
    cl_mem images = material_images(m, b), order = material_order(m, s, b);
    cl_mem weights = bands_input(b, "w1", packed, s.panels * CBX_PANEL_SIZE * sizeof(float));
    cl_mem out = bands_output(b, "z1", NULL, s.panels * s.stride * CBX_PANEL * sizeof(float));
    BANDS_LAUNCH(b, "biased_matmul_hidden", bands_range(b, blocks * vectors, s.panels), ARG(images),
                 ARG(test_normal), ARG(order), ARG(first), ARG(rows), ARG(stride), ARG(weights),
                 ARG(out));
    float *z1 = bands_read(b, out), *actual = unpack_panels(s, z1, s.stride, s.rows);
    assert_arrays_close(
        actual, expected, s.rows, s.hidden,
        rounding(CBX_W1_ROWS, largest_root(x, w, s.rows, CBX_IMAGE_PIXELS, s.hidden)), "Z1");
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
    free(packed);
    free(x);
    free(w);
    free(expected);
    free(z1);
    free(actual);
}

/* Runs biased_matmul_output on a1 (rows, H) and w2 (1+H, 10); `fault` is the record
 * before and after. z2 (stride, 16), for free(). */
static float *run_biased_matmul_output(const material *m, shape s, const float *a1, const float *w2,
                                       cl_uint *fault) {
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, panels = (cl_uint)s.panels;
    const cl_uint number = 123;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    float *packed_a1 = pack_panels(s, a1, 0.0f);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows);
    bands *b = bands_open(m->device);
    cl_mem hidden =
        bands_input(b, "a1", packed_a1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem weights = bands_input(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    cl_mem out = bands_output(b, "z2", NULL, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem record = bands_output(b, "fault", fault, sizeof *fault);
    BANDS_LAUNCH(b, "biased_matmul_output", bands_range(b, s.rows, 1), ARG(hidden), ARG(panels),
                 ARG(rows), ARG(stride), ARG(weights), ARG(number), ARG(out), ARG(record));
    float *z2 = bands_read(b, out);
    cl_uint *now = bands_read(b, record);
    *fault = *now;
    free(now);
    free(packed_a1);
    free(packed_w2);
    bands_close(b);
    return z2;
}

static void check_biased_matmul_output(void *context, shape s) {
    material *m = context;
    cl_uint fault = CBX_NO_FAULT;
    float *a1 = random_floats(&m->state, s.rows * s.hidden, 0.5);
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_CLASSES, 1);
    double *in = to_doubles(a1, s.rows * s.hidden), *expected;
    double *w = to_doubles(w2, (1 + s.hidden) * CBX_CLASSES);
    TEST_NEW(expected, s.rows * CBX_CLASSES);
    cbx_reference_biased_matmul(in, w, s.rows, s.hidden, CBX_CLASSES, expected);
    float *z2 = run_biased_matmul_output(m, s, a1, w2, &fault);
    float *actual = unpack_outputs(z2, s.rows);
    assert_arrays_close(actual, expected, s.rows, CBX_CLASSES,
                        rounding(1 + s.hidden, largest_root(in, w, s.rows, s.hidden, CBX_CLASSES)),
                        "Z2");
    assert_outputs_padding(z2, s.rows, "Z2");
    for (size_t i = s.rows * CBX_LANES_OUT; i < s.stride * CBX_LANES_OUT; i++) {
        assert_true(bands_untouched(z2 + i));
    }
    assert_int_equal(CBX_NO_FAULT, fault);
    free(a1);
    free(w2);
    free(in);
    free(w);
    free(expected);
    free(z2);
    free(actual);
}

/* One sum that is not finite, in any row, is recorded, unless something is already. */
static void check_fault(void *context, shape s) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    material *m = context;
    cl_uint fault = CBX_NO_FAULT;
    float *a1 = random_floats(&m->state, s.rows * s.hidden, 0.5);
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_CLASSES, 1);
    a1[synthetic_bits(&m->state) % (s.rows * s.hidden)] = bad[synthetic_bits(&m->state) % 3];
    free(run_biased_matmul_output(m, s, a1, w2, &fault));
    assert_int_equal(123, fault);
    fault = 7;
    free(run_biased_matmul_output(m, s, a1, w2, &fault));
    assert_int_equal(7, fault);
    free(a1);
    free(w2);
}

static void biased_matmul_hidden_matches(void **state) {
    static material_check *const checks[] = {check_biased_matmul_hidden};
    (void)state;
    material_check_all(checks, 1);
}

static void biased_matmul_output_matches(void **state) {
    static material_check *const checks[] = {check_biased_matmul_output, check_fault};
    (void)state;
    material_check_all(checks, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(biased_matmul_hidden_matches),
        cmocka_unit_test(biased_matmul_output_matches),
    };
    return cmocka_run_group_tests_name("kernels: forward", tests, fixture_setup, fixture_teardown);
}
