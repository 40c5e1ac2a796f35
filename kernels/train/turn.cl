/* SPDX-License-Identifier: MIT */
/* Batches turned round, for GPUs: what the products with pixels read, side by side and without
 * the background.
 *
 * turn_batches   for batches that follow each other, or blocks of an evaluation
 *   lists  [slots][7][CBX_LIST]   of a slab of pixels: first those that are not 0 in all rows of
 *                                 the batch, rising, then the others, rising; behind the 112
 *                                 of them how many are of the first kind
 *   levels [slots][blocks][7][112][64]   grey levels in the order of the list, 64 rows of the
 *                                 batch side by side; rows that it does not have are 0
 *
 * Group g: batch g / 7, slab g % 7. Batch b has the rows first + b·rows … of the order, or with
 * by_order = 0 of the images, but none past first + all; it goes to slot (slot + b) % slots.
 */
#if CBX_FAMILY_GPU

#define CBX_SLAB_WORDS (CBX_SLAB / 4)
#define CBX_WORDS_PITCH (CBX_SLAB_WORDS + 1) /* odd: columns lie in different banks */

/* A slab of 64 rows, from `row` on: words [64][CBX_WORDS_PITCH]. */
HELPER void fetch_words_gpu(global const uchar *restrict images, global const uint *restrict order,
                            uint by_order, uint first, uint row, uint rows, uint slab,
                            local uint *restrict words)
{
    for (uint i = get_local_id(0); i < CBX_ROW_BLOCK * CBX_SLAB_WORDS; i += CBX_GROUP) {
        const uint b = i / CBX_SLAB_WORDS, word = i % CBX_SLAB_WORDS;
        uint value = 0;
        if (row + b < rows) {
            const size_t image = by_order ? order[first + row + b] : first + row + b;
            value = *(global const uint *)(images + image * CBX_PIXELS + slab * CBX_SLAB + 4 * word);
        }
        words[b * CBX_WORDS_PITCH + word] = value;
    }
}

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
turn_batches(global const uchar *restrict images, global const uint *restrict order, uint by_order,
             uint first, uint rows, uint all, uint slot, uint slots, uint blocks,
             global uchar *restrict lists, global uchar *restrict levels)
{
    local uint words[CBX_ROW_BLOCK * CBX_WORDS_PITCH];
    local uint ink[CBX_SLAB_WORDS];
    local uchar list[CBX_LIST];
    const uint me = get_local_id(0), batch = get_group_id(0) / CBX_SLABS;
    const uint slab = get_group_id(0) % CBX_SLABS;
    const size_t place = (slot + batch) % slots;
    first += batch * rows;
    rows = min(rows, all - batch * rows);
    if (me < CBX_SLAB_WORDS) {
        ink[me] = 0;
    }
    for (uint row = 0; row < rows; row += CBX_ROW_BLOCK) {
        fetch_words_gpu(images, order, by_order, first, row, rows, slab, words);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint b = 0; b < CBX_ROW_BLOCK && me < CBX_SLAB_WORDS; b++) {
            ink[me] |= words[b * CBX_WORDS_PITCH + me];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    for (uint k = me; k < CBX_SLAB; k += CBX_GROUP) {
        uint before = 0, count = 0;
        for (uint j = 0; j < CBX_SLAB; j++) {
            const uint has = ((local const uchar *)ink)[j] != 0;
            before += j < k ? has : 0;
            count += has;
        }
        list[((local const uchar *)ink)[k] != 0 ? before : count + k - before] = (uchar)k;
        list[CBX_SLAB] = (uchar)count; /* the same from all */
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = me; i <= CBX_SLAB; i += CBX_GROUP) {
        lists[(place * CBX_SLABS + slab) * CBX_LIST + i] = list[i];
    }
    for (uint block = 0; block < blocks; block++) {
        global uchar *to = levels + ((place * blocks + block) * CBX_SLABS + slab) *
                                        (CBX_SLAB * CBX_ROW_BLOCK);
        fetch_words_gpu(images, order, by_order, first, block * CBX_ROW_BLOCK, rows, slab, words);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint i = me; i < CBX_SLAB * CBX_ROW_BLOCK / 4; i += CBX_GROUP) {
            const uint row = i % (CBX_ROW_BLOCK / 4) * 4;
            local const uchar *from = (local const uchar *)(words + row * CBX_WORDS_PITCH) +
                                      list[i / (CBX_ROW_BLOCK / 4)];
            *(global uchar4 *)(to + 4 * i) =
                (uchar4)(from[0], from[4 * CBX_WORDS_PITCH], from[8 * CBX_WORDS_PITCH],
                         from[12 * CBX_WORDS_PITCH]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

#endif
