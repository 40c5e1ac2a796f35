/* SPDX-License-Identifier: MIT */
/* Plain pictures of a network that a crew has: each device draws the tiles of its own neurons, and the
 * leader puts them together on the canvas. Of others it draws with the W1 of all. */
#ifndef CBX_NETWORK_SIGHT_H
#define CBX_NETWORK_SIGHT_H

#include "network/crew.h"

/* A leader tells its followers what the pictures are that come next, once it has an easel for them. */
cbx_status cbx_sight_tell(cbx_trainer *trainer);

/* A follower is told: plain pictures of that scale, or with 0 others. */
cbx_status cbx_sight_take(cbx_trainer *trainer, uint32_t scale, cbx_tone tone);

/* A picture is due of the batches that are finished: gets what it takes to where it is drawn, and
 * draws it. */
cbx_status cbx_sight_show(cbx_trainer *trainer);

/* The last picture that was shown once more, on any easel of such pictures. */
cbx_status cbx_sight_draw(cbx_trainer *trainer, const cbx_easel *easel);

void cbx_sight_clear(cbx_trainer *trainer);

#endif
