/* SPDX-License-Identifier: MIT */
/* A short search for the best block sizes of the kernels. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/meter.h"
#include "bench/statistics.h"
#include "device/device.h"
#include "network/trainer.h"

enum { BATCH = 64, BLOCKS = 5, DUELS = 7 };
#define BLOCK_SECONDS 0.04

/* A device that was built with some sizes, and a network on it. */
typedef struct variant {
    cbx_tunables sizes;
    cbx_device *device;
    cbx_trainer *trainer;
    uint32_t batches; /* of a block */
    double flops;     /* of the best block */
} variant;

typedef struct search {
    const char *spec;
    cbx_family family;
    const cbx_dataset *dataset;
    const cbx_bench_stop *stop;
    uint32_t *order;
    uint32_t images;
    uint32_t hidden;
    cbx_network *network;
    variant best;
    uint32_t tried;
} search;

static void close_variant(variant *this) {
    cbx_trainer_destroy(this->trainer);
    cbx_device_close(this->device);
    memset(this, 0, sizeof *this);
}

static cbx_status run_block(variant *this, uint32_t batches, double *seconds) {
    const cbx_rates rates = {0.005f, 0.005f};
    const double begun = cbx_clock_seconds();
    cbx_status status = cbx_trainer_steps(this->trainer, 0, batches, rates, 0);
    if (!status) {
        status = cbx_trainer_check(this->trainer);
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status time_block(const search *in, variant *this) {
    const cbx_bench_settings cost = {.hidden = in->hidden, .batch = BATCH};
    double seconds = 0.0;
    cbx_status status = run_block(this, this->batches, &seconds);
    const double flops = cbx_train_flop(&cost, (uint64_t)this->batches * BATCH) / seconds;
    this->flops = flops > this->flops ? flops : this->flops;
    return status;
}

/* Builds the kernels, and finds how many batches make a block. `sizes` NULL: the usual. */
static cbx_status open_variant(const search *in, const cbx_tunables *sizes, variant *out) {
    const cbx_trainer_settings settings = {in->hidden, BATCH, CBX_RECIPE_LESSON,
                                           CBX_SCHEDULE_FUSED};
    const uint32_t all = in->images / BATCH;
    double seconds = 0.0;
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_device_open_with(&out->device, in->spec, in->family, sizes);
    if (!status) {
        out->sizes = out->device->built.tunables;
        status = cbx_trainer_create(&out->trainer, out->device, in->dataset, &settings);
    }
    if (!status) {
        status = cbx_trainer_set_weights(out->trainer, in->network);
    }
    if (!status) {
        status = cbx_trainer_set_order(out->trainer, in->order, in->images);
    }
    out->batches = all < 8 ? all : 8;
    for (int warm = 0; warm < 2 && !status; warm++) {
        status = run_block(out, out->batches, &seconds);
    }
    if (!status) {
        const uint64_t count = cbx_meter_scale(out->batches, seconds, BLOCK_SECONDS);
        out->batches = count < all ? (uint32_t)count : all;
    }
    return status;
}

/* Times other sizes; they become the best when they are. A variant that cannot be
 * built or run is none. Nothing more is tried once a stop was asked for. */
static void try_sizes(search *in, cbx_tunables sizes) {
    variant candidate;
    if (cbx_meter_ask(in->stop)) {
        return;
    }
    if (!cbx_tunables_valid(&sizes, in->best.device->family) ||
        memcmp(&sizes, &in->best.sizes, sizeof sizes) == 0) {
        return;
    }
    cbx_status status = open_variant(in, &sizes, &candidate);
    for (int block = 0; block < BLOCKS && !status; block++) {
        status = time_block(in, &candidate);
    }
    in->tried++;
    if (!status && candidate.flops > in->best.flops) {
        variant former = in->best;
        in->best = candidate;
        candidate = former;
    }
    close_variant(&candidate);
}

/* One size after the other, each from the best so far; those that the family cannot have
 * are left out. */
static void descend(search *in) {
    const cbx_tunable *rows = cbx_tunables_of(in->best.device->family);
    for (size_t i = 0; rows[i].key; i++) {
        const unsigned half[] = {in->best.sizes.values[i] / 2, 0};
        for (const unsigned *value = rows[i].tried[0] ? rows[i].tried : half; *value; value++) {
            cbx_tunables sizes = in->best.sizes;
            sizes.values[i] = *value;
            try_sizes(in, sizes);
        }
    }
}

/* The winner must beat the usual sizes in turns: neighbours in time, medians. */
static cbx_status duel(search *in, const cbx_tunables *usual_sizes, cbx_bench_tuning *out) {
    variant usual;
    double ours[DUELS], theirs[DUELS];
    cbx_status status = open_variant(in, usual_sizes, &usual);
    for (int turn = 0; turn < DUELS && !status; turn++) {
        status = cbx_meter_ask(in->stop);
        if (status) {
            break;
        }
        usual.flops = in->best.flops = 0.0;
        status = time_block(in, &usual);
        if (!status) {
            status = time_block(in, &in->best);
        }
        theirs[turn] = usual.flops;
        ours[turn] = in->best.flops;
    }
    if (!status) {
        out->usual_flops = cbx_spread_of(theirs, DUELS).median;
        out->best_flops = cbx_spread_of(ours, DUELS).median;
        if (out->best_flops < 1.02 * out->usual_flops) { /* not worth a difference */
            in->best.sizes = *usual_sizes;
            out->best_flops = out->usual_flops;
        }
    }
    close_variant(&usual);
    return status;
}

/* Large enough that the matrices take nearly all the time, small enough to stay quick; on
 * a GPU a tile for each compute unit. */
static uint32_t choose_hidden(const cbx_device *device) {
    const uint32_t units = device->info.compute_units;
    return device->family == CBX_FAMILY_CPU ? 256 : units < 256 ? 64 * units : 16384;
}

/* The best of this run, also where an earlier one kept other sizes. */
static cbx_status find_best(search *in, cbx_bench_tuning *out) {
    cbx_device *device = NULL;
    cbx_status status = cbx_device_open(&device, in->spec, in->family);
    if (status) {
        return status;
    }
    const cbx_tunables usual = cbx_tunables_usual(device);
    in->hidden = choose_hidden(device);
    in->images = (uint32_t)cbx_dataset_images(in->dataset, CBX_TRAIN).count;
    cbx_device_close(device);
    if (in->images < BATCH) {
        return CBX_OK;
    }
    status = cbx_meter_begin(in->hidden, in->images, &in->network, &in->order);
    status = status ? status : open_variant(in, &usual, &in->best);
    for (int block = 0; block < BLOCKS && !status; block++) {
        status = time_block(in, &in->best);
    }
    if (!status) {
        in->tried = 1;
        descend(in);
        status = cbx_meter_ask(in->stop);
        status = status ? status : duel(in, &usual, out);
    }
    if (!status) {
        out->tried = in->tried;
        cbx_tunables_describe(&in->best.sizes, in->best.device->family, out->best,
                              sizeof out->best);
        status = cbx_tunables_keep(in->best.device, &in->best.sizes, out->path, sizeof out->path);
    }
    return status;
}

cbx_status cbx_bench_tune(const char *spec, cbx_family family, const cbx_dataset *dataset,
                          const cbx_bench_stop *stop, cbx_bench_tuning *out) {
    search in = {.spec = spec, .family = family, .dataset = dataset, .stop = stop};
    memset(out, 0, sizeof *out);
    cbx_status status = find_best(&in, out);
    close_variant(&in.best);
    cbx_network_destroy(in.network);
    free(in.order);
    return status;
}
