/* SPDX-License-Identifier: MIT */
#include "network/throttle.h"

/* Where each batch is a launch. */
enum { BLOCK_BATCHES = 8 };

uint32_t cbx_throttle_block(const cbx_trainer *trainer) {
    const uint32_t launch = cbx_trainer_batches_per_launch(trainer);
    return launch > 1 ? launch : BLOCK_BATCHES;
}

cbx_status cbx_throttle_wait(cbx_throttle *throttle, uint64_t batches, uint64_t *done) {
    cl_command_queue queue = throttle->device->queue;
    const unsigned at = throttle->turn, next = (at + 1) % CBX_BLOCKS_AHEAD;
    throttle->turn = next;
    throttle->batches[at] = batches;
    cbx_status status = cbx_cl_check(
        clEnqueueMarkerWithWaitList(queue, 0, NULL, &throttle->markers[at]), "marking progress");
    if (!status) {
        status = cbx_cl_check(clFlush(queue), "submitting work");
    }
    if (!status && throttle->markers[next]) {
        status = cbx_cl_check(clWaitForEvents(1, &throttle->markers[next]), "training");
        cbx_event_release(&throttle->markers[next]);
        *done = throttle->batches[next] > *done ? throttle->batches[next] : *done;
    }
    return status;
}

void cbx_throttle_clear(cbx_throttle *throttle) {
    for (unsigned i = 0; i < CBX_BLOCKS_AHEAD; i++) {
        cbx_event_release(&throttle->markers[i]);
    }
}
