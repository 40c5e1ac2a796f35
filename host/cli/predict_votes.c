/* SPDX-License-Identifier: MIT */
#include "cli/predict_votes.h"

#include <math.h>

#include "clearbox/dataset.h"

size_t cli_find_votes(const cbx_network *network, const float *activations, size_t class,
                      cli_vote out[CLI_MOST_VOTES]) {
    size_t count = 0;
    for (uint32_t j = 0; j < network->hidden; j++) {
        const double weight = network->w2[(j + (size_t)1) * CBX_CLASSES + class];
        const cli_vote one = {j, activations[j], (double)activations[j] * weight};
        size_t place = count;
        while (place > 0 && fabs(out[place - 1].vote) < fabs(one.vote)) {
            place--;
        }
        count += count < CLI_MOST_VOTES;
        for (size_t i = count; i-- > place + 1;) {
            out[i] = out[i - 1];
        }
        if (place < CLI_MOST_VOTES) {
            out[place] = one;
        }
    }
    return count;
}
