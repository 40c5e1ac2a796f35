/* SPDX-License-Identifier: MIT */
/* The kernels that are timed do what they are timed for. */
#include "support/scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/peak.h"

static int set_up(void **state) {
    cbx_device *device = NULL;
    cbx_bench *bench = NULL;
    assert_ok(cbx_device_open(&device, NULL, CBX_FAMILY_AUTO));
    assert_ok(cbx_bench_open(&bench, device, NULL));
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    cbx_bench *bench = *state;
    cbx_device *device = bench->device;
    cbx_bench_close(bench);
    cbx_device_close(device);
    return 0;
}

enum { GUARD = 64 };
static const float guard_value = -12345.0f;

/* `size` floats, then GUARD floats that no kernel may touch. */
static cl_mem make_buffer(const cbx_bench *f, const float *values, size_t size) {
    float *all = malloc((size + GUARD) * sizeof *all);
    cl_int error = CL_SUCCESS;
    assert_non_null(all);
    for (size_t i = 0; i < size + GUARD; i++) {
        all[i] = i < size && values ? values[i] : guard_value;
    }
    cl_mem buffer = clCreateBuffer(f->device->context, CL_MEM_COPY_HOST_PTR,
                                   (size + GUARD) * sizeof *all, all, &error);
    assert_int_equal(error, CL_SUCCESS);
    free(all);
    return buffer;
}

/* Reads `size` floats, for free(), checks the guard, and releases the buffer. */
static float *take_buffer(const cbx_bench *f, cl_mem buffer, size_t size) {
    float *all = malloc((size + GUARD) * sizeof *all);
    assert_non_null(all);
    assert_int_equal(clEnqueueReadBuffer(f->device->queue, buffer, CL_TRUE, 0,
                                         (size + GUARD) * sizeof *all, all, 0, NULL, NULL),
                     CL_SUCCESS);
    for (size_t i = size; i < size + GUARD; i++) {
        assert_true(all[i] == guard_value);
    }
    clReleaseMemObject(buffer);
    return all;
}

static void launch(const cbx_bench *f, cl_kernel kernel, const cbx_argument *arguments,
                   cl_uint count, size_t groups) {
    const cbx_range range = {{groups * f->local, 1}, {f->local, 1}};
    assert_ok(cbx_enqueue(f->device->queue, kernel, arguments, count, range, NULL, NULL));
}

static unsigned chain_floats(const cbx_bench *f) {
    return f->device->info.kind == CBX_KIND_CPU ? f->floats : 1;
}

/* Every chain is really computed: few rounds against double precision, many against
 * the limit, 12 chains that tend to 2. */
static void test_peak_kernel(void **state) {
    const cbx_bench *f = *state;
    const cl_float factor = 0.75f, term = 0.5f;
    for (cl_uint rounds = 0; rounds <= 40; rounds += rounds == 2 ? 38 : 1) {
        const size_t size = 3 * f->local * chain_floats(f);
        cl_mem out = make_buffer(f, NULL, size);
        const cbx_argument arguments[] = {CBX_ARGUMENT(rounds), CBX_ARGUMENT(factor),
                                          CBX_ARGUMENT(term), CBX_ARGUMENT(out)};
        double expected = 0.0;
        for (int chain = 0; chain < 12; chain++) {
            double x = chain;
            for (cl_uint step = 0; step < 8 * rounds; step++) {
                x = 0.75 * x + 0.5;
            }
            expected += x;
        }
        launch(f, f->peak, arguments, 4, 3);
        float *got = take_buffer(f, out, size);
        for (size_t i = 0; i < size; i++) {
            /* Each step rounds once; errors shrink by factor: within 4 half-units of 11. */
            assert_true(fabs(got[i] - expected) <= 12 * 4 * 11 * 6e-8);
        }
        free(got);
    }
}

static void test_bandwidth_kernels(void **state) {
    const cbx_bench *f = *state;
    /* Fewer vectors than work-items, odd numbers of them, and many. */
    const cl_ulong counts[] = {1, 3, 5 * f->local + 1, 16 * f->local + 7};
    for (size_t c = 0; c < sizeof counts / sizeof *counts; c++) {
        const size_t floats = f->floats, size = (size_t)counts[c] * floats;
        const size_t items = 3 * f->local;
        float *values = malloc(size * sizeof *values);
        double total = 0.0, got_total = 0.0;
        assert_non_null(values);
        for (size_t i = 0; i < size; i++) {
            values[i] = (float)(i * 7 % 31 + 1); /* whole numbers: every sum is exact */
            total += values[i];
        }
        cl_mem from = make_buffer(f, values, size), to = make_buffer(f, NULL, size);
        cl_mem sums = make_buffer(f, NULL, items * floats);
        const cbx_argument copy[] = {CBX_ARGUMENT(from), CBX_ARGUMENT(to), CBX_ARGUMENT(counts[c])};
        const cbx_argument read[] = {CBX_ARGUMENT(from), CBX_ARGUMENT(counts[c]),
                                     CBX_ARGUMENT(sums)};
        launch(f, f->copy, copy, 3, 3);
        launch(f, f->read, read, 3, 3);
        float *got = take_buffer(f, to, size), *parts = take_buffer(f, sums, items * floats);
        assert_memory_equal(got, values, size * sizeof *values);
        for (size_t i = 0; i < items * floats; i++) {
            got_total += parts[i];
        }
        assert_true(got_total == total);
        clReleaseMemObject(from);
        free(got);
        free(parts);
        free(values);
    }
}

static void test_empty_kernel(void **state) {
    const cbx_bench *f = *state;
    const cl_float value = 7.5f;
    cl_mem out = make_buffer(f, NULL, 2);
    const cbx_argument arguments[] = {CBX_ARGUMENT(value), CBX_ARGUMENT(out)};
    launch(f, f->empty, arguments, 2, 2);
    float *got = take_buffer(f, out, 2);
    assert_true(got[0] == 7.5f && got[1] == guard_value);
    free(got);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_peak_kernel),
        cmocka_unit_test(test_bandwidth_kernels),
        cmocka_unit_test(test_empty_kernel),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
