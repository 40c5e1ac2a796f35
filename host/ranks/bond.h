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
    double seconds;         /* that exchanges of sums took, with waiting */
    double typical_seconds; /* of one, as cbx_bond_try() found */
} cbx_bond;

/* Of the panels of every rank (ranks->count), rank 0 having some; stays where it is. CBX_NO_MEMORY. To be
 * cleared in every case. */
cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden);
/* Exchanges the sums of batches of so many rows, without any work between, a hundred times. All members
 * call it. */
cbx_status cbx_bond_try(cbx_bond *bond, uint32_t panels, uint32_t rows);
void cbx_bond_clear(cbx_bond *bond);

#endif
