/* SPDX-License-Identifier: MIT */
/* The trainers of a network that has several owners. One leads, that of rank 0: what it is told to do
 * it tells the others, which follow (network/follow.h), and does it itself. So whoever trains
 * deals with one trainer, and with whole networks and pictures.
 *
 *   leader    ── command, and what belongs to it ──>  followers
 *             <── tiles, or W1, after a batch whose picture is due; weights where they are asked for ──
 *   all       <── the sums of every batch, cbx_exchange ──>
 */
#ifndef CBX_NETWORK_CREW_H
#define CBX_NETWORK_CREW_H

#include "network/schedule.h"

typedef enum cbx_word {
    CBX_TELL_W1,    /* then `rows` rows of W1 from `first` on, of each follower's panels */
    CBX_TELL_W2,    /* then W2 of its share, as it lies on its device */
    CBX_TELL_ORDER, /* then `count` numbers */
    CBX_TELL_BATCHES,
    CBX_TELL_EASEL, /* what pictures are: plain ones of the scale `rows` and the tone `count`, or with 0
                       others */
    CBX_TELL_FLUSH,
    CBX_TELL_EVALUATE, /* part `count` */
    CBX_TELL_OUTPUTS,  /* likewise */
    CBX_ASK_W1,        /* `rows` rows of it from `first` on are the answer */
    CBX_ASK_W2,        /* likewise */
    CBX_TELL_CHECK,    /* batch `number`, which comes next: rows, rates */
    CBX_ASK_VERDICT,   /* the answer is a byte; where the batch was wrong the follower ends */
    CBX_TELL_BEGIN,    /* once, of ranks: all have their trainers */
    CBX_TELL_END,
    CBX_WORDS
} cbx_word;

typedef struct cbx_command {
    cbx_word word;
    uint32_t first, rows, count, every; /* of cbx_trainer_steps_drawing() */
    cbx_rates rates;
    uint64_t number;
} cbx_command;

/* Whether it tells others. */
int cbx_crew_leads(const cbx_trainer *trainer);

/* To every follower, where the trainer leads; else nothing. */
cbx_status cbx_crew_tell(const cbx_trainer *trainer, const cbx_command *command, const void *more,
                         size_t bytes);

/* By the trainer's links. */
cbx_status cbx_crew_send(const cbx_trainer *trainer, uint32_t rank, const void *bytes, size_t size);
cbx_status cbx_crew_receive(const cbx_trainer *trainer, uint32_t rank, void *bytes, size_t size);

/* The neurons of a rank. */
cbx_share cbx_crew_share(const cbx_trainer *trainer, uint32_t rank);

/* Floats of so many rows of W1, and of W2, of a rank's whole panels: [panels][rows][32],
 * [1 + 32·panels][16]. */
size_t cbx_crew_w1_floats(const cbx_trainer *trainer, uint32_t rank, uint32_t rows);
size_t cbx_crew_w2_floats(const cbx_trainer *trainer, uint32_t rank);

/* A follower sends rows of its W1, or its W2, with every batch that is not pending. */
cbx_status cbx_crew_send_w1(cbx_trainer *trainer, uint32_t first, uint32_t rows);
cbx_status cbx_crew_send_w2(cbx_trainer *trainer);

/* And receives them. */
cbx_status cbx_crew_receive_w1(cbx_trainer *trainer, uint32_t first, uint32_t rows);
cbx_status cbx_crew_receive_w2(cbx_trainer *trainer);

/* A leader puts those together with its own in trainer->whole_w1. */
cbx_status cbx_crew_collect_w1(cbx_trainer *trainer);

/* Lets the followers go, as far as they can still be told. */
void cbx_crew_end(cbx_trainer *trainer);

#endif
