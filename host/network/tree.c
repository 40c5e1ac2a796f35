/* SPDX-License-Identifier: MIT */
#include "network/tree.h"

#include <string.h>

uint32_t cbx_tree_levels(uint64_t summands) {
    uint32_t levels = 0;
    for (; summands > 0; summands >>= 1) {
        levels++;
    }
    return levels;
}

uint32_t cbx_tree_half(uint32_t count) {
    uint32_t half = 1;
    while (half < count - half) {
        half *= 2;
    }
    return half;
}

static void halve(cbx_span of, cbx_span halves[2]) {
    const uint32_t half = cbx_tree_half(of.count);
    halves[0] = (cbx_span){of.first, half};
    halves[1] = (cbx_span){of.first + half, of.count - half};
}

static int is_within(cbx_span part, cbx_span of) {
    return part.first >= of.first && part.first + part.count <= of.first + of.count;
}

static int meets(cbx_span a, cbx_span b) {
    return a.first < b.first + b.count && b.first < a.first + a.count;
}

static uint32_t list(cbx_span node, cbx_span of, cbx_span *nodes, uint32_t count) {
    cbx_span halves[2];
    if (!meets(node, of)) {
        return count;
    }
    if (is_within(node, of)) {
        nodes[count] = node;
        return count + 1;
    }
    halve(node, halves);
    count = list(halves[0], of, nodes, count);
    return list(halves[1], of, nodes, count);
}

uint32_t cbx_tree_nodes(uint32_t panels, cbx_span of, cbx_span nodes[CBX_MOST_NODES]) {
    return list((cbx_span){0, panels}, of, nodes, 0);
}

static void add(float *to, const float *other, size_t numbers) {
    for (size_t i = 0; i < numbers; i++) {
        to[i] += other[i];
    }
}

/* What is left of the owners and of their nodes. */
typedef struct walk {
    const cbx_span *owned;
    float *next;
    size_t numbers;
} walk;

static float *complete(walk *w, cbx_span node) {
    cbx_span halves[2];
    /* Every node is of owners, so that there is a next one. NOLINTNEXTLINE */
    while (w->owned->first + w->owned->count <= node.first) {
        w->owned++;
    }
    if (is_within(node, *w->owned)) {
        float *sum = w->next;
        w->next += w->numbers;
        return sum;
    }
    halve(node, halves);
    float *sum = complete(w, halves[0]);
    add(sum, complete(w, halves[1]), w->numbers);
    return sum;
}

void cbx_tree_complete(uint32_t panels, const cbx_span *owned, float *nodes, size_t numbers) {
    walk w = {owned, nodes, numbers};
    (void)complete(&w, (cbx_span){0, panels}); /* the first node is in the first place */
}

uint32_t cbx_tree_merge(uint32_t panels, cbx_span first, cbx_span second, float *nodes,
                        size_t numbers) {
    const cbx_span owned[] = {first, second};
    const cbx_span both = {first.first, first.count + second.count};
    cbx_span merged[CBX_MOST_NODES];
    const uint32_t count = cbx_tree_nodes(panels, both, merged);
    walk w = {owned, nodes, numbers};
    for (uint32_t i = 0; i < count; i++) { /* each is where its first part was, or before it */
        memmove(nodes + i * numbers, complete(&w, merged[i]), numbers * sizeof *nodes);
    }
    return count;
}

float *cbx_tree_add(float *shares, uint32_t count, size_t pitch, size_t numbers) {
    if (count > 1) {
        const uint32_t half = cbx_tree_half(count);
        float *other = shares + half * pitch;
        (void)cbx_tree_add(shares, half, pitch, numbers);
        add(shares, cbx_tree_add(other, count - half, pitch, numbers), numbers);
    }
    return shares;
}
