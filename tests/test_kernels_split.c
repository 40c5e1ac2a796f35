/* SPDX-License-Identifier: MIT */
/* The kernels of split_gpu.cl, launched directly: what they make of a batch, however the pixels are
 * sliced, against double precision; and that this is as exact as the canon. */
#include <math.h>
#include <string.h>

#include "support/chains.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/fused_gpu.h"
#include "support/split.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

typedef struct scratch {
    cl_uint slices;
    cl_mem lists, levels, slopes, d2, d1, errors, q, u;
} scratch;

static cbx_device *device;

static int set_up(void **state) {
    const int failed = fixture_setup(state);
    device = failed ? NULL : split_open();
    return failed;
}

static int tear_down(void **state) {
    cbx_device_close(device);
    return fixture_teardown(state);
}

static scratch take_scratch(fused *f, cl_uint slices) {
    scratch t = {.slices = slices};
    const size_t hidden = f->s.panels * f->s.stride * CBX_PANEL * sizeof(float);
    const size_t columns = f->s.panels * CBX_PANEL * sizeof(float);
    fused_turn(f, &t.lists, &t.levels);
    t.slopes = fused_slopes(f);
    t.d2 = bands_output(f->b, "d2", NULL, f->s.stride * CBX_LANES_OUT * sizeof(float));
    t.d1 = bands_output(f->b, "d1", NULL, hidden);
    t.errors = bands_output(f->b, "errors", NULL, columns);
    t.q = bands_output(f->b, "q", NULL, slices * hidden);
    t.u = bands_output(f->b, "u", NULL, slices * columns);
    return t;
}

static cbx_range groups(size_t count, size_t group) {
    return (cbx_range){{count * group, 1}, {group, 1}};
}

static void launch_errors(fused *f, const scratch *t) {
    BANDS_LAUNCH(f->b, "train_gpu_delta", groups(f->pending_rows, CBX_GROUP), ARG(f->sums_buffer),
                 ARG(f->labels_buffer), ARG(f->order_buffer), ARG(t->d2), ARG(f->fault_buffer),
                 ARG(f->losses_buffer), ARG(f->launch));
    BANDS_LAUNCH(f->b, "split_gpu_errors", groups(f->s.panels, CBX_GROUP), ARG(f->w1_buffer),
                 ARG(f->w2_buffer), ARG(t->slopes), ARG(t->d2), ARG(t->d1), ARG(t->errors),
                 ARG(f->launch));
}

static void launch_hidden(fused *f, const scratch *t) {
    if (f->pending_rows > 0) {
        launch_errors(f, t);
    }
    BANDS_LAUNCH(f->b, "split_gpu_hidden", groups(f->s.panels * t->slices, CBX_GROUP),
                 ARG(t->lists), ARG(t->levels), ARG(f->w1_buffer), ARG(t->d1), ARG(t->errors),
                 ARG(t->q), ARG(t->u), ARG(f->launch), ARG(t->slices));
}

static void launch_output(fused *f, const scratch *t) {
    BANDS_LAUNCH(f->b, "train_gpu_output", groups(f->s.panels, device->built.output_group),
                 ARG(f->w1_buffer), ARG(f->w2_buffer), ARG(f->a1_buffer), ARG(t->slopes),
                 ARG(f->sums_buffer), ARG(t->d2), ARG(t->q), ARG(t->u), ARG(f->normal),
                 ARG(f->launch), ARG(t->slices));
}

/* ---- how exact they are ---- */

/* Floats with the most that each may be off, and, of Q, those that the canon has in their place. */
typedef struct judged {
    size_t count;
    float *are, *canon;
    double *should, *most;
} judged;

static judged judged_new(size_t count) {
    judged j = {.count = count};
    TEST_NEW(j.canon, count);
    TEST_NEW(j.should, count);
    TEST_NEW(j.most, count);
    return j;
}

static void judged_free(const judged *j) {
    free(j->are);
    free(j->canon);
    free(j->should);
    free(j->most);
}

/* Squares of all errors of Q so far, in units of what each may be off: of the kernels, of the canon. */
static double squares, canon_squares;

static void judge(const judged *j, const char *what) {
    for (size_t i = 0; i < j->count; i++) {
        assert_number_close((double)j->are[i], j->should[i], j->most[i], what);
    }
}

static void add_squares(const judged *j) {
    for (size_t i = 0; i < j->count; i++) {
        const double is = ((double)j->are[i] - j->should[i]) / j->most[i];
        const double canon = ((double)j->canon[i] - j->should[i]) / j->most[i];
        squares += j->most[i] > 0.0 ? is * is : 0.0;
        canon_squares += j->most[i] > 0.0 ? canon * canon : 0.0;
    }
}

/* One product of 16 terms: each of three parts is added in two halves, of 8 products that are
 * exact. Whatever the order, within a half 8 terms may be cut to a float's 24 bits, and 6 times the
 * sum, none of which exceeds the terms' magnitudes, here `sum`. Then `steps` such products are
 * added and rounded to 2⁻²⁴ of what there is by then, at most `largest`. */
static double bound(double sum, double steps, double largest) {
    return (6.0 + 8.0 + 1.0) * 0x1p-23 * sum + steps * 0x1p-24 * (largest + 0x1p-10 * sum);
}

/* Q of one image and neuron, and its bound, `slices` sums of whole slabs apart or together. */
static double judge_sum(const uint8_t *levels, const float *w1, size_t hidden, size_t slices,
                        double *most) {
    double sum = 0.0, terms = 0.0, largest = 0.0;
    for (size_t k = 0; k < CBX_PIXELS; k++) {
        const double term = (double)levels[k] * (double)w1[(1 + k) * hidden];
        sum += term;
        terms += fabs(term);
        largest = fmax(largest, fabs(sum));
    }
    /* Sums of pixels in the lists' order go other ways than `sum`, but no farther than `terms`. */
    *most = bound(terms, (double)(CBX_PIXELS / 16 + slices), fmin(terms, 2.0 * largest + 1.0));
    return sum;
}

static void check_q(const fused *f, const scratch *t) {
    const size_t rows = f->s.rows, hidden = f->s.hidden;
    const size_t size = f->s.panels * f->s.stride * CBX_PANEL;
    float *packed = bands_read(f->b, f->w1_buffer), *q = bands_read(f->b, t->q);
    float *w1 = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS), *none;
    uint8_t *levels = fused_levels(f, FUSED_FIRST, rows);
    judged j = judged_new(rows * hidden);
    TEST_NEW(none, hidden);
    for (size_t i = 0; i < size * (t->slices - 1); i++) {
        q[i % size] += q[size + i];
    }
    j.are = unpack_panels(f->s, q, f->s.stride, rows);
    for (size_t i = 0; i < rows * hidden; i++) {
        j.should[i] = judge_sum(levels + i / hidden * CBX_PIXELS, w1 + i % hidden, hidden,
                                t->slices, &j.most[i]);
    }
    /* Q is Z1 where s = 1, t = 0 and there is no bias. */
    memset(w1, 0, hidden * sizeof *w1);
    memset(none, 0, hidden * sizeof *none);
    chain_hidden_sums(levels, (cbx_normal){1.0f, 0.0f}, w1, none, rows, hidden, j.canon);
    judge(&j, "Q");
    add_squares(&j);
    judged_free(&j);
    free(none);
    free(packed);
    free(q);
    free(w1);
    free(levels);
}

/* U of all slabs: 784 sums, rounded. */
static void check_u(const fused *f, const scratch *t) {
    const size_t hidden = f->s.hidden, columns = f->s.panels * CBX_PANEL;
    float *packed = bands_read(f->b, f->w1_buffer), *u = bands_read(f->b, t->u);
    float *w1 = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
    for (size_t j = 0; j < hidden; j++) {
        double is = 0.0, sum = 0.0, terms = 0.0;
        for (size_t slice = 0; slice < t->slices; slice++) {
            is += (double)u[slice * columns + j];
        }
        for (size_t k = 1; k < CBX_W1_ROWS; k++) {
            sum += (double)w1[k * hidden + j];
            terms += fabs((double)w1[k * hidden + j]);
        }
        /* At most 98 pixels of a work-item one after the other, 2 at a time, then 8 of those. */
        assert_number_close(is, sum, (98 + 1 + 8) * 0x1p-24 * terms, "U");
    }
    free(packed);
    free(u);
    free(w1);
}

/* W1[1:] from the D1 that is on the device. */
static void check_update(const fused *f, const scratch *t) {
    const size_t rows = f->pending_rows, hidden = f->s.hidden, count = CBX_PIXELS * hidden;
    const cbx_step_sizes rate = f->launch.pending_rate;
    float *packed = bands_read(f->b, f->w1_buffer), *all = bands_read(f->b, t->d1);
    float *w1 = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
    float *d1 = unpack_panels(f->s, all, f->s.stride, rows);
    uint8_t *levels = fused_levels(f, FUSED_PENDING_FIRST, rows);
    judged j = judged_new(count);
    TEST_NEW(j.are, count);
    memcpy(j.are, w1 + hidden, count * sizeof *w1);
    for (size_t i = 0; i < count; i++) {
        const size_t k = i / hidden, n = i % hidden;
        double sum = 0.0, terms = 0.0, errors = 0.0, all_errors = 0.0;
        for (size_t b = 0; b < rows; b++) {
            const double d = (double)d1[b * hidden + n];
            sum += (double)levels[b * CBX_PIXELS + k] * d;
            terms += (double)levels[b * CBX_PIXELS + k] * fabs(d);
            errors += d;
            all_errors += fabs(d);
        }
        const double s = (double)rate.scale, shift = (double)rate.shift,
                     w = (double)f->w1[hidden + i];
        j.should[i] = s * sum + (shift * errors + w);
        j.most[i] = fabs(s) * bound(terms, (double)(f->s.stride / 16), terms) +
                    fabs(shift) * (double)rows * 0x1p-24 * all_errors +
                    0x1p-24 * (fabs(j.should[i]) + fabs(w) + fabs(shift * errors)) * 1.01;
    }
    judge(&j, "W1[1:]");
    judged_free(&j);
    free(packed);
    free(all);
    free(w1);
    free(d1);
    free(levels);
}

/* ---- whole batches ---- */

static void check_batch(cbx_recipe recipe, size_t rows, size_t pending_rows, size_t hidden,
                        cl_uint slices) {
    fused f;
    fused_open(&f, device, recipe, rows, pending_rows, hidden, SIZE_MAX);
    assert_false(f.exact);
    fused_upload(&f);
    scratch t = take_scratch(&f, slices);
    launch_hidden(&f, &t);
    fused_check_w1(&f);
    if (pending_rows > 0) {
        check_update(&f, &t);
    }
    if (rows > 0) {
        check_q(&f, &t);
        check_u(&f, &t);
    }
    launch_output(&f, &t);
    fused_check_w2(&f);
    fused_finish(&f);
}

static void check_batches(cbx_recipe recipe) {
    static const size_t batches[] = {1, 17, 64, 77}, hidden[] = {1, 37, 64, 100};
    if (bands_watched()) { /* the recipe is a matter of one row of W1: two panels once do */
        const int lesson = recipe == CBX_RECIPE_LESSON;
        check_batch(recipe, 7, 7, lesson ? 37 : 5, lesson ? CBX_SLABS : 1);
        return;
    }
    for (size_t i = 0; i < CBX_COUNT(batches); i++) {
        for (size_t j = 0; j < CBX_COUNT(hidden); j++) {
            const size_t rows = batches[i], next = batches[(i + 1) % CBX_COUNT(batches)];
            const cl_uint some = (i + j) % 2 == 0 ? 1 : CBX_SLABS, others = CBX_SLABS + 1 - some;
            check_batch(recipe, rows, rows, hidden[j], some);
            check_batch(recipe, rows, 0, hidden[j], others); /* the first */
            check_batch(recipe, 0, rows, hidden[j], others); /* the last */
            check_batch(recipe, next, rows, hidden[j], others);
        }
    }
}

static void lesson_matches(void **state) {
    (void)state;
    check_batches(CBX_RECIPE_LESSON);
}

static void nll_matches(void **state) {
    (void)state;
    check_batches(CBX_RECIPE_NLL);
}

/* All together are about as near as the canon's: 1.35 times as far off, as measured with the emulation. */
static void errors_are_like_those_of_the_canon(void **state) {
    (void)state;
    if (squares > 2.0 * 2.0 * canon_squares) {
        fail_msg("off by %.3g times what the canon is (rms)", sqrt(squares / canon_squares));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_matches),
        cmocka_unit_test(nll_matches),
        cmocka_unit_test(errors_are_like_those_of_the_canon),
    };
    return cmocka_run_group_tests_name("kernels: split", tests, set_up, tear_down);
}
