/* SPDX-License-Identifier: MIT */
/* The evaluation kernels of the families, as all their schedules launch them. */
#include "network/schedule.h"

#define ARG CBX_ARGUMENT

/* Any number of work-groups, each with a scratch of its own. */
static cbx_status run_cpu(cbx_trainer *trainer, uint32_t first, uint32_t count, size_t blocks) {
    const cbx_argument arguments[] = {
        ARG(trainer->images), ARG(trainer->normal),  ARG(trainer->labels), ARG(first),
        ARG(count),           ARG(trainer->panels),  ARG(trainer->w1),     ARG(trainer->w2),
        ARG(trainer->loss),   ARG(trainer->correct), ARG(trainer->scratch)};
    const size_t groups = blocks < trainer->evaluating ? blocks : trainer->evaluating;
    const cbx_range range = {{groups, 1}, {1, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[0], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

/* Several groups a unit, so that a slow one does not keep the others waiting. */
const cbx_evaluator cbx_evaluator_cpu = {
    .kernels = {"evaluate_cpu"}, .groups_a_unit = 8, .run = run_cpu};

static cbx_status run_gpu(cbx_trainer *trainer, uint32_t first, uint32_t count, size_t blocks) {
    const cbx_argument arguments[] = {
        ARG(trainer->images), ARG(trainer->normal), ARG(trainer->labels), ARG(first),
        ARG(count),           ARG(trainer->panels), ARG(trainer->w1),     ARG(trainer->w2),
        ARG(trainer->loss),   ARG(trainer->correct)};
    const cbx_range range = {{blocks * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[0], arguments,
                       CBX_COUNT(arguments), range, NULL, NULL);
}

const cbx_evaluator cbx_evaluator_gpu = {.kernels = {"evaluate_gpu"}, .run = run_gpu};
