/* SPDX-License-Identifier: MIT */
/* The kernels of sigmoid.cl, and through them the functions of activation.cl: their bits and
 * their accuracy over the whole range, ends, NaN, edges of arrays. */
#include <math.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
#include "support/bands.h"
#include "support/chains.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/panels.h"
#include "support/test.h"

/* σ of `count` numbers, a multiple of 16, in place. */
static void run_sigmoid(cbx_device *device, float *z, size_t count) {
    const cl_uint vectors = (cl_uint)(count / device->built.vector);
    bands *b = bands_open(device);
    cl_mem buffer = bands_output(b, "z", z, count * sizeof *z);
    BANDS_LAUNCH(b, "sigmoid", bands_range(b, vectors, 1), CBX_ARGUMENT(buffer),
                 CBX_ARGUMENT(vectors));
    float *a = bands_read(b, buffer);
    memcpy(z, a, count * sizeof *z);
    free(a);
    bands_close(b);
}

static void run_derivative(cbx_device *device, const float *a, size_t count, cl_uint recipe,
                           float *s) {
    const cl_uint vectors = (cl_uint)(count / device->built.vector);
    bands *b = bands_open(device);
    cl_mem from = bands_input(b, "a", a, count * sizeof *a);
    cl_mem to = bands_output(b, "s", NULL, count * sizeof *s);
    BANDS_LAUNCH(b, "sigmoid_derivative", bands_range(b, vectors, 1), CBX_ARGUMENT(from),
                 CBX_ARGUMENT(vectors), CBX_ARGUMENT(recipe), CBX_ARGUMENT(to));
    float *result = bands_read(b, to);
    memcpy(s, result, count * sizeof *s);
    free(result);
    bands_close(b);
}

/* A multiple of 16. */
static size_t sweep_count(void) {
    return bands_watched() ? 800 : 400000;
}

/* `count` numbers evenly from `low` to `high`. */
static float *sweep(double low, double high, size_t count) {
    float *numbers;
    TEST_NEW(numbers, count);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (float)(low + (high - low) * (double)i / (double)(count - 1));
    }
    return numbers;
}

static void assert_exact(cbx_device *device, const float *is, const float *should, size_t count,
                         const char *what) {
    if (cbx_device_arithmetic(device) == CBX_ARITHMETIC_CANON) {
        assert_same_bits(is, should, count, 1, what);
    }
}

/* 2e-7 is three to four units of the last place of a number just below 1. */
static void sigmoid_is_accurate(cbx_family family) {
    const size_t count = sweep_count();
    float *z = sweep(-100, 100, count);
    double *expected = to_doubles(z, count);
    cbx_reference_sigmoids(expected, count);
    float *a = sweep(-100, 100, count);
    run_sigmoid(fixture_device(family), a, count);
    assert_arrays_close(a, expected, count, 1, 2e-7, "σ over [-100, 100]");
    /* Small values are small: within 1e-6 of themselves, down to where 0 takes over. */
    for (size_t i = 0; i < count; i++) {
        const double of_tiny = expected[i] / (double)CBX_TINY;
        if (of_tiny > 1 + 1e-6 && !(fabs((double)a[i] - expected[i]) <= 1e-6 * expected[i])) {
            fail_msg("σ(%.9g) is %.9g, expected %.9g", (double)z[i], (double)a[i], expected[i]);
        }
        if (of_tiny < 1 - 1e-6) {
            assert_true(a[i] == 0.0f);
        }
        /* An activation is never beyond 1, or its derivative would change sign. */
        assert_true(a[i] >= 0.0f && a[i] <= 1.0f);
    }
    chain_sigmoids(z, count);
    assert_exact(fixture_device(family), a, z, count, "σ over [-100, 100]");
    free(z);
    free(a);
    free(expected);
}

/* What is not finite gives NaN, so that it cannot hide behind an activation that is. */
static void sigmoid_saturates(cbx_family family) {
    static const float z[16] = {0.0f, -0.0f, 1e-30f, -1e-30f, 1e30f,  -1e30f,  INFINITY, -INFINITY,
                                NAN,  87.0f, -87.0f, 88.0f,   -88.0f, 3.4e38f, -3.4e38f, -NAN};
    static const float expected[16] = {0.5f, 0.5f, 0.5f, 0.5f, 1.0f, 0.0f, NAN,  NAN,
                                       NAN,  1.0f, 0.0f, 1.0f, 0.0f, 1.0f, 0.0f, NAN};
    float a[16];
    memcpy(a, z, sizeof a);
    run_sigmoid(fixture_device(family), a, 16);
    for (size_t i = 0; i < 16; i++) {
        const int right =
            isnan(expected[i]) ? isnan(a[i]) : fabs((double)a[i] - (double)expected[i]) <= 2e-7;
        if (!right) {
            fail_msg("σ(%g) is %.9g", (double)z[i], (double)a[i]);
        }
    }
    /* A padding lane's activation is exactly zero. */
    assert_true(a[5] == 0.0f);
}

/* s(v) for activations: the polynomial promises 5e-9 before rounding to float, of
 * which values up to 1/4 bring 1.5e-8. */
static void slope_is_accurate(cbx_family family) {
    const size_t count = sweep_count();
    float *a = sweep(0, 1, count), *s, *exact;
    double *expected = to_doubles(a, count);
    TEST_NEW(s, count);
    TEST_NEW(exact, count);
    cbx_reference_derivatives(CBX_RECIPE_LESSON, expected, count, expected);
    run_derivative(fixture_device(family), a, count, CBX_RECIPE_LESSON, s);
    assert_arrays_close(s, expected, count, 1, 1e-7, "s over [0, 1]");
    chain_derivatives(CBX_RECIPE_LESSON, a, count, exact);
    assert_exact(fixture_device(family), s, exact, count, "s over [0, 1]");
    free(a);
    free(s);
    free(exact);
    free(expected);
}

static void derivative_of_nll_is_accurate(cbx_family family) {
    const size_t count = sweep_count();
    float *a = sweep(0, 1, count), *s, *exact;
    double *expected = to_doubles(a, count);
    TEST_NEW(s, count);
    TEST_NEW(exact, count);
    for (size_t i = 0; i < count; i++) {
        expected[i] = expected[i] * (1 - expected[i]);
    }
    run_derivative(fixture_device(family), a, count, CBX_RECIPE_NLL, s);
    assert_arrays_close(s, expected, count, 1, 1e-7, "a(1 − a) over [0, 1]");
    chain_derivatives(CBX_RECIPE_NLL, a, count, exact);
    assert_exact(fixture_device(family), s, exact, count, "a(1 − a) over [0, 1]");
    assert_true(s[0] == 0.0f && s[count - 1] == 0.0f);
    free(a);
    free(s);
    free(exact);
    free(expected);
}

/* Fewer vectors than the buffer has room for: the rest stays. */
static void edges_are_kept(cbx_family family) {
    cbx_device *device = fixture_device(family);
    const cl_uint vectors = 3;
    const size_t count = 5 * (size_t)device->built.vector,
                 used = vectors * (size_t)device->built.vector;
    float *z;
    TEST_NEW(z, count);
    bands *b = bands_open(device);
    cl_mem buffer = bands_output(b, "z", z, count * sizeof *z);
    BANDS_LAUNCH(b, "sigmoid", bands_range(b, vectors, 1), CBX_ARGUMENT(buffer),
                 CBX_ARGUMENT(vectors));
    float *a = bands_read(b, buffer);
    for (size_t i = 0; i < count; i++) {
        assert_true(a[i] == (i < used ? 0.5f : 0.0f));
    }
    free(a);
    free(z);
    bands_close(b);
}

static void cpu_family(void **state) {
    (void)state;
    sigmoid_is_accurate(CBX_FAMILY_CPU);
    sigmoid_saturates(CBX_FAMILY_CPU);
    slope_is_accurate(CBX_FAMILY_CPU);
    derivative_of_nll_is_accurate(CBX_FAMILY_CPU);
    edges_are_kept(CBX_FAMILY_CPU);
}

static void gpu_family(void **state) {
    (void)state;
    sigmoid_is_accurate(CBX_FAMILY_GPU);
    sigmoid_saturates(CBX_FAMILY_GPU);
    slope_is_accurate(CBX_FAMILY_GPU);
    derivative_of_nll_is_accurate(CBX_FAMILY_GPU);
    edges_are_kept(CBX_FAMILY_GPU);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_family),
        cmocka_unit_test(gpu_family),
    };
    return cmocka_run_group_tests_name("kernels: sigmoid", tests, fixture_setup, fixture_teardown);
}
