/* SPDX-License-Identifier: MIT */
/* Training, evaluation and drawing, each against the device's peak. */
#include <string.h>

#include "base/clock.h"
#include "bench/meter.h"
#include "bench/peak.h"
#include "bench/statistics.h"
#include "network/trainer.h"

/* Work between two questions whether to stop: short for a person, long beside the wait
 * for the device that comes with it. */
#define BLOCK_SECONDS 0.25

/* A network under measurement. */
typedef struct subject {
    cbx_bench *bench;
    const cbx_bench_settings *settings;
    cbx_trainer *trainer;
    uint32_t images; /* of an epoch */
    cbx_rates rates;
    uint32_t epochs; /* of a repetition; 0: `batches` of an epoch instead */
    uint32_t batches;
    uint32_t block;     /* batches that take about BLOCK_SECONDS */
    uint32_t waiting;   /* batches enqueued since this thread last waited */
    uint64_t evaluated; /* images */
    cbx_painter painter;
    cl_mem luma;
    uint32_t frames; /* of a repetition */
} subject;

/* ---- training ---- */

/* Waits for what is enqueued, and asks whether to stop. */
static cbx_status pause(subject *on) {
    on->waiting = 0;
    cbx_status status = cbx_trainer_check(on->trainer);
    return status ? status : cbx_meter_ask(&on->settings->stop);
}

/* Enqueues the first `count` batches of an epoch, a block at a time. */
static cbx_status run_batches(subject *on, uint32_t count) {
    cbx_status status = CBX_OK;
    for (uint32_t first = 0; first < count && !status;) {
        if (on->waiting >= on->block) {
            status = pause(on);
            continue;
        }
        const uint32_t room = on->block - on->waiting, left = count - first;
        const uint32_t now = left < room ? left : room;
        status = cbx_trainer_steps(on->trainer, first * on->settings->batch, now, on->rates, first);
        first += now;
        on->waiting += now;
    }
    return status;
}

static cbx_status run_epoch(subject *on) {
    const uint32_t batch = on->settings->batch, whole = on->images / batch;
    cbx_status status = run_batches(on, whole);
    if (!status && on->images % batch) {
        status = cbx_trainer_step(on->trainer, whole * batch, on->images % batch, on->rates, whole);
    }
    return status;
}

static cbx_status train(void *user, double *seconds) {
    subject *on = user;
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    for (uint32_t epoch = 0; epoch < on->epochs && !status; epoch++) {
        status = run_epoch(on);
    }
    if (!status && !on->epochs) {
        status = run_batches(on, on->batches);
    }
    if (!status) {
        status = pause(on);
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

/* How many things of `each` seconds fit into `seconds`: 1 … most. */
static uint32_t fitting(double seconds, double each, uint32_t most) {
    const double fits = each > 0.0 ? seconds / each : most;
    return fits < 1.0 ? 1 : fits < most ? (uint32_t)fits : most;
}

/* Warms up, and decides how much fits into a repetition. */
static cbx_status plan_training(subject *on) {
    const uint32_t all = on->images / on->settings->batch;
    const double wanted = on->settings->seconds / on->settings->repetitions;
    const cbx_task task = {train, on, 0.0};
    double took = 0.0;
    on->block = on->batches = 1;
    /* Twice, for what is compiled or mapped when it is first used. */
    cbx_status status = train(on, &took);
    status = status ? status : train(on, &took);
    const uint32_t few = 2 * cbx_trainer_batches_per_launch(on->trainer);
    const uint32_t most = fitting(wanted, took, all);
    on->batches = few < most ? few : most;
    on->block = fitting(BLOCK_SECONDS, took, UINT32_MAX / 2);
    status = status ? status : train(on, &took);
    status = status ? status : cbx_meter_grow(&task, &on->batches, all, wanted, &took);
    const double each = took / on->batches;
    const double epoch = each * on->images / on->settings->batch;
    on->block = fitting(BLOCK_SECONDS, each, UINT32_MAX / 2);
    if (epoch <= wanted) {
        on->epochs = fitting(wanted, epoch, 1000000u);
    } else {
        on->batches = fitting(wanted, each, all);
    }
    return status;
}

static cbx_status measure_training(subject *on, cbx_bench_training *out) {
    cbx_rating rating;
    cbx_status status = plan_training(on);
    if (status) {
        return status;
    }
    const uint64_t images = on->epochs ? (uint64_t)on->epochs * on->images
                                       : (uint64_t)on->batches * on->settings->batch;
    const cbx_task task = {train, on, cbx_train_flop(on->settings, images)};
    status =
        cbx_meter_rate(on->bench, &task, on->settings->repetitions, &on->settings->stop, &rating);
    if (!status) {
        cbx_training_fill(out, on->settings, &rating, images, on->images, on->bench->bandwidth);
    }
    return status;
}

/* ---- evaluation ---- */

static cbx_status evaluate(void *user, double *seconds) {
    subject *on = user;
    static const cbx_part parts[] = {CBX_VALIDATION, CBX_TRAIN};
    uint64_t done = 0;
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    for (size_t i = 0; i < 2 && done < on->evaluated && !status; i++) {
        cbx_evaluation found = {0};
        status = cbx_trainer_evaluate(on->trainer, parts[i], &found);
        done += found.images;
        status = status ? status : cbx_meter_ask(&on->settings->stop);
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

/* ---- drawing ---- */

static cbx_status draw(void *user, double *seconds) {
    subject *on = user;
    const cbx_canvas canvas = {.luma = on->luma};
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    for (uint32_t i = 0; i < on->frames && !status; i++) {
        status = cbx_painter_luma(&on->painter, cbx_trainer_w1(on->trainer), &canvas, NULL);
    }
    if (!status) {
        status = cbx_cl_check(clFinish(on->bench->device->queue), "drawing");
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status plan_drawing(subject *on) {
    const cbx_task task = {draw, on, 0.0};
    cbx_grid grid;
    double took = 0.0;
    cbx_status status = cbx_grid_lay_out(&grid, on->settings->hidden, 1);
    if (!status) {
        status = cbx_painter_init(&on->painter, on->bench->device, &grid, CBX_TONE_PEAK);
    }
    if (!status) {
        status = cbx_buffer_create(on->bench->device, CL_MEM_READ_WRITE,
                                   (uint64_t)grid.width * grid.height, "a frame", &on->luma);
    }
    on->frames = 1;
    if (!status) {
        status = draw(on, &took);
    }
    return status ? status
                  : cbx_meter_grow(&task, &on->frames, 1u << 20, on->settings->seconds, &took);
}

static cbx_status measure_drawing(subject *on, cbx_bench_training *out) {
    const cbx_task task = {draw, on, 0.0};
    cbx_rating rating;
    cbx_status status = plan_drawing(on);
    if (!status) {
        status =
            cbx_meter_rate(NULL, &task, on->settings->repetitions, &on->settings->stop, &rating);
    }
    if (!status) {
        out->frames_per_second = cbx_spread_rate(on->frames, &rating.seconds);
    }
    return status;
}

/* ---- all of it ---- */

cbx_status cbx_bench_train(cbx_bench *bench, const cbx_bench_settings *settings,
                           cbx_bench_training *out) {
    subject on = {.bench = bench, .settings = settings};
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_meter_check(settings, bench->dataset);
    on.images = (uint32_t)cbx_dataset_images(bench->dataset, CBX_TRAIN).count;
    on.rates = cbx_bench_rates(settings);
    status = status ? status : cbx_meter_trainer(bench, settings, &on.trainer);
    if (!status) {
        status = measure_training(&on, out);
    }
    if (!status) {
        const cbx_task task = {evaluate, &on, 0.0};
        status = cbx_meter_evaluation(bench, settings, bench->dataset, task, &on.evaluated, out);
    }
    if (!status) {
        status = measure_drawing(&on, out);
    }
    cbx_painter_clear(&on.painter);
    cbx_buffer_release(on.luma);
    cbx_trainer_destroy(on.trainer);
    return status;
}
