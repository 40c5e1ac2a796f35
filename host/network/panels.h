/* SPDX-License-Identifier: MIT */
/* A share of the weights between the rows of a network, as files and hosts have them, and the panels of
 * a device, kernels/layout.h. */
#ifndef CBX_NETWORK_PANELS_H
#define CBX_NETWORK_PANELS_H

#include "network/exchange.h"

/* `count` of the rows of W1, of which the network has its own memory. */
typedef struct cbx_w1_rows {
    uint32_t hidden, first, count;
    float *rows; /* [count][hidden] */
} cbx_w1_rows;

/* Into panels [panels][count][32]; lanes without a neuron get what the kernels want there. */
void cbx_panels_pack_w1(const cbx_w1_rows *from, cbx_share share, size_t panels, float *to);

/* And back: those of the share, of panels that lie `pitch` floats apart. */
void cbx_panels_unpack_w1(const float *from, size_t pitch, cbx_share share, const cbx_w1_rows *to);

/* W2 of a network [1 + hidden][10] into that of a share [1 + count][16], whose bias is the same; and
 * back. */
void cbx_panels_pack_w2(const float *w2, cbx_share share, float *to);
void cbx_panels_unpack_w2(const float *from, cbx_share share, float *w2);

#endif
