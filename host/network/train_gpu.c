/* SPDX-License-Identifier: MIT */
/* The schedule `fused` on GPUs: the launches of kernels/train_gpu.cl. */
#include "network/train_gpu.h"

#include "network/launch.h"

#define ARG CBX_ARGUMENT

enum { HIDDEN, OUTPUT, SUMS }; /* kernels */

enum { LOW_BLOCK = 16 }; /* as in kernels/train_gpu.cl */

/* Work-groups of train_gpu_hidden that a compute unit should have: each has two warps,
 * and a unit needs several to have something to do while others wait for memory. */
enum { GROUPS_A_UNIT = 3 };

static uint32_t at_most(uint32_t value, uint32_t limit) {
    return value < limit ? value : limit;
}

/* Tiles of 64 neurons; where they do not fill the device, the pixels are sliced too. Each
 * work-group reads the sums of every chunk, so there are few; several helpers share one. */
static void divide(cbx_trainer *trainer) {
    cbx_train_gpu *own = trainer->own;
    static const uint32_t slices[] = {1, 2, 7, 14, 49};
    const cbx_device *device = trainer->device;
    const uint32_t wanted = GROUPS_A_UNIT * device->info.compute_units;
    const uint32_t tiles = trainer->panels / 2;
    trainer->chunks = at_most(tiles, device->chunks ? device->chunks : 8);
    own->helpers = device->helpers ? device->helpers
                                   : at_most((tiles + trainer->chunks - 1) / trainer->chunks, 16);
    own->slices = device->slices ? device->slices : slices[0];
    for (size_t i = 1; i < CBX_COUNT(slices) && tiles * own->slices < wanted && !device->slices;
         i++) {
        own->slices = slices[i];
    }
}

static cbx_status hidden(cbx_trainer *trainer, const cbx_launch *job) {
    const cbx_train_gpu *own = trainer->own;
    const uint32_t slices = own->slices;
    const uint32_t tall = 8 * trainer->device->tunables.update_rows;
    const uint32_t block = slices > CBX_IMAGE_PIXELS / tall ? LOW_BLOCK : tall;
    const cbx_argument arguments[] = {ARG(trainer->images), ARG(trainer->normal),
                                      ARG(trainer->labels), ARG(trainer->order),
                                      ARG(trainer->w1),     ARG(trainer->w2),
                                      ARG(trainer->a1),     ARG(trainer->sums),
                                      ARG(trainer->d2),     ARG(trainer->d1),
                                      ARG(trainer->fault),  ARG(*job),
                                      ARG(slices),          ARG(block)};
    const size_t tiles = trainer->panels / 2;
    const cbx_range range = {{tiles * slices * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[HIDDEN], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status output(cbx_trainer *trainer, const cbx_launch *job) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_argument arguments[] = {ARG(trainer->w1),   ARG(trainer->w2), ARG(trainer->a1),
                                      ARG(trainer->sums), ARG(trainer->d2), ARG(trainer->d1),
                                      ARG(own->parts),    ARG(*job),        ARG(own->slices),
                                      ARG(own->helpers)};
    const size_t groups = (size_t)trainer->chunks * own->helpers;
    const cbx_range range = {{groups * CBX_OUTPUT_GROUP, 1}, {CBX_OUTPUT_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[OUTPUT], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status sums(cbx_trainer *trainer, const cbx_launch *job) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_argument arguments[] = {ARG(own->parts), ARG(trainer->sums), ARG(*job),
                                      ARG(own->helpers)};
    const size_t numbers = (size_t)trainer->chunks * trainer->stride * CBX_LANES_OUT;
    const cbx_range range = {{numbers, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[SUMS], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_launch job = cbx_launch_record(trainer, first, count);
    cbx_status status = hidden(trainer, &job);
    if (!status && trainer->pending.has_canvas) {
        status = cbx_canvas_draw(&trainer->pending.canvas, trainer->w1);
    }
    if (!status) {
        status = output(trainer, &job);
    }
    if (!status && count > 0 && own->helpers > 1) {
        status = sums(trainer, &job);
    }
    cbx_launch_end(trainer, first, count);
    return status;
}

static cbx_buffer_rows buffers(cbx_trainer *trainer) {
    cbx_train_gpu *own = trainer->own;
    const uint64_t tiles = trainer->panels / 2, chunks = trainer->chunks, slices = own->slices;
    const uint64_t output = (uint64_t)trainer->stride * CBX_LANES_OUT * sizeof(float);
    const uint64_t hidden = (uint64_t)trainer->stride * CBX_PANEL * sizeof(float);
    return (cbx_buffer_rows){{
        {&trainer->sums, 2 * chunks * output, "the output sums", NULL},
        {&trainer->d1, slices * trainer->panels * hidden, "D1", NULL},
        {&trainer->d2, tiles * slices * output, "D2", NULL},
        {&own->parts, chunks * own->helpers * output, "parts of the output sums", NULL},
    }};
}

const cbx_schedule_ops cbx_train_gpu_ops = {
    .kernels =
        {[HIDDEN] = "train_gpu_hidden", [OUTPUT] = "train_gpu_output", [SUMS] = "train_gpu_sums"},
    .own_bytes = sizeof(cbx_train_gpu),
    .divide = divide,
    .buffers = buffers,
    .run = run,
};
