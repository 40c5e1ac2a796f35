/* The kernels of the schedule `stepwise`, each against its formula in double
 * precision, on its own inputs: odd sizes, short batches, orders out of order. */
#include <math.h>
#include <string.h>

#include "support/bands.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/oracle.h"
#include "support/panels.h"
#include "support/synthetic.h"
#include "support/test.h"

enum { IMAGES = 100, FIRST = 5 };

#define ARG CBX_ARGUMENT

static const cl_uint first = FIRST;

/* What one launch works on: random, in rows. */
typedef struct material {
    cbx_device *device;
    cbx_recipe recipe;
    uint64_t state;
    float *images; /* (IMAGES, 784) */
    uint8_t labels[IMAGES];
    uint32_t *order; /* (IMAGES), a permutation */
} material;

static void open_material(material *m, cbx_device *device, cbx_recipe recipe) {
    *m = (material){.device = device, .recipe = recipe, .state = 7};
    m->images = random_floats(&m->state, (size_t)IMAGES * CBX_PIXELS, 1);
    m->order = synthetic_order(IMAGES, 11);
    for (size_t i = 0; i < IMAGES; i++) {
        m->labels[i] = (uint8_t)(synthetic_bits(&m->state) % CBX_OUTPUTS);
    }
}

static void close_material(material *m) {
    free(m->images);
    free(m->order);
}

/* The batch's rows of images, in double precision, for free(). */
static double *batch_of(const material *m, shape s) {
    double *x;
    TEST_NEW(x, s.rows * CBX_PIXELS);
    for (size_t i = 0; i < s.rows * CBX_PIXELS; i++) {
        x[i] = (double)m->images[m->order[FIRST + i / CBX_PIXELS] * CBX_PIXELS + i % CBX_PIXELS];
    }
    return x;
}

static cl_mem images_of(const material *m, bands *b) {
    return bands_input(b, "images", m->images, (size_t)IMAGES * CBX_PIXELS * sizeof(float));
}

/* As much of the order as the batch may read. */
static cl_mem order_of(const material *m, shape s, bands *b) {
    return bands_input(b, "order", m->order, (FIRST + s.rows) * sizeof *m->order);
}

static cl_uint recipe_of(const material *m) {
    return m->recipe == CBX_RECIPE_NLL ? CBX_NLL : CBX_LESSON;
}

static void check_biased_matmul_hidden(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride;
    const size_t vectors = CBX_PANEL / m->device->vector;
    const size_t blocks = (s.rows + m->device->step_rows - 1) / m->device->step_rows;
    float *w1 = random_floats(&m->state, CBX_ROWS * s.hidden, 1.0 / 28);
    float *packed = pack_w1(s, w1);
    double *x = batch_of(m, s), *w = to_doubles(w1, CBX_ROWS * s.hidden), *expected;
    TEST_NEW(expected, s.rows * s.hidden);
    oracle_biased_matmul(x, w, s.rows, CBX_PIXELS, s.hidden, expected);

    bands *b = bands_open(m->device);
    cl_mem images = images_of(m, b), order = order_of(m, s, b);
    cl_mem weights = bands_input(b, "w1", packed, s.panels * CBX_PANEL_SIZE * sizeof(float));
    cl_mem out = bands_output(b, "z1", NULL, s.panels * s.stride * CBX_PANEL * sizeof(float));
    BANDS_LAUNCH(b, "biased_matmul_hidden", bands_range(b, blocks * vectors, s.panels), ARG(images),
                 ARG(order), ARG(first), ARG(rows), ARG(stride), ARG(weights), ARG(out));
    float *z1 = bands_read(b, out), *actual = unpack_panels(s, z1, s.stride, s.rows);
    assert_arrays_close(actual, expected, s.rows, s.hidden,
                        rounding(CBX_ROWS, largest_root(x, w, s.rows, CBX_PIXELS, s.hidden)), "Z1");
    for (size_t i = 0; i < s.panels * s.stride * CBX_PANEL; i++) {
        assert_int_equal(i / CBX_PANEL % s.stride >= s.rows, bands_untouched(z1 + i));
    }
    /* Padding lanes: σ of this is exactly zero. */
    for (size_t i = s.hidden; i < s.panels * CBX_PANEL; i++) {
        const size_t panel = i / CBX_PANEL;
        assert_true(z1[panel * s.stride * CBX_PANEL + i % CBX_PANEL] == CBX_PADDING_BIAS);
    }
    bands_close(b);
    free(w1), free(packed), free(x), free(w), free(expected), free(z1), free(actual);
}

static void check_biased_matmul_output(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, panels = (cl_uint)s.panels;
    const cl_uint number = 123, no_fault = CBX_NO_FAULT;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    float *a1 = random_floats(&m->state, s.rows * s.hidden, 0.5);
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_OUTPUTS, 1);
    float *packed_a1 = pack_panels(s, a1, 0.0f);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows);
    double *in = to_doubles(a1, s.rows * s.hidden), *expected;
    double *w = to_doubles(w2, (1 + s.hidden) * CBX_OUTPUTS);
    TEST_NEW(expected, s.rows * CBX_OUTPUTS);
    oracle_biased_matmul(in, w, s.rows, s.hidden, CBX_OUTPUTS, expected);

    bands *b = bands_open(m->device);
    cl_mem hidden =
        bands_input(b, "a1", packed_a1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem weights = bands_input(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    cl_mem out = bands_output(b, "z2", NULL, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem record = bands_output(b, "fault", &no_fault, sizeof no_fault);
    BANDS_LAUNCH(b, "biased_matmul_output", bands_range(b, s.rows, 1), ARG(hidden), ARG(panels),
                 ARG(rows), ARG(stride), ARG(weights), ARG(number), ARG(out), ARG(record));
    float *z2 = bands_read(b, out), *actual = unpack_outputs(z2, s.rows);
    cl_uint *fault = bands_read(b, record);
    assert_int_equal(CBX_NO_FAULT, *fault);
    assert_arrays_close(actual, expected, s.rows, CBX_OUTPUTS,
                        rounding(1 + s.hidden, largest_root(in, w, s.rows, s.hidden, CBX_OUTPUTS)),
                        "Z2");
    assert_outputs_padding(z2, s.rows, "Z2");
    for (size_t i = s.rows * CBX_LANES_OUT; i < s.stride * CBX_LANES_OUT; i++) {
        assert_true(bands_untouched(z2 + i));
    }
    bands_close(b);
    free(a1), free(w2), free(packed_a1), free(packed_w2), free(in), free(w), free(expected);
    free(z2), free(actual), free(fault);
}

/* Outputs between 0 and 1, both included. */
static float *random_outputs(material *m, size_t rows) {
    float *a2;
    TEST_NEW(a2, rows * CBX_OUTPUTS);
    for (size_t i = 0; i < rows * CBX_OUTPUTS; i++) {
        const uint64_t which = synthetic_bits(&m->state) % 8;
        a2[i] = which == 0 ? 0.0f : which == 1 ? 1.0f : (float)synthetic_uniform(&m->state);
    }
    return a2;
}

/* Runs output_delta on a2 (rows, 10). d2 (rows, 16), for free(). */
static float *run_output_delta(const material *m, shape s, const float *a2) {
    const cl_uint rows = (cl_uint)s.rows, recipe = recipe_of(m);
    float *s2, *packed_a2 = pack_outputs(a2, s.rows, s.stride);
    TEST_NEW(s2, s.stride * CBX_LANES_OUT);
    for (size_t i = 0; i < s.stride * CBX_LANES_OUT; i++) {
        s2[i] = (float)oracle_sigmoid_derivative((double)packed_a2[i]);
    }
    bands *b = bands_open(m->device);
    cl_mem outputs = bands_input(b, "a2", packed_a2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem slopes = bands_input(b, "s2", s2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem labels = bands_input(b, "labels", m->labels, sizeof m->labels);
    cl_mem order = order_of(m, s, b);
    cl_mem out = bands_output(b, "d2", NULL, s.stride * CBX_LANES_OUT * sizeof(float));
    BANDS_LAUNCH(b, "output_delta", bands_range(b, s.rows, 1), ARG(outputs), ARG(slopes),
                 ARG(labels), ARG(order), ARG(first), ARG(rows), ARG(recipe), ARG(out));
    float *d2 = bands_read(b, out);
    free(s2), free(packed_a2);
    bands_close(b);
    return d2;
}

static void check_output_delta(void *context, shape s) {
    material *m = context;
    float *a2 = random_outputs(m, s.rows);
    double *a = to_doubles(a2, s.rows * CBX_OUTPUTS), *expected;
    uint8_t labels[IMAGES];
    TEST_NEW(expected, s.rows * CBX_OUTPUTS);
    for (size_t row = 0; row < s.rows; row++) {
        labels[row] = m->labels[m->order[FIRST + row]];
    }
    oracle_output_delta(m->recipe, a, labels, s.rows, expected);
    float *d2 = run_output_delta(m, s, a2), *actual = unpack_outputs(d2, s.rows);
    /* Up to four roundings of numbers up to 1. */
    assert_arrays_close(actual, expected, s.rows, CBX_OUTPUTS, 4 * 0x1p-24, "D2");
    assert_outputs_padding(d2, s.rows, "D2");
    for (size_t i = s.rows * CBX_LANES_OUT; i < s.stride * CBX_LANES_OUT; i++) {
        assert_true(bands_untouched(d2 + i));
    }
    free(a2), free(a), free(expected), free(d2), free(actual);
}

/* The record after biased_matmul_output met `spoilt` as one activation of one row. */
static cl_uint fault_after(const material *m, shape s, float spoilt, cl_uint before) {
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, panels = (cl_uint)s.panels;
    const cl_uint number = 123;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL, floats = s.panels * s.stride * CBX_PANEL;
    uint64_t state = 7 + s.rows;
    float *w2 = random_floats(&state, w2_rows * CBX_LANES_OUT, 1), *a1;
    TEST_NEW(a1, floats);
    a1[synthetic_bits(&state) % s.rows * CBX_PANEL + synthetic_bits(&state) % CBX_PANEL] = spoilt;
    bands *b = bands_open(m->device);
    cl_mem hidden = bands_input(b, "a1", a1, floats * sizeof *a1);
    cl_mem weights = bands_input(b, "w2", w2, w2_rows * CBX_LANES_OUT * sizeof *w2);
    cl_mem out = bands_output(b, "z2", NULL, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem record = bands_output(b, "fault", &before, sizeof before);
    BANDS_LAUNCH(b, "biased_matmul_output", bands_range(b, s.rows, 1), ARG(hidden), ARG(panels),
                 ARG(rows), ARG(stride), ARG(weights), ARG(number), ARG(out), ARG(record));
    cl_uint *now = bands_read(b, record), fault = *now;
    bands_close(b);
    free(now), free(a1), free(w2);
    return fault;
}

/* A sum that is not finite in any row is recorded, unless something is already. */
static void check_fault(void *context, shape s) {
    assert_int_equal(CBX_NO_FAULT, fault_after(context, s, 1.0f, CBX_NO_FAULT));
    assert_int_equal(123, fault_after(context, s, NAN, CBX_NO_FAULT));
    assert_int_equal(123, fault_after(context, s, -INFINITY, CBX_NO_FAULT));
    assert_int_equal(7, fault_after(context, s, INFINITY, 7));
}

static void check_hidden_delta(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    float *d2 = random_floats(&m->state, s.rows * CBX_OUTPUTS, 0.5);
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_OUTPUTS, 1);
    float *s1 = random_floats(&m->state, s.rows * s.hidden, 0.1);
    float *packed_d2 = pack_outputs(d2, s.rows, s.stride);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows);
    float *packed_s1 = pack_panels(s, s1, 0.25f);
    double *expected, size = 0;
    TEST_NEW(expected, s.rows * s.hidden);
    for (size_t i = 0; i < s.rows * s.hidden; i++) {
        double sum = 0, squares = 0;
        for (size_t c = 0; c < CBX_OUTPUTS; c++) {
            const double term = (double)d2[i / s.hidden * CBX_OUTPUTS + c] *
                                (double)w2[(1 + i % s.hidden) * CBX_OUTPUTS + c] * (double)s1[i];
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
    assert_arrays_close(actual, expected, s.rows, s.hidden, rounding(CBX_OUTPUTS, size), "D1");
    assert_panels_padding(s, d1, s.rows, "D1");
    for (size_t i = 0; i < s.panels * s.stride * CBX_PANEL; i++) {
        assert_int_equal(i / CBX_PANEL % s.stride >= s.rows, bands_untouched(d1 + i));
    }
    bands_close(b);
    free(d2), free(w2), free(s1), free(packed_d2), free(packed_w2), free(packed_s1);
    free(expected), free(d1), free(actual);
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
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, recipe = recipe_of(m);
    const size_t items = CBX_PIXELS / m->device->step_rows * (CBX_PANEL / m->device->vector);
    const float rate = 0.05f;
    float *w1 = random_floats(&m->state, CBX_ROWS * s.hidden, 0.2);
    float *d1 = random_floats(&m->state, s.rows * s.hidden, 0.2);
    float *packed_w1 = pack_w1(s, w1), *packed_d1 = pack_panels(s, d1, 0.0f);
    double *x = batch_of(m, s), *d = to_doubles(d1, s.rows * s.hidden);
    double *expected = to_doubles(w1, CBX_ROWS * s.hidden);
    oracle_weight_update(m->recipe, x, d, s.rows, CBX_PIXELS, s.hidden, (double)rate, expected);

    bands *b = bands_open(m->device);
    cl_mem images = images_of(m, b), order = order_of(m, s, b);
    cl_mem errors =
        bands_input(b, "d1", packed_d1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem weights = bands_output(b, "w1", packed_w1, s.panels * CBX_PANEL_SIZE * sizeof(float));
    BANDS_LAUNCH(b, "weight_update_hidden", bands_range(b, items, s.panels), ARG(images),
                 ARG(order), ARG(first), ARG(rows), ARG(stride), ARG(errors), ARG(rate),
                 ARG(recipe), ARG(weights));
    float *packed = bands_read(b, weights), *actual = unpack_panels(s, packed, CBX_ROWS, CBX_ROWS);
    assert_arrays_close(actual, expected, CBX_ROWS, s.hidden,
                        update_tolerance(x, d, s, CBX_PIXELS, s.hidden, (double)rate), "W1");
    if (m->recipe == CBX_RECIPE_LESSON) {
        assert_same_bits(actual, w1, 1, s.hidden, "bias row of W1");
    }
    assert_w1_padding(s, packed, "W1");
    bands_close(b);
    free(w1), free(d1), free(packed_w1), free(packed_d1), free(x), free(d), free(expected);
    free(packed), free(actual);
}

static void check_weight_update_output(void *context, shape s) {
    material *m = context;
    const cl_uint rows = (cl_uint)s.rows, stride = (cl_uint)s.stride, recipe = recipe_of(m);
    const cl_uint panels = (cl_uint)s.panels;
    const size_t w2_rows = 1 + s.panels * CBX_PANEL;
    const float rate = 0.05f;
    float *w2 = random_floats(&m->state, (1 + s.hidden) * CBX_OUTPUTS, 0.2);
    float *a1 = random_floats(&m->state, s.rows * s.hidden, 0.5);
    float *d2 = random_floats(&m->state, s.rows * CBX_OUTPUTS, 0.2);
    float *packed_w2 = pack_outputs(w2, 1 + s.hidden, w2_rows);
    float *packed_a1 = pack_panels(s, a1, 0.0f);
    float *packed_d2 = pack_outputs(d2, s.rows, s.stride);
    double *in = to_doubles(a1, s.rows * s.hidden), *d = to_doubles(d2, s.rows * CBX_OUTPUTS);
    double *expected = to_doubles(w2, (1 + s.hidden) * CBX_OUTPUTS);
    oracle_weight_update(m->recipe, in, d, s.rows, s.hidden, CBX_OUTPUTS, (double)rate, expected);

    bands *b = bands_open(m->device);
    cl_mem hidden =
        bands_input(b, "a1", packed_a1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    cl_mem errors = bands_input(b, "d2", packed_d2, s.stride * CBX_LANES_OUT * sizeof(float));
    cl_mem weights = bands_output(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    BANDS_LAUNCH(b, "weight_update_output", bands_range(b, w2_rows, 1), ARG(hidden), ARG(errors),
                 ARG(panels), ARG(rows), ARG(stride), ARG(rate), ARG(recipe), ARG(weights));
    float *packed = bands_read(b, weights), *actual = unpack_outputs(packed, 1 + s.hidden);
    assert_arrays_close(actual, expected, 1 + s.hidden, CBX_OUTPUTS,
                        update_tolerance(in, d, s, s.hidden, CBX_OUTPUTS, (double)rate), "W2");
    if (m->recipe == CBX_RECIPE_LESSON) {
        assert_same_bits(actual, w2, 1, CBX_OUTPUTS, "bias row of W2");
    }
    assert_w2_padding(s, packed, "W2");
    bands_close(b);
    free(w2), free(a1), free(d2), free(packed_w2), free(packed_a1), free(packed_d2);
    free(in), free(d), free(expected), free(packed), free(actual);
}

static void check_all(cbx_family family, cbx_recipe recipe) {
    static void (*const checks[])(void *context, shape s) = {
        check_biased_matmul_hidden, check_biased_matmul_output,
        check_output_delta,         check_fault,
        check_hidden_delta,         check_weight_update_hidden,
        check_weight_update_output,
    };
    material m;
    cbx_device *device = fixture_device(family);
    open_material(&m, device, recipe);
    for (size_t i = 0; i < sizeof checks / sizeof *checks; i++) {
        for_each_shape(device, checks[i], &m);
    }
    close_material(&m);
}

static void lesson_with_the_cpu_family(void **state) {
    (void)state;
    check_all(CBX_FAMILY_CPU, CBX_RECIPE_LESSON);
}

static void nll_with_the_cpu_family(void **state) {
    (void)state;
    check_all(CBX_FAMILY_CPU, CBX_RECIPE_NLL);
}

static void lesson_with_the_gpu_family(void **state) {
    (void)state;
    check_all(CBX_FAMILY_GPU, CBX_RECIPE_LESSON);
}

static void nll_with_the_gpu_family(void **state) {
    (void)state;
    check_all(CBX_FAMILY_GPU, CBX_RECIPE_NLL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_with_the_cpu_family),
        cmocka_unit_test(nll_with_the_cpu_family),
        cmocka_unit_test(lesson_with_the_gpu_family),
        cmocka_unit_test(nll_with_the_gpu_family),
    };
    return cmocka_run_group_tests_name("kernels: stepwise", tests, fixture_setup, fixture_teardown);
}
