/* SPDX-License-Identifier: MIT */
/* The schedule `fused` by the arithmetic split-bf16: kernels/train/split_gpu.cl between those of
 * train_gpu.cl. */
#include "network/launch.h"
#include "network/train_gpu.h"

enum { HIDDEN = CBX_GPU_HIDDEN, ERRORS = CBX_GPU_KERNELS };

typedef struct train_split {
    cbx_train_gpu gpu; /* first: trainer->own is one, too */
    cl_mem errors;     /* ΣD1 (P, 32) */
} train_split;

extern const cbx_schedule_ops cbx_train_split_ops;

/* D2 is always made in a launch of its own, as D1 is. */
static void divide(cbx_trainer *trainer, const cbx_division *wished) {
    enum { REGISTERS = 128 }; /* of a work-item, as bench/targets.py says of NVIDIA's GPUs */
    train_split *own = trainer->own;
    const uint32_t resident =
        cbx_train_gpu_resident(trainer, cbx_train_split_ops.kernels[HIDDEN], REGISTERS);
    trainer->chunks = trainer->panels;
    trainer->chunk_panels = 1;
    own->gpu.group = CBX_GROUP;
    own->gpu.slices =
        wished->slices ? wished->slices : cbx_train_gpu_slices(trainer->panels, resident);
}

/* D1 of the pending batch, and its part of W1[0]. */
static cbx_status errors(cbx_trainer *trainer, const cbx_launch *launch) {
    const train_split *own = trainer->own;
    const cbx_argument arguments[] = {ARG(trainer->w1), ARG(trainer->w2), ARG(own->gpu.slopes),
                                      ARG(trainer->d2), ARG(trainer->d1), ARG(own->errors),
                                      ARG(*launch)};
    return cbx_enqueue_bound(trainer->device->queue, trainer->kernels[ERRORS],
                             &trainer->bound[ERRORS], arguments, CBX_COUNT(arguments),
                             cbx_launch_groups(trainer->panels, CBX_GROUP), NULL, NULL);
}

static cbx_status hidden(cbx_trainer *trainer, const cbx_launch *launch) {
    const train_split *own = trainer->own;
    const cbx_argument arguments[] = {ARG(trainer->turned.lists),
                                      ARG(trainer->turned.levels),
                                      ARG(trainer->w1),
                                      ARG(trainer->d1),
                                      ARG(own->errors),
                                      ARG(own->gpu.q),
                                      ARG(own->gpu.u),
                                      ARG(*launch),
                                      ARG(own->gpu.slices)};
    const size_t groups = (size_t)trainer->panels * own->gpu.slices;
    cbx_status status = launch->pending_rows > 0 ? errors(trainer, launch) : CBX_OK;
    return status ? status
                  : cbx_enqueue_bound(trainer->device->queue, trainer->kernels[HIDDEN],
                                      &trainer->bound[HIDDEN], arguments, CBX_COUNT(arguments),
                                      cbx_launch_groups(groups, CBX_GROUP), NULL, NULL);
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    return cbx_train_gpu_run(trainer, first, count, hidden);
}

/* The same, but D1 is of all rows, once for all slices, and ΣD1. */
static cbx_buffer_rows buffers(cbx_trainer *trainer) {
    train_split *own = trainer->own;
    const uint64_t of_row = trainer->panels * CBX_PANEL * sizeof(float);
    cbx_buffer_rows all = cbx_train_gpu_buffers(trainer);
    cbx_buffer_row *row = all.rows;
    for (; row->buffer; row++) {
        if (row->buffer == &trainer->d1) {
            row->bytes = trainer->stride * of_row;
        }
    }
    *row = (cbx_buffer_row){&own->errors, of_row, "sums of D1", NULL};
    return all;
}

const cbx_schedule_ops cbx_train_split_ops = {
    .kernels = {[HIDDEN] = "split_gpu_hidden",
                [CBX_GPU_OUTPUT] = "train_gpu_output",
                [CBX_GPU_DELTA] = "train_gpu_delta",
                [ERRORS] = "split_gpu_errors"},
    .own_bytes = sizeof(train_split),
    .divide = divide,
    .buffers = buffers,
    .run = run,
};
