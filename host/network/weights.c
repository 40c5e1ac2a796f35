/* SPDX-License-Identifier: MIT */
#include "network/weights.h"

#include <math.h>
#include <string.h>

size_t cbx_w1_floats(uint32_t hidden) {
    return (size_t)CBX_W1_ROWS * hidden;
}

size_t cbx_w2_floats(uint32_t hidden) {
    return ((size_t)hidden + 1) * CBX_CLASSES;
}

uint64_t cbx_weights_floats(uint32_t hidden) {
    return (uint64_t)cbx_w1_floats(hidden) + cbx_w2_floats(hidden);
}

uint32_t cbx_w1_rows_at_once(uint32_t hidden) {
    const uint32_t rows = ((uint32_t)4 << 20) / hidden;
    return rows < 1 ? 1 : rows < CBX_W1_ROWS ? rows : CBX_W1_ROWS;
}

cbx_status cbx_random_weights_next(void *random_weights, void *to, size_t bytes) {
    cbx_random_weights *from = random_weights;
    const double w1 = 1.0 / sqrt(CBX_W1_ROWS), w2 = 1.0 / sqrt((double)from->hidden + 1.0);
    const uint64_t end = from->given + bytes / sizeof(float),
                   w2_begins = cbx_w1_floats(from->hidden);
    for (float *weight = to; from->given < end; weight++, from->given++) {
        const double deviation = from->given < w2_begins ? w1 : w2;
        *weight = (float)(deviation * cbx_random_normal(&from->random));
    }
    return CBX_OK;
}

cbx_status cbx_network_weights_next(void *network_weights, void *to, size_t bytes) {
    cbx_network_weights *from = network_weights;
    const size_t w1 = cbx_w1_floats(from->network->hidden);
    uint8_t *next = to;
    for (size_t left = bytes / sizeof(float); left > 0;) {
        const int in_w1 = from->given < w1;
        const float *floats =
            in_w1 ? from->network->w1 + from->given : from->network->w2 + (from->given - w1);
        const size_t some = in_w1 && w1 - from->given < left ? (size_t)(w1 - from->given) : left;
        memcpy(next, floats, some * sizeof *floats);
        next += some * sizeof *floats;
        from->given += some;
        left -= some;
    }
    return CBX_OK;
}

cbx_status cbx_network_take_weights(cbx_network *network, const cbx_pieces *weights) {
    const cbx_status status =
        weights->next(weights->user, network->w1, cbx_w1_floats(network->hidden) * sizeof(float));
    return status ? status
                  : weights->next(weights->user, network->w2,
                                  cbx_w2_floats(network->hidden) * sizeof(float));
}
