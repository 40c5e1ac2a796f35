/* SPDX-License-Identifier: MIT */
/* The way by pairs, ranks/bond.h. */
#include <string.h>

#include "base/memory.h"
#include "ranks/bond.h"

/* ---- steps ---- */

static void add_step(cbx_bond *bond, cbx_bond_step step) {
    bond->steps[bond->step_count++] = step;
}

/* With a member whose panels are beside these. */
static void join(cbx_bond *bond, uint32_t member, int sends, cbx_span own, cbx_span theirs) {
    const int is_before = theirs.first < own.first;
    const uint32_t nodes = cbx_bond_nodes(bond, own) + cbx_bond_nodes(bond, theirs);
    bond->most_nodes = nodes > bond->most_nodes ? nodes : bond->most_nodes;
    add_step(bond, (cbx_bond_step){.rank = bond->members[member],
                                   .sends = sends ? cbx_bond_nodes(bond, own) : 0,
                                   .receives = cbx_bond_nodes(bond, theirs),
                                   .is_before = is_before,
                                   .before = is_before ? theirs : own,
                                   .after = is_before ? own : theirs});
}

/* A power of two of groups: the first `pairs` of them are of two members, of whom the second one acts. */
static uint32_t first_of(uint32_t group, uint32_t pairs) {
    return group < pairs ? 2 * group : group + pairs;
}

void cbx_pairs_plan(cbx_bond *bond) {
    const uint32_t own = bond->own;
    uint32_t groups = 1;
    while (2 * groups <= bond->count) {
        groups *= 2;
    }
    const uint32_t pairs = bond->count - groups;
    const uint32_t group = own < 2 * pairs ? own / 2 : own - pairs;
    bond->nodes = bond->most_nodes = cbx_bond_nodes(bond, bond->owned[own]);
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
             cbx_bond_span(bond, first_of(mine, pairs), first_of(mine + size, pairs)),
             cbx_bond_span(bond, first_of(theirs, pairs), first_of(theirs + size, pairs)));
    }
    if (own < 2 * pairs) {
        add_step(bond, (cbx_bond_step){.rank = bond->members[own - 1], .sends = 1});
    }
}

/* ---- exchange ---- */

static cbx_status take(cbx_bond *bond, const cbx_bond_step *step, size_t *has, size_t numbers,
                       cbx_meanwhile *meanwhile) {
    const size_t sends = step->sends * numbers, receives = step->receives * numbers;
    const int joins = step->after.count > 0, apart = step->is_before || !joins;
    const cbx_swap swap = {step->rank, bond->list, sends, apart ? bond->other : bond->list + *has,
                           receives};
    const cbx_status status = bond->ranks->swap(bond->ranks->user, &swap, 1, meanwhile);
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

cbx_status cbx_pairs_add(cbx_bond *bond, const float *own, size_t numbers, float *sum,
                         cbx_meanwhile *meanwhile) {
    size_t has = bond->nodes * numbers;
    cbx_status status = cbx_make_room(&bond->list, &bond->list_room, bond->most_nodes * numbers);
    if (!status) {
        status = cbx_make_room(&bond->other, &bond->other_room, bond->most_nodes * numbers);
    }
    if (!status) {
        memcpy(bond->list, own, has * sizeof *own);
    }
    for (uint32_t i = 0; i < bond->step_count && !status; i++) {
        status = take(bond, &bond->steps[i], &has, numbers, i == 0 ? meanwhile : NULL);
    }
    if (!status) {
        memcpy(sum, bond->list, numbers * sizeof *sum);
    }
    return status;
}
