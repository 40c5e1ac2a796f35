/* SPDX-License-Identifier: MIT */
/* P pictures: what changed since the frame before, a macroblock at a time. Shared by both families
 * of kernels.
 */

/* The coefficients of a block become levels, and these are added to the block at `at`. Returns how
 * many are not 0. `wild` becomes 1 where a decoder could not add them. */
HELPER uint code_block(int16 c, const quantiser *q, global short *levels, global uchar *at,
                       uint pitch, global uchar *wild)
{
    const int16 level = quantise(c, q);
    const short16 scanned = zigzag(level);
    const uint count = count_levels(scanned);
    if (count) {
        vstore16(scanned, 0, levels);
        if (add_coefficients(level * q->worth, q->qp, CBX_THERE, at, pitch)) {
            *wild = 1;
        }
    }
    return count;
}

/* A plane of the chroma of a macroblock, whose first sample is at (x, y): as a whole it is coded or
 * not. */
HELPER void change_chroma_plane(global const uchar *plane, global uchar *old, global short *levels,
                                global short *dc_levels, global uchar *counts,
                                global uchar *dc_count, const cbx_coding *c, const quantiser *q,
                                uint x, uint y)
{
    const uint pitch = c->mbs_wide * CBX_CHROMA_MB;
    int16 blocks[4];
    int dcs[4], worth = 0;
    for (uint block = 0; block < 4; block++) {
        const uint u = x + block % 2 * 4, v = y + block / 2 * 4;
        int4 rows[4];
        for (uint i = 0; i < 4; i++) {
            rows[i] = source_row(plane, c->width / 2, c->height / 2, u, v + i) -
                      load_row(old + (size_t)(v + i) * pitch + u);
        }
        forward_transform(rows);
        dcs[block] = rows[0].x;
        blocks[block] = join_rows(rows);
        worth |= is_worth_coding(blocks[block], q);
    }
    if (!worth) {
        return; /* the counts are 0 */
    }
    for (uint block = 0; block < 4; block++) {
        counts[block] = quantise_ac(blocks[block], q, levels + 16 * block);
    }
    vstore4(code_chroma_dc(vload4(0, dcs), q, dc_levels, dc_count), 0, dcs);
    for (uint block = 0; block < 4; block++) {
        add_block(levels + 16 * block, dcs[block], q, CBX_THERE,
                  old + (size_t)(y + block / 2 * 4) * pitch + x + block % 2 * 4, pitch);
    }
}

HELPER void change_chroma(global const uchar *chroma, global uchar *old_chroma,
                          global short *levels, global uchar *counts, const cbx_coding *c,
                          const quantiser *q, uint frame, uint column, uint row, uint plane)
{
    change_chroma_plane(chroma_of(chroma, c, frame, plane),
                        old_chroma + plane_of_old(c, plane),
                        levels + CBX_LEVELS_OF_CHROMA + 64 * plane,
                        levels + CBX_LEVELS_OF_CHROMA_DC + 4 * plane,
                        counts + CBX_COUNTS_OF_CHROMA + 4 * plane,
                        counts + CBX_COUNTS_OF_CHROMA_DC + plane, c, q, column * CBX_CHROMA_MB,
                        row * CBX_CHROMA_MB);
}
