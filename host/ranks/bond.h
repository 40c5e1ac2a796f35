/* SPDX-License-Identifier: MIT */
/* The ranks that have neurons, as the owners that a trainer knows: those without are not among them. Their
 * sums are added up by pairs of neighbours, then of pairs, and so on: what a pair has is the largest
 * nodes of the canon's tree within the panels of both, cbx_tree_merge(). So N ranks take log2 N steps, of which each
 * carries little more than the sums of one, and the order is the tree's:
 *
 *   ranks 0   1   2   3   4     of five the first two are one of four groups
 *         └──>┘   │   │   │     0 tells 1
 *             └<─>┘   └<─>┘     neighbours swap
 *             └<─────>┘   │     and pairs: rank 1 with 3 …
 *                 └<─────>┘     … and 2 with 4; all four know the sum
 *         └<──┘                 1 tells 0
 */
#ifndef CBX_RANKS_BOND_H
#define CBX_RANKS_BOND_H

#include "network/trainer.h"
#include "ranks/ranks.h"

/* One of the steps of a rank. */
typedef struct cbx_bond_step {
    uint32_t rank; /* with which one */
    uint32_t sends,
        receives;  /* nodes; what is received is joined to what is there, or where nothing is
                                 sent in the last step takes its place */
    int is_before; /* what is received is of the panels before */
    cbx_span before, after; /* that become one */
} cbx_bond_step;

enum { CBX_BOND_STEPS = 34 };

typedef struct cbx_bond {
    const cbx_ranks *ranks;
    uint32_t *members, count; /* (count), rising, rank 0 first */
    cbx_span *owned;          /* (count) */
    uint32_t panels;
    cbx_bond_step steps[CBX_BOND_STEPS];
    uint32_t step_count, nodes, most_nodes; /* of this rank; that it has at once, at most */
    float *list, *other;                    /* of as many floats: they change places */
    size_t list_room, other_room;
    cbx_exchange exchange;
    cbx_links links;
    cbx_division division;  /* of this rank */
    double seconds;         /* that exchanges of sums took, with waiting */
    double typical_seconds; /* of one, as cbx_bond_try() found */
} cbx_bond;

/* Of the panels of every rank (ranks->count), rank 0 having some; stays where it is. CBX_NO_MEMORY. To be
 * cleared in every case. */
cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden);
/* Exchanges the sums of batches of so many rows, without any work between, a hundred times. All members
 * call it. */
cbx_status cbx_bond_try(cbx_bond *bond, uint32_t rows);
void cbx_bond_clear(cbx_bond *bond);

#endif
