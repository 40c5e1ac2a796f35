/* SPDX-License-Identifier: MIT */
/* Several devices of one process that train one network: each has a share of its neurons, whole panels,
 * and a thread; that of the first device is the caller's. The bits are those of one device. */
#ifndef CBX_TEAM_TEAM_H
#define CBX_TEAM_TEAM_H

#include "network/trainer.h"

typedef struct cbx_team cbx_team;

/* Shares `panels` out by weight, or with NULL evenly. Borders are multiples of a power of two of panels, so that chunks may be
 * large; those for which that leaves nothing get 0, but not the first. owned (count) */
void cbx_team_share_out(uint32_t panels, const double *weights, uint32_t count, cbx_span *owned);

/* How fast each device (count) trains an even share while the others do, for cbx_team_share_out(): a
 * tenth of a second, and the time of uploading the dataset. weights (count). */
cbx_status cbx_team_measure(cbx_device *const *devices, uint32_t count, const cbx_dataset *dataset,
                            const cbx_trainer_settings *settings, double *weights);

/* Seconds a batch of a trainer of such settings, in so many of training, about; its weights are spoilt, and it
 * may lead others. */
cbx_status cbx_team_time(cbx_trainer *trainer, const cbx_dataset *dataset,
                         const cbx_trainer_settings *settings, double seconds, double *batch);

/* A trainer of each device that has a panel of `owned` (count); devices, dataset and all that is
 * given must outlive the team. With `checks` each
 * of the others checks batches of its own share as cbx_trainer_begin_checks() says. The failure of a device names it. *out is the caller's. */
cbx_status cbx_team_create(cbx_team **out, cbx_device *const *devices, const cbx_span *owned,
                           uint32_t count, const cbx_dataset *dataset,
                           const cbx_trainer_settings *settings, int checks);

/* Its trainer, which is led like one of all neurons. The team's. */
cbx_trainer *cbx_team_trainer(const cbx_team *team);

/* The sentence of the device that failed first, where one did, instead of that of one that missed it:
 * `status`, or that device's. */
cbx_status cbx_team_blame(cbx_team *team, cbx_status status);

/* NULL is allowed. */
void cbx_team_destroy(cbx_team *team);

#endif
