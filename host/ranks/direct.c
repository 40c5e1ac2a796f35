/* SPDX-License-Identifier: MIT */
/* The direct way, ranks/bond.h. */
#include <string.h>

#include "base/memory.h"
#include "ranks/bond.h"

cbx_status cbx_direct_add(cbx_bond *bond, const float *own, size_t numbers, float *sum,
                          cbx_meanwhile *meanwhile) {
    cbx_swap swaps[CBX_MOST_SWAPS];
    const uint32_t count = bond->count;
    uint32_t nodes[CBX_MOST_SWAPS] = {0}, all = 0, others = 0;
    for (uint32_t member = 0; member < count; member++) {
        nodes[member] = cbx_bond_nodes(bond, bond->owned[member]);
        all += nodes[member];
    }
    cbx_status status = cbx_make_room(&bond->list, &bond->list_room, all * numbers);
    float *list = bond->list;
    for (uint32_t member = 0; member < count && !status; member++) {
        const size_t floats = nodes[member] * numbers;
        if (member == bond->own) {
            memcpy(list, own, floats * sizeof *list);
        } else {
            swaps[others++] =
                (cbx_swap){bond->members[member], own, bond->nodes * numbers, list, floats};
        }
        list += floats;
    }
    if (!status) {
        status = bond->ranks->swap(bond->ranks->user, swaps, others, meanwhile);
    }
    if (!status) {
        cbx_tree_complete(bond->panels, bond->owned, bond->list, numbers);
        memcpy(sum, bond->list, numbers * sizeof *sum);
    }
    return status;
}
