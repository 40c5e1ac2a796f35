/* SPDX-License-Identifier: MIT */
/* Whether a device computes what it should: every kernel against the reference in double
 * precision, on sizes that are odd and on sizes that fill what it divides its work into.
 * It runs before every training, so it is small. */
#include "check/self_test.h"

#include "check/specimen.h"

enum { STEPWISE = 1 << CBX_SCHEDULE_STEPWISE, FUSED = 1 << CBX_SCHEDULE_FUSED };

/* What is checked, in this order: what comes first is used by what follows. */
static const struct part {
    cbx_status (*check)(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);
    int schedules; /* that use these kernels */
    int specimens; /* how many of them, from the first on */
    int recipes;   /* 1: these kernels know no recipe */
} parts[] = {
    {cbx_check_sigmoid, STEPWISE | FUSED, 1, 1},
    {cbx_check_stepwise, STEPWISE, CBX_SPECIMENS, 2},
    {cbx_check_pictures, STEPWISE | FUSED, 1, 1},
    {cbx_check_fused, FUSED, CBX_SPECIMENS, 2},
    {cbx_check_evaluation, STEPWISE | FUSED, CBX_SPECIMENS, 1},
};

static cbx_status test_specimen(cbx_device *device, int index, int schedules) {
    const cbx_schedule common = schedules & STEPWISE ? CBX_SCHEDULE_STEPWISE : CBX_SCHEDULE_FUSED;
    cbx_specimen specimen;
    cbx_status status = cbx_specimen_init(&specimen, device, &cbx_specimens[index]);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; i++) {
        const int wanted = (parts[i].schedules & schedules) && index < parts[i].specimens;
        for (int recipe = 0; wanted && recipe < parts[i].recipes && !status; recipe++) {
            status = parts[i].check(&specimen, common, (cbx_recipe)recipe);
        }
    }
    cbx_specimen_clear(&specimen);
    return status;
}

static cbx_status test(cbx_device *device, int schedules) {
    cbx_status status = CBX_OK;
    for (int i = 0; i < CBX_SPECIMENS && !status; i++) {
        status = test_specimen(device, i, schedules);
    }
    return status;
}

cbx_status cbx_self_test_schedule(cbx_device *device, cbx_schedule schedule) {
    return test(device, 1 << schedule);
}

cbx_status cbx_device_self_test(cbx_device *device) {
    return test(device, STEPWISE | FUSED);
}
