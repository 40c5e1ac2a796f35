/* SPDX-License-Identifier: MIT */
/* The kernels of train_gpu.cl, launched directly: what each leaves for
 * the next, and what they make of a batch, however the pixels are sliced. */
#include <math.h>
#include <string.h>

#include "support/chains.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/fused_gpu.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

typedef struct scratch {
    cl_uint slices, within;
    cl_mem lists, levels, slopes, d2, d1, q, u;
} scratch;

static scratch take_scratch(fused *f, cl_uint slices, cl_uint within) {
    scratch t = {.slices = slices, .within = within};
    const size_t hidden = slices * f->s.panels * f->s.stride * CBX_PANEL * sizeof(float);
    fused_turn(f, &t.lists, &t.levels);
    t.d2 = bands_output(f->b, "d2", NULL, f->s.stride * CBX_LANES_OUT * sizeof(float));
    t.d1 = bands_output(f->b, "d1", NULL, f->s.stride > CBX_ROW_BLOCK ? hidden : sizeof(float));
    t.slopes = fused_slopes(f);
    t.q = bands_output(f->b, "q", NULL, hidden);
    t.u = bands_output(f->b, "u", NULL, slices * f->s.panels * CBX_PANEL * sizeof(float));
    return t;
}

static void launch_delta(fused *f, const scratch *t) {
    const cbx_range range = {{f->pending_rows * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    BANDS_LAUNCH(f->b, "train_gpu_delta", range, ARG(f->sums_buffer), ARG(f->labels_buffer),
                 ARG(f->order_buffer), ARG(t->d2), ARG(f->fault_buffer), ARG(f->losses_buffer),
                 ARG(f->launch));
}

static void launch_hidden(fused *f, const scratch *t) {
    const cbx_range range = {{f->s.panels * t->slices * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    if (f->pending_rows > 0 && !t->within) {
        launch_delta(f, t);
    }
    BANDS_LAUNCH(f->b, "train_gpu_hidden", range, ARG(t->lists), ARG(t->levels),
                 ARG(f->labels_buffer), ARG(f->order_buffer), ARG(f->w1_buffer), ARG(f->w2_buffer),
                 ARG(t->slopes), ARG(f->sums_buffer), ARG(t->d2), ARG(t->d1), ARG(t->q), ARG(t->u),
                 ARG(f->fault_buffer), ARG(f->losses_buffer), ARG(f->launch), ARG(t->slices),
                 ARG(t->within));
}

static void launch_output(fused *f, const scratch *t) {
    const size_t group = f->device->built.output_group;
    const cbx_range range = {{f->s.panels * group, 1}, {group, 1}};
    BANDS_LAUNCH(f->b, "train_gpu_output", range, ARG(f->w1_buffer), ARG(f->w2_buffer),
                 ARG(f->a1_buffer), ARG(t->slopes), ARG(f->sums_buffer), ARG(t->d2), ARG(t->q),
                 ARG(t->u), ARG(f->normal), ARG(f->launch), ARG(t->slices));
}

/* The rows beyond the batch stay as they were. */
static void check_d2(const fused *f, const scratch *t) {
    const size_t rows = f->pending_rows;
    double *d2, *d1;
    float *packed = bands_read(f->b, t->d2), *actual = unpack_outputs(packed, rows);
    fused_errors(f, &d2, &d1);
    /* Numbers up to 1 after some ten roundings, and σ right to 2e-7. */
    assert_arrays_close(actual, d2, rows, CBX_CLASSES, 1e-6, "D2");
    assert_outputs_padding(packed, rows, "D2");
    for (size_t i = rows * CBX_LANES_OUT; i < f->s.stride * CBX_LANES_OUT; i++) {
        assert_true(bands_untouched(packed + i));
    }
    free(packed);
    free(actual);
    free(d2);
    free(d1);
}

/* The slices of Q and U add up to Z1, with the weights on the device, to the bit. */
static void check_slices(const fused *f, const scratch *t) {
    const size_t rows = f->s.rows, hidden = f->s.hidden, columns = f->s.panels * CBX_PANEL;
    const size_t size = columns * f->s.stride;
    const shape one = {.rows = 1, .hidden = hidden, .panels = f->s.panels, .stride = 1};
    float *packed = bands_read(f->b, f->w1_buffer);
    float *q = bands_read(f->b, t->q), *u = bands_read(f->b, t->u), *should;
    float *w1 = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
    uint8_t *levels = fused_levels(f, FUSED_FIRST, rows);
    TEST_NEW(should, (rows + 1) * hidden);
    for (size_t slice = 1; slice < t->slices; slice++) {
        for (size_t i = 0; i < size; i++) {
            q[i] += q[slice * size + i];
        }
        for (size_t i = 0; i < columns; i++) {
            u[i] += u[slice * columns + i];
        }
    }
    float *is_u = unpack_panels(one, u, 1, 1), *is = unpack_panels(f->s, q, f->s.stride, rows);
    chain_column_sums(w1, hidden, should + rows * hidden);
    assert_same_bits(is_u, should + rows * hidden, 1, hidden, "U");
    /* Q is Z1 where s = 1, t = 0 and there is no bias. */
    memset(w1, 0, hidden * sizeof *w1);
    chain_hidden_sums(levels, (cbx_normal){1.0f, 0.0f}, w1, should + rows * hidden, rows, hidden,
                      should);
    assert_same_bits(is, should, rows, hidden, "Q");
    free(packed);
    free(q);
    free(u);
    free(w1);
    free(levels);
    free(should);
    free(is);
    free(is_u);
}

/* The slopes of A1, as the device has it, to the bit. */
static void check_slopes(const fused *f, const scratch *t) {
    const size_t rows = f->s.rows, hidden = f->s.hidden;
    float *packed_a1 = bands_read(f->b, f->a1_buffer), *packed = bands_read(f->b, t->slopes);
    float *a1 = unpack_panels(f->s, packed_a1, f->s.stride, rows), *should;
    float *is = unpack_panels(f->s, packed, f->s.stride, rows);
    TEST_NEW(should, rows * hidden);
    chain_derivatives(f->recipe, a1, rows * hidden, should);
    assert_same_bits(is, should, rows, hidden, "slopes");
    free(packed_a1);
    free(packed);
    free(a1);
    free(is);
    free(should);
}

static void check_batch(cbx_recipe recipe, size_t rows, size_t pending_rows, size_t hidden,
                        cl_uint slices, cl_uint within) {
    fused f;
    fused_open(&f, fixture_device(CBX_FAMILY_GPU), recipe, rows, pending_rows, hidden, SIZE_MAX);
    within &= f.s.panels <= CBX_FEW_PANELS && f.s.stride <= CBX_ROW_BLOCK && pending_rows > 0;
    fused_upload(&f);
    scratch t = take_scratch(&f, slices, within);
    launch_hidden(&f, &t);
    fused_check_w1(&f);
    if (pending_rows > 0) {
        check_d2(&f, &t);
    }
    if (rows > 0) {
        check_slices(&f, &t);
    }
    launch_output(&f, &t);
    fused_check_w2(&f);
    if (rows > 0) {
        check_slopes(&f, &t);
    }
    fused_finish(&f);
}

static void check_batches(cbx_recipe recipe) {
    const sizes batches = batch_sizes(), hidden = hidden_sizes();
    const cl_uint other = recipe == CBX_RECIPE_LESSON;
    if (bands_watched()) {
        check_batch(recipe, 7, 7, 37, other ? 7 : 1, other);
        return;
    }
    for (size_t i = 0; i < batches.count; i++) {
        for (size_t j = 0; j < hidden.count; j++) {
            const size_t rows = batches.values[i], next = batches.values[(i + 1) % batches.count];
            const size_t h = hidden.values[j];
            const cl_uint some = (i + j) % 2 == 0 ? 1 : CBX_SLABS, others = CBX_SLABS + 1 - some;
            check_batch(recipe, rows, rows, h, some, other);
            check_batch(recipe, rows, 0, h, others, 0);     /* the first */
            check_batch(recipe, 0, rows, h, others, other); /* the last */
            check_batch(recipe, next, rows, h, others, !other);
        }
    }
}

/* Panels in more than one run of train_gpu_delta, the last of which is short. */
static void many_panels_match(void **state) {
    static const size_t hidden[] = {16 * 32, 17 * 32, 33 * 32 - 5, 75 * 32 + 1};
    (void)state;
    for (size_t i = 0; i < (bands_watched() ? 0 : CBX_COUNT(hidden)); i++) {
        check_batch((cbx_recipe)(i % 2), 9, 5, hidden[i], i % 2 ? 1 : CBX_SLABS, 0);
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

static void names_the_batch_that_diverged(void **state) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (size_t i = 0; i < 6 && !bands_watched(); i++) {
        fused f;
        fused_open(&f, fixture_device(CBX_FAMILY_GPU), CBX_RECIPE_LESSON, 7, 7, 100, SIZE_MAX);
        f.shares[i % 3 * 70 + 10 * i + 9 - i] = bad[i % 3]; /* any chunk, row and class */
        fused_upload(&f);
        scratch t = take_scratch(&f, 7, i < 3);
        launch_hidden(&f, &t);
        assert_int_equal(FUSED_PENDING_NUMBER, fused_fault(&f));
        /* What is recorded stays. */
        f.launch.pending_number++;
        launch_hidden(&f, &t);
        assert_int_equal(FUSED_PENDING_NUMBER, fused_fault(&f));
        fused_close(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_matches),
        cmocka_unit_test(nll_matches),
        cmocka_unit_test(many_panels_match),
        cmocka_unit_test(names_the_batch_that_diverged),
    };
    return cmocka_run_group_tests_name("kernels: train_gpu", tests, fixture_setup,
                                       fixture_teardown);
}
