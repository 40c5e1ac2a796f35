/* SPDX-License-Identifier: MIT */
#include "ranks/bond.h"

#include <stdlib.h>

#include "base/memory.h"

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
    const cbx_bond *bond = user;
    return bond->ranks->gather(bond->ranks->user, bond->members, bond->count, all, starts);
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
