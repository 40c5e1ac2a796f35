/* SPDX-License-Identifier: MIT */
/* Several stages of train_cpu in one launch, by any number of work-groups, some of which leave:
 * the bits are those of as many launches, with all pixels and over ink in both ways, and so are
 * the pictures after each stage. */
#include <string.h>

#include "picture/draw.h"
#include "support/compare.h"
#include "support/fixture.h"
#include "support/test.h"
#include "support/train_cpu.h"

static const cbx_frame_layout no_picture;

/* Planes of luma: one in front that nothing is drawn on, one after each of three stages, and one
 * behind. */
enum { FIRST_PLANE = 1, PLANES = 5 };

/* Weights, activations, sums, losses and pictures after a launch, or several. */
typedef struct outcome {
    float *w1, *w2, *a1, *sums, *losses;
    uint8_t *luma;
    size_t luma_bytes;
} outcome;

static outcome outcome_of(const fused *f, const train_cpu *t, size_t luma_bytes) {
    return (outcome){bands_read(f->b, f->w1_buffer),
                     bands_read(f->b, f->w2_buffer),
                     bands_read(f->b, f->a1_buffer),
                     bands_read(f->b, f->sums_buffer),
                     bands_read(f->b, f->losses_buffer),
                     bands_read(f->b, t->luma),
                     luma_bytes};
}

/* Of A1 the rows of the batch alone: behind them is what blocks of rows leave. */
static void assert_same_outcome(const fused *f, const outcome *is, const outcome *should) {
    const size_t p = f->s.panels, stride = f->s.stride;
    assert_same_bits(is->w1, should->w1, p * CBX_W1_ROWS, CBX_PANEL, "W1");
    assert_same_bits(is->w2, should->w2, 1 + p * CBX_PANEL, CBX_LANES_OUT, "W2");
    assert_same_bits(is->sums, should->sums, 2 * (f->chunks + 1) * stride, CBX_LANES_OUT, "sums");
    assert_same_bits(is->losses, should->losses, 1, FUSED_FIRST + f->batches * f->s.rows, "losses");
    for (size_t panel = 0; panel < p; panel++) {
        const size_t at = panel * stride * CBX_PANEL;
        assert_same_bits(is->a1 + at, should->a1 + at, f->s.rows, CBX_PANEL, "A1");
    }
    assert_memory_equal(is->luma, should->luma, is->luma_bytes);
}

static void free_outcome(outcome *o) {
    free(o->w1);
    free(o->w2);
    free(o->a1);
    free(o->sums);
    free(o->losses);
    free(o->luma);
}

/* How three batches of `rows` are trained on top of the pending one. */
typedef struct manner {
    cl_uint ink;
    cl_uint each; /* batches a launch */
    size_t groups;
    cl_uint ticket;
    cl_uint every; /* pictures after every so many of the three that are finished */
} manner;

/* Whether there is one after stage 0, 1 or 2, of those that finish the three. */
static int is_pictured(manner how, cl_uint stage) {
    return (stage + 1) % how.every == 0;
}

static outcome train_three(cbx_device *device, size_t rows, size_t hidden, manner how, fused *f) {
    train_cpu_open(f, device, CBX_RECIPE_NLL, how.ink, rows, 7, hidden,
                   (hidden + CBX_PANEL - 1) / CBX_PANEL);
    f->batches = 3;
    f->launch.ticket = how.ticket;
    fused_upload(f);
    cbx_grid grid;
    assert_ok(cbx_grid_lay_out(&grid, (uint32_t)hidden, 1));
    const size_t luma_bytes = (size_t)PLANES * grid.width * grid.height;
    train_cpu t = train_cpu_upload(f, how.groups, luma_bytes);
    cbx_frame_layout layout = cbx_frame_layout_of(&grid, CBX_TONE_SIGNED);
    cbx_launch launch = f->launch;
    layout.plane = FIRST_PLANE;
    for (cl_uint done = 0; done < 3; done += how.each) {
        launch.count = how.each;
        launch.draw = (cl_uint)is_pictured(how, done);
        launch.draw_next = how.every - (done + 1) % how.every;
        launch.draw_every = how.every;
        train_cpu_run(f, &t, launch, layout);
        layout.plane += launch.draw;
        launch.ticket += how.each;
        launch.parity ^= how.each & 1;
        launch.pending_first = launch.first + (how.each - 1) * launch.rows;
        launch.pending_rows = launch.rows;
        launch.first += how.each * launch.rows;
    }
    return outcome_of(f, &t, luma_bytes);
}

static void check_manner(cbx_device *device, size_t rows, size_t hidden, manner how,
                         const outcome *should) {
    fused f;
    outcome is = train_three(device, rows, hidden, how, &f);
    assert_same_outcome(&f, &is, should);
    free_outcome(&is);
    fused_close(&f);
}

/* So many from the first on, each of which another picture; luma begins at 16 everywhere. */
static void assert_planes_used(const outcome *o, cl_uint count) {
    const size_t bytes = o->luma_bytes / PLANES;
    for (size_t plane = 0; plane < PLANES; plane++) {
        const uint8_t *luma = o->luma + plane * bytes;
        const int used = plane >= FIRST_PLANE && plane < FIRST_PLANE + count;
        size_t black = 0;
        for (size_t i = 0; i < bytes; i++) {
            black += luma[i] == 16;
        }
        assert_true(used ? black < bytes : black == bytes);
        assert_true(!used || plane == FIRST_PLANE || memcmp(luma, luma - bytes, bytes) != 0);
    }
}

/* Whoever works on it, and however: the same bits. Tickets may wrap around. */
static void check_stages_and_groups(cbx_device *device) {
    static const size_t groups[] = {1, 2, 5, 16};
    const sizes rows = batch_sizes(), hidden = hidden_sizes();
    for (size_t i = 0; i < rows.count * hidden.count; i++) {
        const size_t b = rows.values[i % rows.count], h = hidden.values[i / rows.count];
        fused singly;
        const cl_uint every = 1 + (cl_uint)i % 3;
        outcome should = train_three(device, b, h, (manner){CBX_DENSE, 1, 1, 0, every}, &singly);
        assert_planes_used(&should, 3 / every);
        for (cl_uint ink = CBX_DENSE; ink <= CBX_BY_PIXELS; ink++) {
            check_manner(device, b, h, (manner){ink, 1, 2, 0, every}, &should);
            for (size_t g = 0; g < 4; g++) {
                check_manner(device, b, h, (manner){ink, 3, groups[g], 0xfffffffeu, every},
                             &should);
            }
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
    (void)state;
    for (cl_uint ink = CBX_DENSE; ink <= CBX_BY_PIXELS && !bands_watched(); ink++) {
        fused f;
        train_cpu_open(&f, fixture_device(CBX_FAMILY_CPU), CBX_RECIPE_LESSON, ink, 7, 7, 100,
                       CHUNKS);
        f.batches = 2;
        fused_upload(&f);
        train_cpu t = train_cpu_upload(&f, GROUPS, 0);
        t.progress = bands_output(f.b, "progress of others", progress, sizeof progress);
        cbx_launch launch = f.launch;
        launch.count = 2;
        train_cpu_enqueue(&f, &t, launch, no_picture);
        cl_uint *after = bands_read(f.b, t.progress);
        for (size_t c = 0; c < CHUNKS; c++) {
            assert_int_equal(1, after[c]);
        }
        assert_int_equal(CHUNKS - 1, after[CHUNKS]);
        assert_int_equal(GROUPS, after[CHUNKS + 1]);
        free(after);
        fused_close(&f);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stages_and_groups_give_the_same_bits),
        cmocka_unit_test(leaving_early_gives_the_same_bits),
        cmocka_unit_test(waiting_ends),
    };
    return cmocka_run_group_tests_name("kernels: stages", tests, fixture_setup, fixture_teardown);
}
