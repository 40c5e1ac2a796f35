/* SPDX-License-Identifier: MIT */
/* How fast devices train beside each other. */
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "team/team.h"

/* Long beside a launch, short for a person. */
#define MEASURED_SECONDS 0.1

/* Batches at a time; an epoch of them where there are fewer images. */
enum { TOGETHER = 8 };

typedef struct trial {
    cbx_device *device;
    const cbx_dataset *dataset;
    cbx_trainer_settings settings; /* of its share */
    double speed;                  /* neurons · batches a second */
    cbx_fault fault;
} trial;

/* Weights that are all 0: what they are takes no time. */
static cbx_status begin(cbx_trainer *trainer, uint32_t hidden, uint32_t images) {
    cbx_network *network = NULL;
    uint32_t *order = NULL;
    cbx_status status = cbx_network_create(&network, hidden);
    if (!status) {
        status = cbx_trainer_set_weights(trainer, network);
    }
    if (!status) {
        status = cbx_new(&order, images);
    }
    for (uint32_t i = 0; i < images && !status; i++) {
        order[i] = i;
    }
    if (!status) {
        status = cbx_trainer_set_order(trainer, order, images);
    }
    free(order);
    cbx_network_destroy(network);
    return status;
}

/* Of a batch, or of all images where there are fewer. */
static uint32_t rows_of(const cbx_dataset *dataset, const cbx_trainer_settings *settings) {
    const uint32_t all = (uint32_t)cbx_dataset_images(dataset, CBX_TRAIN).count;
    return settings->batch < all ? settings->batch : all;
}

cbx_status cbx_team_time(cbx_trainer *trainer, const cbx_dataset *dataset,
                         const cbx_trainer_settings *settings, double seconds, double *batch) {
    static const cbx_rates rates = {0.0f, 0.0f};
    const uint32_t all = (uint32_t)cbx_dataset_images(dataset, CBX_TRAIN).count;
    const uint32_t rows = rows_of(dataset, settings);
    const uint32_t batches = all / rows < TOGETHER ? all / rows : TOGETHER;
    double start = 0.0, took = 0.0;
    uint64_t done = 0;
    cbx_status status = begin(trainer, settings->hidden, batches * rows);
    for (int round = 0; took < seconds && !status; round++) {
        status = cbx_trainer_steps(trainer, 0, batches, rates, done);
        if (!status) {
            status = cbx_trainer_check(trainer);
        }
        if (round == 0) { /* what a device does once is not measured */
            start = cbx_clock_seconds();
            continue;
        }
        done += batches;
        took = cbx_clock_seconds() - start;
    }
    *batch = done > 0 ? took / (double)done : 0.0;
    return status;
}

static cbx_status measure(trial *t) {
    cbx_trainer *trainer = NULL;
    double batch = 0.0;
    t->settings.batch = rows_of(t->dataset, &t->settings);
    cbx_status status = cbx_trainer_create(&trainer, t->device, t->dataset, &t->settings);
    if (!status) {
        status = cbx_team_time(trainer, t->dataset, &t->settings, MEASURED_SECONDS, &batch);
    }
    cbx_trainer_destroy(trainer);
    t->speed = batch > 0.0 ? t->settings.hidden / batch : 0.0;
    return status;
}

static void *work(void *user) {
    trial *t = user;
    cbx_fault_take(&t->fault, measure(t));
    return NULL;
}

static cbx_status measure_all(trial *trials, pthread_t *threads, uint32_t count) {
    uint32_t started = 0;
    cbx_status status = CBX_OK;
    while (started + 1 < count && !status) {
        if (pthread_create(&threads[started], NULL, work, &trials[started + 1])) {
            status = cbx_fail(CBX_NO_MEMORY, "cannot start a thread for a device");
        } else {
            started++;
        }
    }
    if (!status) {
        work(&trials[0]);
    }
    for (uint32_t i = 0; i < started; i++) {
        pthread_join(threads[i], NULL);
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        status = cbx_fault_raise(&trials[i].fault);
    }
    return status;
}

cbx_status cbx_team_measure(cbx_device *const *devices, uint32_t count, const cbx_dataset *dataset,
                            const cbx_trainer_settings *settings, double *weights) {
    pthread_t *threads = NULL;
    trial *trials = NULL;
    cbx_status status = cbx_new(&trials, count);
    if (!status) {
        status = cbx_new(&threads, count);
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        trials[i] = (trial){.device = devices[i], .dataset = dataset, .settings = *settings};
        trials[i].settings.hidden = settings->hidden / count > 0 ? settings->hidden / count : 1;
    }
    if (!status) {
        status = measure_all(trials, threads, count);
    }
    for (uint32_t i = 0; i < count && !status; i++) {
        weights[i] = fmax(trials[i].speed, 1e-9);
    }
    free(threads);
    free(trials);
    return status;
}
