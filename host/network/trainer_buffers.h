/* SPDX-License-Identifier: MIT */
/* The device memory of a trainer. */
#ifndef CBX_NETWORK_TRAINER_BUFFERS_H
#define CBX_NETWORK_TRAINER_BUFFERS_H

#include "network/schedule.h"

/* Divides the work of a trainer that has its device, its settings and its way, and lists its
 * buffers. */
void cbx_trainer_plan(cbx_trainer *trainer, const cbx_dataset *dataset, const cbx_division *wished);

/* Bytes of all that are listed. */
uint64_t cbx_trainer_sum_buffers(const cbx_trainer *trainer);

/* Takes them, and uploads the dataset. */
cbx_status cbx_trainer_take_buffers(cbx_trainer *trainer, const cbx_dataset *dataset);
void cbx_trainer_release_buffers(cbx_trainer *trainer);

#endif
