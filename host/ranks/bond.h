/* SPDX-License-Identifier: MIT */
/* The ranks that have neurons, as the owners that a trainer knows: those without are not among them. */
#ifndef CBX_RANKS_BOND_H
#define CBX_RANKS_BOND_H

#include "network/trainer.h"
#include "ranks/ranks.h"

typedef struct cbx_bond {
    const cbx_ranks *ranks;
    uint32_t *members, count; /* (count), rising, rank 0 first */
    cbx_span *owned;          /* (count) */
    cbx_exchange exchange;
    cbx_links links;
    cbx_division division; /* of this rank */
} cbx_bond;

/* Of the panels of every rank (ranks->count), rank 0 having some; stays where it is. CBX_NO_MEMORY. To be
 * cleared in every case. */
cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden);
void cbx_bond_clear(cbx_bond *bond);

#endif
