/* SPDX-License-Identifier: MIT */
/* Whether a device computes what it should: every kernel against the reference of the canon, to
 * the bit where it is defined for them, on sizes that are odd and on sizes that fill what it
 * divides its work into. It runs before every training, so it is small. */
#include "check/self_test.h"

#include "base/error.h"
#include "check/check_drawing.h"
#include "check/specimen.h"
#include "network/schedule.h"

enum {
    STEPWISE = 1 << CBX_SCHEDULE_STEPWISE,
    FUSED = 1 << CBX_SCHEDULE_FUSED | 1 << CBX_SCHEDULE_SPARSE,
    EVERY = STEPWISE | FUSED
};

/* What is checked, in this order: what comes first is used by what follows. */
static const struct part {
    cbx_status (*check)(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);
    int schedules; /* that use these kernels */
    int each;      /* each of them for itself; else the first one for all */
    int specimens; /* how many of them, from the first on */
    int recipes;   /* whether they differ by recipe */
} parts[] = {
    {cbx_check_sigmoid, EVERY, 0, 1, 0},
    {cbx_check_stepwise, STEPWISE, 1, CBX_SPECIMENS, 1},
    {cbx_check_pictures, EVERY, 0, 1, 0},
    {cbx_check_deltas, FUSED, 0, 1, 1},
    {cbx_check_fused, FUSED, 1, CBX_SPECIMENS, 1},
    {cbx_check_sums, EVERY, 0, 1, 0},
    {cbx_check_evaluation, EVERY, 1, CBX_SPECIMENS, 0},
};

static cbx_status check(const struct part *part, const cbx_specimen *specimen,
                        cbx_schedule schedule) {
    cbx_status status = CBX_OK;
    for (cbx_recipe recipe = 0; cbx_recipe_name(recipe) && !status; recipe++) {
        if (recipe == 0 || part->recipes) {
            status = part->check(specimen, schedule, recipe);
        }
    }
    return status;
}

static cbx_status check_schedules(const struct part *part, const cbx_specimen *specimen,
                                  int schedules) {
    cbx_status status = CBX_OK;
    for (cbx_schedule schedule = 0; cbx_schedule_name(schedule) && !status; schedule++) {
        if (part->schedules & schedules & 1 << schedule) {
            status = check(part, specimen, schedule);
            if (!part->each) {
                break;
            }
        }
    }
    return status;
}

static cbx_status test_specimen(cbx_device *device, int index, int schedules) {
    cbx_specimen specimen;
    cbx_status status = cbx_specimen_init(&specimen, device, &cbx_specimens[index]);
    for (size_t i = 0; i < sizeof parts / sizeof *parts && !status; i++) {
        if (index < parts[i].specimens) {
            status = check_schedules(&parts[i], &specimen, schedules);
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

/* Those that the device's family and arithmetic have kernels for. */
static int schedules_of(const cbx_device *device) {
    int schedules = 0;
    const cbx_way *way = cbx_ways_by(cbx_device_arithmetic(device));
    for (; way->ops; way++) {
        schedules |= way->family == device->family ? 1 << way->schedule : 0;
    }
    return schedules;
}

/* Those that a run with this one may use. */
static int schedules_for(const cbx_device *device, cbx_schedule schedule) {
    return schedule == CBX_SCHEDULE_AUTO ? schedules_of(device) & FUSED : 1 << schedule;
}

cbx_status cbx_self_test_schedule(cbx_device *device, cbx_schedule schedule) {
    if (schedule == CBX_SCHEDULE_AUTO) {
        return test(device, schedules_for(device, schedule));
    }
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].each && parts[i].schedules & 1 << schedule) {
            return test(device, 1 << schedule);
        }
    }
    return cbx_fail(CBX_BAD_ARGUMENT, "there is no self-test of the schedule %d", (int)schedule);
}

/* The parts that train, with a specimen like the run's network. */
static cbx_status test_like(cbx_device *device, const cbx_trainer_settings *settings) {
    cbx_specimen_sizes sizes = cbx_specimen_like(settings);
    cbx_trainer_settings one = *settings;
    cbx_specimen specimen;
    cbx_status status = cbx_specimen_init(&specimen, device, &sizes);
    for (one.schedule = 0; cbx_schedule_name(one.schedule) && !status; one.schedule++) {
        if (schedules_for(device, settings->schedule) & 1 << one.schedule) {
            status = cbx_specimen_divide_like(&sizes, &specimen, &one);
            if (!status) {
                status = (one.schedule == CBX_SCHEDULE_STEPWISE
                              ? cbx_check_stepwise
                              : cbx_check_fused)(&specimen, one.schedule, one.recipe);
            }
        }
    }
    cbx_specimen_clear(&specimen);
    return status;
}

cbx_status cbx_self_test_run(cbx_device *device, const cbx_trainer_settings *settings) {
    const cbx_status status = cbx_self_test_schedule(device, settings->schedule);
    return status ? status : test_like(device, settings);
}

cbx_status cbx_device_self_test(cbx_device *device) {
    static const cbx_trainer_settings usual = {64, 64, CBX_RECIPE_LESSON, CBX_SCHEDULE_AUTO};
    cbx_status status = test(device, schedules_of(device));
    if (!status) {
        status = test_like(device, &usual);
    }
    return status ? status : cbx_check_drawing(device);
}
