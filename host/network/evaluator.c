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
static cbx_status outputs_cpu(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    const uint32_t sparse = trainer->way->ops->sparse != 0;
    const uint32_t levels = cbx_tree_levels(trainer->panels);
    const cbx_argument arguments[] = {ARG(trainer->images),
                                      ARG(trainer->normal),
                                      ARG(first),
                                      ARG(count),
                                      ARG(trainer->panels),
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

/* Several groups a unit, so that a slow one does not keep the others waiting. */
const cbx_evaluator cbx_evaluator_cpu = {.kernels = {"evaluate_cpu", "judge", "column_sums"},
                                         .groups_a_unit = 8,
                                         .images_at_once = 1 << 14,
                                         .judges_blocks = 1,
                                         .begin = sum_columns,
                                         .outputs = outputs_cpu};

static cbx_status outputs_gpu(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    const cbx_argument arguments[] = {ARG(trainer->images), ARG(trainer->normal), ARG(first),
                                      ARG(count),           ARG(trainer->panels), ARG(trainer->w1),
                                      ARG(trainer->w2),     ARG(trainer->outputs)};
    const cbx_range range = {{blocks_of(trainer, count) * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_EVALUATE], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

const cbx_evaluator cbx_evaluator_gpu = {
    .kernels = {"evaluate_gpu", "judge"}, .images_at_once = 1 << 16, .outputs = outputs_gpu};
