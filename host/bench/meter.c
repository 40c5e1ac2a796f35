/* SPDX-License-Identifier: MIT */
#include "bench/meter.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "bench/peak.h"
#include "bench/statistics.h"
#include "data/sampler.h"
#include "network/trainer.h"

/* Shorter measurements say nothing. */
static const double least_seconds = 0.02;

void cbx_bench_defaults(cbx_bench_settings *settings) {
    memset(settings, 0, sizeof *settings);
    settings->hidden = 64;
    settings->batch = 64;
    settings->recipe = CBX_RECIPE_LESSON;
    settings->schedule = CBX_SCHEDULE_AUTO;
    settings->repetitions = 5;
    settings->seconds = 3.0;
}

cbx_status cbx_bench_check(const cbx_bench_settings *settings) {
    if (settings->repetitions < 1 || settings->repetitions > CBX_BENCH_MOST_REPETITIONS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a measurement has 1 to %u repetitions, not %u",
                        CBX_BENCH_MOST_REPETITIONS, settings->repetitions);
    }
    if (!(settings->seconds > 0.0 && settings->seconds <= 86400.0)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a measurement lasts up to a day, not %g seconds",
                        settings->seconds);
    }
    return cbx_trainer_check_sizes(settings->hidden, settings->batch);
}

cbx_status cbx_meter_ask(const cbx_bench_stop *stop) {
    return stop && stop->asked && stop->asked(stop->user)
               ? cbx_fail(CBX_INTERRUPTED, "stopped in the middle of a measurement")
               : CBX_OK;
}

cbx_status cbx_meter_rate(cbx_bench *bench, const cbx_task *task, uint32_t repetitions,
                          const cbx_bench_stop *stop, cbx_rating *out) {
    double *values = NULL;
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_new(&values, 4 * (size_t)repetitions + 1);
    double *seconds = values, *shares = values + repetitions, *busy = shares + repetitions;
    double *peaks = busy + repetitions;
    if (!status && bench) {
        status = cbx_meter_peak(bench, &peaks[0]);
    }
    for (uint32_t i = 0; i < repetitions && !status; i++) {
        const double before = cbx_clock_process_seconds();
        status = cbx_meter_ask(stop);
        status = status ? status : task->run(task->user, &seconds[i]);
        busy[i] = cbx_clock_process_seconds() - before;
        if (!status && bench) {
            status = cbx_meter_peak(bench, &peaks[i + 1]);
            const double peak = peaks[i] > peaks[i + 1] ? peaks[i] : peaks[i + 1];
            shares[i] = status ? 0.0 : task->flop / seconds[i] / peak;
        }
    }
    if (!status) {
        out->seconds = cbx_spread_of(seconds, repetitions);
        out->processor_seconds = cbx_spread_of(busy, repetitions).median;
    }
    if (!status && bench) {
        out->peak = cbx_spread_of(peaks, (size_t)repetitions + 1);
        out->share = cbx_spread_of(shares, repetitions).median;
        out->best_share = task->flop / out->seconds.least / out->peak.most;
    }
    free(values);
    return status;
}

cbx_status cbx_meter_grow(const cbx_task *task, uint32_t *count, uint32_t most, double wanted,
                          double *took) {
    cbx_status status = task->run(task->user, took);
    while (!status && *took < least_seconds && *took < wanted && *count < most) {
        const uint64_t more = cbx_meter_scale(*count, *took, 2.0 * least_seconds);
        *count = more > most ? most : (uint32_t)more;
        status = task->run(task->user, took);
    }
    return status;
}

cbx_status cbx_meter_check(const cbx_bench_settings *settings, const cbx_dataset *dataset) {
    const size_t images = cbx_dataset_images(dataset, CBX_TRAIN).count;
    cbx_status status = cbx_bench_check(settings);
    if (!status && settings->batch > images) {
        status = cbx_fail(CBX_BAD_ARGUMENT, "a batch of %u rows, but only %zu training images",
                          settings->batch, images);
    }
    return status;
}

cbx_status cbx_meter_begin(uint32_t hidden, uint32_t images, cbx_network **network,
                           uint32_t **order) {
    cbx_random random;
    cbx_status status = cbx_network_create(network, hidden);
    if (!status) {
        cbx_network_randomise(*network, 0);
        status = cbx_new(order, images);
    }
    if (!status) {
        cbx_random_seed(&random, 0, CBX_STREAM_ORDER);
        cbx_sampler_shuffle(&random, *order, images);
    }
    return status;
}

cbx_status cbx_meter_trainer(cbx_bench *bench, const cbx_bench_settings *settings,
                             cbx_trainer **out) {
    const cbx_trainer_settings wanted = {settings->hidden, settings->batch, settings->recipe,
                                         settings->schedule};
    const uint32_t images = (uint32_t)cbx_dataset_images(bench->dataset, CBX_TRAIN).count;
    cbx_network *network = NULL;
    uint32_t *order = NULL;
    cbx_status status = cbx_trainer_create(out, bench->device, bench->dataset, &wanted);
    if (!status) {
        status = cbx_meter_begin(settings->hidden, images, &network, &order);
    }
    if (!status) {
        status = cbx_trainer_set_weights(*out, network);
    }
    if (!status) {
        status = cbx_trainer_set_order(*out, order, images);
    }
    cbx_network_destroy(network);
    free(order);
    return status;
}

cbx_status cbx_meter_evaluation(cbx_bench *bench, const cbx_bench_settings *settings,
                                const cbx_dataset *dataset, cbx_task task, uint64_t *images,
                                cbx_bench_training *out) {
    const double wanted = settings->seconds / settings->repetitions;
    const uint64_t few = cbx_dataset_images(dataset, CBX_VALIDATION).count;
    const uint64_t all = few + cbx_dataset_images(dataset, CBX_TRAIN).count;
    cbx_rating rating;
    double took = 0.0;
    *images = few;
    cbx_status status = task.run(task.user, &took); /* a kernel's first run */
    status = status ? status : task.run(task.user, &took);
    if (status) {
        return status;
    }
    *images = took / (double)few * (double)all <= wanted ? all : few;
    task.flop = cbx_evaluate_flop(settings, *images);
    const uint32_t repetitions = took > 2.0 * wanted ? 1 : settings->repetitions;
    status = cbx_meter_rate(bench, &task, repetitions, &settings->stop, &rating);
    if (!status) {
        out->evaluated_images = *images;
        out->evaluate_seconds = rating.seconds;
        out->evaluate_flops = task.flop / rating.seconds.median;
        out->evaluate_share_of_peak = rating.share;
    }
    return status;
}

double cbx_train_flop(const cbx_bench_settings *settings, uint64_t images) {
    return 2.0 * (double)images * settings->hidden * (2.0 * CBX_W1_ROWS + 3.0 * CBX_CLASSES);
}

double cbx_evaluate_flop(const cbx_bench_settings *settings, uint64_t images) {
    return 2.0 * (double)images * settings->hidden * (CBX_W1_ROWS + CBX_CLASSES);
}

double cbx_batch_bytes(const cbx_bench_settings *settings) {
    return 4.0 *
           (2.0 * CBX_W1_ROWS * settings->hidden + (double)CBX_IMAGE_PIXELS * settings->batch);
}

void cbx_training_fill(cbx_bench_training *out, const cbx_bench_settings *settings,
                       const cbx_rating *rating, uint64_t images, uint64_t images_an_epoch,
                       double bandwidth) {
    const double epochs = (double)images / (double)images_an_epoch;
    const double flop = cbx_train_flop(settings, images);
    out->images = images;
    out->whole_epochs = images % images_an_epoch == 0;
    out->epoch_seconds.median = rating->seconds.median / epochs;
    out->epoch_seconds.least = rating->seconds.least / epochs;
    out->epoch_seconds.most = rating->seconds.most / epochs;
    out->epochs_per_second = 1.0 / out->epoch_seconds.median;
    out->images_per_second = (double)images / rating->seconds.median;
    out->batch_flop = cbx_train_flop(settings, settings->batch);
    out->flops = cbx_spread_rate(flop, &rating->seconds);
    out->peak = rating->peak;
    out->share_of_peak = rating->share;
    out->best_share_of_peak = rating->best_share;
    out->batch_bytes = cbx_batch_bytes(settings);
    out->share_of_bandwidth =
        bandwidth > 0.0 ? out->images_per_second / settings->batch * out->batch_bytes / bandwidth
                        : 0.0;
    out->flop_per_processor_second =
        rating->processor_seconds > 0.0 ? flop / rating->processor_seconds : 0.0;
}

cbx_rates cbx_bench_rates(const cbx_bench_settings *settings) {
    /* The gradient of nll grows with H, and its step must not. */
    const float careful = 0.3f / (float)settings->hidden;
    const float rate = settings->recipe == CBX_RECIPE_LESSON || careful > 0.005f ? 0.005f : careful;
    const cbx_rates rates = {rate, rate};
    return rates;
}
