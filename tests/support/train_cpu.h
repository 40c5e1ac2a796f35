/* SPDX-License-Identifier: MIT */
/* Launches of train_cpu on what `fused` opened: its other buffers, and what holds of each launch
 * whatever it computes. */
#ifndef TEST_SUPPORT_TRAIN_CPU_H
#define TEST_SUPPORT_TRAIN_CPU_H

#include "support/fused.h"

typedef struct train_cpu {
    size_t groups;
    cl_uint levels; /* of the tree of a chunk */
    cl_mem scratch, x, held, progress, luma;
    cl_mem inks, ink_pixels, ink_levels, row_inks, places, levels_of_ink;
    cl_mem pixel_marks, marks;
} train_cpu;

/* Opens material, whose launches multiply as `ink` says: CBX_DENSE …; `chunks` at most. */
void train_cpu_open(fused *f, cbx_device *device, cbx_recipe recipe, cl_uint ink, size_t rows,
                    size_t pending_rows, size_t hidden, size_t chunks);

/* The buffers of `groups` work-groups, after fused_upload(): lists of ink for all batches of the
 * order, for CBX_BY_PIXELS in the slots that the launch's ticket says. luma_bytes: of the picture,
 * 0 for none. */
train_cpu train_cpu_upload(fused *f, size_t groups, size_t luma_bytes);

/* Launches, and the same where all work must be done after it. */
void train_cpu_enqueue(fused *f, const train_cpu *t, cbx_launch launch, cbx_frame_layout layout);
void train_cpu_run(fused *f, const train_cpu *t, cbx_launch launch, cbx_frame_layout layout);

#endif
