/* SPDX-License-Identifier: MIT */
/* evaluate_cpu, with all pixels and over ink, evaluate_gpu and judge, launched directly: each
 * image's A1·W2[1:], loss and answer. */
#include <math.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
#include "support/bands.h"
#include "support/chains.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/ink.h"
#include "support/panels.h"
#include "support/synthetic.h"
#include "support/test.h"
#include "support/turned.h"

#define ARG CBX_ARGUMENT

enum { IMAGES = 170, FIRST = 13 };

typedef struct task {
    cbx_device *device;
    int sparse;      /* over ink, on processors alone */
    shape s;         /* rows: images to evaluate, from FIRST on */
    uint8_t *images; /* grey levels, for test_normal */
    uint8_t labels[IMAGES];
    float *w1, *w2; /* (785, H), (1+H, 10) */
} task;

/* w2_deviation: how large the outputs become. */
static void open_task(task *t, cbx_device *device, int sparse, size_t rows, size_t hidden,
                      double w2_deviation) {
    uint64_t state = 100 * hidden + rows;
    *t = (task){.device = device, .sparse = sparse, .s = shape_of(device, rows, hidden)};
    t->images = ink_images(&state, IMAGES);
    t->w1 = random_floats(&state, CBX_W1_ROWS * hidden, 1.0 / 28);
    t->w2 = random_floats(&state, (1 + hidden) * CBX_CLASSES, w2_deviation);
    for (size_t i = 0; i < IMAGES; i++) {
        t->labels[i] = (uint8_t)(synthetic_bits(&state) % CBX_CLASSES);
    }
}

static void close_task(task *t) {
    free(t->images);
    free(t->w1);
    free(t->w2);
}

/* Z2 (rows, 10) in double precision, for free(). */
static double *outputs_of(const task *t) {
    const size_t rows = t->s.rows, hidden = t->s.hidden;
    double *x = normalised(t->images + (size_t)FIRST * CBX_IMAGE_PIXELS, rows * CBX_IMAGE_PIXELS,
                           test_normal);
    double *w1 = to_doubles(t->w1, CBX_W1_ROWS * hidden);
    double *w2 = to_doubles(t->w2, (1 + hidden) * CBX_CLASSES), *a1, *z2;
    TEST_NEW(a1, rows * hidden);
    TEST_NEW(z2, rows * CBX_CLASSES);
    cbx_reference_biased_matmul(x, w1, rows, CBX_IMAGE_PIXELS, hidden, a1);
    cbx_reference_sigmoids(a1, rows * hidden);
    cbx_reference_biased_matmul(a1, w2, rows, hidden, CBX_CLASSES, z2);
    free(x);
    free(w1);
    free(w2);
    free(a1);
    return z2;
}

/* Whether a row counts as correct: 1, 0, or -1 where two outputs are as good as equal. */
static int verdict(const double *z, unsigned label, double nearness) {
    size_t best = 0;
    double second = -(double)INFINITY;
    for (size_t c = 1; c < CBX_CLASSES; c++) {
        best = z[c] > z[best] ? c : best;
    }
    for (size_t c = 0; c < CBX_CLASSES; c++) {
        second = c == best ? second : fmax(second, z[c]);
    }
    return z[best] - second < nearness ? -1 : best == label;
}

/* Z2 is off by what its sum rounds, and by what A1 is, 1e-6 for each neuron at random. */
static double nearness_of(const task *t, double w2_deviation) {
    return 2 * rounding(1 + t->s.hidden, w2_deviation * sqrt((double)t->s.hidden + 1)) +
           4e-6 * w2_deviation * sqrt((double)t->s.hidden);
}

/* What the kernels say of each image. */
typedef struct verdicts {
    float *sums, *loss;      /* (rows, 10) without the bias, (rows) */
    uint8_t *label, *answer; /* (rows) */
} verdicts;

static void free_verdicts(verdicts *v) {
    free(v->sums);
    free(v->loss);
    free(v->label);
    free(v->answer);
}

/* By work-items that take `each` images. */
static void judge(const task *t, bands *b, cl_mem z2, cl_mem w2, cl_uint each, verdicts *v) {
    const size_t rows = t->s.rows;
    const cl_uint first = FIRST, count = (cl_uint)rows;
    cl_mem labels = bands_input(b, "labels", t->labels, FIRST + rows);
    cl_mem loss = bands_output(b, "loss", NULL, rows * sizeof(float));
    cl_mem verdict = bands_output(b, "verdicts", NULL, rows);
    BANDS_LAUNCH(b, "judge", bands_range(b, (rows + each - 1) / each, 1), ARG(z2), ARG(w2),
                 ARG(labels), ARG(first), ARG(count), ARG(each), ARG(loss), ARG(verdict));
    v->loss = bands_read(b, loss);
    v->answer = bands_read(b, verdict);
    TEST_NEW(v->label, rows);
    for (size_t i = 0; i < rows; i++) {
        v->label[i] = v->answer[i] / 16;
        v->answer[i] %= 16;
    }
}

/* By `groups` work-groups. Buffers have no more images than are asked for, so that reading on
 * would meet a band. */
static void run_cpu(const task *t, bands *b, size_t groups, cl_mem images, cl_mem w1, cl_mem w2,
                    cl_mem z2) {
    const cbx_range range = {{groups, 1}, {1, 1}};
    const cl_uint first = FIRST, count = (cl_uint)t->s.rows, panels = (cl_uint)t->s.panels;
    const cl_uint sparse = (cl_uint)t->sparse;
    const cbx_node all = {0, panels, 0};
    const shape row = {.rows = 1, .hidden = t->s.hidden, .panels = panels, .stride = 1};
    ink_lists lists = ink_of(t->images, FIRST + t->s.rows);
    float *u;
    TEST_NEW(u, t->s.hidden);
    chain_column_sums(t->w1, t->s.hidden, u);
    float *packed_u = pack_panels(row, u, 0.0f);
    cl_uint levels = 1;
    while (panels >> levels) {
        levels++;
    }
    const size_t floats = groups * CBX_EVALUATE_SCRATCH(t->device->built.evaluate_rows, levels);
    const size_t entries = lists.entries + CBX_INK_SPARE;
    cl_mem sums = bands_input(b, "u", packed_u, panels * CBX_PANEL * sizeof(float));
    cl_mem inks = bands_input(b, "inks", lists.inks, lists.count * sizeof *lists.inks);
    cl_mem pixels = bands_input(b, "ink pixels", lists.pixels, entries * sizeof *lists.pixels);
    cl_mem grey = bands_input(b, "ink levels", lists.levels, entries);
    cl_mem scratch = bands_output(b, "scratch", NULL, floats * sizeof(float));
    cl_mem none = bands_input(b, "no buffer", &first, sizeof first);
    BANDS_LAUNCH(b, "evaluate_cpu", range, ARG(*(t->sparse ? &none : &images)), ARG(test_normal),
                 ARG(first), ARG(count), ARG(all), ARG(w1), ARG(sums), ARG(w2), ARG(sparse),
                 ARG(*(t->sparse ? &inks : &none)), ARG(*(t->sparse ? &pixels : &none)),
                 ARG(*(t->sparse ? &grey : &none)), ARG(levels), ARG(z2), ARG(scratch));
    ink_free(&lists);
    free(u);
    free(packed_u);
}

/* The images in blocks of 64, turned round; lists and levels, for free(). */
static void turn(const task *t, size_t blocks, uint8_t **lists, uint8_t **levels) {
    TEST_NEW(*lists, blocks * TURNED_LISTS);
    TEST_NEW(*levels, blocks * TURNED_BLOCK);
    for (size_t block = 0; block < blocks; block++) {
        const size_t from = block * CBX_ROW_BLOCK, left = t->s.rows - from;
        turned_make(t->images + (FIRST + from) * CBX_IMAGE_PIXELS,
                    left < CBX_ROW_BLOCK ? left : CBX_ROW_BLOCK, 1, *lists + block * TURNED_LISTS,
                    *levels + block * TURNED_BLOCK);
    }
}

/* By one work-group for each panel and block of images. */
static void run_gpu(const task *t, bands *b, cl_mem w1, cl_mem w2, cl_mem z2) {
    const size_t count = (t->s.rows + CBX_ROW_BLOCK - 1) / CBX_ROW_BLOCK;
    const cl_uint blocks = (cl_uint)count, rows = (cl_uint)t->s.rows;
    const cl_uint panels = (cl_uint)t->s.panels;
    const cbx_node all = {0, panels, 0};
    const cbx_range shares = {{panels * count * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    const cbx_range sums = {{4 * t->s.rows, 1}, {CBX_GROUP, 1}};
    const shape row = {.rows = 1, .hidden = t->s.hidden, .panels = panels, .stride = 1};
    uint8_t *lists, *levels;
    float *u;
    turn(t, count, &lists, &levels);
    TEST_NEW(u, t->s.hidden);
    chain_column_sums(t->w1, t->s.hidden, u);
    float *packed_u = pack_panels(row, u, 0.0f);
    cl_mem column_sums = bands_input(b, "u", packed_u, panels * CBX_PANEL * sizeof(float));
    cl_mem pixels = bands_input(b, "lists", lists, count * TURNED_LISTS);
    cl_mem grey = bands_input(b, "levels", levels, count * TURNED_BLOCK);
    cl_mem parts = bands_output(b, "parts", NULL,
                                panels * count * CBX_ROW_BLOCK * CBX_LANES_OUT * sizeof(float));
    BANDS_LAUNCH(b, "evaluate_gpu", shares, ARG(pixels), ARG(grey), ARG(test_normal), ARG(panels),
                 ARG(blocks), ARG(w1), ARG(column_sums), ARG(w2), ARG(parts));
    BANDS_LAUNCH(b, "evaluate_gpu_sums", sums, ARG(parts), ARG(all), ARG(blocks), ARG(rows),
                 ARG(z2));
    free(lists);
    free(levels);
    free(u);
    free(packed_u);
}

static void run(const task *t, size_t groups, verdicts *v) {
    const size_t w2_rows = 1 + t->s.panels * CBX_PANEL;
    float *packed_w1 = pack_w1(t->s, t->w1);
    float *packed_w2 = pack_outputs(t->w2, 1 + t->s.hidden, w2_rows);
    bands *b = bands_open(t->device);
    cl_mem images = bands_input(b, "images", t->images, (FIRST + t->s.rows) * CBX_IMAGE_PIXELS);
    cl_mem w1 = bands_input(b, "w1", packed_w1, t->s.panels * CBX_PANEL_SIZE * sizeof(float));
    cl_mem w2 = bands_input(b, "w2", packed_w2, w2_rows * CBX_LANES_OUT * sizeof(float));
    cl_mem z2 = bands_output(b, "z2", NULL, t->s.rows * CBX_LANES_OUT * sizeof(float));
    if (t->device->family == CBX_FAMILY_GPU) {
        run_gpu(t, b, w1, w2, z2);
    } else {
        run_cpu(t, b, groups, images, w1, w2, z2);
    }
    float *packed = bands_read(b, z2);
    v->sums = unpack_outputs(packed, t->s.rows);
    judge(t, b, z2, w2, (cl_uint)(1 + t->s.rows % 9), v);
    bands_close(b);
    free(packed);
    free(packed_w1);
    free(packed_w2);
}

/* To the bit: the sums, and what is judged of them. */
static void check_exactly(const task *t, const verdicts *v) {
    const size_t rows = t->s.rows, hidden = t->s.hidden;
    const uint8_t *levels = t->images + (size_t)FIRST * CBX_IMAGE_PIXELS;
    float *a1, *u, *should;
    TEST_NEW(a1, rows * hidden);
    TEST_NEW(u, hidden);
    TEST_NEW(should, rows * CBX_CLASSES);
    chain_column_sums(t->w1, hidden, u);
    chain_hidden_sums(levels, test_normal, t->w1, u, rows, hidden, a1);
    chain_sigmoids(a1, rows * hidden);
    chain_outputs(a1, t->w2, rows, hidden, 0, (hidden + CBX_PANEL - 1) / CBX_PANEL, should);
    assert_same_bits(v->sums, should, rows, CBX_CLASSES, "A1·W2[1:]");
    for (size_t i = 0; i < rows; i++) {
        float z[CBX_CLASSES];
        size_t best = 0;
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            z[o] = t->w2[o] + v->sums[i * CBX_CLASSES + o];
            best = z[o] > z[best] ? o : best;
        }
        const float loss = cbx_canon_loss(z, t->labels[FIRST + i]);
        assert_same_bits(&v->loss[i], &loss, 1, 1, "the loss of an image");
        assert_int_equal(best, v->answer[i]);
    }
    free(a1);
    free(u);
    free(should);
}

/* The losses and the answers of the rows [from, from + used), which the host adds up. */
static void check_block(const task *t, const verdicts *v, const double *z2, size_t from,
                        size_t used, double nearness) {
    const double expected =
        cbx_reference_cost(z2 + from * CBX_CLASSES, t->labels + FIRST + from, used);
    double loss = 0;
    size_t close = 0;
    for (size_t row = from; row < from + used; row++) {
        const int right = verdict(z2 + row * CBX_CLASSES, t->labels[FIRST + row], nearness);
        loss += (double)v->loss[row];
        close += right < 0 ? 1u : 0u;
        assert_int_equal(t->labels[FIRST + row], v->label[row]);
        assert_true(v->answer[row] < CBX_CLASSES);
        assert_true(right < 0 || right == (v->answer[row] == v->label[row]));
    }
    /* Each of 10 terms a row moves by at most what its z does. */
    assert_number_close(loss, expected, (double)used * 10 * nearness + 1e-6 * expected, "the loss");
    assert_true(close <= 1 + used / 8); /* the data are not all ties */
}

/* w2_deviation: 1 for usual outputs, 1e4 for those that saturate. */
static void check(cbx_device *device, int sparse, size_t rows, size_t hidden, double w2_deviation) {
    task t;
    verdicts v;
    open_task(&t, device, sparse, rows, hidden, w2_deviation);
    const double nearness = nearness_of(&t, w2_deviation);
    double *z2 = outputs_of(&t), *expected;
    run(&t, 1 + rows % 3, &v);
    TEST_NEW(expected, rows * CBX_CLASSES);
    for (size_t i = 0; i < rows * CBX_CLASSES; i++) {
        expected[i] = z2[i] - (double)t.w2[i % CBX_CLASSES];
    }
    assert_arrays_close(v.sums, expected, rows, CBX_CLASSES, nearness, "A1·W2[1:]");
    for (size_t from = 0; from < rows; from += device->built.evaluate_rows) {
        const size_t left = rows - from;
        check_block(&t, &v, z2, from,
                    left < device->built.evaluate_rows ? left : device->built.evaluate_rows,
                    nearness);
    }
    if (cbx_device_arithmetic(device) == CBX_ARITHMETIC_CANON) {
        check_exactly(&t, &v);
    }
    close_task(&t);
    free_verdicts(&v);
    free(expected);
    free(z2);
}

static void check_sizes(cbx_device *device, int sparse) {
    const size_t unit = device->built.evaluate_rows, edges[] = {unit - 1, unit, unit + 1, 130};
    const sizes counts = batch_sizes(), hidden = hidden_sizes();
    for (size_t j = 0; j < hidden.count; j++) {
        for (size_t i = 0; i < counts.count; i++) {
            check(device, sparse, counts.values[i], hidden.values[j], 1);
            if (!bands_watched()) {
                check(device, sparse, counts.values[i], hidden.values[j], 1e4);
            }
        }
    }
    for (size_t i = 0; i < sizeof edges / sizeof *edges && !bands_watched(); i++) {
        check(device, sparse, edges[i], 37, 1);
    }
}

/* Of equal outputs the first is the answer. */
static void check_ties(cbx_device *device, int sparse) {
    task t;
    verdicts v;
    open_task(&t, device, sparse, 77, 37, 0);
    run(&t, 2, &v);
    double sum = 0;
    for (size_t i = 0; i < 77; i++) {
        sum += (double)v.loss[i];
        assert_int_equal(0, v.answer[i]);
        assert_int_equal(t.labels[FIRST + i], v.label[i]);
    }
    assert_number_close(sum, 77 * 10 * log(2), 1e-3, "the loss of outputs that are all 1/2");
    close_task(&t);
    free_verdicts(&v);
}

/* Outputs that are not finite give a loss that is not finite, so that it is noticed: of a bias,
 * and of a weight whose pixel has no ink. */
static void check_divergence(cbx_device *device, int sparse) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 6 && !bands_watched(); i++) {
        enum { HIDDEN = 37 };
        task t;
        verdicts v;
        open_task(&t, device, sparse, 7, HIDDEN, 1);
        if (i < 3) {
            t.w2[3] = bad[i];
        } else {
            t.w1[(1 + 700) * HIDDEN + 33] = bad[i % 3];
            for (size_t image = 0; image < IMAGES; image++) {
                t.images[image * CBX_IMAGE_PIXELS + 700] = 0;
            }
        }
        run(&t, 2, &v);
        if (isfinite(v.loss[0])) {
            fail_msg("%g gives a loss of %g", (double)bad[i % 3], (double)v.loss[0]);
        }
        assert_int_equal(t.labels[FIRST], v.label[0]);
        close_task(&t);
        free_verdicts(&v);
    }
}

static void check_all(cbx_family family, int sparse) {
    cbx_device *device = fixture_device(family);
    check_sizes(device, sparse);
    check_ties(device, sparse);
    check_divergence(device, sparse);
}

static void cpu_family(void **state) {
    (void)state;
    check_all(CBX_FAMILY_CPU, 0);
}

static void cpu_family_over_ink(void **state) {
    (void)state;
    check_all(CBX_FAMILY_CPU, 1);
}

/* Blocks and vectors of other sizes. */
static void other_vectors(void **state) {
    static const cbx_tunables blocks[] = {{{4, 8, 8}}, {{8, 5, 6}}, {{16, 1, 1}}};
    (void)state;
    (void)fixture_device(CBX_FAMILY_CPU); /* skips where there is none */
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks && !bands_watched(); i++) {
        cbx_device *device;
        assert_ok(cbx_device_open_with(&device, fixture_spec(), CBX_FAMILY_CPU, &blocks[i]));
        const size_t unit = device->built.evaluate_rows;
        for (int sparse = 0; sparse < 2; sparse++) {
            check(device, sparse, 7, 131, 1);
            check(device, sparse, unit + 1, 37, 1);
        }
        cbx_device_close(device);
    }
}

static void gpu_family(void **state) {
    (void)state;
    check_all(CBX_FAMILY_GPU, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_family),
        cmocka_unit_test(cpu_family_over_ink),
        cmocka_unit_test(other_vectors),
        cmocka_unit_test(gpu_family),
    };
    return cmocka_run_group_tests_name("kernels: evaluate", tests, fixture_setup, fixture_teardown);
}
