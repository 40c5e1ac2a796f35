/* SPDX-License-Identifier: MIT */
/* T of kernels/canon.h, the tree in which the sums of a network's panels are added: what of it an
 * owner of some panels can add up alone. */
#ifndef CBX_NETWORK_TREE_H
#define CBX_NETWORK_TREE_H

#include <stddef.h>
#include <stdint.h>

/* Panels first … first + count. */
typedef struct cbx_span {
    uint32_t first, count;
} cbx_span;

/* Of one span, in a tree of at most 2²⁰ panels: rising to the largest and falling from it, one of each
 * size. */
enum { CBX_MOST_NODES = 2 * 20 };

/* Levels that a tree of so many summands needs, kernels/train/tree.cl. */
uint32_t cbx_tree_levels(uint64_t summands);

/* The largest power of two below count ≥ 2: how many of its summands are in the first half. */
uint32_t cbx_tree_half(uint32_t count);

/* The largest nodes of T(0, panels) that lie in `of`, rising; how many. */
uint32_t cbx_tree_nodes(uint32_t panels, cbx_span of, cbx_span nodes[CBX_MOST_NODES]);

/* Adds up all of T(0, panels) whose largest nodes within each of `owned` (owners) are there, one
 * behind the other, `numbers` floats each: the sum takes the place of the first. The spans follow
 * each other and are all panels together. */
void cbx_tree_complete(uint32_t panels, const cbx_span *owned, float *nodes, size_t numbers);

/* The same of two spans of which the second follows the first, whose largest nodes are there, one behind the
 * other: the largest nodes of both together take the place of the first; how many. */
uint32_t cbx_tree_merge(uint32_t panels, cbx_span first, cbx_span second, float *nodes,
                        size_t numbers);

/* Adds up the tree of `count` ≥ 1 shares of `numbers` floats, each `pitch` from the next: of panels, or
 * of equal powers of two of them, the last perhaps fewer. The sum takes the place of the first, which
 * is returned; the others are spoilt. */
float *cbx_tree_add(float *shares, uint32_t count, size_t pitch, size_t numbers);

#endif
