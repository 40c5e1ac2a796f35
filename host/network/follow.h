/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_FOLLOW_H
#define CBX_NETWORK_FOLLOW_H

#include "network/trainer.h"

/* Does what the leader of its crew (network/crew.h) tells the trainer until it ends, in the calling
 * thread. Any failure but CBX_DIVERGED, which the leader sees as well, ends it. */
cbx_status cbx_trainer_follow(cbx_trainer *trainer);

#endif
