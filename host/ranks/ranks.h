/* SPDX-License-Identifier: MIT */
/* Several processes that train one network, on one machine or many: each has a device and a share of the
 * neurons. That of rank 0 runs the job; the others serve it, ranks/serve.h. How they reach each other is
 * for whoever starts them to say: host/mpi does it by MPI. */
#ifndef CBX_RANKS_RANKS_H
#define CBX_RANKS_RANKS_H

#include "network/exchange.h"

/* Where a rank is. */
typedef struct cbx_place {
    char host[64];
    char cores[64];         /* that it is bound to, "0-3,8"; "": to none */
    uint32_t local, locals; /* which it is of so many on that machine */
} cbx_place;

/* To and from another rank. */
typedef struct cbx_swap {
    uint32_t rank;
    const float *from;
    size_t sends; /* floats */
    float *to;
    size_t receives;
} cbx_swap;

enum { CBX_MOST_SWAPS = 64 }; /* at once */

/* All of it is for one thread, and borrowed. What fails is CBX_DEVICE_FAULT and a sentence, and the ranks
 * are of no more use then. */
typedef struct cbx_ranks {
    uint32_t rank, count;
    const cbx_place *places; /* (count) */
    cbx_links links;         /* whose ranks are these */
    /* All get the bytes of rank 0; all call it. */
    cbx_status (*broadcast)(void *user, void *bytes, size_t size);
    /* All of these at the same time; the other ranks do the reverse. Between sending and waiting there
     * may be something to do. */
    cbx_status (*swap)(void *user, const cbx_swap *swaps, uint32_t count, cbx_meanwhile *meanwhile);
    /* For all but rank 0: tells it the last sentence of this thread, which ends whatever it waits for.
     * CBX_OK; or where rank 0 is lost that, in the place of `status`. */
    cbx_status (*fail)(void *user, cbx_status status);
    /* For rank 0: what a rank told that way, or how it was lost, in the place of `status`. */
    cbx_status (*blame)(void *user, cbx_status status);
    void *user;
} cbx_ranks;

#endif
