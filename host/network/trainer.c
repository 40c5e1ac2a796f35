/* SPDX-License-Identifier: MIT */
#include "network/schedule.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/crew.h"
#include "network/launch.h"
#include "network/trainer_buffers.h"
#include "network/watch.h"

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
    if (!status) {
        status = cbx_meeting_open(&(*out)->meeting, exchange, CBX_PANELS_OF(settings->hidden));
    }
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
    if (!status) {
        status = cbx_crew_open(*out);
    }
    if (status) {
        cbx_trainer_destroy(*out);
        *out = NULL;
    }
    return status;
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
    cbx_crew_end(trainer);
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
    return trainer->whole_w1 ? trainer->whole_w1 : trainer->w1;
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

static cbx_status launch(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    cbx_status status = cbx_watch_before(trainer->watch, first, count);
    if (!status) {
        status = trainer->way->ops->run(trainer, first, count);
    }
    return status ? status : cbx_watch_after(trainer->watch, first, count);
}

/* Whether a picture is due of the batch that the next launch finishes, which a crew shows. */
static int is_shown(const cbx_trainer *trainer, const cbx_batch *batch) {
    return trainer->links && batch->rows > 0 && cbx_pictures_due(batch, 1) > 0;
}

cbx_status cbx_trainer_flush(cbx_trainer *trainer) {
    const int shown = is_shown(trainer, &trainer->pending);
    if (trainer->pending.rows == 0) {
        return CBX_OK;
    }
    cbx_status status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_TELL_FLUSH}, NULL, 0);
    if (!status) {
        status = launch(trainer, NULL, 0);
    }
    return !status && shown ? cbx_crew_show(trainer) : status;
}

cbx_status cbx_trainer_gather_w1(cbx_trainer *trainer) {
    cbx_status status = cbx_trainer_flush(trainer);
    if (status || !cbx_crew_leads(trainer)) {
        return status;
    }
    status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_ASK_W1}, NULL, 0);
    return status ? status : cbx_crew_collect_w1(trainer);
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
    if (!status) {
        status = cbx_crew_tell(trainer, &(cbx_command){.word = CBX_TELL_ORDER, .count = count},
                               order, count * sizeof *order);
    }
    if (status) {
        return status;
    }
    trainer->order_rows = count;
    trainer->orders++;
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

/* What is pending finishes with the sums over all owners. */
static cbx_status exchange(cbx_trainer *trainer) {
    const cbx_sums sums = {.buffer = trainer->sums,
                           .first = (size_t)trainer->parity * (trainer->chunks + 1),
                           .shares = trainer->chunks,
                           .stride = trainer->stride,
                           .rows = trainer->pending.rows,
                           .share_panels = trainer->chunk_panels};
    cbx_status status = CBX_OK;
    if (sums.rows > 0) {
        status = cbx_exchange_sums(&trainer->meeting, trainer->device, &sums);
        cbx_watch_exchange(trainer->watch, trainer->pending.number, sums.rows);
    }
    return status;
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    int shown = is_shown(trainer, &trainer->pending);
    cbx_status status = launch(trainer, first, count);
    if (!status) {
        status = exchange(trainer);
    }
    if (!status && trainer->pending.rows == 0) { /* the batch is finished already */
        shown = is_shown(trainer, first);
    }
    if (!status && shown) {
        status = cbx_crew_show(trainer);
    }
    return status ? status : submit(trainer);
}

void cbx_trainer_draw_on(cbx_trainer *trainer, const cbx_easel *easel) {
    *(trainer->links ? &trainer->shown : &trainer->easel) = easel;
}

/* Batches of any size, `every` as for cbx_trainer_steps_drawing(). */
static cbx_batch batch_of(uint32_t first, uint32_t rows, cbx_rates rates, uint64_t number,
                          uint32_t every) {
    return (cbx_batch){.first = first,
                       .rows = rows,
                       .rates = rates,
                       .number = (uint32_t)number,
                       .draw_next = every > 0 ? every - (uint32_t)(number % every) : 0,
                       .draw_every = every};
}

/* How often a picture is due of batches that a leader tells others of. */
static uint32_t shown_every(const cbx_trainer *trainer, uint32_t every) {
    return cbx_crew_leads(trainer) && !trainer->shown ? 0 : every;
}

static cbx_status tell_batches(const cbx_trainer *trainer, const cbx_batch *first, uint32_t count,
                               uint64_t number, uint32_t every) {
    const cbx_command command = {.word = CBX_TELL_BATCHES,
                                 .first = first->first,
                                 .rows = first->rows,
                                 .count = count,
                                 .every = every,
                                 .rates = first->rates,
                                 .number = number};
    return cbx_crew_tell(trainer, &command, NULL, 0);
}

static cbx_status step(cbx_trainer *trainer, uint32_t first, uint32_t rows, cbx_rates rates,
                       uint64_t number, uint32_t every) {
    const cbx_batch batch = batch_of(first, rows, rates, number, every);
    cbx_status status = check_rows(trainer, first, rows, rows);
    if (!status) {
        status = tell_batches(trainer, &batch, 1, number, every);
    }
    return status ? status : run(trainer, &batch, 1);
}

cbx_status cbx_trainer_step_drawing(cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number) {
    return step(trainer, first, rows, rates, number, shown_every(trainer, 1));
}

cbx_status cbx_trainer_step(cbx_trainer *trainer, uint32_t first, uint32_t rows, cbx_rates rates,
                            uint64_t number) {
    return step(trainer, first, rows, rates, number, 0);
}

int cbx_trainer_draws_apart(const cbx_trainer *trainer, uint32_t scale) {
    return trainer->links || scale == 0 || trainer->way->ops->draws_scale != scale;
}

uint32_t cbx_trainer_batches_per_launch(const cbx_trainer *trainer) {
    const cbx_schedule_ops *ops = trainer->way->ops;
    const int alone = trainer->meeting.exchange.ranks == 1;
    return alone && ops->batches_per_launch ? ops->batches_per_launch(trainer) : 1;
}

/* How many of `count` batches one launch may start. Pictures that are drawn apart show the weights
 * at a launch's end, where the last batch is pending: then no other may be finished in it. */
static uint32_t fitting(const cbx_trainer *trainer, const cbx_batch *batch, uint32_t count) {
    const cbx_easel *easel = trainer->easel;
    const int within =
        easel && !cbx_trainer_draws_apart(trainer, cbx_painter_plain_scale(easel->painter));
    const uint32_t room = within ? easel->room(easel->user) : 0;
    const uint32_t launch = cbx_trainer_batches_per_launch(trainer);
    const uint32_t most =
        cbx_watch_cut(trainer->watch, batch->number, count < launch ? count : launch);
    uint32_t fits = 1;
    while (fits < most && cbx_launch_pictures(trainer, batch, fits + 1) <= room) {
        fits++;
    }
    return fits;
}

cbx_status cbx_trainer_steps_drawing(cbx_trainer *trainer, uint32_t first, uint32_t count,
                                     cbx_rates rates, uint64_t number, uint32_t every) {
    const uint32_t rows = trainer->settings.batch;
    cbx_status status = check_rows(trainer, first, (uint64_t)count * rows, rows);
    every = shown_every(trainer, every);
    if (!status && count > 0) {
        const cbx_batch batch = batch_of(first, rows, rates, number, every);
        status = tell_batches(trainer, &batch, count, number, every);
    }
    while (!status && count > 0) {
        const cbx_batch batch = batch_of(first, rows, rates, number, every);
        const uint32_t n = fitting(trainer, &batch, count);
        status = run(trainer, &batch, n);
        first += n * rows;
        number += n;
        count -= n;
    }
    return status;
}

cbx_status cbx_trainer_steps(cbx_trainer *trainer, uint32_t first, uint32_t count, cbx_rates rates,
                             uint64_t number) {
    return cbx_trainer_steps_drawing(trainer, first, count, rates, number, 0);
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
