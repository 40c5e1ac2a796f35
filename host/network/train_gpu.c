/* SPDX-License-Identifier: MIT */
/* The schedule `fused` on GPUs: the launches of kernels/train/train_gpu.cl. */
#include "network/train_gpu.h"

#include "network/launch.h"

enum { HIDDEN, OUTPUT, SUMS }; /* kernels */

/* Work-groups of train_gpu_hidden that a compute unit should have: each has two warps,
 * and a unit needs several to have something to do while others wait for memory. */
enum { GROUPS_A_UNIT = 3 };

/* Each work-group reads the sums of every chunk, so there are few; several helpers share one. */
enum { MOST_CHUNKS = 8, MOST_HELPERS = 16 };

static uint32_t tiles_of(const cbx_trainer *trainer) {
    return trainer->panels * CBX_PANEL / CBX_TILE;
}

static uint32_t at_most(uint32_t value, uint32_t limit) {
    return value < limit ? value : limit;
}

/* Tiles of neurons; where they do not fill the device, the pixels are sliced too. */
static uint32_t choose_slices(uint32_t tiles, uint32_t groups) {
    static const uint32_t slices[] = {1, 2, 7, 14, 49};
    size_t i = 0;
    while (i + 1 < CBX_COUNT(slices) && tiles * slices[i] < groups) {
        i++;
    }
    return slices[i];
}

static void divide(cbx_trainer *trainer, const cbx_division *wished) {
    cbx_train_gpu *own = trainer->own;
    const uint32_t tiles = tiles_of(trainer), units = trainer->device->info.compute_units;
    const uint32_t chunks = at_most(tiles, wished->chunks ? wished->chunks : MOST_CHUNKS);
    trainer->chunks = chunks;
    own->helpers =
        wished->helpers ? wished->helpers : at_most((tiles + chunks - 1) / chunks, MOST_HELPERS);
    own->slices = wished->slices ? wished->slices : choose_slices(tiles, GROUPS_A_UNIT * units);
}

static cbx_status hidden(cbx_trainer *trainer, const cbx_launch *launch) {
    const cbx_train_gpu *own = trainer->own;
    const uint32_t slices = own->slices;
    const uint32_t tall =
        CBX_GPU_BLOCK(trainer->device->built.tunables.values[CBX_GPU_UPDATE_ROWS]);
    const uint32_t low = CBX_GPU_BLOCK(CBX_GPU_LOW_ROWS);
    const uint32_t block = slices > CBX_IMAGE_PIXELS / tall ? low : tall;
    const cbx_argument arguments[] = {
        ARG(trainer->images), ARG(trainer->normal), ARG(trainer->labels),
        ARG(trainer->order),  ARG(trainer->w1),     ARG(trainer->w2),
        ARG(trainer->a1),     ARG(trainer->sums),   ARG(trainer->d2),
        ARG(trainer->d1),     ARG(trainer->fault),  ARG(trainer->losses),
        ARG(*launch),         ARG(slices),          ARG(block)};
    const size_t tiles = tiles_of(trainer);
    const cbx_range range = {{tiles * slices * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[HIDDEN], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status output(cbx_trainer *trainer, const cbx_launch *launch) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_argument arguments[] = {ARG(trainer->w1),   ARG(trainer->w2), ARG(trainer->a1),
                                      ARG(trainer->sums), ARG(trainer->d2), ARG(trainer->d1),
                                      ARG(own->parts),    ARG(*launch),     ARG(own->slices),
                                      ARG(own->helpers)};
    const size_t groups = (size_t)trainer->chunks * own->helpers;
    const cbx_range range = {{groups * CBX_OUTPUT_GROUP, 1}, {CBX_OUTPUT_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[OUTPUT], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status sums(cbx_trainer *trainer, const cbx_launch *launch) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_argument arguments[] = {ARG(own->parts), ARG(trainer->sums), ARG(*launch),
                                      ARG(own->helpers)};
    const size_t numbers = (size_t)trainer->chunks * trainer->stride * CBX_LANES_OUT;
    const cbx_range range = {{numbers, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->kernels[SUMS], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_launch launch = cbx_launch_record(trainer, first, count);
    cbx_status status = hidden(trainer, &launch);
    if (!status && cbx_launch_pictures(trainer, first, count) > 0) {
        status = cbx_easel_draw(trainer->easel, trainer->w1);
    }
    if (!status) {
        status = output(trainer, &launch);
    }
    if (!status && count > 0 && own->helpers > 1) {
        status = sums(trainer, &launch);
    }
    cbx_launch_end(trainer, first, count);
    return status;
}

static cbx_buffer_rows buffers(cbx_trainer *trainer) {
    cbx_train_gpu *own = trainer->own;
    const uint64_t tiles = tiles_of(trainer), chunks = trainer->chunks, slices = own->slices;
    const uint64_t output = (uint64_t)trainer->stride * CBX_LANES_OUT * sizeof(float);
    const uint64_t hidden = (uint64_t)trainer->stride * CBX_PANEL * sizeof(float);
    return (cbx_buffer_rows){{
        {&trainer->sums, 2 * (chunks + 1) * output, "the output sums", NULL},
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
