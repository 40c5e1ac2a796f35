/* SPDX-License-Identifier: MIT */
/* The ranks that have neurons, as the owners that a trainer knows: those without are not among them. Their
 * sums are added up in the order of the canon's tree in one of two ways, the one that took less time when
 * both were tried at the start.
 *
 * Directly: each sends its largest nodes of the tree to all others, which takes one step and N - 1 messages
 * each; cbx_tree_complete() adds them up.
 *
 * By pairs of neighbours, then of pairs, and so on: what a pair has is the largest nodes of the tree within
 * the panels of both, cbx_tree_merge(). So N ranks take log2 N steps, of which each carries little more than
 * the sums of one:
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

typedef enum cbx_bond_way {
    CBX_BY_PAIRS,
    CBX_DIRECTLY, /* of at most CBX_MOST_SWAPS members */
    CBX_BOND_WAYS
} cbx_bond_way;

typedef struct cbx_bond {
    const cbx_ranks *ranks;
    uint32_t *members, count; /* (count), rising, rank 0 first */
    cbx_span *owned;          /* (count) */
    uint32_t panels, own;     /* this rank as a member */
    cbx_bond_way way;         /* by pairs, until both were tried */
    cbx_bond_step steps[CBX_BOND_STEPS];
    uint32_t step_count, nodes, most_nodes; /* of this rank; that it has at once, at most */
    float *list, *other;                    /* of as many floats by pairs: they change places */
    size_t list_room, other_room;
    cbx_exchange exchange;
    cbx_links links;
    cbx_division division; /* of this rank */
    double seconds;        /* that exchanges of sums took, with idle waiting */
    double worked_seconds; /* that this rank worked meanwhile, in so many exchanges: */
    uint64_t worked;
    double typical_seconds; /* of one, as cbx_bond_try() found … */
    double
        message_seconds; /* … and, where it was asked for, what each further message at once takes of the
                               processor */
} cbx_bond;

/* Of the panels of every rank (ranks->count), rank 0 having some; stays where it is. CBX_NO_MEMORY. To be
 * cleared in every case. */
cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden);
/* Exchanges the sums of batches of so many rows, without any work between, fifty times each way, and
 * chooses; `messages`: and tries several messages at once. All members call it alike. */
cbx_status cbx_bond_try(cbx_bond *bond, uint32_t rows, int messages);
void cbx_bond_clear(cbx_bond *bond);

/* For its ways: the nodes of a span, and what members first … end - 1 own. */
uint32_t cbx_bond_nodes(const cbx_bond *bond, cbx_span span);
cbx_span cbx_bond_span(const cbx_bond *bond, uint32_t first, uint32_t end);

/* The ways, pairs.c and direct.c: own [nodes][numbers] of every member to the sum [numbers]. */
void cbx_pairs_plan(cbx_bond *bond);
cbx_status cbx_pairs_add(cbx_bond *bond, const float *own, size_t numbers, float *sum,
                         cbx_meanwhile *meanwhile);
cbx_status cbx_direct_add(cbx_bond *bond, const float *own, size_t numbers, float *sum,
                          cbx_meanwhile *meanwhile);

#endif
