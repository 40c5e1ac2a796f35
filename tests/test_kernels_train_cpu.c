/* SPDX-License-Identifier: MIT */
/* train_cpu, launched directly: finishing a batch, starting one, drawing, and several
 * stages in one launch, by any number of work-groups. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture/draw.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/fused.h"
#include "support/pictures.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

/* A launch's other buffers. */
typedef struct scratch {
    size_t groups;
    cl_mem d1, d2, x, held, progress, luma;
} scratch;

/* luma: bytes of the picture, 0 for none. */
static scratch take_scratch(fused *f, size_t groups, size_t luma_bytes) {
    scratch t = {.groups = groups};
    const size_t rows = groups * f->s.stride;
    cl_uint *progress, *held;
    uint8_t *plane;
    TEST_NEW(progress, f->chunks + 2);
    for (size_t c = 0; c < f->chunks; c++) {
        progress[c] = f->launch.ticket;
    }
    progress[f->chunks] = f->launch.ticket * (cl_uint)f->chunks;
    t.d1 = bands_output(f->b, "d1", NULL, rows * CBX_PANEL * sizeof(float));
    t.x = bands_output(f->b, "x", NULL, 2 * rows * CBX_IMAGE_PIXELS * sizeof(float));
    TEST_NEW(held, 2 * groups);
    for (size_t i = 0; i < 2 * groups; i++) { /* of long ago */
        held[i] = f->launch.ticket - 100;
    }
    t.held = bands_output(f->b, "held", held, 2 * groups * sizeof *held);
    free(held);
    t.d2 = bands_output(f->b, "d2", NULL, rows * CBX_LANES_OUT * sizeof(float));
    t.progress = bands_output(f->b, "progress", progress, (f->chunks + 2) * sizeof *progress);
    TEST_NEW(plane, luma_bytes + 4);
    memset(plane, 16, luma_bytes);
    t.luma = luma_bytes > 0 ? bands_output(f->b, "luma", plane, luma_bytes)
                            : bands_input(f->b, "no luma", plane, 4);
    free(progress);
    free(plane);
    return t;
}

static void enqueue(fused *f, const scratch *t, cbx_launch launch, cbx_frame_layout layout) {
    const cbx_range range = {{t->groups, 1}, {1, 1}};
    BANDS_LAUNCH(f->b, "train_cpu", range, ARG(f->images_buffer), ARG(f->normal),
                 ARG(f->labels_buffer), ARG(f->order_buffer), ARG(f->w1_buffer), ARG(f->w2_buffer),
                 ARG(f->a1_buffer), ARG(f->sums_buffer), ARG(t->d1), ARG(t->d2), ARG(t->x),
                 ARG(t->progress), ARG(t->held), ARG(f->fault_buffer), ARG(launch), ARG(layout),
                 ARG(t->luma));
}

static void run(fused *f, const scratch *t, cbx_launch launch, cbx_frame_layout layout) {
    enqueue(f, t, launch, layout);
    cl_uint *progress = bands_read(f->b, t->progress);
    const cl_uint end = launch.ticket + (launch.count > 0 ? launch.count : 1);
    for (size_t c = 0; c < f->chunks; c++) {
        assert_int_equal(end, progress[c]);
    }
    assert_int_equal(end * (cl_uint)f->chunks, progress[f->chunks]);
    free(progress);
}

static const cbx_frame_layout no_picture;

static void check_batch(cbx_recipe recipe, size_t rows, size_t pending_rows, size_t hidden,
                        size_t chunks, size_t groups) {
    fused f;
    fused_open(&f, fixture_device(CBX_FAMILY_CPU), recipe, rows, pending_rows, hidden, chunks);
    fused_upload(&f);
    scratch t = take_scratch(&f, groups, 0);
    run(&f, &t, f.launch, no_picture);
    fused_check_w1(&f);
    fused_check_w2(&f);
    fused_finish(&f);
}

static void check_batches(cbx_recipe recipe) {
    const sizes batches = batch_sizes(), hidden = hidden_sizes();
    for (size_t i = 0; i < batches.count; i++) {
        for (size_t j = 0; j < hidden.count; j++) {
            const size_t rows = batches.values[i], next = batches.values[(i + 1) % batches.count];
            const size_t h = hidden.values[j], panels = (h + CBX_PANEL - 1) / CBX_PANEL;
            check_batch(recipe, rows, rows, h, panels, 2);
            check_batch(recipe, rows, 0, h, 1, 1);      /* the first */
            check_batch(recipe, 0, rows, h, panels, 3); /* the last */
            check_batch(recipe, next, rows, h, (panels + 1) / 2, 1);
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

/* Weights, activations and sums after a launch, or several. */
typedef struct outcome {
    float *w1, *w2, *a1, *sums;
} outcome;

static outcome outcome_of(const fused *f) {
    return (outcome){bands_read(f->b, f->w1_buffer), bands_read(f->b, f->w2_buffer),
                     bands_read(f->b, f->a1_buffer), bands_read(f->b, f->sums_buffer)};
}

/* The half of the sums that the last stage wrote, and everything else. */
static void assert_same_outcome(const fused *f, const outcome *is, const outcome *should) {
    const size_t p = f->s.panels, stride = f->s.stride;
    assert_same_bits(is->w1, should->w1, p * CBX_W1_ROWS, CBX_PANEL, "W1");
    assert_same_bits(is->w2, should->w2, 1 + p * CBX_PANEL, CBX_LANES_OUT, "W2");
    assert_same_bits(is->a1, should->a1, p * stride, CBX_PANEL, "A1");
    assert_same_bits(is->sums, should->sums, 2 * f->chunks * stride, CBX_LANES_OUT, "sums");
}

static void free_outcome(outcome *o) {
    free(o->w1);
    free(o->w2);
    free(o->a1);
    free(o->sums);
}

/* Three batches of `rows` on top of the pending one, `each` of them a launch. */
static outcome train_three(cbx_device *device, size_t rows, size_t hidden, cl_uint each,
                           size_t groups, cl_uint ticket, fused *f) {
    fused_open(f, device, CBX_RECIPE_NLL, rows, 7, hidden, (hidden + CBX_PANEL - 1) / CBX_PANEL);
    f->batches = 3;
    f->launch.ticket = ticket;
    fused_upload(f);
    scratch t = take_scratch(f, groups, 0);
    cbx_launch launch = f->launch;
    for (cl_uint done = 0; done < 3; done += each) {
        launch.count = each;
        run(f, &t, launch, no_picture);
        launch.ticket += each;
        launch.parity ^= each & 1;
        launch.pending_first = launch.first + (each - 1) * launch.rows;
        launch.pending_rows = launch.rows;
        launch.first += each * launch.rows;
    }
    return outcome_of(f);
}

/* A launch of several stages gives the bits of as many launches, whoever works on it. */
static void check_stages_and_groups(cbx_device *device) {
    static const size_t groups[] = {1, 2, 5, 16};
    const sizes rows = batch_sizes(), hidden = hidden_sizes();
    for (size_t i = 0; i < rows.count * hidden.count; i++) {
        const size_t b = rows.values[i % rows.count], h = hidden.values[i / rows.count];
        fused singly, together;
        outcome should = train_three(device, b, h, 1, 1, 0, &singly);
        for (size_t g = 0; g < 4; g++) {
            /* Tickets may wrap around. */
            outcome is = train_three(device, b, h, 3, groups[g], 0xfffffffeu, &together);
            assert_same_outcome(&together, &is, &should);
            free_outcome(&is);
            fused_close(&together);
        }
        free_outcome(&should);
        fused_close(&singly);
    }
}

/* Not under Oclgrind, which does not see the order that comes of atomic counters. */
static void stages_and_groups_give_the_same_bits(void **state) {
    (void)state;
    if (!bands_watched()) {
        check_stages_and_groups(fixture_device(CBX_FAMILY_CPU));
    }
}

/* So it does when work-groups leave as soon as they would have to wait. */
static void leaving_early_gives_the_same_bits(void **state) {
    cbx_device *device;
    (void)state;
    if (bands_watched()) {
        return;
    }
    (void)fixture_device(CBX_FAMILY_CPU); /* skips where there is none */
    assert_int_equal(0, setenv("CLEARBOX_BUILD_OPTIONS", "-DCBX_WAIT_TURNS=1", 1));
    cbx_status status = cbx_device_open(&device, fixture_spec(), CBX_FAMILY_CPU);
    assert_int_equal(0, unsetenv("CLEARBOX_BUILD_OPTIONS"));
    assert_ok(status);
    check_stages_and_groups(device);
    cbx_device_close(device);
}

/* Chunk 1 was taken, so it says, by somebody who never ends it: everybody leaves, with all
 * other chunks of the stage done. A launch that waits without end never comes back. */
static void waiting_ends(void **state) {
    enum { GROUPS = 3, CHUNKS = 4 };
    cl_uint progress[CHUNKS + 2] = {0, 1, 0, 0, 0, 0};
    cbx_launch launch;
    fused f;
    (void)state;
    if (bands_watched()) {
        return;
    }
    fused_open(&f, fixture_device(CBX_FAMILY_CPU), CBX_RECIPE_LESSON, 7, 7, 100, CHUNKS);
    f.batches = 2;
    fused_upload(&f);
    scratch t = take_scratch(&f, GROUPS, 0);
    t.progress = bands_output(f.b, "progress of others", progress, sizeof progress);
    launch = f.launch;
    launch.count = 2;
    enqueue(&f, &t, launch, no_picture);
    cl_uint *after = bands_read(f.b, t.progress);
    for (size_t c = 0; c < CHUNKS; c++) {
        assert_int_equal(1, after[c]);
    }
    assert_int_equal(CHUNKS - 1, after[CHUNKS]);
    assert_int_equal(GROUPS, after[CHUNKS + 1]);
    free(after);
    fused_close(&f);
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
        fused_open(&f, fixture_device(CBX_FAMILY_CPU), CBX_RECIPE_NLL, rows, 7, h, 1);
        f.launch.draw = 1;
        fused_upload(&f);
        assert_ok(cbx_grid_lay_out(&grid, (uint32_t)h, 1));
        scratch t = take_scratch(&f, 2, (size_t)grid.width * grid.height);
        run(&f, &t, f.launch, cbx_frame_layout_of(&grid, tone));
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
    scratch t = take_scratch(f, 2, 0);
    launch.count = count;
    run(f, &t, launch, no_picture);
    return fused_fault(f);
}

static void names_the_batch_that_diverged(void **state) {
    static const float bad[] = {NAN, INFINITY, -INFINITY};
    (void)state;
    if (bands_watched()) {
        return; /* several stages, as above */
    }
    for (size_t i = 0; i < 3; i++) {
        fused f;
        /* In the sums of the pending batch: any chunk, row and class. */
        fused_open(&f, fixture_device(CBX_FAMILY_CPU), CBX_RECIPE_LESSON, 7, 7, 100, 4);
        f.shares[i * 70 + 10 * i + 9 - i] = bad[i];
        assert_int_equal(FUSED_PENDING_NUMBER, fault_of(&f, 1));
        /* The batches after it are no longer finite either: the first one counts. */
        bands_close(f.b);
        f.b = NULL;
        assert_int_equal(FUSED_PENDING_NUMBER, fault_of(&f, 3));
        fused_close(&f);
        /* In a pixel of the second batch that starts: noticed when it is finished. */
        fused_open(&f, fixture_device(CBX_FAMILY_CPU), CBX_RECIPE_LESSON, 7, 7, 100, 4);
        f.order[FUSED_FIRST + 7 + 2 * i] = FUSED_BRIGHT_IMAGE;
        memset(f.images, 0, (size_t)FUSED_BRIGHT_IMAGE * CBX_IMAGE_PIXELS);
        f.normal = (cbx_normal){2e36f, 0.0f}; /* 255 overflows */
        assert_int_equal(FUSED_NUMBER + 1, fault_of(&f, 3));
        bands_close(f.b);
        f.b = NULL;
        assert_int_equal(CBX_NO_FAULT, fault_of(&f, 2));
        fused_close(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lesson_matches),
        cmocka_unit_test(nll_matches),
        cmocka_unit_test(stages_and_groups_give_the_same_bits),
        cmocka_unit_test(leaving_early_gives_the_same_bits),
        cmocka_unit_test(waiting_ends),
        cmocka_unit_test(draws_the_finished_weights),
        cmocka_unit_test(names_the_batch_that_diverged),
    };
    return cmocka_run_group_tests_name("kernels: train_cpu", tests, fixture_setup,
                                       fixture_teardown);
}
