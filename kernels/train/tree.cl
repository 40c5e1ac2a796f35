/* SPDX-License-Identifier: MIT */
/* The tree in which the panels' sums are added, T of kernels/canon.h, one summand after the
 * other: `tree` [CBX_TREE_LEVELS] holds in its level i the sum of 2^i that follow each other,
 * as the digits of a binary counter. Aligned runs of 2^i panels may be added up apart and then
 * enter as one summand.
 */
#define CBX_TREE_LEVELS 14 /* P ≤ CBX_MOST_OWNED / 32 = 2¹³ */

/* Adds number `at` = 0, 1, 2 … */
HELPER void tree_add(float16 *tree, uint at, float16 sum)
{
    uint level = 0;
    for (; at >> level & 1; level++) {
        sum = tree[level] + sum;
    }
    tree[level] = sum;
}

/* What `count` ≥ 1 summands come to. */
HELPER float16 tree_sum(const float16 *tree, uint count)
{
    uint level = 0;
    while (!(count >> level & 1)) {
        level++;
    }
    float16 sum = tree[level];
    while (count >> ++level) {
        sum = count >> level & 1 ? tree[level] + sum : sum;
    }
    return sum;
}

/* The same with the levels in memory, `of_level` floats from one to the next. */
HELPER void tree_add_far(global float *tree, size_t of_level, uint at, float16 sum)
{
    for (; at & 1; at >>= 1, tree += of_level) {
        sum = LOAD_OUT(tree) + sum;
    }
    STORE_OUT(tree, sum);
}

HELPER float16 tree_sum_far(global const float *tree, size_t of_level, uint count)
{
    for (; !(count & 1); count >>= 1) {
        tree += of_level;
    }
    float16 sum = LOAD_OUT(tree);
    while (count >>= 1) {
        tree += of_level;
        sum = count & 1 ? LOAD_OUT(tree) + sum : sum;
    }
    return sum;
}
