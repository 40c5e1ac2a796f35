/* SPDX-License-Identifier: MIT */
/* Weights to and from a trainer in pieces, network/weights.h: cbx_trainer_set_weights() and
 * cbx_trainer_get_weights() for those who have no network in memory. */
#ifndef CBX_NETWORK_TRAINER_WEIGHTS_H
#define CBX_NETWORK_TRAINER_WEIGHTS_H

#include "base/pieces.h"
#include "network/trainer.h"

/* All weights, piece by piece; waits. Where the trainer leads a crew the followers get theirs. */
cbx_status cbx_trainer_take_weights(cbx_trainer *trainer, const cbx_pieces *weights);

/* What that takes on the host, about, and what giving them takes. */
uint64_t cbx_trainer_weights_bytes(uint32_t hidden);

/* A trainer's weights in pieces, with every batch that was stepped, which is waited for. The trainer steps
 * no batch meanwhile; where it leads a crew the followers are asked for theirs, piece by piece. */
typedef struct cbx_trainer_weights cbx_trainer_weights;

/* *out is to be closed. */
cbx_status cbx_trainer_weights_open(cbx_trainer_weights **out, cbx_trainer *trainer);
/* Those that it kept in `kept`, as for cbx_trainer_kept(), in any thread and while it goes on; or where
 * cbx_trainer_keeps_weights() says no, those that it has, as above. A piece that is not finite is
 * CBX_DIVERGED. */
cbx_status cbx_trainer_weights_open_kept(cbx_trainer_weights **out, cbx_trainer *trainer,
                                         const uint8_t *kept);
cbx_pieces cbx_trainer_weights_pieces(cbx_trainer_weights *weights);
/* Does nothing to NULL. */
void cbx_trainer_weights_close(cbx_trainer_weights *weights);

#endif
