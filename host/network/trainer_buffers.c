/* SPDX-License-Identifier: MIT */
#include "network/trainer_buffers.h"

#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/limits.h"

static uint32_t round_up(uint32_t value, uint32_t unit) {
    return (value + unit - 1) / unit * unit;
}

/* How the work is divided: fixed by the device and the network, so that a run gives
 * the same bits every time. */
static void divide(cbx_trainer *trainer) {
    const cbx_device *device = trainer->device;
    const int gpu = device->family == CBX_FAMILY_GPU;
    trainer->panels = (trainer->settings.hidden + CBX_PANEL - 1) / CBX_PANEL;
    trainer->panels = round_up(trainer->panels, gpu ? 2 : 1);
    trainer->stride = round_up(trainer->settings.batch, gpu ? 64 : device->forward_rows);
    trainer->evaluating = trainer->way->evaluator->groups_a_unit * device->info.compute_units;
    if (trainer->way->ops->divide) {
        trainer->way->ops->divide(trainer);
    }
}

typedef struct buffer_plan {
    cl_mem *buffer;
    uint64_t bytes;
    const char *what;
} buffer_plan;

enum { BUFFERS = 20 };

/* Every buffer of a trainer whose work is divided; returns the bytes of all. */
static uint64_t list_buffers(cbx_trainer *trainer, uint64_t images, buffer_plan list[BUFFERS]) {
    const uint64_t f = sizeof(float), panels = trainer->panels, stride = trainer->stride;
    const uint64_t hidden = panels * stride * CBX_PANEL * f;
    const uint64_t output = stride * CBX_LANES_OUT * f;
    const uint64_t blocks = images / trainer->device->evaluate_rows + 3;
    const int gpu = trainer->device->family == CBX_FAMILY_GPU, cpu = !gpu;
    const int fused = trainer->settings.schedule == CBX_SCHEDULE_FUSED;
    const buffer_plan plans[] = {
        {&trainer->images, images * CBX_IMAGE_PIXELS, "the images"},
        {&trainer->labels, images, "the labels"},
        {&trainer->order, (uint64_t)trainer->images_of[CBX_TRAIN] * sizeof(cl_uint), "the order"},
        {&trainer->w1, panels * CBX_PANEL_SIZE * f, "W1"},
        {&trainer->w2, (1 + panels * CBX_PANEL) * CBX_LANES_OUT * f, "W2"},
        {&trainer->a1, hidden, "A1"},
        {&trainer->sums, fused ? 2 * trainer->chunks * output : f, "the output sums"},
        {&trainer->d1,
         !fused ? hidden
         : gpu  ? hidden * trainer->slices
                : trainer->groups * stride * CBX_PANEL * f,
         "D1"},
        {&trainer->d2,
         !fused ? output
         : gpu  ? panels / 2 * trainer->slices * output
                : trainer->groups * output,
         "D2"},
        {&trainer->x, cpu && fused ? trainer->groups * 2 * stride * CBX_IMAGE_PIXELS * f : f, "X"},
        {&trainer->held, (trainer->groups + 1) * 2 * sizeof(cl_uint), "what X holds"},
        {&trainer->parts, gpu && fused ? trainer->chunks * trainer->helpers * output : f,
         "parts of the output sums"},
        {&trainer->progress, (trainer->chunks + 2) * sizeof(cl_uint), "the progress"},
        {&trainer->fault, sizeof(cl_uint), "the fault record"},
        {&trainer->s1, fused ? f : hidden, "s(A1)"},
        {&trainer->z2, fused ? f : output, "Z2"},
        {&trainer->s2, fused ? f : output, "s(A2)"},
        {&trainer->loss, blocks * f, "the losses"},
        {&trainer->correct, blocks * sizeof(cl_uint), "the counts"},
        {&trainer->scratch,
         cpu ? (uint64_t)trainer->evaluating * trainer->device->evaluate_rows *
                   (CBX_IMAGE_PIXELS + CBX_PANEL) * f
             : f,
         "evaluating"},
    };
    _Static_assert(CBX_COUNT(plans) == BUFFERS, "every buffer is listed");
    memcpy(list, plans, sizeof plans);
    uint64_t total = 0;
    for (size_t i = 0; i < BUFFERS; i++) {
        total += plans[i].bytes;
    }
    return total;
}

/* What a device and this process can hold together. */
static uint64_t usable_bytes(const cbx_device *device) {
    const uint64_t all = device->info.global_memory_bytes, limit = cbx_memory_limit_bytes();
    return device->shares_memory && limit < all ? limit : all;
}

static cbx_status take(cbx_trainer *trainer, uint64_t images) {
    const uint64_t usable = usable_bytes(trainer->device);
    buffer_plan plans[BUFFERS];
    const uint64_t total = list_buffers(trainer, images, plans);
    if (total > usable) {
        return cbx_fail(CBX_TOO_LARGE,
                        "training needs %" PRIu64 " MiB of device memory, but %s can use %" PRIu64
                        " MiB; choose fewer neurons, a smaller batch or another device",
                        total >> 20, trainer->device->info.name, usable >> 20);
    }
    for (size_t i = 0; i < BUFFERS; i++) {
        cbx_status status = cbx_buffer_create(trainer->device, CL_MEM_READ_WRITE, plans[i].bytes,
                                              plans[i].what, plans[i].buffer);
        if (status) {
            return status;
        }
    }
    return CBX_OK;
}

/* Clears what is read before it is first written. */
static cbx_status clear(cbx_trainer *trainer) {
    const cl_uint zero = 0, no_fault = CBX_NO_FAULT;
    const uint64_t hidden = (uint64_t)trainer->panels * trainer->stride * CBX_PANEL * sizeof(float);
    cl_command_queue queue = trainer->device->queue;
    cl_int error = clEnqueueFillBuffer(queue, trainer->progress, &zero, sizeof zero, 0,
                                       (trainer->chunks + 2) * sizeof zero, 0, NULL, NULL);
    if (!error) { /* no stage, or one of long ago */
        error = clEnqueueFillBuffer(queue, trainer->held, &zero, sizeof zero, 0,
                                    trainer->groups * 2 * sizeof zero, 0, NULL, NULL);
    }
    if (!error) {
        error = clEnqueueFillBuffer(queue, trainer->fault, &no_fault, sizeof no_fault, 0,
                                    sizeof no_fault, 0, NULL, NULL);
    }
    if (!error) {
        error = clEnqueueFillBuffer(queue, trainer->a1, &zero, sizeof zero, 0, (size_t)hidden, 0,
                                    NULL, NULL);
    }
    if (!error && trainer->settings.schedule == CBX_SCHEDULE_STEPWISE) {
        error = clEnqueueFillBuffer(queue, trainer->z2, &zero, sizeof zero, 0,
                                    trainer->stride * CBX_LANES_OUT * sizeof zero, 0, NULL, NULL);
    }
    return cbx_cl_check(error, "clearing buffers");
}

/* All parts, one after the other. */
static cbx_status upload(cbx_trainer *trainer, const cbx_dataset *dataset) {
    cl_command_queue queue = trainer->device->queue;
    cl_int error = CL_SUCCESS;
    size_t row = 0;
    for (int part = CBX_TRAIN; part <= CBX_TEST && !error; part++) {
        const cbx_images view = cbx_dataset_images(dataset, (cbx_part)part);
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

uint64_t cbx_trainer_bytes(cbx_device *device, const cbx_dataset *dataset,
                           const cbx_trainer_settings *settings) {
    cbx_trainer sketch = {.device = device, .settings = *settings};
    buffer_plan plans[BUFFERS];
    if (cbx_way_find(&sketch.way, settings->schedule, device->family)) {
        return 0;
    }
    const size_t images = count_images(&sketch, dataset);
    divide(&sketch);
    return list_buffers(&sketch, images, plans);
}

cbx_status cbx_trainer_create_buffers(cbx_trainer *trainer, const cbx_dataset *dataset) {
    const size_t images = count_images(trainer, dataset);
    trainer->normal =
        (cbx_normal){(float)(1 / cbx_dataset_deviation(dataset)),
                     (float)(-cbx_dataset_mean(dataset) / cbx_dataset_deviation(dataset))};
    divide(trainer);
    cbx_status status = take(trainer, images);
    if (!status) {
        status = clear(trainer);
    }
    if (!status) {
        status = upload(trainer, dataset);
    }
    return status;
}

void cbx_trainer_release_buffers(cbx_trainer *trainer) {
    cl_mem *buffers[] = {&trainer->images, &trainer->labels,   &trainer->order, &trainer->w1,
                         &trainer->w2,     &trainer->a1,       &trainer->sums,  &trainer->d1,
                         &trainer->d2,     &trainer->progress, &trainer->fault, &trainer->s1,
                         &trainer->z2,     &trainer->s2,       &trainer->loss,  &trainer->correct,
                         &trainer->x,      &trainer->held,     &trainer->parts, &trainer->scratch};
    for (size_t i = 0; i < CBX_COUNT(buffers); i++) {
        if (*buffers[i]) {
            clReleaseMemObject(*buffers[i]);
            *buffers[i] = NULL;
        }
    }
}
