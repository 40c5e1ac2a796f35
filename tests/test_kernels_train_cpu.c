/* SPDX-License-Identifier: MIT */
/* train_cpu, launched directly, with all pixels and over ink in both ways: finishing a batch,
 * starting one, drawing. Several stages in one launch: test_kernels_stages.c. */
#include <math.h>
#include <string.h>

#include "picture/draw.h"
#include "support/fixture.h"
#include "support/pictures.h"
#include "support/test.h"
#include "support/train_cpu.h"

static const cbx_frame_layout no_picture;

static const cl_uint inks[] = {CBX_DENSE, CBX_BY_ROWS, CBX_BY_PIXELS};
enum { INKS = sizeof inks / sizeof *inks };

static cbx_device *device(void) {
    return fixture_device(CBX_FAMILY_CPU);
}

static void check_batch(cbx_device *device, cbx_recipe recipe, cl_uint ink, size_t rows,
                        size_t pending_rows, size_t hidden, size_t chunks, size_t groups) {
    fused f;
    train_cpu_open(&f, device, recipe, ink, rows, pending_rows, hidden, chunks);
    fused_upload(&f);
    train_cpu t = train_cpu_upload(&f, groups, 0);
    train_cpu_run(&f, &t, f.launch, no_picture);
    fused_check_w1(&f);
    fused_check_w2(&f);
    fused_finish(&f);
}

static void check_batches(cbx_recipe recipe, cl_uint ink) {
    const sizes batches = batch_sizes(), hidden = hidden_sizes();
    for (size_t i = 0; i < batches.count; i++) {
        for (size_t j = 0; j < hidden.count; j++) {
            const size_t rows = batches.values[i], next = batches.values[(i + 1) % batches.count];
            const size_t h = hidden.values[j], panels = (h + CBX_PANEL - 1) / CBX_PANEL;
            check_batch(device(), recipe, ink, rows, rows, h, panels, 2);
            check_batch(device(), recipe, ink, rows, 0, h, 1, 1);      /* the first */
            check_batch(device(), recipe, ink, 0, rows, h, panels, 3); /* the last */
            check_batch(device(), recipe, ink, next, rows, h, (panels + 1) / 2, 1);
            if (next != rows) { /* else it is the one before */
                check_batch(device(), recipe, ink, rows, next, h, 1, 1);
            }
        }
    }
}

static void lesson_matches(void **state) {
    (void)state;
    for (size_t i = 0; i < INKS; i++) {
        check_batches(CBX_RECIPE_LESSON, inks[i]);
    }
}

static void nll_matches(void **state) {
    (void)state;
    for (size_t i = 0; i < INKS; i++) {
        check_batches(CBX_RECIPE_NLL, inks[i]);
    }
}

/* Blocks and vectors of other sizes, with all that is left over of them. */
static void other_vectors_match(void **state) {
    static const cbx_tunables blocks[] = {{{4, 8, 8}}, {{4, 16, 16}}, {{8, 5, 6}}, {{16, 1, 1}}};
    (void)state;
    (void)device(); /* skips where there is none */
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks && !bands_watched(); i++) {
        cbx_device *other;
        assert_ok(cbx_device_open_with(&other, fixture_spec(), CBX_FAMILY_CPU, &blocks[i]));
        for (size_t k = 0; k < 2 * INKS; k++) {
            const cbx_recipe recipe = (cbx_recipe)(k / INKS);
            check_batch(other, recipe, inks[k % INKS], 77, 7, 131, 1, 2);
            check_batch(other, recipe, inks[k % INKS], 7, 64, 100, 2, 1);
            check_batch(other, recipe, inks[k % INKS], 1, 1, 37, 2, 3);
        }
        cbx_device_close(other);
    }
}

/* The picture shows the weights after the pending batch, whether or not another starts. */
static void draws_the_finished_weights(void **state) {
    const sizes hidden = hidden_sizes();
    (void)state;
    for (size_t i = 0; i < 3 * hidden.count; i++) {
        const cbx_tone tone = (cbx_tone)(i % 3);
        const size_t h = hidden.values[i / 3];
        const size_t rows = i % 2 == 0 ? 7 : 0;
        cbx_grid grid;
        fused f;
        train_cpu_open(&f, device(), CBX_RECIPE_NLL, inks[i % INKS], rows, 7, h, 1);
        f.launch.draw = 1;
        fused_upload(&f);
        assert_ok(cbx_grid_lay_out(&grid, (uint32_t)h, 1));
        train_cpu t = train_cpu_upload(&f, 2, (size_t)grid.width * grid.height);
        train_cpu_run(&f, &t, f.launch, cbx_frame_layout_of(&grid, tone));
        fused_check_w1(&f);
        float *packed = bands_read(f.b, f.w1_buffer);
        float *w1 = unpack_panels(f.s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
        cbx_reference_picture picture = picture_of(w1, (uint32_t)h, tone, 1);
        uint8_t *luma = bands_read(f.b, t.luma);
        assert_picture_luma(&picture, luma, "drawing while training");
        cbx_reference_picture_clear(&picture);
        free(packed);
        free(w1);
        free(luma);
        fused_close(&f);
    }
}

/* Starts `count` batches after the pending one; the fault record. */
static cl_uint fault_of(fused *f, cl_uint count) {
    cbx_launch launch = f->launch;
    f->batches = count;
    fused_upload(f);
    train_cpu t = train_cpu_upload(f, 2, 0);
    launch.count = count;
    train_cpu_run(f, &t, launch, no_picture);
    return fused_fault(f);
}

static void check_divergence(cl_uint ink) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t i = 0; i < 3; i++) {
        fused f;
        /* In the sums of the pending batch: any chunk, row and class. */
        train_cpu_open(&f, device(), CBX_RECIPE_LESSON, ink, 7, 7, 100, 4);
        f.shares[i * 70 + 10 * i + 9 - i] = bad[i];
        assert_int_equal(FUSED_PENDING_NUMBER, fault_of(&f, 1));
        /* The batches after it are no longer finite either: the first one counts. */
        bands_close(f.b);
        f.b = NULL;
        assert_int_equal(FUSED_PENDING_NUMBER, fault_of(&f, 3));
        fused_close(&f);
        /* In a pixel of the second batch that starts: noticed when it is finished. */
        train_cpu_open(&f, device(), CBX_RECIPE_LESSON, ink, 7, 7, 100, 4);
        f.order[FUSED_FIRST + 7 + 2 * i] = FUSED_BRIGHT_IMAGE;
        memset(f.images, 0, (size_t)FUSED_BRIGHT_IMAGE * CBX_IMAGE_PIXELS);
        fused_set_normal(&f, (cbx_normal){2e36f, 0.0f}); /* 255 overflows */
        assert_int_equal(FUSED_NUMBER + 1, fault_of(&f, 3));
        bands_close(f.b);
        f.b = NULL;
        assert_int_equal(CBX_NO_FAULT, fault_of(&f, 2));
        fused_close(&f);
    }
}

static void names_the_batch_that_diverged(void **state) {
    (void)state;
    for (size_t i = 0; i < INKS && !bands_watched(); i++) { /* several stages */
        check_divergence(inks[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_matches),
        cmocka_unit_test(nll_matches),
        cmocka_unit_test(other_vectors_match),
        cmocka_unit_test(draws_the_finished_weights),
        cmocka_unit_test(names_the_batch_that_diverged),
    };
    return cmocka_run_group_tests_name("kernels: train_cpu", tests, fixture_setup,
                                       fixture_teardown);
}
