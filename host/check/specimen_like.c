/* SPDX-License-Identifier: MIT */
/* Specimens like the network of a run: small, and with its remainders, blocks and divisions. */
#include "check/specimen.h"
#include "network/train_cpu.h"
#include "network/train_gpu.h"

/* Large enough for several tiles of everything that is divided, small enough for every start. */
enum { PANELS = 5, BLOCKS = 2, LEAST_TRAINING = 8, TEST = 7 };

/* A specimen has neurons of its own kinds. */
enum { LEAST_HIDDEN = 6 };

/* As many units of a size as `value` has, and `most` at most; the last one as full. */
static uint32_t reduce(uint32_t value, uint32_t unit, uint32_t most) {
    return value <= most * unit ? value : (most - 1) * unit + (value - 1) % unit + 1;
}

static uint32_t validation_of(uint32_t in_file) {
    return in_file / 6;
}

cbx_specimen_sizes cbx_specimen_like(const cbx_trainer_settings *settings) {
    const uint32_t batch = reduce(settings->batch, CBX_ROW_BLOCK, BLOCKS);
    const uint32_t hidden = reduce(settings->hidden, CBX_PANEL, PANELS);
    uint32_t training = 3 * batch + (batch + 1) / 2, in_file;
    training = training < LEAST_TRAINING ? LEAST_TRAINING : training;
    for (in_file = training; in_file - validation_of(in_file) < training;) {
        in_file++;
    }
    return (cbx_specimen_sizes){.hidden = hidden < LEAST_HIDDEN ? hidden + CBX_PANEL : hidden,
                                .batch = batch,
                                .training = training,
                                .validation = validation_of(in_file),
                                .test = TEST};
}

static cbx_division division_on_processors(const cbx_trainer *trainer, uint32_t panels) {
    const cbx_train_cpu *own = trainer->own;
    const uint32_t chunks = panels / trainer->chunk_panels;
    return (cbx_division){.chunks = chunks > 0 ? chunks : 1, .ink = own->ink};
}

static cbx_division division_on_gpus(const cbx_trainer *trainer) {
    const cbx_train_gpu *own = trainer->own;
    return (cbx_division){.slices = own->slices,
                          .deltas = own->within ? CBX_DELTAS_WITHIN : CBX_DELTAS_APART,
                          .groups =
                              own->group == CBX_WIDE_GROUP ? CBX_WIDE_GROUPS : CBX_NARROW_GROUPS};
}

cbx_status cbx_specimen_divide_like(cbx_specimen_sizes *sizes, const cbx_specimen *specimen,
                                    const cbx_trainer_settings *settings) {
    const cbx_division none = {.slices = 0};
    cbx_trainer *trainer = NULL;
    cbx_status status =
        cbx_trainer_sketch(&trainer, specimen->device, specimen->dataset, settings, &none);
    if (!status && settings->schedule != CBX_SCHEDULE_STEPWISE) {
        sizes->division[settings->recipe] =
            specimen->device->family == CBX_FAMILY_CPU
                ? division_on_processors(trainer, CBX_PANELS_OF(sizes->hidden))
                : division_on_gpus(trainer);
    }
    cbx_trainer_destroy(trainer);
    return status;
}
