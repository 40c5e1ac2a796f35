/* SPDX-License-Identifier: MIT */
/* Batches and blocks of images turned round on the device, kernels/train/turn.cl: as the kernels
 * for GPUs read them. */
#ifndef CBX_NETWORK_TURNED_H
#define CBX_NETWORK_TURNED_H

#include <stdint.h>

#include <CL/cl.h>

#include "clearbox/status.h"

typedef struct cbx_trainer cbx_trainer;
struct cbx_batch;
struct cbx_buffer_rows;

/* A ring of slots, each for a batch; or, for an evaluation, for `blocks` blocks of 64 images.
 * The batches first + i·rows of the order number `order`, i < count, are in the slots
 * (slot + i) % slots. */
typedef struct cbx_turned {
    cl_mem lists, levels;
    uint32_t slots, blocks;
    uint64_t order;
    uint32_t first, rows, count, slot;
    uint32_t last; /* slot that was given last: that of the pending batch, which stays */
} cbx_turned;

/* Chooses the number of slots; the trainer's batches and dataset are known. */
void cbx_turned_plan(cbx_trainer *trainer);
/* Blocks of 64 images that there is room for. */
uint32_t cbx_turned_blocks(const cbx_trainer *trainer);
/* Into rows of the trainer's buffers; none if the slots are not planned. */
void cbx_turned_buffers(cbx_trainer *trainer, struct cbx_buffer_rows *out);

/* The slot where a batch is, or will be once what this enqueues is done: this batch and those that
 * are likely to follow. The batch that was asked for before stays. */
cbx_status cbx_turned_batch(cbx_trainer *trainer, const struct cbx_batch *batch, uint32_t *slot);

/* Puts images first … first + count into the first blocks; nothing may be pending. At most
 * cbx_turned_blocks() · 64 of them. */
cbx_status cbx_turned_images(cbx_trainer *trainer, uint32_t first, uint32_t count);

#endif
