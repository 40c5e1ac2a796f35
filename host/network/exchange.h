/* SPDX-License-Identifier: MIT */
/* What the owners of a network's neurons tell each other: of all their state only Z2 crosses
 * between them, as it does between the chunks of one. */
#ifndef CBX_NETWORK_EXCHANGE_H
#define CBX_NETWORK_EXCHANGE_H

#include "device/device.h"

/* An owner's neurons: first … first + count of the network, whole panels but for its last. */
typedef struct cbx_share {
    uint32_t first, count;
} cbx_share;

typedef struct cbx_exchange {
    uint32_t rank, ranks;
    /* Called on every rank with the same batches in the same order. z2 [rows][16] is what this
     * rank's neurons add to Z2 and becomes the sum, added up in the order of the ranks: the
     * same bits on each. Waits for the others; a failure is the rank's own to pass on to them. */
    cbx_status (*sum)(void *user, float *z2, size_t rows);
    void *user;
} cbx_exchange;

/* One owner of everything, who has nobody to ask. */
extern const cbx_exchange cbx_exchange_alone;

/* Where an owner's part of Z2 lies, as shares [shares][stride][16] that are yet to be added. */
typedef struct cbx_sums {
    cl_mem buffer;
    size_t first; /* share in the buffer */
    uint32_t shares, stride;
    uint32_t rows; /* in use */
} cbx_sums;

/* Makes the first share the sum over all ranks and the others zero. Waits for the device and
 * for the other ranks; does nothing when alone. */
cbx_status cbx_exchange_sums(const cbx_exchange *exchange, cbx_device *device,
                             const cbx_sums *sums);

#endif
