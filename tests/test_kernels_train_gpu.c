/* SPDX-License-Identifier: MIT */
/* The kernels of train_gpu.cl, launched directly: what each leaves for
 * the next, and what they make of a batch, however the pixels are sliced. */
#include <math.h>
#include <string.h>

#include "support/compare.h"
#include "support/fixture.h"
#include "support/fused.h"
#include "reference/network.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

enum { GROUP = 64, OUTPUT_GROUP = 256 };

typedef struct scratch {
    cl_uint slices;
    size_t groups;   /* of train_gpu_hidden */
    cl_uint helpers; /* of each chunk in train_gpu_output */
    cl_mem d2, z1, parts;
} scratch;

static scratch take_scratch(fused *f, cl_uint slices, cl_uint helpers) {
    scratch t = {.slices = slices, .groups = f->s.panels / 2 * slices, .helpers = helpers};
    t.d2 = bands_output(f->b, "d2", NULL, t.groups * f->s.stride * CBX_LANES_OUT * sizeof(float));
    t.z1 = bands_output(f->b, "z1", NULL,
                        slices * f->s.panels * f->s.stride * CBX_PANEL * sizeof(float));
    t.parts = bands_output(f->b, "parts", NULL,
                           f->chunks * helpers * f->s.stride * CBX_LANES_OUT * sizeof(float));
    return t;
}

static void launch_hidden(fused *f, const scratch *t) {
    const cl_uint tall = CBX_GPU_BLOCK(f->device->built.tunables.values[CBX_GPU_UPDATE_ROWS]);
    const cl_uint block =
        t->slices > CBX_IMAGE_PIXELS / tall ? CBX_GPU_BLOCK(CBX_GPU_LOW_ROWS) : tall;
    const cbx_range range = {{t->groups * GROUP, 1}, {GROUP, 1}};
    BANDS_LAUNCH(f->b, "train_gpu_hidden", range, ARG(f->images_buffer), ARG(f->normal),
                 ARG(f->labels_buffer), ARG(f->order_buffer), ARG(f->w1_buffer), ARG(f->w2_buffer),
                 ARG(f->a1_buffer), ARG(f->sums_buffer), ARG(t->d2), ARG(t->z1),
                 ARG(f->fault_buffer), ARG(f->losses_buffer), ARG(f->launch), ARG(t->slices),
                 ARG(block));
}

static void launch_output(fused *f, const scratch *t) {
    const cbx_range range = {{f->chunks * t->helpers * OUTPUT_GROUP, 1}, {OUTPUT_GROUP, 1}};
    BANDS_LAUNCH(f->b, "train_gpu_output", range, ARG(f->w1_buffer), ARG(f->w2_buffer),
                 ARG(f->a1_buffer), ARG(f->sums_buffer), ARG(t->d2), ARG(t->z1), ARG(t->parts),
                 ARG(f->launch), ARG(t->slices), ARG(t->helpers));
}

/* Adds up what the helpers left; not launched where there is but one. */
static void launch_sums(fused *f, const scratch *t) {
    const cbx_range range = {{f->chunks * f->s.stride * CBX_LANES_OUT, 1}, {GROUP, 1}};
    BANDS_LAUNCH(f->b, "train_gpu_sums", range, ARG(t->parts), ARG(f->sums_buffer), ARG(f->launch),
                 ARG(t->helpers));
}

/* Every group has its own copy of D2; the rows beyond the batch stay as they were. */
static void check_d2(const fused *f, const scratch *t) {
    const size_t rows = f->pending_rows;
    double *d2, *d1;
    float *copies = bands_read(f->b, t->d2);
    fused_errors(f, &d2, &d1);
    for (size_t group = 0; group < t->groups; group++) {
        const float *copy = copies + group * f->s.stride * CBX_LANES_OUT;
        float *actual = unpack_outputs(copy, rows);
        /* Numbers up to 1 after some ten roundings, and σ right to 2e-7. */
        assert_arrays_close(actual, d2, rows, CBX_CLASSES, 1e-6, "D2");
        assert_outputs_padding(copy, rows, "D2");
        for (size_t i = rows * CBX_LANES_OUT; i < f->s.stride * CBX_LANES_OUT; i++) {
            assert_true(bands_untouched(copy + i));
        }
        free(actual);
    }
    free(d2);
    free(d1);
    free(copies);
}

/* The slices of X·W1 add up to what the weights on the device give. */
static void check_z1(const fused *f, const scratch *t) {
    const size_t rows = f->s.rows, hidden = f->s.hidden;
    const size_t size = f->s.panels * f->s.stride * CBX_PANEL;
    float *packed = bands_read(f->b, f->w1_buffer), *z1 = bands_read(f->b, t->z1);
    float *w1 = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS), *sums;
    double *x = fused_pixels(f, FUSED_FIRST, rows);
    double *w = to_doubles(w1, CBX_W1_ROWS * hidden), *expected;
    TEST_NEW(expected, rows * hidden);
    TEST_NEW(sums, size);
    memset(w, 0, hidden * sizeof *w); /* the bias is left to train_gpu_output */
    cbx_reference_biased_matmul(x, w, rows, CBX_IMAGE_PIXELS, hidden, expected);
    for (size_t i = 0; i < size; i++) {
        for (size_t slice = 0; slice < t->slices; slice++) {
            sums[i] += z1[slice * size + i];
        }
    }
    float *actual = unpack_panels(f->s, sums, f->s.stride, rows);
    assert_arrays_close(actual, expected, rows, hidden,
                        rounding(CBX_W1_ROWS, largest_root(x, w, rows, CBX_IMAGE_PIXELS, hidden)),
                        "Z1");
    free(packed);
    free(z1);
    free(w1);
    free(sums);
    free(x);
    free(w);
    free(expected);
    free(actual);
}

static void check_batch(cbx_recipe recipe, size_t rows, size_t pending_rows, size_t hidden,
                        size_t chunks, cl_uint slices, cl_uint helpers) {
    fused f;
    fused_open(&f, fixture_device(CBX_FAMILY_GPU), recipe, rows, pending_rows, hidden, chunks);
    fused_upload(&f);
    scratch t = take_scratch(&f, slices, helpers);
    launch_hidden(&f, &t);
    fused_check_w1(&f);
    if (pending_rows > 0) {
        check_d2(&f, &t);
    }
    if (rows > 0) {
        check_z1(&f, &t);
    }
    launch_output(&f, &t);
    fused_check_w2(&f);
    if (rows > 0 && helpers > 1) {
        launch_sums(&f, &t);
    }
    fused_finish(&f);
}

static void check_batches(cbx_recipe recipe) {
    const sizes batches = batch_sizes(), hidden = hidden_sizes();
    static const cl_uint slices[] = {1, 2, 7, 14, 49};
    if (bands_watched()) {
        check_batch(recipe, 7, 7, 37, 1, recipe == CBX_RECIPE_LESSON ? 7 : 49,
                    recipe == CBX_RECIPE_LESSON ? 1 : 2);
        return;
    }
    for (size_t i = 0; i < batches.count; i++) {
        for (size_t j = 0; j < hidden.count; j++) {
            const size_t rows = batches.values[i], next = batches.values[(i + 1) % batches.count];
            const size_t h = hidden.values[j], tiles = (h + 63) / 64;
            const cl_uint some = slices[(i + j) % 5], others = slices[(i + j + 2) % 5];
            check_batch(recipe, rows, rows, h, tiles, some, 1);
            check_batch(recipe, rows, 0, h, 1, others, 3);     /* the first */
            check_batch(recipe, 0, rows, h, tiles, others, 2); /* the last */
            check_batch(recipe, next, rows, h, (tiles + 1) / 2, slices[(i + j + 4) % 5],
                        1 + (cl_uint)(i + j) % 3);
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

static void names_the_batch_that_diverged(void **state) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    for (size_t i = 0; i < 3 && !bands_watched(); i++) {
        fused f;
        fused_open(&f, fixture_device(CBX_FAMILY_GPU), CBX_RECIPE_LESSON, 7, 7, 257, 3);
        f.shares[i * 70 + 10 * i + 9 - i] = bad[i]; /* any chunk, row and class */
        fused_upload(&f);
        scratch t = take_scratch(&f, 7, 1);
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
        cmocka_unit_test(names_the_batch_that_diverged),
    };
    return cmocka_run_group_tests_name("kernels: train_gpu", tests, fixture_setup,
                                       fixture_teardown);
}
