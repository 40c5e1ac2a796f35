/* SPDX-License-Identifier: MIT */
/* The baseline: the host's processors through OpenBLAS. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bench/blas.h"
#include "bench/meter.h"

/* Images of one forward pass of the evaluation. */
enum { EVALUATE_ROWS = 1000 };

typedef struct baseline {
    const cbx_blas *blas;
    const cbx_bench_settings *settings;
    cbx_network *network;
    cbx_blas_batch batch, evaluation;
    float *pixels; /* (train + validation, 784), normalised */
    const uint8_t *labels;
    uint32_t *order;
    uint32_t images, validation;
    uint32_t batches;   /* of a repetition */
    uint64_t evaluated; /* images */
} baseline;

static void train_batch(baseline *on, uint32_t first, uint32_t rows) {
    for (uint32_t b = 0; b < rows; b++) {
        const uint32_t image = on->order[first + b];
        memcpy(on->batch.x + (size_t)b * CBX_IMAGE_PIXELS,
               on->pixels + (size_t)image * CBX_IMAGE_PIXELS, CBX_IMAGE_PIXELS * sizeof(float));
        on->batch.labels[b] = on->labels[image];
    }
    cbx_blas_train(on->blas, on->network, &on->batch, rows, on->settings->recipe,
                   cbx_bench_rates(on->settings));
}

static cbx_status train(void *user, double *seconds) {
    baseline *on = user;
    const uint32_t rows = on->settings->batch, all = on->images / rows;
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    for (uint32_t i = 0; i < on->batches && !status; i++) {
        train_batch(on, i % all * rows, rows);
        status = cbx_meter_ask(&on->settings->stop);
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status evaluate(void *user, double *seconds) {
    baseline *on = user;
    float *const own = on->evaluation.x;
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    /* Validation images lie behind the training images. */
    uint32_t first = on->evaluated > on->validation ? 0 : on->images;
    for (uint64_t left = on->evaluated; left > 0 && !status;) {
        const uint32_t rows = left < EVALUATE_ROWS ? (uint32_t)left : EVALUATE_ROWS;
        on->evaluation.x = on->pixels + (size_t)first * CBX_IMAGE_PIXELS;
        cbx_blas_forward(on->blas, on->network, &on->evaluation, rows);
        first += rows;
        left -= rows;
        status = cbx_meter_ask(&on->settings->stop);
    }
    on->evaluation.x = own;
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status prepare(baseline *on, const cbx_dataset *dataset) {
    const cbx_images training = cbx_dataset_images(dataset, CBX_TRAIN);
    const cbx_images validation = cbx_dataset_images(dataset, CBX_VALIDATION);
    const size_t pixels = training.count * CBX_IMAGE_PIXELS;
    on->images = (uint32_t)training.count;
    on->validation = (uint32_t)validation.count;
    on->labels = training.labels;
    cbx_status status = cbx_meter_begin(on->settings->hidden, on->images, &on->network, &on->order);
    if (!status) {
        status = cbx_blas_batch_create(&on->batch, on->settings->batch, on->settings->hidden);
    }
    if (!status) {
        status = cbx_blas_batch_create(&on->evaluation, EVALUATE_ROWS, on->settings->hidden);
    }
    if (!status) {
        status = cbx_new(&on->pixels, pixels + validation.count * CBX_IMAGE_PIXELS);
    }
    if (!status) {
        cbx_dataset_normalise(dataset, training.pixels, pixels, on->pixels);
        cbx_dataset_normalise(dataset, validation.pixels, validation.count * CBX_IMAGE_PIXELS,
                              on->pixels + pixels);
    }
    return status;
}

/* As many full batches, or whole epochs of them, as fit into a repetition. */
static cbx_status plan(baseline *on) {
    const double wanted = on->settings->seconds / on->settings->repetitions;
    const uint32_t all = on->images / on->settings->batch;
    const cbx_task task = {train, on, 0.0};
    double took = 0.0;
    on->batches = 2;
    cbx_status status = train(on, &took);
    status = status ? status : cbx_meter_grow(&task, &on->batches, all, wanted, &took);
    const double fits = wanted / took * on->batches;
    on->batches = fits < 1.0 ? 1u : fits < all ? (uint32_t)fits : (uint32_t)(fits / all) * all;
    return status;
}

static cbx_status measure(baseline *on, cbx_bench *bench, const cbx_dataset *dataset,
                          cbx_bench_training *out) {
    cbx_rating rating;
    cbx_status status = plan(on);
    const uint64_t images = (uint64_t)on->batches * on->settings->batch;
    const cbx_task task = {train, on, cbx_train_flop(on->settings, images)};
    if (!status) {
        status =
            cbx_meter_rate(bench, &task, on->settings->repetitions, &on->settings->stop, &rating);
    }
    if (status) {
        return status;
    }
    cbx_training_fill(out, on->settings, &rating, images, on->images, 0.0);
    out->whole_epochs = on->batches >= on->images / on->settings->batch;
    const cbx_task checking = {evaluate, on, 0.0};
    return cbx_meter_evaluation(bench, on->settings, dataset, checking, &on->evaluated, out);
}

cbx_status cbx_bench_train_blas(cbx_blas *blas, cbx_bench *bench, const cbx_dataset *dataset,
                                const cbx_bench_settings *settings, cbx_bench_training *out) {
    baseline on = {.blas = blas, .settings = settings};
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_meter_check(settings, dataset);
    if (!status) {
        status = prepare(&on, dataset);
    }
    if (!status) {
        status = measure(&on, bench, dataset, out);
    }
    cbx_blas_batch_free(&on.batch);
    cbx_blas_batch_free(&on.evaluation);
    cbx_network_destroy(on.network);
    free(on.pixels);
    free(on.order);
    return status;
}
