/* SPDX-License-Identifier: MIT */
/* Every way to train. */
#include "network/schedule.h"

#include "base/error.h"
#include "network/ink.h"

extern const cbx_schedule_ops cbx_stepwise_ops, cbx_train_cpu_ops, cbx_train_ink_ops,
    cbx_train_gpu_ops;

const cbx_way cbx_ways[] = {
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, &cbx_train_cpu_ops, &cbx_evaluator_cpu},
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, &cbx_train_gpu_ops, &cbx_evaluator_gpu},
    {CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, &cbx_train_ink_ops, &cbx_evaluator_cpu},
    {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, &cbx_stepwise_ops, &cbx_evaluator_cpu},
    {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_GPU, &cbx_stepwise_ops, &cbx_evaluator_gpu},
    {.ops = NULL},
};

static int is_sparse(const cbx_dataset *dataset) {
    const size_t images = cbx_dataset_images(dataset, CBX_TRAIN).count;
    return cbx_ink_fits(cbx_ink_entries(dataset)) &&
           3 * cbx_dataset_ink(dataset, CBX_TRAIN) <= (uint64_t)images * CBX_IMAGE_PIXELS;
}

cbx_schedule cbx_schedule_choose(cbx_schedule schedule, cbx_family family,
                                 const cbx_dataset *dataset) {
    if (schedule != CBX_SCHEDULE_AUTO) {
        return schedule;
    }
    return family == CBX_FAMILY_CPU && is_sparse(dataset) ? CBX_SCHEDULE_SPARSE
                                                          : CBX_SCHEDULE_FUSED;
}

cbx_status cbx_way_find(const cbx_way **out, cbx_schedule schedule, cbx_family family) {
    for (const cbx_way *way = cbx_ways; way->ops; way++) {
        if (way->schedule == schedule && way->family == family) {
            *out = way;
            return CBX_OK;
        }
    }
    return cbx_fail(CBX_BAD_ARGUMENT, "the schedule %s has no kernels of the family %s",
                    cbx_schedule_name(schedule), cbx_family_name(family));
}
