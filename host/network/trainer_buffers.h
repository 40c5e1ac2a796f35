/* SPDX-License-Identifier: MIT */
/* The device memory of a trainer. */
#ifndef CBX_NETWORK_TRAINER_BUFFERS_H
#define CBX_NETWORK_TRAINER_BUFFERS_H

#include "network/schedule.h"

/* Chooses panels, chunks and groups, takes every buffer and uploads the dataset. */
cbx_status cbx_trainer_create_buffers(cbx_trainer *trainer, const cbx_dataset *dataset);
/* Device memory that such a trainer would take. */
uint64_t cbx_trainer_bytes(cbx_device *device, const cbx_dataset *dataset,
                           const cbx_trainer_settings *settings);
void cbx_trainer_release_buffers(cbx_trainer *trainer);

#endif
