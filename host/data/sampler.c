/* SPDX-License-Identifier: MIT */
#include "data/sampler.h"

void cbx_sampler_in_order(uint32_t *order, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        order[i] = i;
    }
}

void cbx_sampler_shuffle(cbx_random *random, uint32_t *order, uint32_t count) {
    cbx_sampler_in_order(order, count);
    for (uint32_t last = count; last > 1; last--) {
        uint32_t i = last - 1;
        uint32_t j = cbx_random_below(random, last);
        uint32_t kept = order[i];
        order[i] = order[j];
        order[j] = kept;
    }
}
