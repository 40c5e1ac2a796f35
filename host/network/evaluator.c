/* SPDX-License-Identifier: MIT */
/* The evaluation kernels of the families, as all their schedules launch them. */
#include "network/launch.h"
#include "network/trainer_buffers.h"

static size_t blocks_of(const cbx_trainer *trainer, uint32_t count) {
    const size_t unit = trainer->device->built.evaluate_rows;
    return (count + unit - 1) / unit;
}

static cbx_status sum_columns(cbx_trainer *trainer) {
    const size_t vectors = CBX_PANEL / trainer->device->built.vector;
    const cbx_argument arguments[] = {ARG(trainer->w1), ARG(trainer->panels), ARG(trainer->u)};
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_COLUMN_SUMS], arguments,
                       CBX_COUNT(arguments),
                       cbx_launch_range(trainer, trainer->panels * vectors, 1), NULL, NULL);
}

/* Any number of work-groups, each with a scratch of its own. */
static cbx_status outputs_of_node(cbx_trainer *trainer, uint32_t first, uint32_t count,
                                  cbx_node node) {
    const uint32_t sparse = trainer->way->ops->sparse != 0;
    const uint32_t levels = cbx_tree_levels(trainer->panels);
    const cbx_argument arguments[] = {ARG(trainer->images),
                                      ARG(trainer->normal),
                                      ARG(first),
                                      ARG(count),
                                      ARG(node),
                                      ARG(trainer->w1),
                                      ARG(trainer->u),
                                      ARG(trainer->w2),
                                      ARG(sparse),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->inks)),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->ink_pixels)),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->ink_levels)),
                                      ARG(levels),
                                      ARG(trainer->outputs),
                                      ARG(trainer->scratch)};
    const size_t blocks = blocks_of(trainer, count);
    const size_t groups = blocks < trainer->evaluating ? blocks : trainer->evaluating;
    const cbx_range range = {{groups, 1}, {1, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_EVALUATE], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

static cbx_status outputs_cpu(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < trainer->node_count && !status; i++) {
        status = outputs_of_node(trainer, first, count, trainer->nodes[i]);
    }
    return status;
}

static uint32_t images_at_once(const cbx_trainer *trainer) {
    (void)trainer;
    return 1 << 14;
}

static uint64_t scratch_cpu(const cbx_trainer *trainer) {
    const uint64_t rows = trainer->device->built.evaluate_rows;
    const uint64_t levels = cbx_tree_levels(trainer->panels);
    return trainer->evaluating * sizeof(float) * CBX_EVALUATE_SCRATCH(rows, levels);
}

/* Several groups a unit, so that a slow one does not keep the others waiting. */
const cbx_evaluator cbx_evaluator_cpu = {.kernels = {"evaluate_cpu", "judge", "column_sums"},
                                         .groups_a_unit = 8,
                                         .images_at_once = images_at_once,
                                         .scratch_bytes = scratch_cpu,
                                         .judges_blocks = 1,
                                         .begin = sum_columns,
                                         .outputs = outputs_cpu};

/* The shares of all panels: 4 KiB for each and each block of images. */
static uint64_t scratch_gpu(const cbx_trainer *trainer) {
    return (uint64_t)trainer->panels * blocks_of(trainer, trainer->judged) * CBX_ROW_BLOCK *
           CBX_LANES_OUT * sizeof(float);
}

/* So many that the shares take at most 64 MiB. */
static uint32_t turned_at_once(const cbx_trainer *trainer) {
    enum { MOST_SHARES = 1 << 14 };
    const uint32_t room = cbx_turned_blocks(trainer), most = MOST_SHARES / trainer->panels;
    const uint32_t blocks = most < room ? most : room;
    return (blocks > 0 ? blocks : 1) * CBX_ROW_BLOCK;
}

static cbx_status enqueue_shares(cbx_trainer *trainer, uint32_t blocks) {
    const cbx_argument arguments[] = {ARG(trainer->turned.lists),
                                      ARG(trainer->turned.levels),
                                      ARG(trainer->normal),
                                      ARG(trainer->panels),
                                      ARG(blocks),
                                      ARG(trainer->w1),
                                      ARG(trainer->u),
                                      ARG(trainer->w2),
                                      ARG(trainer->scratch)};
    const size_t groups = (size_t)trainer->panels * blocks;
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_EVALUATE], arguments,
                       CBX_COUNT(arguments), cbx_launch_groups(groups, CBX_GROUP), NULL, NULL);
}

static cbx_status add_shares_gpu(cbx_trainer *trainer, cl_mem parts, uint32_t first,
                                 uint32_t blocks, uint32_t count) {
    const cbx_range range = {{(size_t)count * 4, 1}, {CBX_GROUP, 1}};
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < trainer->node_count && !status; i++) {
        cbx_node node = trainer->nodes[i];
        node.first += first;
        const cbx_argument arguments[] = {ARG(parts), ARG(node), ARG(blocks), ARG(count),
                                          ARG(trainer->outputs)};
        status = cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_EVALUATE_SUMS],
                             arguments, CBX_COUNT(arguments), range, NULL, NULL);
    }
    return status;
}

static cbx_status outputs_gpu(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    const uint32_t blocks = (uint32_t)blocks_of(trainer, count);
    cbx_status status = cbx_turned_images(trainer, first, count);
    if (!status) {
        status = enqueue_shares(trainer, blocks);
    }
    return status ? status : add_shares_gpu(trainer, trainer->scratch, 0, blocks, count);
}

const cbx_evaluator cbx_evaluator_gpu = {
    .kernels = {"evaluate_gpu", "judge", "column_sums", "turn_batches", "evaluate_gpu_sums"},
    .images_at_once = turned_at_once,
    .scratch_bytes = scratch_gpu,
    .turns = 1,
    .begin = sum_columns,
    .outputs = outputs_gpu,
    .add_shares = add_shares_gpu};
