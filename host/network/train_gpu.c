/* SPDX-License-Identifier: MIT */
/* The schedule `fused` on GPUs: the launches of kernels/train/train_gpu.cl. */
#include "network/train_gpu.h"

#include "device/residency.h"
#include "network/launch.h"

enum { HIDDEN = CBX_GPU_HIDDEN, OUTPUT = CBX_GPU_OUTPUT, DELTA = CBX_GPU_DELTA };

extern const cbx_schedule_ops cbx_train_gpu_ops;

/* A work-group of train_gpu_hidden has all slabs of the pixels of its panel, or where that leaves
 * units of the device idle, one. Then D1 is made for each of them, and Q goes through memory: a
 * group of one slab takes so much longer than a seventh of a group of all, in percent, by
 * bench/issue.py. */
enum { OF_SLICING = 15 };

/* Groups that run at once. Where there is no such kernel the trainer will not be created. */
uint32_t cbx_train_gpu_resident(const cbx_trainer *trainer, const char *name, unsigned registers) {
    cl_kernel kernel = NULL;
    cbx_status status = cbx_kernel_create(trainer->device, name, &kernel);
    const uint32_t groups =
        status ? 1 : cbx_device_resident_groups(trainer->device, kernel, CBX_GROUP, registers);
    cbx_kernel_release(kernel);
    return groups;
}

/* Whole waves of groups count. */
uint32_t cbx_train_gpu_slices(uint32_t panels, uint32_t resident) {
    const uint64_t waves = (panels + resident - 1) / resident;
    const uint64_t sliced = ((uint64_t)panels * CBX_SLABS + resident - 1) / resident;
    return sliced * (100 + OF_SLICING) < waves * CBX_SLABS * 100 ? CBX_SLABS : 1;
}

/* Work-items in a group: many where there are no more groups than units, each of which could have
 * MOST_A_UNIT of the small ones. */
static size_t choose_group(const cbx_trainer *trainer, uint32_t groups, uint32_t resident,
                           uint32_t wished) {
    enum { MOST_A_UNIT = 8 };
    const int wide = wished ? wished == CBX_WIDE_GROUPS : groups * MOST_A_UNIT <= resident;
    return wide && trainer->device->info.largest_group >= CBX_WIDE_GROUP ? CBX_WIDE_GROUP
                                                                         : CBX_GROUP;
}

static void divide(cbx_trainer *trainer, const cbx_division *wished) {
    cbx_train_gpu *own = trainer->own;
    const int few = trainer->panels <= CBX_FEW_PANELS && trainer->stride <= CBX_ROW_BLOCK;
    const uint32_t resident =
        cbx_train_gpu_resident(trainer, cbx_train_gpu_ops.kernels[HIDDEN], CBX_GPU_REGISTERS);
    trainer->chunks = trainer->panels;
    trainer->chunk_panels = 1;
    own->within = few && wished->deltas != CBX_DELTAS_APART;
    own->slices = wished->slices ? wished->slices : cbx_train_gpu_slices(trainer->panels, resident);
    own->group = choose_group(trainer, trainer->panels * own->slices, resident, wished->groups);
}

static cbx_status open_wide(cbx_trainer *trainer) {
    cbx_train_gpu *own = trainer->own;
    cbx_device *device = trainer->device;
    const char *name = cbx_train_gpu_ops.kernels[HIDDEN];
    if (own->group != CBX_WIDE_GROUP) {
        return CBX_OK;
    }
    cbx_status status = cbx_program_create_once(device, "wide", &device->wide);
    if (!status) {
        status = cbx_kernel_create_in(device->wide, name, &own->wide);
    }
    return status ? status : cbx_kernel_check_group(device, own->wide, name);
}

static void close_wide(cbx_trainer *trainer) {
    const cbx_train_gpu *own = trainer->own;
    cbx_kernel_release(own->wide);
}

static cbx_status hidden(cbx_trainer *trainer, const cbx_launch *launch) {
    const cbx_train_gpu *own = trainer->own;
    const cl_uint within = own->within && launch->pending_rows > 0;
    const cbx_argument arguments[] = {ARG(trainer->turned.lists),
                                      ARG(trainer->turned.levels),
                                      ARG(trainer->labels),
                                      ARG(trainer->order),
                                      ARG(trainer->w1),
                                      ARG(trainer->w2),
                                      ARG(own->slopes),
                                      ARG(trainer->sums),
                                      ARG(trainer->d2),
                                      ARG(*cbx_launch_buffer(trainer, &trainer->d1)),
                                      ARG(own->q),
                                      ARG(own->u),
                                      ARG(trainer->fault),
                                      ARG(trainer->losses),
                                      ARG(*launch),
                                      ARG(own->slices),
                                      ARG(within)};
    const size_t groups = (size_t)trainer->panels * own->slices;
    return cbx_enqueue_bound(trainer->device->queue,
                             own->wide ? own->wide : trainer->kernels[HIDDEN],
                             &trainer->bound[HIDDEN], arguments, CBX_COUNT(arguments),
                             cbx_launch_groups(groups, own->group), NULL, NULL);
}

static cbx_status output(cbx_trainer *trainer, const cbx_launch *launch) {
    const cbx_train_gpu *own = trainer->own;
    const cbx_argument arguments[] = {ARG(trainer->w1), ARG(trainer->w2),   ARG(trainer->a1),
                                      ARG(own->slopes), ARG(trainer->sums), ARG(trainer->d2),
                                      ARG(own->q),      ARG(own->u),        ARG(trainer->normal),
                                      ARG(*launch),     ARG(own->slices)};
    const size_t group = trainer->device->built.output_group;
    return cbx_enqueue_bound(trainer->device->queue, trainer->kernels[OUTPUT],
                             &trainer->bound[OUTPUT], arguments, CBX_COUNT(arguments),
                             cbx_launch_groups(trainer->panels, group), NULL, NULL);
}

/* Of the pending batch, for the next launch of `hidden`. */
static cbx_status delta(cbx_trainer *trainer, const cbx_launch *launch) {
    const cbx_argument arguments[] = {
        ARG(trainer->sums),  ARG(trainer->labels), ARG(trainer->order), ARG(trainer->d2),
        ARG(trainer->fault), ARG(trainer->losses), ARG(*launch)};
    return cbx_enqueue_bound(trainer->device->queue, trainer->kernels[DELTA],
                             &trainer->bound[DELTA], arguments, CBX_COUNT(arguments),
                             cbx_launch_groups(launch->pending_rows, CBX_GROUP), NULL, NULL);
}

cbx_status cbx_train_gpu_run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count,
                             cbx_train_gpu_hidden *enqueue) {
    cbx_train_gpu *own = trainer->own;
    cbx_launch launch = cbx_launch_record(trainer, first, count);
    cbx_status status = CBX_OK;
    launch.slot = launch.pending_slot = own->pending_slot;
    if (first) {
        status = cbx_turned_batch(trainer, first, &own->pending_slot);
        launch.slot = own->pending_slot;
    }
    if (launch.pending_rows == 0) {
        launch.pending_slot = launch.slot;
    }
    if (!status && launch.pending_rows > 0 && !own->within) {
        status = delta(trainer, &launch);
    }
    if (!status) {
        status = enqueue(trainer, &launch);
    }
    if (!status && cbx_launch_pictures(trainer, first, count) > 0) {
        status = cbx_easel_draw(trainer->easel, trainer->w1);
    }
    if (!status) {
        status = output(trainer, &launch);
    }
    cbx_launch_end(trainer, first, count);
    return status;
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    return cbx_train_gpu_run(trainer, first, count, hidden);
}

cbx_buffer_rows cbx_train_gpu_buffers(cbx_trainer *trainer) {
    cbx_train_gpu *own = trainer->own;
    const uint64_t panels = trainer->panels, slices = own->slices;
    const uint64_t output = (uint64_t)trainer->stride * CBX_LANES_OUT * sizeof(float);
    const uint64_t hidden = (uint64_t)trainer->stride * CBX_PANEL * sizeof(float);
    return (cbx_buffer_rows){{
        {&trainer->sums, 2 * (panels + 1) * output, "the output sums", NULL},
        {&trainer->d1, trainer->stride > CBX_ROW_BLOCK ? slices * panels * hidden : 0, "D1", NULL},
        {&trainer->d2, output, "D2", NULL},
        {&own->slopes, panels * hidden, "slopes", NULL},
        {&own->q, slices * panels * hidden, "Q", NULL},
        {&own->u, slices * panels * CBX_PANEL * sizeof(float), "U of the slabs", NULL},
    }};
}

const cbx_schedule_ops cbx_train_gpu_ops = {
    .kernels =
        {[HIDDEN] = "train_gpu_hidden", [OUTPUT] = "train_gpu_output", [DELTA] = "train_gpu_delta"},
    .own_bytes = sizeof(cbx_train_gpu),
    .divide = divide,
    .buffers = cbx_train_gpu_buffers,
    .run = run,
    .open = open_wide,
    .close = close_wide,
};
