/* SPDX-License-Identifier: MIT */
/* The weights in what cbx_trainer_keep() kept, network/trainer.h. */
#ifndef CBX_NETWORK_KEPT_H
#define CBX_NETWORK_KEPT_H

#include "network/panels.h"
#include "network/trainer.h"

/* Rows of W1, and all of W2, of all owners, from a copy's bytes; in any thread. */
void cbx_kept_w1(const cbx_trainer *trainer, const uint8_t *kept, const cbx_w1_rows *to);
void cbx_kept_w2(const cbx_trainer *trainer, const uint8_t *kept, float *w2);

#endif
