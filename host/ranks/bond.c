/* SPDX-License-Identifier: MIT */
#include "ranks/bond.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "layout.h"

static cbx_status send(void *user, uint32_t member, const void *bytes, size_t size) {
    const cbx_bond *bond = user;
    const cbx_links *links = &bond->ranks->links;
    return links->send(links->user, bond->members[member], bytes, size);
}

static cbx_status receive(void *user, uint32_t member, void *bytes, size_t size) {
    const cbx_bond *bond = user;
    const cbx_links *links = &bond->ranks->links;
    return links->receive(links->user, bond->members[member], bytes, size);
}

static cbx_status gather(void *user, float *all, const size_t *starts) {
    cbx_bond *bond = user;
    const double start = cbx_clock_seconds();
    const cbx_status status =
        bond->ranks->gather(bond->ranks->user, bond->members, bond->count, all, starts);
    bond->seconds += cbx_clock_seconds() - start;
    return status;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

cbx_status cbx_bond_try(cbx_bond *bond, uint32_t panels, uint32_t rows) {
    enum { ROUNDS = 100 };
    double took[ROUNDS];
    size_t *starts = NULL;
    float *all = NULL;
    cbx_status status = cbx_new(&starts, (size_t)bond->count + 1);
    for (uint32_t i = 0; i < bond->count && !status; i++) {
        cbx_span nodes[CBX_MOST_NODES];
        starts[i + 1] = starts[i] + (size_t)cbx_tree_nodes(panels, bond->owned[i], nodes) * rows *
                                        CBX_LANES_OUT;
    }
    if (!status) {
        status = cbx_new(&all, starts[bond->count]);
    }
    for (int i = 0; i < ROUNDS && !status; i++) {
        const double before = bond->seconds;
        status = gather(bond, all, starts);
        took[i] = bond->seconds - before;
    }
    if (!status) {
        qsort(took, ROUNDS, sizeof *took, compare);
        bond->typical_seconds = took[ROUNDS / 2];
    }
    bond->seconds = 0.0;
    free(starts);
    free(all);
    return status;
}

cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden) {
    uint32_t own = 0;
    *out = (cbx_bond){.ranks = ranks};
    cbx_status status = cbx_new(&out->members, ranks->count);
    if (!status) {
        status = cbx_new(&out->owned, ranks->count);
    }
    for (uint32_t rank = 0; rank < ranks->count && !status; rank++) {
        if (spans[rank].count > 0) {
            own = rank == ranks->rank ? out->count : own;
            out->members[out->count] = rank;
            out->owned[out->count++] = spans[rank];
        }
    }
    out->exchange = (cbx_exchange){own, out->count, out->owned, gather, out};
    out->links = (cbx_links){send, receive, out};
    out->division = (cbx_division){.share = cbx_share_of(spans[ranks->rank], hidden),
                                   .exchange = &out->exchange,
                                   .links = &out->links};
    return status;
}

void cbx_bond_clear(cbx_bond *bond) {
    free(bond->members);
    free(bond->owned);
    *bond = (cbx_bond){.ranks = NULL};
}
