/* SPDX-License-Identifier: MIT */
#include "network/trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/trainer_buffers.h"

enum { STEPWISE = 1 << CBX_SCHEDULE_STEPWISE, FUSED = 1 << CBX_SCHEDULE_FUSED };

/* Which schedules use a kernel, and its name in either family; NULL: it has none. */
static const struct kernel_row {
    int schedules;
    const char *cpu, *gpu;
} kernel_rows[CBX_KERNEL_COUNT] = {
    [CBX_KERNEL_BIASED_MATMUL_HIDDEN] = {STEPWISE, "biased_matmul_hidden", "biased_matmul_hidden"},
    [CBX_KERNEL_BIASED_MATMUL_OUTPUT] = {STEPWISE, "biased_matmul_output", "biased_matmul_output"},
    [CBX_KERNEL_SIGMOID] = {STEPWISE, "sigmoid", "sigmoid"},
    [CBX_KERNEL_SIGMOID_DERIVATIVE] = {STEPWISE, "sigmoid_derivative", "sigmoid_derivative"},
    [CBX_KERNEL_OUTPUT_DELTA] = {STEPWISE, "output_delta", "output_delta"},
    [CBX_KERNEL_HIDDEN_DELTA] = {STEPWISE, "hidden_delta", "hidden_delta"},
    [CBX_KERNEL_WEIGHT_UPDATE_HIDDEN] = {STEPWISE, "weight_update_hidden", "weight_update_hidden"},
    [CBX_KERNEL_WEIGHT_UPDATE_OUTPUT] = {STEPWISE, "weight_update_output", "weight_update_output"},
    [CBX_KERNEL_TRAIN] = {FUSED, "train_cpu", "train_gpu_hidden"},
    [CBX_KERNEL_TRAIN_OUTPUT] = {FUSED, NULL, "train_gpu_output"},
    [CBX_KERNEL_TRAIN_SUMS] = {FUSED, NULL, "train_gpu_sums"},
    [CBX_KERNEL_EVALUATE] = {STEPWISE | FUSED, "evaluate_cpu", "evaluate_gpu"},
};

/* Those of the schedule and no others: what it does not use need not run here. */
static cbx_status create_kernels(cbx_trainer *trainer) {
    const int gpu = trainer->device->family == CBX_FAMILY_GPU;
    cbx_status status = CBX_OK;
    for (int i = 0; i < CBX_KERNEL_COUNT && !status; i++) {
        const struct kernel_row *row = &kernel_rows[i];
        const char *name = gpu ? row->gpu : row->cpu;
        if (name && row->schedules & 1 << trainer->settings.schedule) {
            status = cbx_kernel_create(trainer->device, name, &trainer->kernels[i]);
            if (!status) {
                status = cbx_kernel_check_group(trainer->device, trainer->kernels[i], name);
            }
        }
    }
    return status;
}

cbx_status cbx_trainer_check_sizes(uint32_t hidden, uint32_t batch) {
    if (hidden < 1 || hidden > CBX_MAX_HIDDEN) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a network has 1 to %u hidden neurons, not %u",
                        CBX_MAX_HIDDEN, hidden);
    }
    if (batch < 1 || batch > CBX_MAX_BATCH) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a batch has 1 to %u rows, not %u", CBX_MAX_BATCH, batch);
    }
    return CBX_OK;
}

cbx_status cbx_trainer_check_settings(const cbx_trainer_settings *settings) {
    if (!cbx_recipe_name(settings->recipe)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no recipe %d", (int)settings->recipe);
    }
    if (!cbx_schedule_name(settings->schedule)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no schedule %d", (int)settings->schedule);
    }
    return cbx_trainer_check_sizes(settings->hidden, settings->batch);
}

cbx_status cbx_trainer_create(cbx_trainer **out, cbx_device *device, const cbx_dataset *dataset,
                              const cbx_trainer_settings *settings) {
    cbx_trainer *trainer = NULL;
    *out = NULL;
    cbx_status status = cbx_trainer_check_settings(settings);
    if (!status) {
        status = cbx_new(&trainer, 1);
    }
    if (status) {
        return status;
    }
    trainer->device = device;
    trainer->settings = *settings;
    status = create_kernels(trainer);
    if (!status) {
        status = cbx_trainer_create_buffers(trainer, dataset);
    }
    if (status) {
        cbx_trainer_destroy(trainer);
        return status;
    }
    *out = trainer;
    return CBX_OK;
}

void cbx_trainer_destroy(cbx_trainer *trainer) {
    if (!trainer) {
        return;
    }
    clFinish(trainer->device->queue);
    if (trainer->crowd.reading) {
        clReleaseEvent(trainer->crowd.reading);
    }
    cbx_trainer_release_buffers(trainer);
    for (int i = 0; i < CBX_KERNEL_COUNT; i++) {
        if (trainer->kernels[i]) {
            clReleaseKernel(trainer->kernels[i]);
        }
    }
    free(trainer);
}

cbx_status cbx_trainer_flush(cbx_trainer *trainer) {
    if (trainer->pending.rows == 0) {
        return CBX_OK;
    }
    cbx_status status = trainer->device->family == CBX_FAMILY_CPU
                            ? cbx_train_cpu_batches(trainer, NULL, 0)
                            : cbx_train_gpu_batch(trainer, NULL);
    memset(&trainer->pending, 0, sizeof trainer->pending);
    return status;
}

cbx_status cbx_trainer_set_order(cbx_trainer *trainer, const uint32_t *order, uint32_t count) {
    if (count > trainer->images_of[CBX_TRAIN]) {
        return cbx_fail(CBX_BAD_ARGUMENT, "an order of %u rows for %u training images", count,
                        trainer->images_of[CBX_TRAIN]);
    }
    for (uint32_t i = 0; i < count; i++) {
        if (order[i] >= trainer->images_of[CBX_TRAIN]) {
            return cbx_fail(CBX_BAD_ARGUMENT, "row %u of the order is %u, past the last image", i,
                            order[i]);
        }
    }
    cbx_status status = cbx_trainer_flush(trainer);
    if (status) {
        return status;
    }
    trainer->order_rows = count;
    return cbx_cl_check(clEnqueueWriteBuffer(trainer->device->queue, trainer->order, CL_TRUE, 0,
                                             (size_t)count * sizeof *order, order, 0, NULL, NULL),
                        "uploading the order of an epoch");
}

static cbx_status check_rows(const cbx_trainer *trainer, uint32_t first, uint64_t rows,
                             uint32_t rows_each) {
    if (rows_each < 1 || rows_each > trainer->settings.batch ||
        first + rows > trainer->order_rows) {
        return cbx_fail(CBX_BAD_ARGUMENT, "rows %u…%llu are not a batch of this epoch's %u rows",
                        first, (unsigned long long)(first + rows), trainer->order_rows);
    }
    return CBX_OK;
}

/* Drivers that collect commands get them now and then, long before they run dry. */
static cbx_status submit(cbx_trainer *trainer) {
    if (++trainer->unflushed < 8) {
        return CBX_OK;
    }
    trainer->unflushed = 0;
    return cbx_cl_check(clFlush(trainer->device->queue), "submitting work");
}

/* Launches `count` batches; the last becomes the pending one. */
static cbx_status launch(cbx_trainer *trainer, const cbx_batch *batch, uint32_t count) {
    cbx_status status = trainer->device->family == CBX_FAMILY_CPU
                            ? cbx_train_cpu_batches(trainer, batch, count)
                            : cbx_train_gpu_batch(trainer, batch);
    trainer->pending = *batch;
    trainer->pending.first += (count - 1) * batch->rows;
    trainer->pending.number += count - 1;
    return status ? status : submit(trainer);
}

cbx_status cbx_trainer_step_drawing(cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number, const cbx_canvas *canvas) {
    cbx_batch batch = {.first = first, .rows = rows, .rates = rates, .number = (uint32_t)number};
    cbx_status status = check_rows(trainer, first, rows, rows);
    if (status) {
        return status;
    }
    if (canvas) {
        batch.has_canvas = 1;
        batch.canvas = *canvas;
    }
    if (trainer->settings.schedule == CBX_SCHEDULE_FUSED) {
        return launch(trainer, &batch, 1);
    }
    status = cbx_stepwise_batch(trainer, &batch);
    return status ? status : submit(trainer);
}

cbx_status cbx_trainer_step(cbx_trainer *trainer, uint32_t first, uint32_t rows, cbx_rates rates,
                            uint64_t batch) {
    return cbx_trainer_step_drawing(trainer, first, rows, rates, batch, NULL);
}

int cbx_trainer_draws_apart(const cbx_trainer *trainer, uint32_t scale) {
    return trainer->settings.schedule != CBX_SCHEDULE_FUSED || scale != 1 ||
           trainer->device->family != CBX_FAMILY_CPU;
}

/* Whether what a work-group of train_cpu wrote is there for another one that sees, within the
 * launch, that it is done. OpenCL 1.2 promises that for no fence. Processors of the x86 kind
 * show every core's stores to the others in order, so there it is enough that the compiler
 * keeps its own order, to which fences and atomics bind it. A processor whose memory is the
 * host's is the host's own, whose kind is known here. */
static int keeps_order(const cbx_device *device) {
#if defined(__x86_64__) || defined(__i386__)
    return device->shares_memory;
#else
    (void)device;
    return 0;
#endif
}

uint32_t cbx_trainer_batches_per_launch(const cbx_trainer *trainer) {
    enum { MOST = 64, ON_TRIAL = 16 };
    const cbx_crowd *crowd = &trainer->crowd;
    const int asked = crowd->reading && !crowd->trusted; /* one launch on trial at a time */
    if (trainer->settings.schedule != CBX_SCHEDULE_FUSED ||
        trainer->device->family != CBX_FAMILY_CPU || !keeps_order(trainer->device) ||
        crowd->singly > 0 || asked) {
        return 1;
    }
    /* Some 20 ms at 100 GFLOP/s a unit: long beside the time that a sleeping thread takes
     * to wake up at the start of a launch, short for a person. */
    const double work = 4.0 * trainer->settings.batch * CBX_W1_ROWS * trainer->settings.hidden;
    const double fits = 20e-3 * 100e9 * trainer->groups / work;
    const double most = crowd->trusted ? MOST : ON_TRIAL;
    return (uint32_t)fmax(1.0, fmin(fits, most));
}

cbx_status cbx_trainer_steps(cbx_trainer *trainer, uint32_t first, uint32_t count, cbx_rates rates,
                             uint64_t number) {
    const uint32_t rows = trainer->settings.batch;
    cbx_status status = check_rows(trainer, first, (uint64_t)count * rows, rows);
    while (!status && count > 0) {
        const uint32_t most = cbx_trainer_batches_per_launch(trainer);
        const cbx_batch batch = {
            .first = first, .rows = rows, .rates = rates, .number = (uint32_t)number};
        /* A picture shows the weights after one batch: it must end a launch's first stage. */
        uint32_t n = trainer->pending.has_canvas ? 1 : count < most ? count : most;
        status = most == 1 ? cbx_trainer_step(trainer, first, rows, rates, number)
                           : launch(trainer, &batch, n);
        n = most == 1 ? 1 : n;
        first += n * rows;
        number += n;
        count -= n;
    }
    return status;
}

cbx_status cbx_trainer_check(cbx_trainer *trainer) {
    uint32_t fault = CBX_NO_FAULT;
    cbx_status status = cbx_trainer_flush(trainer);
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, trainer->fault, CL_TRUE,
                                                  0, sizeof fault, &fault, 0, NULL, NULL),
                              "training");
    }
    if (!status && fault != CBX_NO_FAULT) {
        status = cbx_fail(CBX_DIVERGED,
                          "the loss is no longer finite since batch %u; choose a smaller "
                          "learning rate",
                          fault);
    }
    return status;
}
