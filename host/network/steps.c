/* SPDX-License-Identifier: MIT */
/* Batches on their way through a trainer: given, launched, exchanged, shown. */
#include "base/error.h"
#include "network/crew.h"
#include "network/launch.h"
#include "network/sight.h"
#include "network/watch.h"

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
    return !status && shown ? cbx_sight_show(trainer) : status;
}

cbx_status cbx_trainer_gather_w1(cbx_trainer *trainer) {
    cbx_status status = cbx_trainer_flush(trainer);
    if (status || !cbx_crew_leads(trainer)) {
        return status;
    }
    status =
        cbx_crew_tell(trainer, &(cbx_command){.word = CBX_ASK_W1, .rows = CBX_W1_ROWS}, NULL, 0);
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

static cbx_status prepare(void *user) {
    cbx_trainer *trainer = user;
    const cbx_schedule_ops *ops = trainer->way->ops;
    return ops->prepare && trainer->ahead > 0 ? ops->prepare(trainer) : CBX_OK;
}

/* What the exchange begins with: the shares of all chunks, or where they are many, the sums that the device makes of
 * them; in the place of the evaluation's outputs, where there is room for so many rows. */
static cbx_status add_shares(cbx_trainer *trainer, const cbx_sums *shares, cbx_sums *out) {
    const cbx_evaluator *evaluator = trainer->way->evaluator;
    const uint32_t rows = shares->rows;
    *out = *shares;
    if (!evaluator->add_shares || trainer->meeting.exchange.ranks == 1 ||
        trainer->chunks == trainer->node_count || rows > trainer->judged) {
        return CBX_OK;
    }
    *out = (cbx_sums){
        .buffer = trainer->outputs, .shares = trainer->node_count, .stride = rows, .rows = rows};
    return evaluator->add_shares(trainer, shares->buffer, (uint32_t)shares->first,
                                 trainer->stride / CBX_ROW_BLOCK, rows);
}

/* What is pending finishes with the sums over all owners. */
static cbx_status exchange(cbx_trainer *trainer) {
    const cbx_sums shares = {.buffer = trainer->sums,
                             .first = (size_t)trainer->parity * (trainer->chunks + 1),
                             .shares = trainer->chunks,
                             .stride = trainer->stride,
                             .rows = trainer->pending.rows,
                             .share_panels = trainer->chunk_panels};
    cbx_meanwhile meanwhile = {prepare, trainer, 0.0};
    cbx_sums sums;
    if (shares.rows == 0) {
        return CBX_OK;
    }
    cbx_status status = add_shares(trainer, &shares, &sums);
    if (!status) {
        status = cbx_exchange_sums(&trainer->meeting, trainer->device, &sums, &shares, &meanwhile);
    }
    if (!status) {
        cbx_watch_exchange(trainer->watch, trainer->pending.number, shares.rows);
    }
    return status;
}

static cbx_status run(cbx_trainer *trainer, const cbx_batch *first, uint32_t count) {
    int shown = is_shown(trainer, &trainer->pending);
    cbx_status status = launch(trainer, first, count);
    trainer->ahead -= count;
    if (!status) {
        status = exchange(trainer);
    }
    if (!status && trainer->pending.rows == 0) { /* the batch is finished already */
        shown = is_shown(trainer, first);
    }
    if (!status && shown) {
        status = cbx_sight_show(trainer);
    }
    return status ? status : submit(trainer);
}

cbx_status cbx_trainer_redraw(cbx_trainer *trainer, const cbx_easel *easel) {
    return cbx_crew_leads(trainer) ? cbx_sight_draw(trainer, easel)
                                   : cbx_easel_draw(easel, trainer->w1);
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

static cbx_status tell_batches(cbx_trainer *trainer, const cbx_batch *first, uint32_t count,
                               uint64_t number, uint32_t every) {
    const cbx_command command = {.word = CBX_TELL_BATCHES,
                                 .first = first->first,
                                 .rows = first->rows,
                                 .count = count,
                                 .every = every,
                                 .rates = first->rates,
                                 .number = number};
    const cbx_status status = cbx_sight_tell(trainer);
    return status ? status : cbx_crew_tell(trainer, &command, NULL, 0);
}

static cbx_status step(cbx_trainer *trainer, uint32_t first, uint32_t rows, cbx_rates rates,
                       uint64_t number, uint32_t every) {
    const cbx_batch batch = batch_of(first, rows, rates, number, every);
    cbx_status status = check_rows(trainer, first, rows, rows);
    if (!status) {
        status = tell_batches(trainer, &batch, 1, number, every);
    }
    trainer->ahead = 1;
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
    trainer->ahead = count;
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
