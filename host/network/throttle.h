/* SPDX-License-Identifier: MIT */
/* Keeps a thread that enqueues batches a few blocks ahead of the device, and no more: the
 * device always has work, and a stop takes effect soon. */
#ifndef CBX_NETWORK_THROTTLE_H
#define CBX_NETWORK_THROTTLE_H

#include "network/trainer.h"

enum { CBX_BLOCKS_AHEAD = 4 };

/* Zeroed but for the device: nothing is under way. One thread uses it. */
typedef struct cbx_throttle {
    cbx_device *device;
    cl_event markers[CBX_BLOCKS_AHEAD]; /* the ends of blocks, in a ring */
    uint64_t batches[CBX_BLOCKS_AHEAD]; /* enqueued when each was set */
    unsigned turn;
} cbx_throttle;

/* Batches that a block should have. */
uint32_t cbx_throttle_block(const cbx_trainer *trainer);

/* Ends a block, `batches` in all being enqueued, and waits while as many blocks are under
 * way as may be. *done grows to the batches that are done for sure. */
cbx_status cbx_throttle_wait(cbx_throttle *throttle, uint64_t batches, uint64_t *done);

void cbx_throttle_clear(cbx_throttle *throttle);

#endif
