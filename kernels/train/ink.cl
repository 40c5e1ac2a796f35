/* SPDX-License-Identifier: MIT */
/* Lists of ink: the pixels that are not 0, all that a product with grey levels needs. Layouts as
 * in layout.h; the slabs are those of the sums, so that a list is a chain of canon.h.
 *
 * Once for a dataset, one work-item an image:
 *   count_ink    ink_counts, and the sum of an image's into ink_first
 *   place_ink    ink_first from counts to places; a single work-item
 *   gather_ink   ink
 *
 * Ahead of a launch that trains:
 *   turn_ink     what its batches need, sorted by length, so that loops over lists of the same
 *                length follow each other and their ends are foreseen:
 *     rows [slots][slabs][stride]           lists in `ink`, one a row of the batch
 *     pixels [slots][slabs][CBX_SLAB]       lists in `marks`, one a pixel
 *     marks [slots][slabs][stride · CBX_SLAB]  rows rising
 *   The batch of stage `ticket` is in the slot ticket modulo slots. One work-item a slab of a
 *   batch. Global size: slabs · batches, rounded up to the local size.
 */
kernel void count_ink(global const uchar *restrict images, uint count,
                      global uint *restrict ink_first, global uchar *restrict ink_counts)
{
    const size_t image = get_global_id(0);
    if (image >= count) {
        return;
    }
    global const uchar *p = images + image * CBX_PIXELS;
    uint all = 0;
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        uint entries = 0;
        for (uint k = 0; k < CBX_SLAB; k++) {
            entries += p[slab * CBX_SLAB + k] != 0;
        }
        ink_counts[image * CBX_INK_COUNTS + slab] = (uchar)entries;
        all += entries;
    }
    ink_counts[image * CBX_INK_COUNTS + CBX_SLABS] = 0;
    ink_first[image] = all;
}

kernel void place_ink(uint count, global uint *restrict ink_first)
{
    uint place = 0;
    for (uint i = 0; i < count && get_global_id(0) == 0; i++) {
        const uint entries = ink_first[i];
        ink_first[i] = place;
        place += entries;
    }
}

/* Writes each pixel where the next entry belongs, and goes on only after ink; the last ones may
 * be no ink, so not past the image's entries. */
kernel void gather_ink(global const uchar *restrict images, uint count,
                       global const uint *restrict ink_first,
                       global const uchar *restrict ink_counts, global uchar *restrict ink)
{
    const size_t image = get_global_id(0);
    if (image >= count) {
        return;
    }
    global const uchar *p = images + image * CBX_PIXELS;
    size_t at = ink_first[image];
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        const size_t end = at + ink_counts[image * CBX_INK_COUNTS + slab];
        for (uint k = 0; at < end; k++) {
            const uchar level = p[slab * CBX_SLAB + k];
            ink[2 * at] = (uchar)k;
            ink[2 * at + 1] = level;
            at += level != 0;
        }
    }
}

#define CBX_LENGTHS 129 /* that are told apart when lists are sorted; 128 stands for more */

/* lengths [CBX_LENGTHS] of lists become the places of the first of each. */
HELPER void begin_sort(uint *lengths)
{
    uint place = 0;
    for (uint n = 0; n < CBX_LENGTHS; n++) {
        const uint count = lengths[n];
        lengths[n] = place;
        place += count;
    }
}

/* The rows' lists of a slab. */
HELPER void sort_rows(global const uint *restrict order, uint rows,
                      global const uint *restrict ink_first,
                      global const uchar *restrict ink_counts, uint slab,
                      global cbx_ink_list *restrict lists)
{
    uint lengths[CBX_LENGTHS];
    for (uint n = 0; n < CBX_LENGTHS; n++) {
        lengths[n] = 0;
    }
    for (uint b = 0; b < rows; b++) {
        lengths[ink_counts[(size_t)order[b] * CBX_INK_COUNTS + slab]]++;
    }
    begin_sort(lengths);
    for (uint b = 0; b < rows; b++) {
        global const uchar *counts = ink_counts + (size_t)order[b] * CBX_INK_COUNTS;
        cbx_ink_list list = {ink_first[order[b]], (ushort)b, counts[slab]};
        for (uint before = 0; before < slab; before++) {
            list.first += counts[before];
        }
        lists[lengths[list.count]++] = list;
    }
}

/* The pixels' lists of a slab, from those of the rows, in any order, and room for their marks. */
HELPER void sort_pixels(global const cbx_ink_list *restrict rows_lists, uint rows,
                        global const uchar *restrict ink, uint *restrict next,
                        global cbx_ink_list *restrict lists)
{
    uint counts[CBX_SLAB], lengths[CBX_LENGTHS];
    for (uint k = 0; k < CBX_SLAB; k++) {
        counts[k] = 0;
    }
    for (uint n = 0; n < CBX_LENGTHS; n++) {
        lengths[n] = 0;
    }
    for (uint b = 0; b < rows; b++) {
        global const uchar *entry = ink + 2 * (size_t)rows_lists[b].first;
        for (uint n = 0; n < rows_lists[b].count; n++) {
            counts[entry[2 * n]]++;
        }
    }
    uint place = 0;
    for (uint k = 0; k < CBX_SLAB; k++) {
        lengths[min(counts[k], CBX_LENGTHS - 1u)]++;
        next[k] = place;
        place += counts[k];
    }
    begin_sort(lengths);
    for (uint k = 0; k < CBX_SLAB; k++) {
        const cbx_ink_list list = {next[k], (ushort)k, (ushort)counts[k]};
        lists[lengths[min(counts[k], CBX_LENGTHS - 1u)]++] = list;
    }
}

kernel void turn_ink(global const uint *restrict order, uint first, uint rows, uint batches,
                     uint stride, uint ticket, uint slots, global const uint *restrict ink_first,
                     global const uchar *restrict ink_counts, global const uchar *restrict ink,
                     global cbx_ink_list *restrict row_lists,
                     global cbx_ink_list *restrict pixel_lists, global cbx_ink_mark *restrict marks)
{
    const uint batch = get_global_id(0) / CBX_SLABS, slab = get_global_id(0) % CBX_SLABS;
    if (batch >= batches) {
        return;
    }
    const size_t at = (ticket + batch) % slots * CBX_SLABS + slab;
    order += first + batch * rows;
    row_lists += at * stride;
    pixel_lists += at * CBX_SLAB;
    marks += at * stride * CBX_SLAB;
    uint next[CBX_SLAB];
    sort_rows(order, rows, ink_first, ink_counts, slab, row_lists);
    sort_pixels(row_lists, rows, ink, next, pixel_lists);
    for (uint b = 0; b < rows; b++) {
        global const uchar *counts = ink_counts + (size_t)order[b] * CBX_INK_COUNTS;
        uint from = ink_first[order[b]];
        for (uint before = 0; before < slab; before++) {
            from += counts[before];
        }
        for (uint n = 0; n < counts[slab]; n++) {
            global const uchar *entry = ink + 2 * (size_t)(from + n);
            const cbx_ink_mark mark = {b * CBX_INK_PITCH, convert_float(entry[1])};
            marks[next[entry[0]]++] = mark;
        }
    }
}
