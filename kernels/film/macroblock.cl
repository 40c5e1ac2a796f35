/* SPDX-License-Identifier: MIT */
/* Clause 7.3: slices and macroblocks as bits. */

/* What is asked again and again about the frame that is written. */
typedef struct frame_writer {
    cbx_coding c;
    uint frame;  /* of the launch */
    uint number; /* of its group, 0: the key frame */
    uint group;  /* of the film */
    global const uchar *luma, *chroma;
    global const short *levels; /* of the frame */
    global const uchar *counts; /* likewise */
} frame_writer;

HELPER int is_skipped(global const uchar *counts)
{
    const ulong4 all = vload4(0, (global const ulong *)counts);
    return !(all.x | all.y | all.z | all.w);
}

/* nC, clause 9.2.1: of the block at (x, y) of `side` a row by the numbers to its left and above it;
 * `first` is that of block (0, 0) among the counts. */
HELPER int context_of(const frame_writer *f, uint mb, uint first, uint side, uint x, uint y)
{
    global const uchar *counts = f->counts + (size_t)mb * CBX_COUNTS + first;
    const uint row = mb / f->c.mbs_wide;
    const int has_left = x > 0 || mb % f->c.mbs_wide > 0;
    const int has_above = y > 0 || (f->number ? row : row % f->c.slice_rows) > 0;
    global const uchar *before = x > 0 ? counts + y * side + x - 1
                                       : counts - CBX_COUNTS + y * side + side - 1;
    global const uchar *over = y > 0 ? counts + (y - 1) * side + x
                                     : counts - (size_t)f->c.mbs_wide * CBX_COUNTS +
                                           (side - 1) * side + x;
    const int left = has_left ? *before : 0, above = has_above ? *over : 0;
    return has_left && has_above ? (left + above + 1) >> 1 : left + above;
}

/* Clause 7.3.3 behind the NAL unit's header; see film/parameter_sets.c for what is not there. */
HELPER void put_slice_header(bit_writer *w, const frame_writer *f, uint first_mb)
{
    const int key = f->number == 0;
    put_ue(w, first_mb);
    put_ue(w, key ? 7 : 5); /* slice_type: I, P; and so are the others of this picture */
    put_ue(w, 0);           /* pic_parameter_set_id */
    put(w, f->number & ((1 << CBX_FRAME_NUM_BITS) - 1), CBX_FRAME_NUM_BITS);
    if (key) {
        put_ue(w, f->group & 1); /* idr_pic_id: another one than that of the picture before */
        put(w, 0, 2); /* no_output_of_prior_pics_flag, long_term_reference_flag */
    } else {
        put(w, 0, 3); /* num_ref_idx_active_override_flag, ref_pic_list_modification_flag_l0,
                         adaptive_ref_pic_marking_mode_flag */
    }
    put_se(w, (int)(key ? f->c.key_qp : f->c.qp) - CBX_INITIAL_QP); /* slice_qp_delta */
    put_ue(w, 1); /* disable_deblocking_filter_idc */
}

/* I_PCM, from mb_type on. */
HELPER void put_pcm(bit_writer *w, const frame_writer *f, uint mb)
{
    const uint column = mb % f->c.mbs_wide, row = mb / f->c.mbs_wide;
    put_ue(w, f->number ? 30 : 25);
    align_bits(w);
    if (!w->words) {
        w->length.after += 384 * 8;
        return;
    }
    for (uint i = 0; i < 256; i++) {
        put(w, source_sample(luma_of(f->luma, &f->c, f->frame), f->c.width, f->c.height,
                             column * CBX_MB + i % CBX_MB, row * CBX_MB + i / CBX_MB), 8);
    }
    for (uint i = 0; i < 128; i++) {
        put(w, source_sample(chroma_of(f->chroma, &f->c, f->frame, i / 64), f->c.width / 2,
                             f->c.height / 2, column * CBX_CHROMA_MB + i % CBX_CHROMA_MB,
                             row * CBX_CHROMA_MB + i % 64 / CBX_CHROMA_MB), 8);
    }
}

/* CodedBlockPatternChroma: 0 nothing, 1 DC coefficients, 2 all. */
HELPER uint chroma_pattern(global const uchar *counts)
{
    return as_ulong(vload8(0, counts + CBX_COUNTS_OF_CHROMA)) ? 2
           : counts[CBX_COUNTS_OF_CHROMA_DC] || counts[CBX_COUNTS_OF_CHROMA_DC + 1];
}

/* CodedBlockPatternLuma: a bit for each 8 x 8 pixels. */
HELPER uint luma_pattern(global const uchar *counts)
{
    const ulong2 halves = vload2(0, (global const ulong *)counts);
    return ((halves.x & 0x0000ffff0000fffful) != 0) | ((halves.x & 0xffff0000ffff0000ul) != 0) << 1 |
           ((halves.y & 0x0000ffff0000fffful) != 0) << 2 |
           ((halves.y & 0xffff0000ffff0000ul) != 0) << 3;
}

/* Clause 7.3.5.3. */
HELPER void put_residual(bit_writer *w, const frame_writer *f, uint mb, uint luma, uint chroma,
                         int intra)
{
    global const short *levels = f->levels + (size_t)mb * CBX_MB_LEVELS;
    global const uchar *counts = f->counts + (size_t)mb * CBX_COUNTS;
    for (uint i = 0; i < 16; i++) { /* another processor may have written them */
        if (counts[i]) {
            PREFETCH(levels + 16 * i);
        }
    }
    if (intra) {
        put_block(w, levels + CBX_LEVELS_OF_DC, counts[CBX_COUNT_OF_DC], 16,
                  context_of(f, mb, 0, 4, 0, 0));
    }
    for (uint i = 0; i < 16; i++) { /* luma4x4BlkIdx: 8 x 8 pixels by 8 x 8 */
        const uint x = (i / 4 % 2) * 2 + i % 2, y = (i / 8) * 2 + i / 2 % 2, block = 4 * y + x;
        if (luma >> i / 4 & 1) {
            put_block(w, levels + 16 * block, counts[block], intra ? 15 : 16,
                      context_of(f, mb, 0, 4, x, y));
        }
    }
    for (uint plane = 0; plane < 2 && chroma; plane++) {
        put_block(w, levels + CBX_LEVELS_OF_CHROMA_DC + 4 * plane,
                  counts[CBX_COUNTS_OF_CHROMA_DC + plane], 4, -1);
    }
    for (uint i = 0; i < 8 && chroma == 2; i++) {
        put_block(w, levels + CBX_LEVELS_OF_CHROMA + 16 * i, counts[CBX_COUNTS_OF_CHROMA + i], 15,
                  context_of(f, mb, CBX_COUNTS_OF_CHROMA + i / 4 * 4, 2, i % 2, i / 2 % 2));
    }
}

/* Clause 7.3.5. */
HELPER void put_macroblock(bit_writer *w, const frame_writer *f, uint mb)
{
    global const uchar *counts = f->counts + (size_t)mb * CBX_COUNTS;
    const int kind = counts[CBX_COUNT_KIND];
    if (kind == CBX_PCM) {
        put_pcm(w, f, mb);
        return;
    }
    uint luma = luma_pattern(counts);
    const uint chroma = chroma_pattern(counts);
    if (kind == CBX_INTRA) {
        luma = luma ? 15 : 0;
        put_ue(w, 1 + 2 + 4 * chroma + (luma ? 12 : 0)); /* mb_type: predicted by the mean */
        put(w, 3, 2); /* intra_chroma_pred_mode: likewise; mb_qp_delta 0 */
    } else {
        /* mb_type P_L0_16x16, both parts of mvd_l0 0, coded_block_pattern, mb_qp_delta 0 */
        const uint pattern = inter_pattern_codes[16 * chroma + luma] + 1;
        const uint bits = 2 * (31 - clz(pattern)) + 1;
        put(w, (7 << bits | pattern) << 1 | 1, 3 + bits + 1);
    }
    put_residual(w, f, mb, luma, chroma, kind == CBX_INTRA);
}
