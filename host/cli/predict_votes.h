/* SPDX-License-Identifier: MIT */
/* Who decided: what each hidden neuron adds to the sum of an output. */
#ifndef CBX_CLI_PREDICT_VOTES_H
#define CBX_CLI_PREDICT_VOTES_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/network.h"

enum { CLI_MOST_VOTES = 5 };

/* W2[1+j][class] times the activation of neuron j, as it is in double. */
typedef struct cli_vote {
    uint32_t neuron; /* counted from 0 */
    double activation, vote;
} cli_vote;

/* The largest in size, for or against, the largest first; how many. Of equals the first neuron. */
size_t cli_find_votes(const cbx_network *network, const float *activations, size_t class,
                      cli_vote out[CLI_MOST_VOTES]);

#endif
