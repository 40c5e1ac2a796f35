/* SPDX-License-Identifier: MIT */
/* What the measurements share. */
#ifndef CBX_BENCH_METER_H
#define CBX_BENCH_METER_H

#include <stddef.h>

#include "bench/bench.h"
#include "clearbox/network.h"

/* Something that is done again and again: a repetition, and the seconds it took. */
typedef struct cbx_task {
    cbx_status (*run)(void *user, double *seconds);
    void *user;
    double flop; /* useful arithmetic of a run */
} cbx_task;

/* `repetitions` runs, the peak before, between and after them. */
typedef struct cbx_rating {
    cbx_spread seconds, peak;
    double share, best_share; /* of the peak */
    double processor_seconds; /* of the process, median */
} cbx_rating;

/* `bench` NULL: the peaks and the shares are 0. `stop` is asked before each. */
cbx_status cbx_meter_rate(cbx_bench *bench, const cbx_task *task, uint32_t repetitions,
                          const cbx_bench_stop *stop, cbx_rating *out);

/* Runs a task until it takes long enough to say something, or `wanted` seconds: its work is
 * *count, which grows to `most` at most. *took: seconds of the last run. */
cbx_status cbx_meter_grow(const cbx_task *task, uint32_t *count, uint32_t most, double wanted,
                          double *took);

/* cbx_bench_check(), and whether there is a whole batch. */
cbx_status cbx_meter_check(const cbx_bench_settings *settings, const cbx_dataset *dataset);

/* Random weights, a random order: what the time depends on at most. Both are the caller's,
 * also after a failure. */
cbx_status cbx_meter_begin(uint32_t hidden, uint32_t images, cbx_network **network,
                           uint32_t **order);

/* A trainer with those on bench->device, at the start of an epoch. *out is the caller's. */
cbx_status cbx_meter_trainer(cbx_bench *bench, const cbx_bench_settings *settings,
                             cbx_trainer **out);

/* Fills what *out says of the evaluation. The task evaluates *images images: those of
 * validation, and of training too where a repetition is long enough for both. */
cbx_status cbx_meter_evaluation(cbx_bench *bench, const cbx_bench_settings *settings,
                                const cbx_dataset *dataset, cbx_task task, uint64_t *images,
                                cbx_bench_training *out);

/* CBX_INTERRUPTED when `stop` says so; NULL never does. */
cbx_status cbx_meter_ask(const cbx_bench_stop *stop);

/* What the arithmetic of settings->hidden neurons costs; see bench.h. */
double cbx_train_flop(const cbx_bench_settings *settings, uint64_t images);
double cbx_evaluate_flop(const cbx_bench_settings *settings, uint64_t images);
double cbx_batch_bytes(const cbx_bench_settings *settings);

/* Fills what follows from a rating of training `images` images a run, of which the
 * dataset has `images_an_epoch`. `bandwidth` 0: unknown. */
void cbx_training_fill(cbx_bench_training *out, const cbx_bench_settings *settings,
                       const cbx_rating *rating, uint64_t images, uint64_t images_an_epoch,
                       double bandwidth);

/* Step sizes with which training stays finite at every H; timing needs no more. */
cbx_rates cbx_bench_rates(const cbx_bench_settings *settings);

#endif
