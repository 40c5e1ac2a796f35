/* SPDX-License-Identifier: MIT */
/* A1·W2[1:] of many images, for processors with wide vectors: what the panels of a node add to Z2.
 *
 *   images (N, 784), w1 [P][785][32], u [P][32] as column_sums leaves it, w2 [1+32P][16]
 *   inks, ink_pixels, ink_levels: see layout.h; only where `sparse` is set
 *   z2 [shares][count][16]   of the images first … first + count
 *   scratch [work-groups][CBX_EVALUATE_SCRATCH]; `levels` suffice for a tree of all panels
 *
 * One work-item a work-group, any number of them: each takes every n-th block of
 * CBX_EVALUATE_ROWS images, all panels of the node. Missing rows repeat the last one.
 */
#if CBX_FAMILY_CPU

#ifndef CBX_EVALUATE_ROWS
#define CBX_EVALUATE_ROWS (CBX_EVALUATE_BLOCKS * CBX_FORWARD_ROWS)
#endif

/* Q of one panel: x [slabs][rows][CBX_SLAB], q [rows][32]. */
HELPER void sum_levels(global const float *restrict w, global const float *restrict x, uint rows,
                       global float *restrict q)
{
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        forward_slab(w + (1 + slab * CBX_SLAB) * CBX_PANEL, x + slab * rows * CBX_SLAB, rows, q);
    }
}

/* The same over ink; q [rows][CBX_INK_PITCH]. */
#define CBX_SUM_INK(NAME)                                                                          \
    HELPER void CBX_JOIN(sum_, NAME)(global const float *restrict w, ink_batch batch,              \
                                     global float *restrict q)                                     \
    {                                                                                              \
        for (uint slab = 0; slab < CBX_SLABS; slab++) {                                            \
            CBX_JOIN(forward_, NAME)(w + CBX_PANEL, batch, slab, q);                               \
        }                                                                                          \
    }

CBX_SUM_INK(panel_ink)
#if CBX_INK_PANELS > 1
CBX_SUM_INK(tile_ink)
#endif

kernel void evaluate_cpu(global const uchar *restrict images, cbx_normal normal, uint first,
                         uint count, cbx_node node, global const float *restrict w1,
                         global const float *restrict u, global const float *restrict w2,
                         uint sparse, global const cbx_ink *restrict inks,
                         global const ushort *restrict ink_pixels,
                         global const uchar *restrict ink_levels, uint levels,
                         global float *restrict z2, global float *restrict scratch)
{
    const uint blocks = (count + CBX_EVALUATE_ROWS - 1) / CBX_EVALUATE_ROWS;
    global float *q =
        scratch + get_group_id(0) * (size_t)CBX_EVALUATE_SCRATCH(CBX_EVALUATE_ROWS, levels);
    global float *tree = q + CBX_EVALUATE_ROWS * CBX_INK_PITCH;
    global float *x = tree + levels * CBX_EVALUATE_ROWS * CBX_LANES_OUT;
    global ushort *places = (global ushort *)(x + CBX_EVALUATE_ROWS * CBX_PIXELS);
    global cbx_ink *row_inks = (global cbx_ink *)(places + CBX_EVALUATE_ROWS * CBX_PIXELS);
    w1 += (size_t)node.first * CBX_PANEL_SIZE;
    u += node.first * CBX_PANEL;
    w2 += (1 + (size_t)node.first * CBX_PANEL) * CBX_LANES_OUT;
    z2 += (size_t)node.share * count * CBX_LANES_OUT;
    const uint pitch = sparse ? CBX_INK_PITCH : CBX_PANEL;
    for (uint block = get_group_id(0); block < blocks; block += get_num_groups(0)) {
        const uint start = block * CBX_EVALUATE_ROWS;
        const uint rows = min((uint)CBX_EVALUATE_ROWS, count - start);
        const uint whole = (rows + CBX_FORWARD_ROWS - 1) / CBX_FORWARD_ROWS * CBX_FORWARD_ROWS;
        const size_t of_level = (size_t)whole * CBX_LANES_OUT;
        const ink_batch ink = {rows, row_inks, places, x, 0, 0};
        for (uint i = 0, place = 0; i < rows && sparse; i++) {
            row_inks[i] = inks[first + start + i];
            row_inks[i].first = place;
            place = spread_ink(inks + first + start + i, ink_pixels, ink_levels, place, places, x);
        }
        for (uint i = 0; i < whole && !sparse; i++) {
            const size_t image = first + start + min(i, rows - 1);
            convert_image_cpu(images + image * CBX_PIXELS, whole, x + i * CBX_SLAB);
        }
        for (uint panel = 0, together; panel < node.panels; panel += together) {
            global const float *w = w1 + (size_t)panel * CBX_PANEL_SIZE;
            together = sparse && node.panels - panel >= CBX_INK_PANELS ? CBX_INK_PANELS : 1;
            begin_forward(whole, pitch, q);
            if (!sparse) {
                sum_levels(w, x, whole, q);
            } else if (together == 1) {
                sum_panel_ink(w, ink, q);
            }
#if CBX_INK_PANELS > 1
            else {
                sum_tile_ink(w, ink, q);
            }
#endif
            for (uint i = 0; i < together; i++) {
                const size_t at = panel + i;
                end_forward_cpu(q + i * CBX_PANEL, pitch, u + at * CBX_PANEL,
                                w + i * CBX_PANEL_SIZE, normal, whole,
                                w2 + at * CBX_PANEL * CBX_LANES_OUT, at, whole, 0, tree);
            }
        }
        for (uint i = 0; i < rows; i++) {
            STORE_OUT(z2 + (size_t)(start + i) * CBX_LANES_OUT,
                      tree_sum_far(tree + i * CBX_LANES_OUT, of_level, node.panels));
        }
    }
}

#endif
