/* SPDX-License-Identifier: MIT */
#include "ranks/bond.h"

#include <stdlib.h>
#include <string.h>

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

/* ---- steps ---- */

static uint32_t nodes_of(const cbx_bond *bond, cbx_span span) {
    cbx_span nodes[CBX_MOST_NODES];
    return cbx_tree_nodes(bond->panels, span, nodes);
}

/* Of members first … end − 1. */
static cbx_span span_of(const cbx_bond *bond, uint32_t first, uint32_t end) {
    const cbx_span *from = &bond->owned[first], *to = &bond->owned[end - 1];
    return (cbx_span){from->first, to->first + to->count - from->first};
}

static void add_step(cbx_bond *bond, cbx_bond_step step) {
    bond->steps[bond->step_count++] = step;
}

/* With a member whose panels are beside these. */
static void join(cbx_bond *bond, uint32_t member, int sends, cbx_span own, cbx_span theirs) {
    const int is_before = theirs.first < own.first;
    const uint32_t nodes = nodes_of(bond, own) + nodes_of(bond, theirs);
    bond->most_nodes = nodes > bond->most_nodes ? nodes : bond->most_nodes;
    add_step(bond, (cbx_bond_step){.rank = bond->members[member],
                                   .sends = sends ? nodes_of(bond, own) : 0,
                                   .receives = nodes_of(bond, theirs),
                                   .is_before = is_before,
                                   .before = is_before ? theirs : own,
                                   .after = is_before ? own : theirs});
}

/* A power of two of groups: the first `pairs` of them are of two members, of whom the second one acts. */
static uint32_t first_of(uint32_t group, uint32_t pairs) {
    return group < pairs ? 2 * group : group + pairs;
}

static void plan(cbx_bond *bond, uint32_t own) {
    uint32_t groups = 1;
    while (2 * groups <= bond->count) {
        groups *= 2;
    }
    const uint32_t pairs = bond->count - groups;
    const uint32_t group = own < 2 * pairs ? own / 2 : own - pairs;
    bond->nodes = bond->most_nodes = nodes_of(bond, bond->owned[own]);
    if (own < 2 * pairs && own % 2 == 0) {
        add_step(bond, (cbx_bond_step){.rank = bond->members[own + 1], .sends = bond->nodes});
        add_step(bond, (cbx_bond_step){.rank = bond->members[own + 1], .receives = 1});
        return;
    }
    if (own < 2 * pairs) {
        join(bond, own - 1, 0, bond->owned[own], bond->owned[own - 1]);
    }
    for (uint32_t size = 1; size < groups; size *= 2) {
        const uint32_t mine = group & ~(size - 1), theirs = mine ^ size, other = group ^ size;
        join(bond, first_of(other, pairs) + (other < pairs), 1,
             span_of(bond, first_of(mine, pairs), first_of(mine + size, pairs)),
             span_of(bond, first_of(theirs, pairs), first_of(theirs + size, pairs)));
    }
    if (own < 2 * pairs) {
        add_step(bond, (cbx_bond_step){.rank = bond->members[own - 1], .sends = 1});
    }
}

/* ---- exchange ---- */

static cbx_status take(cbx_bond *bond, const cbx_bond_step *step, size_t *has, size_t numbers) {
    const size_t sends = step->sends * numbers, receives = step->receives * numbers;
    const int joins = step->after.count > 0, apart = step->is_before || !joins;
    const cbx_status status = bond->ranks->swap(bond->ranks->user, step->rank, bond->list, sends,
                                                apart ? bond->other : bond->list + *has, receives);
    if (status || receives == 0) {
        return status;
    }
    if (apart) {
        float *list = bond->other;
        memcpy(list + receives, bond->list, joins ? *has * sizeof *list : 0);
        bond->other = bond->list;
        bond->list = list;
    }
    if (joins) {
        *has =
            numbers * cbx_tree_merge(bond->panels, step->before, step->after, bond->list, numbers);
    }
    return CBX_OK;
}

static cbx_status add(void *user, const float *own, size_t numbers, float *sum) {
    cbx_bond *bond = user;
    const double start = cbx_clock_seconds();
    size_t has = bond->nodes * numbers;
    cbx_status status = cbx_make_room(&bond->list, &bond->list_room, bond->most_nodes * numbers);
    if (!status) {
        status = cbx_make_room(&bond->other, &bond->other_room, bond->most_nodes * numbers);
    }
    if (!status) {
        memcpy(bond->list, own, has * sizeof *own);
    }
    for (uint32_t i = 0; i < bond->step_count && !status; i++) {
        status = take(bond, &bond->steps[i], &has, numbers);
    }
    if (!status) {
        memcpy(sum, bond->list, numbers * sizeof *sum);
    }
    bond->seconds += cbx_clock_seconds() - start;
    return status;
}

static int compare(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

cbx_status cbx_bond_try(cbx_bond *bond, uint32_t rows) {
    enum { ROUNDS = 100 };
    const size_t numbers = (size_t)rows * CBX_LANES_OUT;
    double took[ROUNDS];
    float *own = NULL, *sum = NULL;
    cbx_status status = cbx_new(&own, bond->nodes * numbers);
    if (!status) {
        status = cbx_new(&sum, numbers);
    }
    for (int i = 0; i < ROUNDS && !status; i++) {
        const double before = bond->seconds;
        status = add(bond, own, numbers, sum);
        took[i] = bond->seconds - before;
    }
    if (!status) {
        qsort(took, ROUNDS, sizeof *took, compare);
        bond->typical_seconds = took[ROUNDS / 2];
    }
    bond->seconds = 0.0;
    free(own);
    free(sum);
    return status;
}

cbx_status cbx_bond_open(cbx_bond *out, const cbx_ranks *ranks, const cbx_span *spans,
                         uint32_t hidden) {
    uint32_t own = 0;
    *out = (cbx_bond){.ranks = ranks, .panels = CBX_PANELS_OF(hidden)};
    cbx_status status = cbx_new(&out->members, ranks->count);
    if (!status) {
        status = cbx_new(&out->owned, ranks->count);
    }
    if (status) {
        return status;
    }
    for (uint32_t rank = 0; rank < ranks->count; rank++) {
        if (spans[rank].count > 0) {
            own = rank == ranks->rank ? out->count : own;
            out->members[out->count] = rank;
            out->owned[out->count++] = spans[rank];
        }
    }
    plan(out, own);
    out->exchange = (cbx_exchange){own, out->count, out->owned, add, out};
    out->links = (cbx_links){send, receive, out};
    out->division = (cbx_division){.share = cbx_share_of(spans[ranks->rank], hidden),
                                   .exchange = &out->exchange,
                                   .links = &out->links};
    return CBX_OK;
}

void cbx_bond_clear(cbx_bond *bond) {
    free(bond->members);
    free(bond->owned);
    free(bond->list);
    free(bond->other);
    *bond = (cbx_bond){.ranks = NULL};
}
