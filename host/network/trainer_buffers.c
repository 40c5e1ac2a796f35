/* SPDX-License-Identifier: MIT */
#include "network/trainer_buffers.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"
#include "data/dataset.h"
#include "network/ink.h"

static uint32_t round_up(uint32_t value, uint32_t unit) {
    return (value + unit - 1) / unit * unit;
}

/* Images whose outputs are there at a time, a bound to their memory: the largest part, or many
 * whole blocks of it. */
static uint32_t judged_at_once(const cbx_trainer *trainer) {
    const uint32_t *images = trainer->images_of, unit = trainer->device->built.evaluate_rows;
    uint32_t most = images[CBX_TRAIN];
    most = most < images[CBX_VALIDATION] ? images[CBX_VALIDATION] : most;
    most = most < images[CBX_TEST] ? images[CBX_TEST] : most;
    const uint32_t many = trainer->way->evaluator->images_at_once(trainer) / unit * unit;
    return most < many ? most : many;
}

/* Of its panels, as the evaluation and `stepwise` add them up. */
static void list_nodes(cbx_trainer *trainer) {
    const cbx_meeting *meeting = &trainer->meeting;
    const uint32_t first = trainer->share.first / CBX_PANEL;
    trainer->node_count = 1;
    trainer->nodes[0] = (cbx_node){0, trainer->panels, 0};
    if (meeting->exchange.ranks > 1) {
        trainer->node_count = meeting->count;
        for (uint32_t i = 0; i < trainer->node_count; i++) {
            const cbx_span *node = &meeting->nodes[i];
            trainer->nodes[i] = (cbx_node){node->first - first, node->count, i};
        }
    }
}

/* How the work is divided: fixed by the device and the network, so that a run gives
 * the same bits every time. */
static void divide(cbx_trainer *trainer, const cbx_division *wished) {
    const cbx_device *device = trainer->device;
    const cbx_way *way = trainer->way;
    trainer->panels = round_up(CBX_PANELS_OF(trainer->share.count), device->built.panel_unit);
    list_nodes(trainer);
    trainer->stride =
        round_up(trainer->settings.batch + way->ops->spare_rows, device->built.row_unit);
    if (way->evaluator->turns) {
        cbx_turned_plan(trainer);
    }
    trainer->evaluating = way->evaluator->groups_a_unit * device->info.compute_units;
    trainer->judged = judged_at_once(trainer);
    if (way->ops->divide) {
        way->ops->divide(trainer, wished);
    }
}

/* Those of every trainer. */
static cbx_buffer_rows common_buffers(cbx_trainer *trainer, uint64_t images) {
    static const cl_uint zero = 0, no_fault = CBX_NO_FAULT;
    const uint64_t f = sizeof(float), panels = trainer->panels;
    const uint64_t judged = trainer->judged, shares = trainer->node_count;
    return (cbx_buffer_rows){{
        {&trainer->images, images * CBX_IMAGE_PIXELS, "the images", NULL},
        {&trainer->labels, images, "the labels", NULL},
        {&trainer->order, trainer->images_of[CBX_TRAIN] * sizeof(cl_uint), "the order", NULL},
        {&trainer->w1, panels * CBX_PANEL_SIZE * f, "W1", NULL},
        {&trainer->w2, (1 + panels * CBX_PANEL) * CBX_LANES_OUT * f, "W2", NULL},
        {&trainer->a1, panels * trainer->stride * CBX_PANEL * f, "A1", &zero},
        {&trainer->fault, sizeof(cl_uint), "the fault record", &no_fault},
        {&trainer->losses, trainer->images_of[CBX_TRAIN] * f, "the losses while training", &zero},
        {&trainer->outputs, shares * judged * CBX_LANES_OUT * f, "outputs", NULL},
        {&trainer->loss, judged * f, "the losses", NULL},
        {&trainer->verdicts, judged, "the verdicts", NULL},
        {&trainer->u, panels * CBX_PANEL * f, "U", NULL},
        {&trainer->scratch, trainer->way->evaluator->scratch_bytes(trainer), "evaluating", NULL},
    }};
}

/* Counts the images of every part, and all together. */
static size_t count_images(cbx_trainer *trainer, const cbx_dataset *dataset) {
    size_t images = 0;
    for (int part = CBX_TRAIN; part <= CBX_TEST; part++) {
        const size_t count = cbx_dataset_images(dataset, (cbx_part)part).count;
        trainer->images_of[part] = (uint32_t)count;
        images += count;
    }
    return images;
}

void cbx_trainer_plan(cbx_trainer *trainer, const cbx_dataset *dataset,
                      const cbx_division *wished) {
    const size_t images = count_images(trainer, dataset);
    trainer->ink_entries = cbx_ink_entries(dataset);
    trainer->normal = cbx_dataset_normal(dataset);
    divide(trainer, wished);
    const cbx_buffer_rows common = common_buffers(trainer, images);
    const cbx_buffer_rows own = trainer->way->ops->buffers(trainer);
    const cbx_buffer_rows ink = cbx_ink_buffers(trainer, images);
    cbx_buffer_rows turned;
    cbx_turned_buffers(trainer, &turned);
    const cbx_buffer_rows *const all[] = {&common, &own, &ink, &turned};
    for (size_t i = 0; i < CBX_COUNT(all); i++) {
        memcpy(trainer->buffers + i * CBX_MOST_BUFFERS, all[i]->rows, sizeof all[i]->rows);
    }
}

uint64_t cbx_trainer_sum_buffers(const cbx_trainer *trainer) {
    uint64_t total = 0;
    for (size_t i = 0; i < CBX_COUNT(trainer->buffers); i++) {
        total += trainer->buffers[i].bytes;
    }
    return total;
}

/* What a device and this process can hold together. */
static uint64_t usable_bytes(const cbx_device *device) {
    const uint64_t all = device->info.global_memory_bytes, limit = cbx_memory_limit_bytes();
    return device->shares_memory && limit < all ? limit : all;
}

/* Places in the lists are 32-bit numbers. */
static cbx_status check_ink(const cbx_trainer *trainer) {
    return !trainer->way->ops->sparse || cbx_ink_fits(trainer->ink_entries)
               ? CBX_OK
               : cbx_fail(CBX_TOO_LARGE,
                          "these images have %" PRIu64
                          " pixels that are not 0, too many for lists; choose the schedule fused",
                          trainer->ink_entries);
}

static cbx_status check_size(const cbx_trainer *trainer) {
    const uint64_t usable = usable_bytes(trainer->device);
    const uint64_t total = cbx_trainer_sum_buffers(trainer);
    return total <= usable
               ? CBX_OK
               : cbx_fail(CBX_TOO_LARGE,
                          "training needs %" PRIu64 " MiB of device memory, but %s can use %" PRIu64
                          " MiB; choose fewer neurons, a smaller batch or another device",
                          total >> 20, trainer->device->info.name, usable >> 20);
}

static cbx_status take(cbx_device *device, const cbx_buffer_row *row) {
    cbx_status status =
        cbx_buffer_create(device, CL_MEM_READ_WRITE, row->bytes, row->what, row->buffer);
    if (!status && row->clear) {
        status = cbx_cl_check(clEnqueueFillBuffer(device->queue, *row->buffer, row->clear,
                                                  sizeof *row->clear, 0, row->bytes, 0, NULL, NULL),
                              "clearing buffers");
    }
    return status;
}

/* All parts, one after the other. */
static cbx_status upload(cbx_trainer *trainer, const cbx_dataset *dataset) {
    cl_command_queue queue = trainer->device->queue;
    cl_int error = CL_SUCCESS;
    size_t row = 0;
    for (int part = CBX_TRAIN; part <= CBX_TEST && !error; part++) {
        const cbx_images view = cbx_dataset_images(dataset, (cbx_part)part);
        if (view.count == 0) {
            continue; /* which OpenCL does not allow */
        }
        error = clEnqueueWriteBuffer(queue, trainer->images, CL_TRUE, row * CBX_IMAGE_PIXELS,
                                     view.count * CBX_IMAGE_PIXELS, view.pixels, 0, NULL, NULL);
        if (!error) {
            error = clEnqueueWriteBuffer(queue, trainer->labels, CL_TRUE, row, view.count,
                                         view.labels, 0, NULL, NULL);
        }
        row += view.count;
    }
    return cbx_cl_check(error, "uploading the images");
}

cbx_status cbx_trainer_take_buffers(cbx_trainer *trainer, const cbx_dataset *dataset) {
    cbx_status status = check_ink(trainer);
    if (!status) {
        status = check_size(trainer);
    }
    for (size_t i = 0; i < CBX_COUNT(trainer->buffers) && !status; i++) {
        if (trainer->buffers[i].bytes > 0) {
            status = take(trainer->device, &trainer->buffers[i]);
        }
    }
    if (!status) {
        status = upload(trainer, dataset);
    }
    return status || !trainer->way->ops->sparse ? status : cbx_ink_gather(trainer);
}

void cbx_trainer_release_buffers(cbx_trainer *trainer) {
    for (size_t i = 0; i < CBX_COUNT(trainer->buffers); i++) {
        cl_mem *buffer = trainer->buffers[i].buffer;
        cbx_buffer_release(buffer ? *buffer : NULL);
    }
}
