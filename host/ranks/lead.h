/* SPDX-License-Identifier: MIT */
/* What rank 0 does for the others to serve it (ranks/serve.h). */
#ifndef CBX_RANKS_LEAD_H
#define CBX_RANKS_LEAD_H

#include "ranks/bond.h"
#include "ranks/message.h"

/* Zeroed: there are no others. */
typedef struct cbx_lead {
    const cbx_ranks *ranks;
    cbx_device_info *devices; /* (ranks->count); rank 0's is the caller's to fill in */
    int has_dataset;
} cbx_lead;

/* Tells them to start their devices, as `message` says; does not wait. */
cbx_status cbx_lead_start(cbx_lead *lead, const cbx_ranks *ranks, const cbx_rank_message *message);
/* Waits until they did. The failure of one names it. */
cbx_status cbx_lead_started(cbx_lead *lead);

/* Gives them the dataset, unless they have it. */
cbx_status cbx_lead_give(cbx_lead *lead, const cbx_dataset *dataset);

/* Shares the network's panels out: evenly where all devices are `alike`, else by how fast each trains an even
 * share, the caller's being `device`. spans (ranks->count). */
cbx_status cbx_lead_share_out(cbx_lead *lead, cbx_device *device, const cbx_dataset *dataset,
                              const cbx_trainer_settings *settings, int alike, cbx_span *spans);

/* The trainer that leads those of the other ranks. `bond`, which is filled and the caller's to clear, and
 * all else must outlive it. `messages`: bond->message_seconds is wanted. *out is the caller's, NULL after a
 * failure. */
cbx_status cbx_lead_train(cbx_lead *lead, cbx_device *device, const cbx_dataset *dataset,
                          const cbx_trainer_settings *settings, const cbx_span *spans, int checks,
                          int messages, cbx_bond *bond, cbx_trainer **out);

/* They close their devices, once no trainer leads them. */
void cbx_lead_end(cbx_lead *lead);

/* They leave, and serve no more. */
void cbx_lead_dismiss(const cbx_ranks *ranks);

#endif
