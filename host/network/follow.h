/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_FOLLOW_H
#define CBX_NETWORK_FOLLOW_H

#include "network/trainer.h"

/* How a follower checks batches, from whoever can. Zeroed: it does not. */
typedef struct cbx_follower_checks {
    /* The next batch that it steps: rows order[first … first + rows), until the verdict. */
    void (*begin)(void *user, const uint32_t *order, uint32_t first, uint32_t rows, cbx_rates rates,
                  uint64_t number);
    cbx_status (*end)(void *user); /* CBX_BAD_KERNEL: it was wrong */
    void *user;
} cbx_follower_checks;

/* Does what the leader of its crew (network/crew.h) tells the trainer until it ends, in the calling
 * thread. Any failure but CBX_DIVERGED, which the leader sees as well, ends it. */
cbx_status cbx_trainer_follow(cbx_trainer *trainer, const cbx_follower_checks *checks);

#endif
