/* SPDX-License-Identifier: MIT */
/* Lists of ink: the pixels that are not 0, all that a product with grey levels needs. Layouts as
 * in layout.h; the slabs are those of the sums, so that a list is a chain of canon.h.
 *
 * Once for a dataset, one work-item an image:
 *   count_ink    starts of inks, and the number of an image's entries as `first`
 *   place_ink    `first` from numbers to places; a single work-item
 *   gather_ink   ink_pixels, ink_levels
 *
 * Ahead of a launch that trains:
 *   turn_ink     what its batches need:
 *     pixels [slots][784 + 1]         where the marks of each pixel begin
 *     marks [slots][784 · stride]     rows that have ink at a pixel, rising
 *   The batch of stage `ticket` is in the slot ticket modulo slots. One work-item a batch.
 *   Global size: batches, rounded up to the local size.
 */
kernel void count_ink(global const uchar *restrict images, uint count, global cbx_ink *restrict inks)
{
    const size_t image = get_global_id(0);
    if (image >= count) {
        return;
    }
    global const uchar *p = images + image * CBX_PIXELS;
    uint entries = 0;
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        inks[image].starts[slab] = (ushort)entries;
        uchar counts[16] __attribute__((aligned(16)));
        uchar16 count = (uchar16)(0);
        for (uint k = 0; k < CBX_SLAB; k += 16) {
            count += min(vload16(0, p + slab * CBX_SLAB + k), (uchar16)(1));
        }
        *(uchar16 *)counts = count;
        for (uint i = 0; i < 16; i++) {
            entries += counts[i];
        }
    }
    inks[image].starts[CBX_SLABS] = (ushort)entries;
    inks[image].first = entries;
}

kernel void place_ink(uint count, global cbx_ink *restrict inks)
{
    uint place = 0;
    for (uint i = 0; i < count && get_global_id(0) == 0; i++) {
        const uint entries = inks[i].first;
        inks[i].first = place;
        place += entries;
    }
}

/* Writes each pixel where the next entry belongs, and goes on only after ink. */
kernel void gather_ink(global const uchar *restrict images, uint count,
                       global const cbx_ink *restrict inks, global ushort *restrict ink_pixels,
                       global uchar *restrict ink_levels)
{
    const size_t image = get_global_id(0);
    if (image >= count) {
        return;
    }
    global const uchar *p = images + image * CBX_PIXELS;
    size_t at = inks[image].first;
    const size_t end = at + inks[image].starts[CBX_SLABS];
    for (uint block = 0; at < end; block += 16) {
        const ulong2 level = as_ulong2(vload16(0, p + block));
        for (uint k = block; k < block + 16 && at < end && (level.x | level.y) != 0; k++) {
            ink_pixels[at] = (ushort)k;
            ink_levels[at] = p[k];
            at += p[k] != 0;
        }
    }
}

/* Fetches the entries of a row some time before they are needed, and before that where
 * they are. */
HELPER void fetch_ink(global const uint *restrict order, uint b, uint rows,
                      global const cbx_ink *restrict inks,
                      global const ushort *restrict ink_pixels,
                      global const uchar *restrict ink_levels)
{
    global const cbx_ink *ahead = inks + order[min(b + 4, rows - 1)];
    const uint first = ahead->first, end = first + ahead->starts[CBX_SLABS];
    PREFETCH(inks + order[min(b + 12, rows - 1)]);
    for (uint n = first; n < end; n += 32) { /* 64 bytes of pixels */
        PREFETCH(ink_pixels + n);
    }
    for (uint n = first; n < end; n += 64) {
        PREFETCH(ink_levels + n);
    }
}

kernel void turn_ink(global const uint *restrict order, uint first, uint rows, uint batches,
                     uint stride, uint ticket, uint slots, global const cbx_ink *restrict inks,
                     global const ushort *restrict ink_pixels,
                     global const uchar *restrict ink_levels, global uint *restrict pixel_marks,
                     global cbx_ink_mark *restrict marks)
{
    const uint batch = get_global_id(0);
    if (batch >= batches) {
        return;
    }
    const size_t slot = (ticket + batch) % slots;
    uint next[CBX_PIXELS]; /* the number of a pixel's marks, then the place of the next */
    order += first + batch * rows;
    pixel_marks += slot * (CBX_PIXELS + 1);
    marks += slot * CBX_PIXELS * stride;
    for (uint k = 0; k < CBX_PIXELS; k++) {
        next[k] = 0;
    }
    for (uint b = 0; b < rows; b++) {
        const cbx_ink ink = inks[order[b]];
        const uint entries = ink.starts[CBX_SLABS];
        fetch_ink(order, b, rows, inks, ink_pixels, ink_levels);
        for (uint n = 0; n < entries; n++) {
            next[ink_pixels[ink.first + n]]++;
        }
    }
    uint place = 0;
    for (uint k = 0; k < CBX_PIXELS; k++) {
        const uint count = next[k];
        pixel_marks[k] = next[k] = place;
        place += count;
    }
    pixel_marks[CBX_PIXELS] = place;
    for (uint b = 0; b < rows; b++) {
        const uint from = inks[order[b]].first, entries = inks[order[b]].starts[CBX_SLABS];
        for (uint n = 0; n < entries; n++) {
            const cbx_ink_mark mark = {b * CBX_INK_PITCH, convert_float(ink_levels[from + n])};
            marks[next[ink_pixels[from + n]]++] = mark;
        }
    }
}
