/* SPDX-License-Identifier: MIT */
/* What the owners of a network's neurons tell each other: of all their state only Z2 crosses
 * between them, its ten outputs without the lanes beside them, as it does between the chunks of one. Each adds up what it can of the tree of
 * kernels/canon.h, its largest nodes; those of all are added up in its order, wherever that is: the
 * same bits for any owners. */
#ifndef CBX_NETWORK_EXCHANGE_H
#define CBX_NETWORK_EXCHANGE_H

#include "device/device.h"
#include "network/tree.h"

/* An owner's neurons: first … first + count of the network, whole panels but for its last. */
typedef struct cbx_share {
    uint32_t first, count;
} cbx_share;

/* The neurons in those panels of a network of `hidden`. */
cbx_share cbx_share_of(cbx_span panels, uint32_t hidden);

/* What an owner does once its sums are on their way to the others, which it would only wait for. */
typedef struct cbx_meanwhile {
    cbx_status (*work)(void *user);
    void *user;
    double seconds; /* that it took */
} cbx_meanwhile;

/* By whoever exchanges, once in each exchange; NULL: there is nothing to do. */
cbx_status cbx_meanwhile_do(cbx_meanwhile *meanwhile);

typedef struct cbx_exchange {
    uint32_t rank, ranks;
    const cbx_span *owned; /* (ranks) the panels of each, in order: together all of the network */
    /* Called on every rank with the same batches in the same order: own [nodes][numbers] are the sums of
     * this rank's largest nodes, cbx_tree_nodes(), and sum [numbers] becomes that of all panels.
     * Waits for the others, with something to do or NULL; a failure is the rank's own to pass on to
     * them. */
    cbx_status (*add)(void *user, const float *own, size_t numbers, float *sum,
                      cbx_meanwhile *meanwhile);
    void *user;
} cbx_exchange;

/* How the owners reach each other beside that: messages, in the order in which they were sent, each
 * received by one call of the same size. Both may wait. Between rank 0 and the others alone. */
typedef struct cbx_links {
    cbx_status (*send)(void *user, uint32_t rank, const void *bytes, size_t size);
    cbx_status (*receive)(void *user, uint32_t rank, void *bytes, size_t size);
    void *user;
} cbx_links;

/* One owner of everything, who has nobody to ask. */
extern const cbx_exchange cbx_exchange_alone;

/* An owner's part of the tree, and room for what crosses. Zeroed: nothing. */
typedef struct cbx_meeting {
    cbx_exchange exchange;
    uint32_t panels;                /* of the network */
    cbx_span nodes[CBX_MOST_NODES]; /* (count), the owner's; alone none */
    uint32_t count;
    float *own;                           /* as it is on the device */
    float *sent;                          /* [count][rows][10], of the last exchange */
    float *sum;                           /* [rows][10], what it came to */
    size_t own_room, sent_room, sum_room; /* floats */
} cbx_meeting;

/* Where an owner's part of Z2 lies, as shares [shares][stride][16] that are yet to be added. */
typedef struct cbx_sums {
    cl_mem buffer;
    size_t first; /* share in the buffer */
    uint32_t shares, stride;
    uint32_t rows;         /* in use */
    uint32_t share_panels; /* in each, a power of two; 0: a share is one of the owner's nodes */
} cbx_sums;

/* Of a network of so many panels; to be cleared. */
cbx_meeting cbx_meeting_open(const cbx_exchange *exchange, uint32_t panels);
/* What is enqueued is over. */
void cbx_meeting_clear(cbx_meeting *meeting);

/* Makes the first share of `to` the sum of `from` over all ranks and its others zero, which is enqueued;
 * both may be the same, with the same rows in any case. Waits for the device and for the other ranks; does
 * nothing when alone. */
cbx_status cbx_exchange_sums(cbx_meeting *meeting, cbx_device *device, const cbx_sums *from,
                             const cbx_sums *to, cbx_meanwhile *meanwhile);

#endif
