/* SPDX-License-Identifier: MIT */
/* Blocks, added to their prediction; and those whose DC coefficient travels apart from the others. */

/* Quantises all coefficients but the first; returns how many are left. */
HELPER uint quantise_ac(int16 c, const quantiser *q, global short *levels)
{
    int16 level = quantise(c, q);
    level.s0 = 0;
    const short16 scanned = zigzag(level);
    vstore16(scanned, 0, levels);
    return count_levels(scanned);
}

/* What a decoder makes of a block of coefficients is added to `mean`, or to what is there. Returns 1
 * instead where a decoder cannot. */
#define CBX_THERE (-1)
HELPER int add_coefficients(int16 d, uint qp, int mean, global uchar *at, uint pitch)
{
    int4 rows[4] = {d.s0123, d.s4567, d.s89ab, d.scdef};
    if (is_wild(rows, qp)) {
        return 1;
    }
    inverse_transform(rows);
    for (uint y = 0; y < 4; y++) {
        const int4 before = mean == CBX_THERE ? load_row(at + (size_t)y * pitch) : (int4)(mean);
        store_row(at + (size_t)y * pitch, rows[y] + before);
    }
    return 0;
}

/* The same of a block of levels, whose DC coefficient is `dc`. */
HELPER int add_block(global const short *levels, int dc, const quantiser *q, int mean,
                     global uchar *at, uint pitch)
{
    int16 d = convert_int16(vload16(0, levels).s0156247c38bd9aef) * q->worth;
    d.s0 = dc;
    return add_coefficients(d, q->qp, mean, at, pitch);
}

/* The DC coefficients of four blocks of chroma become levels; and these, coefficients again. */
HELPER int4 code_chroma_dc(int4 dc, const quantiser *q, global short *levels, global uchar *count)
{
    const int4 sums = hadamard2(dc);
    const int4 level = (int4)(quantise_dc(sums.x, q), quantise_dc(sums.y, q),
                              quantise_dc(sums.z, q), quantise_dc(sums.w, q));
    const int4 f = hadamard2(level);
    vstore4(convert_short4(level), 0, levels);
    *count = (level.x != 0) + (level.y != 0) + (level.z != 0) + (level.w != 0);
    return (int4)(scale_chroma_dc(f.x, q->qp), scale_chroma_dc(f.y, q->qp),
                  scale_chroma_dc(f.z, q->qp), scale_chroma_dc(f.w, q->qp));
}
