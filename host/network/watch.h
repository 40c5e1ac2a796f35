/* SPDX-License-Identifier: MIT */
/* The weights around one batch of a training, copied off the device beside it: what it takes to
 * compute that batch again. Training goes on meanwhile, and its results are the same. Of a trainer that
 * has a share of the neurons it is the share's panels. */
#ifndef CBX_NETWORK_WATCH_H
#define CBX_NETWORK_WATCH_H

#include "network/trainer.h"

typedef struct cbx_watch cbx_watch;
struct cbx_batch;

/* The batch, which is yet to be stepped, and what is copied of W1: so many panels from `panel` on, and
 * after the last one the first. */
typedef struct cbx_watched {
    uint64_t number;
    uint32_t panel;
} cbx_watched;

/* Host memory, once it is there: the same layouts as on the device, kernels/layout.h. */
typedef struct cbx_around {
    const float *a1;          /* [P][stride][32] */
    const float *w2, *w2_new; /* [1+32P][16], from before the batch, and with it */
    const float *w1, *w1_new; /* [panels][785][32] */
    const float *sent;        /* [nodes][rows][10], what was told the other owners; alone NULL */
    const float *sum;         /* [rows][10], what came of theirs and these; alone NULL */
} cbx_around;

/* Watches the trainer; one watch at a time. `panels` ≤ P. *out is the
 * caller's. CBX_TOO_LARGE, CBX_NO_MEMORY. */
cbx_status cbx_watch_create(cbx_watch **out, cbx_trainer *trainer, uint32_t panels);
/* Waits for what is on its way. Before the trainer. */
void cbx_watch_destroy(cbx_watch *watch);

/* Of a network of `hidden` neurons in batches of `batch`, on the device and as much on the host. */
uint64_t cbx_watch_bytes(uint32_t hidden, uint32_t batch, uint32_t panels);

/* The next batch to look at; the last one has been. */
void cbx_watch_batch(cbx_watch *watch, cbx_watched batch);

/* Whether all is on the host, without or with waiting for it; a batch that was asked for and never
 * stepped is forgotten with waiting. */
cbx_status cbx_watch_look(cbx_watch *watch, int wait, int *there);

/* What there is, until the next cbx_watch_batch(). */
cbx_around cbx_watch_around(const cbx_watch *watch);
/* Rows that a panel of A1 has. */
uint32_t cbx_watch_stride(const cbx_watch *watch);

/* For a trainer, around each launch, which finishes what is pending, if anything, and starts `count`
 * batches; both enqueue only. `watch` may be NULL. */
cbx_status cbx_watch_before(cbx_watch *watch, const struct cbx_batch *first, uint32_t count);
cbx_status cbx_watch_after(cbx_watch *watch, const struct cbx_batch *first, uint32_t count);
/* And after each exchange, with the batch it is about. */
void cbx_watch_exchange(cbx_watch *watch, uint32_t number, uint32_t rows);
/* How many of `count` batches from `number` on a launch may start: the one that is watched ends a
 * launch, and is finished by one that starts a single batch. */
uint32_t cbx_watch_cut(const cbx_watch *watch, uint32_t number, uint32_t count);

#endif
