/* SPDX-License-Identifier: MIT */
/* An epoch of a small network, learnt by one owner of its neurons, or by several that exchange Z2
 * through memory. */
#ifndef TEST_SUPPORT_OWNERS_H
#define TEST_SUPPORT_OWNERS_H

#include "network/trainer.h"

enum { OWNERS = 5 }; /* at most */

typedef struct owners_plan {
    cbx_device *device;
    cbx_device *others; /* that of the owners of an odd rank; NULL: the same */
    cbx_trainer_settings settings;
    const cbx_dataset *dataset;
    const uint32_t *order; /* of all training images */
    const cbx_network *start;
    cbx_rates rates;
    uint32_t owners;               /* 0: one */
    cbx_span owned[OWNERS];        /* their panels */
    cbx_division division[OWNERS]; /* without share and exchange */
    int singly;                    /* batches are given one by one */
    int keeps_losses;
    uint32_t scale; /* of the picture after the last full batch; 0: none */
} owners_plan;

typedef struct owners_outcome {
    cbx_network *network;
    cbx_evaluation parts[OWNERS][3]; /* by owner and part of the dataset */
    float *losses[OWNERS];           /* (training images) in the order; NULL: not kept */
    uint8_t *luma;                   /* NULL where there is no picture */
    size_t pixels;
} owners_outcome;

/* The full batches of an epoch, and the short one, if there is one; then evaluates. The test
 * fails if that fails. owners_free() what comes of it. */
owners_outcome owners_learn(const owners_plan *plan);
void owners_free(owners_outcome *outcome);

/* Shares the panels of plan->settings.hidden neurons out among so many owners, or one for each panel
 * where there are fewer, as evenly as can be. */
void owners_share_out(owners_plan *plan, uint32_t owners);

#endif
