/* SPDX-License-Identifier: MIT */
#include "network/schedule.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/crew.h"
#include "network/sight.h"
#include "network/trainer_buffers.h"

/* Those of the way to train and no others: what it does not use need not run here. */
static cbx_status create_kernels(cbx_device *device, const char *const *names, size_t most,
                                 cl_kernel *out) {
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < most && names[i] && !status; i++) {
        status = cbx_kernel_create(device, names[i], &out[i]);
        if (!status) {
            status = cbx_kernel_check_group(device, out[i], names[i]);
        }
    }
    return status;
}

static cbx_status create_all_kernels(cbx_trainer *trainer) {
    const cbx_way *way = trainer->way;
    cbx_status status =
        create_kernels(trainer->device, way->ops->kernels, CBX_MOST_KERNELS, trainer->kernels);
    return status ? status
                  : create_kernels(trainer->device, way->evaluator->kernels, CBX_EVALUATION_KERNELS,
                                   trainer->evaluation);
}

static void release_kernels(cl_kernel *kernels, size_t most) {
    for (size_t i = 0; i < most; i++) {
        cbx_kernel_release(kernels[i]);
    }
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

cbx_status cbx_trainer_check_devices(uint32_t hidden, uint32_t devices) {
    const uint32_t needed = (hidden + CBX_MOST_OWNED - 1) / CBX_MOST_OWNED;
    return devices >= needed
               ? CBX_OK
               : cbx_fail(CBX_TOO_LARGE,
                          "a device trains at most %u neurons: %u of them take %u devices, not %u",
                          CBX_MOST_OWNED, hidden, needed, devices);
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

static cbx_status check_share(const cbx_share *share, uint32_t hidden,
                              const cbx_exchange *exchange) {
    const uint64_t end = (uint64_t)share->first + share->count;
    const cbx_span is = {share->first / CBX_PANEL, CBX_PANELS_OF(share->count)};
    const cbx_span *owned = exchange->ranks > 1 ? &exchange->owned[exchange->rank] : &is;
    return share->first % CBX_PANEL == 0 && owned->first == is.first && owned->count == is.count &&
                   (end == hidden || (end < hidden && end % CBX_PANEL == 0))
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT,
                          "%u neurons from %u on are no share of %u: whole panels of %d are",
                          share->count, share->first, hidden, CBX_PANEL);
}

cbx_status cbx_trainer_sketch(cbx_trainer **out, cbx_device *device, const cbx_dataset *dataset,
                              const cbx_trainer_settings *settings, const cbx_division *wished) {
    const cbx_share all = {0, settings->hidden};
    const cbx_share share = wished->share.count > 0 ? wished->share : all;
    const cbx_exchange *exchange = wished->exchange ? wished->exchange : &cbx_exchange_alone;
    const cbx_way *way = NULL;
    *out = NULL;
    cbx_status status = cbx_trainer_check_settings(settings);
    if (!status) {
        status = check_share(&share, settings->hidden, exchange);
    }
    if (!status) {
        status = cbx_trainer_check_devices(share.count, 1);
    }
    if (!status) {
        status = cbx_way_find(
            &way, cbx_schedule_choose(settings->schedule, device->family, dataset), device);
    }
    if (!status) {
        status = cbx_new(out, 1);
    }
    if (status) {
        return status;
    }
    (*out)->device = device;
    (*out)->settings = *settings;
    (*out)->share = share;
    (*out)->way = way;
    status = cbx_allocate(&(*out)->own, 1, way->ops->own_bytes);
    (*out)->meeting = cbx_meeting_open(exchange, CBX_PANELS_OF(settings->hidden));
    if (!status) {
        (*out)->links = wished->links;
        cbx_trainer_plan(*out, dataset, wished);
    }
    return status;
}

static const cbx_division no_wishes;

cbx_status cbx_trainer_create(cbx_trainer **out, cbx_device *device, const cbx_dataset *dataset,
                              const cbx_trainer_settings *settings) {
    return cbx_trainer_create_with(out, device, dataset, settings, &no_wishes);
}

cbx_status cbx_trainer_create_with(cbx_trainer **out, cbx_device *device,
                                   const cbx_dataset *dataset, const cbx_trainer_settings *settings,
                                   const cbx_division *wished) {
    cbx_status status = cbx_trainer_sketch(out, device, dataset, settings, wished);
    if (!status) {
        status = create_all_kernels(*out);
    }
    if (!status && (*out)->way->ops->open) {
        status = (*out)->way->ops->open(*out);
    }
    if (!status) {
        status = cbx_trainer_take_buffers(*out, dataset);
    }
    if (status) {
        cbx_trainer_destroy(*out);
        *out = NULL;
        return status;
    }
    (*out)->has_followers = cbx_crew_leads(*out);
    return CBX_OK;
}

cbx_status cbx_trainer_bytes(uint64_t *out, cbx_device *device, const cbx_dataset *dataset,
                             const cbx_trainer_settings *settings) {
    cbx_trainer *trainer;
    cbx_status status = cbx_trainer_sketch(&trainer, device, dataset, settings, &no_wishes);
    *out = status ? 0 : cbx_trainer_sum_buffers(trainer);
    cbx_trainer_destroy(trainer);
    return status;
}

void cbx_trainer_destroy(cbx_trainer *trainer) {
    if (!trainer) {
        return;
    }
    if (trainer->has_followers) {
        cbx_crew_end(trainer);
    }
    cbx_buffer_release(trainer->whole_w1);
    cbx_sight_clear(trainer);
    clFinish(trainer->device->queue);
    if (trainer->own && trainer->way->ops->close) {
        trainer->way->ops->close(trainer);
    }
    cbx_trainer_release_buffers(trainer);
    release_kernels(trainer->kernels, CBX_MOST_KERNELS);
    release_kernels(trainer->evaluation, CBX_EVALUATION_KERNELS);
    cbx_meeting_clear(&trainer->meeting);
    free(trainer->kept_of_others);
    free(trainer->own);
    free(trainer);
}

cl_mem cbx_trainer_w1(const cbx_trainer *trainer) {
    return cbx_crew_leads(trainer) ? trainer->whole_w1 : trainer->w1;
}

int cbx_trainer_leads(const cbx_trainer *trainer) {
    return cbx_crew_leads(trainer);
}

cl_mem cbx_trainer_loss_buffer(const cbx_trainer *trainer) {
    return trainer->losses;
}

void cbx_trainer_keep_losses(cbx_trainer *trainer) {
    trainer->keeps_losses = 1;
}

int cbx_trainer_keeps_losses(const cbx_trainer *trainer) {
    return trainer->keeps_losses;
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

cbx_status cbx_trainer_losses(cbx_trainer *trainer, uint32_t first, uint32_t count, float *losses) {
    if (!trainer->keeps_losses) {
        return cbx_fail(CBX_BAD_ARGUMENT, "the trainer was not asked to keep losses");
    }
    if ((uint64_t)first + count > trainer->order_rows) {
        return cbx_fail(
            CBX_BAD_ARGUMENT,
            "rows %u…%llu, whose losses are asked for, are not all of this epoch's %u rows", first,
            (unsigned long long)first + count, trainer->order_rows);
    }
    cbx_status status = cbx_trainer_flush(trainer);
    return status || count == 0
               ? status
               : cbx_cl_check(clEnqueueReadBuffer(trainer->device->queue, trainer->losses, CL_TRUE,
                                                  first * sizeof *losses, count * sizeof *losses,
                                                  losses, 0, NULL, NULL),
                              "reading the losses of an epoch");
}
