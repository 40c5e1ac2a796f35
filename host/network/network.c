/* SPDX-License-Identifier: MIT */
#include "clearbox/network.h"

#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "base/random.h"
#include "clearbox/dataset.h"

cbx_status cbx_network_create(cbx_network **out, uint32_t hidden) {
    cbx_network *network = NULL;
    *out = NULL;
    if (hidden == 0 || hidden > CBX_MAX_HIDDEN) {
        return cbx_fail(CBX_BAD_ARGUMENT, "%u hidden neurons are not possible; take 1 to %u",
                        (unsigned)hidden, CBX_MAX_HIDDEN);
    }
    cbx_status status = cbx_new(&network, 1);
    if (status) {
        return status;
    }
    network->hidden = hidden;
    status = cbx_new(&network->w1, (size_t)CBX_W1_ROWS * hidden);
    if (!status) {
        status = cbx_new(&network->w2, ((size_t)hidden + 1) * CBX_CLASSES);
    }
    if (status) {
        cbx_network_destroy(network);
        return status;
    }
    *out = network;
    return CBX_OK;
}

void cbx_network_destroy(cbx_network *network) {
    if (network) {
        free(network->w1);
        free(network->w2);
        free(network);
    }
}

static void fill_normal(cbx_random *random, float *weights, size_t count, double deviation) {
    for (size_t i = 0; i < count; i++) {
        weights[i] = (float)(deviation * cbx_random_normal(random));
    }
}

void cbx_network_randomise(cbx_network *network, uint64_t seed) {
    size_t hidden = network->hidden;
    cbx_random random;
    cbx_random_seed(&random, seed, CBX_STREAM_WEIGHTS);
    fill_normal(&random, network->w1, CBX_W1_ROWS * hidden, 1.0 / sqrt(CBX_W1_ROWS));
    fill_normal(&random, network->w2, (hidden + 1) * CBX_CLASSES, 1.0 / sqrt((double)hidden + 1.0));
}
