/* SPDX-License-Identifier: MIT */
#include "support/train_cpu.h"

#include <string.h>

#include "support/ink.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

enum { SLOTS = 4 }; /* the pending batch and three others */

void train_cpu_open(fused *f, cbx_device *device, cbx_recipe recipe, cl_uint ink, size_t rows,
                    size_t pending_rows, size_t hidden, size_t chunks) {
    fused_open(f, device, recipe, rows, pending_rows, hidden, chunks);
    f->launch.ink = ink;
    f->launch.slots = ink == CBX_BY_PIXELS ? SLOTS : 0;
}

/* As if all that was before the launch had been done. */
static cl_mem upload_progress(fused *f) {
    cl_uint *progress;
    TEST_NEW(progress, f->chunks + 2);
    for (size_t c = 0; c < f->chunks; c++) {
        progress[c] = f->launch.ticket;
    }
    progress[f->chunks] = f->launch.ticket * (cl_uint)f->chunks;
    cl_mem buffer = bands_output(f->b, "progress", progress, (f->chunks + 2) * sizeof *progress);
    free(progress);
    return buffer;
}

/* Batches of long ago. */
static cl_mem upload_held(fused *f, size_t groups) {
    cl_uint *held;
    TEST_NEW(held, 2 * groups);
    for (size_t i = 0; i < 2 * groups; i++) {
        held[i] = f->launch.ticket - 100;
    }
    cl_mem buffer = bands_output(f->b, "held", held, 2 * groups * sizeof *held);
    free(held);
    return buffer;
}

static cl_mem upload_luma(fused *f, size_t bytes) {
    uint8_t *plane;
    TEST_NEW(plane, bytes + 4);
    memset(plane, 16, bytes);
    cl_mem buffer = bytes > 0 ? bands_output(f->b, "luma", plane, bytes)
                              : bands_input(f->b, "no luma", plane, 4);
    free(plane);
    return buffer;
}

static void upload_lists(fused *f, train_cpu *t) {
    ink_lists lists = ink_of(f->images, FUSED_IMAGES);
    const size_t entries = lists.entries + CBX_INK_SPARE, held = 2 * t->groups;
    const size_t of_batch = f->s.stride * CBX_IMAGE_PIXELS + CBX_INK_SPARE;
    t->inks = bands_input(f->b, "inks", lists.inks, lists.count * sizeof *lists.inks);
    t->ink_pixels = bands_input(f->b, "ink pixels", lists.pixels, entries * sizeof *lists.pixels);
    t->ink_levels = bands_input(f->b, "ink levels", lists.levels, entries);
    t->row_inks = bands_output(f->b, "ink of rows", NULL, held * f->s.stride * sizeof *lists.inks);
    t->places = bands_output(f->b, "places of ink", NULL, held * of_batch * sizeof(cl_ushort));
    t->levels_of_ink =
        bands_output(f->b, "levels of ink of rows", NULL, held * of_batch * sizeof(float));
    ink_free(&lists);
}

/* Slots that no batch has are beyond every buffer, as row numbers are. */
static void upload_marks(fused *f, train_cpu *t) {
    const size_t of_slot = f->s.stride * CBX_IMAGE_PIXELS, starts = CBX_IMAGE_PIXELS + 1;
    uint32_t *pixels;
    cbx_ink_mark *marks;
    TEST_NEW(pixels, SLOTS * starts);
    TEST_NEW(marks, SLOTS * of_slot);
    memset(pixels, 0xff, SLOTS * starts * sizeof *pixels);
    memset(marks, 0xff, SLOTS * of_slot * sizeof *marks);
    for (cl_uint i = 0; i <= f->batches; i++) {
        const size_t slot = (f->launch.ticket + i) % SLOTS;
        const size_t rows = i > 0 ? f->s.rows : f->pending_rows;
        const size_t first = i > 0 ? FUSED_FIRST + (i - 1) * rows : FUSED_PENDING_FIRST;
        ink_turn(f->images, f->order + first, rows, pixels + slot * starts, marks + slot * of_slot);
    }
    t->pixel_marks = bands_input(f->b, "pixels of marks", pixels, SLOTS * starts * sizeof *pixels);
    t->marks = bands_input(f->b, "marks", marks, SLOTS * of_slot * sizeof *marks);
    free(pixels);
    free(marks);
}

train_cpu train_cpu_upload(fused *f, size_t groups, size_t luma_bytes) {
    static const cl_uint nothing;
    const size_t rows = groups * f->s.stride, f32 = sizeof(float);
    train_cpu t = {.groups = groups};
    while (f->launch.chunk_panels >> t.levels) {
        t.levels++;
    }
    const size_t of_row = 2 * CBX_INK_PITCH + (1 + t.levels) * CBX_LANES_OUT;
    t.scratch =
        bands_output(f->b, "scratch", NULL, (of_row * rows + groups * CBX_SLAB * CBX_PANEL) * f32);
    t.held = upload_held(f, groups);
    t.progress = upload_progress(f);
    t.luma = upload_luma(f, luma_bytes);
    t.x = bands_input(f->b, "a buffer that is not used", &nothing, sizeof nothing);
    t.inks = t.ink_pixels = t.ink_levels = t.row_inks = t.places = t.levels_of_ink = t.x;
    t.pixel_marks = t.marks = t.x;
    if (f->launch.ink == CBX_DENSE) {
        t.x = bands_output(f->b, "x", NULL, 2 * rows * CBX_IMAGE_PIXELS * f32);
    } else {
        upload_lists(f, &t);
    }
    if (f->launch.ink == CBX_BY_PIXELS) {
        upload_marks(f, &t);
    }
    return t;
}

void train_cpu_enqueue(fused *f, const train_cpu *t, cbx_launch launch, cbx_frame_layout layout) {
    const cbx_range range = {{t->groups, 1}, {1, 1}};
    BANDS_LAUNCH(f->b, "train_cpu", range, ARG(f->images_buffer), ARG(f->normal),
                 ARG(f->labels_buffer), ARG(f->order_buffer), ARG(f->w1_buffer), ARG(f->w2_buffer),
                 ARG(f->a1_buffer), ARG(f->sums_buffer), ARG(t->scratch), ARG(t->levels), ARG(t->x),
                 ARG(t->progress), ARG(t->held), ARG(t->inks), ARG(t->ink_pixels),
                 ARG(t->ink_levels), ARG(t->row_inks), ARG(t->places), ARG(t->levels_of_ink),
                 ARG(t->pixel_marks), ARG(t->marks), ARG(f->fault_buffer), ARG(f->losses_buffer),
                 ARG(launch), ARG(layout), ARG(t->luma));
}

void train_cpu_run(fused *f, const train_cpu *t, cbx_launch launch, cbx_frame_layout layout) {
    train_cpu_enqueue(f, t, launch, layout);
    cl_uint *progress = bands_read(f->b, t->progress);
    const cl_uint end = launch.ticket + (launch.count > 0 ? launch.count : 1);
    for (size_t c = 0; c < f->chunks; c++) {
        assert_int_equal(end, progress[c]);
    }
    assert_int_equal(end * (cl_uint)f->chunks, progress[f->chunks]);
    free(progress);
}
