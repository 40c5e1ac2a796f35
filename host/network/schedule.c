/* SPDX-License-Identifier: MIT */
/* Every way to train. */
#include "network/schedule.h"

#include "base/error.h"
#include "network/ink.h"

extern const cbx_schedule_ops cbx_stepwise_ops, cbx_train_cpu_ops, cbx_train_ink_ops,
    cbx_train_gpu_ops, cbx_train_split_ops;

const cbx_way cbx_ways[] = {
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_CPU, &cbx_train_cpu_ops, &cbx_evaluator_cpu},
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, &cbx_train_gpu_ops, &cbx_evaluator_gpu},
    {CBX_SCHEDULE_SPARSE, CBX_FAMILY_CPU, &cbx_train_ink_ops, &cbx_evaluator_cpu},
    {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_CPU, &cbx_stepwise_ops, &cbx_evaluator_cpu},
    {CBX_SCHEDULE_STEPWISE, CBX_FAMILY_GPU, &cbx_stepwise_ops, &cbx_evaluator_gpu},
    {.ops = NULL},
};

static const cbx_way split_ways[] = {
    {CBX_SCHEDULE_FUSED, CBX_FAMILY_GPU, &cbx_train_split_ops, &cbx_evaluator_gpu},
    {.ops = NULL},
};

static const cbx_way *const ways_by[] = {
    [CBX_ARITHMETIC_CANON] = cbx_ways,
    [CBX_ARITHMETIC_PLAIN] = cbx_ways,
    [CBX_ARITHMETIC_SPLIT_BF16] = split_ways,
};

const cbx_way *cbx_ways_by(cbx_arithmetic arithmetic) {
    return ways_by[arithmetic];
}

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

cbx_status cbx_way_find(const cbx_way **out, cbx_schedule schedule, const cbx_device *device) {
    const cbx_arithmetic arithmetic = cbx_device_arithmetic(device);
    const cbx_way *way = cbx_ways_by(arithmetic);
    for (; way->ops; way++) {
        if (way->schedule == schedule && way->family == device->family) {
            *out = way;
            return CBX_OK;
        }
    }
    const int split = arithmetic == CBX_ARITHMETIC_SPLIT_BF16;
    return cbx_fail(CBX_BAD_ARGUMENT, "the schedule %s has no kernels of the %s %s",
                    cbx_schedule_name(schedule), split ? "arithmetic" : "family",
                    split ? cbx_arithmetic_name(arithmetic) : cbx_family_name(device->family));
}
