/* SPDX-License-Identifier: MIT */
#include "ranks/bond.h"

uint32_t cbx_bond_nodes(const cbx_bond *bond, cbx_span span) {
    cbx_span nodes[CBX_MOST_NODES];
    return cbx_tree_nodes(bond->panels, span, nodes);
}

cbx_span cbx_bond_span(const cbx_bond *bond, uint32_t first, uint32_t end) {
    const cbx_span *from = &bond->owned[first], *to = &bond->owned[end - 1];
    return (cbx_span){from->first, to->first + to->count - from->first};
}
