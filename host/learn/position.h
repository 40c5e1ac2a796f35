/* SPDX-License-Identifier: MIT */
#ifndef CBX_LEARN_POSITION_H
#define CBX_LEARN_POSITION_H

#include <stdint.h>

#include "base/random.h"

/* Where training stands: with the weights, all that it needs to go on from there. */
typedef struct cbx_position {
    uint32_t epoch;        /* epochs whose batches are all trained */
    uint32_t first;        /* place of the next batch in the order of the epoch under way */
    uint64_t batch_number; /* of the next batch, counted from the run's start */
    cbx_random random;     /* before the order of the epoch under way is drawn */
} cbx_position;

#endif
