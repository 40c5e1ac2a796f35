/* SPDX-License-Identifier: MIT */
/* Key frames: macroblocks of Intra_16x16, each predicted by the mean of the samples above it and to
 * its left that its slice has (clauses 8.3.3.3 and 8.3.4).
 *
 *   film_key   a work-group a slice; the work-items go through it in diagonals, whose macroblocks
 *              need only those of the diagonal before
 */

/* Four samples of a column, from the top. */
HELPER int4 load_column(global const uchar *at, uint pitch)
{
    return (int4)(at[0], at[pitch], at[2 * (size_t)pitch], at[3 * (size_t)pitch]);
}

/* Sums of `side` samples in a row or a column. */
HELPER int sum_row(global const uchar *at, uint side)
{
    int sum = 0;
    for (uint i = 0; i < side; i += 4) {
        sum += sum4(load_row(at + i));
    }
    return sum;
}

HELPER int sum_column(global const uchar *at, uint pitch, uint side)
{
    int sum = 0;
    for (uint i = 0; i < side; i += 4) {
        sum += sum4(load_column(at + (size_t)i * pitch, pitch));
    }
    return sum;
}

/* The mean of `side` samples from `above` on and of as many down from `left`, or of the one side
 * that there is, NULL: none. */
HELPER int mean_of(global const uchar *above, global const uchar *left, uint pitch, uint side)
{
    const int sum = (above ? sum_row(above, side) : 0) + (left ? sum_column(left, pitch, side) : 0);
    const int count = above && left ? 2 * side : side;
    return above || left ? (sum + count / 2) / count : 128;
}

/* Clause 8.3.4: a 4 x 4 block of chroma is predicted by what is above and left of the macroblock,
 * whose sample (0, 0) `at` is, in its own columns and rows: by both, if it lies on the diagonal,
 * else by the nearer side, if it is there. */
HELPER int chroma_mean(global const uchar *at, uint pitch, uint u, uint v, int has_left,
                       int has_above)
{
    global const uchar *above = has_above ? at - pitch + 4 * u : 0;
    global const uchar *left = has_left ? at - 1 + (size_t)(4 * v) * pitch : 0;
    above = u < v && left ? 0 : above;
    left = u > v && above ? 0 : left;
    return mean_of(above, left, pitch, 4);
}

/* The residual of a block at (x, y) of the plane, transformed. */
HELPER void transform_against(int4 *block, global const uchar *plane, uint width, uint height,
                              uint x, uint y, int mean)
{
    for (uint v = 0; v < 4; v++) {
        block[v] = source_row(plane, width, height, x, y + v) - mean;
    }
    forward_transform(block);
}

/* add_block() of one that has nothing but its DC coefficient. */
HELPER void add_flat(int dc, int mean, global uchar *at, uint pitch)
{
    const int4 row = (int4)(mean + ((dc + 32) >> 6));
    for (uint y = 0; y < 4; y++) {
        store_row(at + (size_t)y * pitch, row);
    }
}

HELPER void code_key_luma(global const uchar *plane, global uchar *old, global short *levels,
                          global uchar *counts, const cbx_coding *c, const quantiser *q, uint x,
                          uint y, int has_left, int has_above)
{
    const uint pitch = CBX_PITCH(c->mbs_wide);
    global uchar *at = old + (size_t)y * pitch + x;
    const int mean = mean_of(has_above ? at - pitch : 0, has_left ? at - 1 : 0, pitch, CBX_MB);
    int4 dc[4];
    int *dcs = (int *)dc;
    for (uint block = 0; block < 16; block++) {
        int4 rows[4];
        transform_against(rows, plane, c->width, c->height, x + block % 4 * 4, y + block / 4 * 4,
                          mean);
        dcs[block] = rows[0].x;
        counts[block] = quantise_ac(join_rows(rows), q, levels + 16 * block);
    }
    hadamard4(dc);
    int level[16] __attribute__((aligned(64))), most = 0;
    for (uint i = 0; i < 16; i++) {
        const int halved = dcs[i] < 0 ? -((-dcs[i] + 1) >> 1) : (dcs[i] + 1) >> 1;
        level[i] = quantise_dc(halved, q);
        most = max(most, max(level[i], -level[i]));
    }
    counts[CBX_COUNT_WILD] |= most > CBX_MOST_LEVEL;
    const short16 scanned = zigzag(*(const int16 *)level);
    vstore16(scanned, 0, levels + CBX_LEVELS_OF_DC);
    counts[CBX_COUNT_OF_DC] = count_levels(scanned);
    for (uint i = 0; i < 4; i++) {
        dc[i] = vload4(i, level);
    }
    hadamard4(dc);
    for (uint block = 0; block < 16; block++) {
        global uchar *to = at + (size_t)(block / 4 * 4) * pitch + block % 4 * 4;
        const int scaled = scale_dc(dcs[block], q->qp);
        if (counts[block]) {
            counts[CBX_COUNT_WILD] |= add_block(levels + 16 * block, scaled, q, mean, to, pitch);
        } else {
            counts[CBX_COUNT_WILD] |= is_wild4((int4)(scaled));
            add_flat(scaled, mean, to, pitch);
        }
    }
}

HELPER void code_key_chroma(global const uchar *plane, global uchar *old, global short *levels,
                            global short *dc_levels, global uchar *counts, global uchar *dc_count,
                            const cbx_coding *c, const quantiser *q, uint x, uint y, int has_left,
                            int has_above)
{
    const uint pitch = c->mbs_wide * CBX_CHROMA_MB;
    global uchar *at = old + (size_t)y * pitch + x;
    int mean[4], dcs[4];
    for (uint block = 0; block < 4; block++) {
        const uint u = block % 2, v = block / 2;
        int4 rows[4];
        mean[block] = chroma_mean(at, pitch, u, v, has_left, has_above);
        transform_against(rows, plane, c->width / 2, c->height / 2, x + 4 * u, y + 4 * v,
                          mean[block]);
        dcs[block] = rows[0].x;
        counts[block] = quantise_ac(join_rows(rows), q, levels + 16 * block);
    }
    vstore4(code_chroma_dc(vload4(0, dcs), q, dc_levels, dc_count), 0, dcs);
    for (uint block = 0; block < 4; block++) {
        add_block(levels + 16 * block, dcs[block], q, mean[block],
                  at + (size_t)(block / 2 * 4) * pitch + block % 2 * 4, pitch);
    }
}

/* Of a frame's macroblock all that becomes of it. */
HELPER void code_key(global const uchar *luma, global const uchar *chroma, global uchar *old,
                     global uchar *old_chroma, global short *levels, global uchar *counts,
                     const cbx_coding *c, const quantiser *q, const quantiser *cq, uint column,
                     uint row)
{
    const int has_left = column > 0, has_above = row % c->slice_rows > 0;
    const size_t place = place_of_mb(c, 0, row * c->mbs_wide + column);
    levels += place * CBX_MB_LEVELS;
    counts += place * CBX_COUNTS;
    counts[CBX_COUNT_KIND] = CBX_INTRA;
    counts[CBX_COUNT_WILD] = 0;
    code_key_luma(luma_of(luma, c, 0), old, levels, counts, c, q, column * CBX_MB, row * CBX_MB,
                  has_left, has_above);
    for (uint plane = 0; plane < 2; plane++) {
        code_key_chroma(chroma_of(chroma, c, 0, plane),
                        old_chroma + plane_of_old(c, plane),
                        levels + CBX_LEVELS_OF_CHROMA + 64 * plane,
                        levels + CBX_LEVELS_OF_CHROMA_DC + 4 * plane,
                        counts + CBX_COUNTS_OF_CHROMA + 4 * plane,
                        counts + CBX_COUNTS_OF_CHROMA_DC + plane, c, cq, column * CBX_CHROMA_MB,
                        row * CBX_CHROMA_MB, has_left, has_above);
    }
    if (must_be_pcm(levels, counts)) {
        code_pcm(luma, chroma, old, old_chroma, counts, c, 0, column, row);
    }
}

/* The launch's one frame. Global size: the local size times the number of slices. */
kernel void film_key(global const uchar *restrict luma, global const uchar *restrict chroma,
                     global uchar *old, global uchar *old_chroma, global short *levels,
                     global uchar *counts, cbx_coding coding)
{
    const uint top = get_group_id(0) * coding.slice_rows;
    const uint rows = min(coding.slice_rows, coding.mbs_high - top);
    const quantiser q = quantiser_of(coding.key_qp);
    const quantiser cq = quantiser_of(coding.key_chroma_qp);
    for (uint diagonal = 0; diagonal < coding.mbs_wide + rows - 1; diagonal++) {
        for (uint row = get_local_id(0); row < rows; row += get_local_size(0)) {
            if (row <= diagonal && diagonal - row < coding.mbs_wide) {
                code_key(luma, chroma, old, old_chroma, levels, counts, &coding, &q, &cq,
                         diagonal - row, top + row);
            }
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
}
