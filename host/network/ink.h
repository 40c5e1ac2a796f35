/* SPDX-License-Identifier: MIT */
/* The lists of ink of a dataset on the device, kernels/train/ink.cl. */
#ifndef CBX_NETWORK_INK_H
#define CBX_NETWORK_INK_H

#include "network/schedule.h"

/* Entries of the lists of all parts together. */
uint64_t cbx_ink_entries(const cbx_dataset *dataset);

/* Whether lists can have that many entries. */
int cbx_ink_fits(uint64_t entries);

/* What they need, for that many images; nothing where the schedule is not sparse. */
cbx_buffer_rows cbx_ink_buffers(cbx_trainer *trainer, uint64_t images);

/* Makes them from the images; enqueues only. */
cbx_status cbx_ink_gather(cbx_trainer *trainer);

#endif
