/* SPDX-License-Identifier: MIT */
#include "clearbox/network.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/weights.h"

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

void cbx_network_randomise(cbx_network *network, uint64_t seed) {
    cbx_random_weights from = {.hidden = network->hidden};
    cbx_random_seed(&from.random, seed, CBX_STREAM_WEIGHTS);
    (void)cbx_network_take_weights(network, &(cbx_pieces){cbx_random_weights_next, &from});
}
