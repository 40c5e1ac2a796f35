/* SPDX-License-Identifier: MIT */
#include "support/synthetic.h"

#include <math.h>

#include "clearbox/dataset.h"
#include "support/test.h"

uint64_t synthetic_bits(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

double synthetic_uniform(uint64_t *state) {
    return (double)(synthetic_bits(state) >> 11) * 0x1p-53;
}

double synthetic_normal(uint64_t *state) {
    double radius = sqrt(-2 * log(1 - synthetic_uniform(state)));
    return radius * cos(2 * 3.14159265358979323846 * synthetic_uniform(state));
}

cbx_network *synthetic_network(uint32_t hidden, uint64_t seed) {
    cbx_network *network = NULL;
    uint64_t state = seed;
    assert_ok(cbx_network_create(&network, hidden));
    for (size_t i = 0; i < (size_t)CBX_W1_ROWS * hidden; i++) {
        network->w1[i] = (float)(synthetic_normal(&state) / sqrt(CBX_W1_ROWS));
    }
    for (size_t i = 0; i < (1 + (size_t)hidden) * CBX_CLASSES; i++) {
        network->w2[i] = (float)(synthetic_normal(&state) / sqrt(1.0 + hidden));
    }
    return network;
}

cbx_network *synthetic_faint_network(uint32_t hidden, uint64_t seed) {
    const float edge = -43.668272f; /* ln 2⁻⁶³ */
    cbx_network *network = synthetic_network(hidden, seed);
    for (size_t j = 0; j < hidden; j++) {
        float *w1 = network->w1 + j, *w2 = network->w2 + (1 + j) * CBX_CLASSES;
        for (size_t k = 0; k < CBX_W1_ROWS && j % 3 > 0; k++) {
            w1[k * hidden] = k == 0 && j % 3 == 1 ? edge + 8 * w1[0] : 0;
        }
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            w2[o] *= j % 3 == 1 || o == 9 ? 0 : j % 3 == 2 ? 0x1p-60f : 1;
        }
    }
    network->w2[9] = edge + 0.1f;
    return network;
}

uint32_t *synthetic_order(uint32_t count, uint64_t seed) {
    uint32_t *order;
    uint64_t state = seed;
    TEST_NEW(order, count);
    for (uint32_t i = 0; i < count; i++) {
        /* The bias of the remainder is below 2⁻³² and does not matter here. */
        uint32_t other = (uint32_t)(synthetic_bits(&state) % (i + 1));
        order[i] = order[other];
        order[other] = i;
    }
    return order;
}
