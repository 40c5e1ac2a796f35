/* SPDX-License-Identifier: MIT */
/* Small networks and datasets on which the self-test runs, and its parts. */
#ifndef CBX_CHECK_SPECIMEN_H
#define CBX_CHECK_SPECIMEN_H

#include "device/device.h"
#include "network/trainer.h"
#include "reference/canon.h"

/* The sizes of a specimen, and how it makes the kernels divide their work. */
typedef struct cbx_specimen_sizes {
    uint32_t hidden;
    uint32_t batch;            /* rows; the last batch of the order has fewer */
    uint32_t training;         /* images */
    uint32_t validation, test; /* validation: a sixth of what is not test, rounded down */
    cbx_division division[2];  /* for lesson, for nll */
} cbx_specimen_sizes;

/* The first is odd: a last panel with few neurons, batches that fill no block of rows. The
 * others have what runs have: whole blocks and tiles, and more than one of each. */
enum { CBX_SPECIMENS = 2 };
extern const cbx_specimen_sizes cbx_specimens[CBX_SPECIMENS];

typedef struct cbx_specimen {
    const cbx_specimen_sizes *sizes;
    cbx_device *device; /* borrowed */
    cbx_dataset *dataset;
    cbx_network *network;
    uint32_t *order; /* (training), shuffled */
    cbx_rates rates; /* large, so that an update shows beside the weights */
} cbx_specimen;

/* Always the same numbers. cbx_specimen_clear() in every case. */
cbx_status cbx_specimen_init(cbx_specimen *specimen, cbx_device *device,
                             const cbx_specimen_sizes *sizes);
void cbx_specimen_clear(cbx_specimen *specimen);

/* The sizes of a specimen like a network of these settings, in batches like its: as many rows, or one
 * block of them and as many in the last; as many neurons, or a few panels and as many in the last;
 * several whole batches and a short one. */
cbx_specimen_sizes cbx_specimen_like(const cbx_trainer_settings *settings);

/* Makes it divide the work, with the recipe of the settings, as a network of these settings would be
 * divided on the specimen's device; `sizes` are the specimen's. */
cbx_status cbx_specimen_divide_like(cbx_specimen_sizes *sizes, const cbx_specimen *specimen,
                                    const cbx_trainer_settings *settings);

/* Batches of the order, and the rows of one of them. */
uint32_t cbx_specimen_batches(const cbx_specimen *specimen);
uint32_t cbx_specimen_rows(const cbx_specimen *specimen, uint32_t number);

/* A trainer of the specimen, and what it should have. */
typedef struct cbx_trial {
    const cbx_specimen *specimen;
    cbx_trainer *trainer;
    cbx_canon should; /* with room for a whole part */
    int exact;        /* to the bit; else nearly */
} cbx_trial;

/* cbx_trial_end() in every case. */
cbx_status cbx_trial_start(cbx_trial *trial, const cbx_specimen *specimen, cbx_recipe recipe,
                           cbx_schedule schedule);
void cbx_trial_end(cbx_trial *trial);

/* The parts of the self-test; each names the kernel that fails. Those that check what all
 * schedules use do it with a trainer of the given one. */
cbx_status cbx_check_sigmoid(const cbx_specimen *specimen, cbx_schedule schedule,
                             cbx_recipe recipe);
cbx_status cbx_check_stepwise(const cbx_specimen *specimen, cbx_schedule schedule,
                              cbx_recipe recipe);
cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);
cbx_status cbx_check_pictures(const cbx_specimen *specimen, cbx_schedule schedule,
                              cbx_recipe recipe);
cbx_status cbx_check_deltas(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);
cbx_status cbx_check_sums(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);
cbx_status cbx_check_evaluation(const cbx_specimen *specimen, cbx_schedule schedule,
                                cbx_recipe recipe);

/* Fails unless a luma plane (height, width) shows the neurons of w1 (785, H). */
cbx_status cbx_check_luma(const cbx_specimen *specimen, const char *kernel, const cbx_grid *grid,
                          cbx_tone tone, const float *w1, const uint8_t *luma);

#endif
