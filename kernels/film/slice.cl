/* SPDX-License-Identifier: MIT */
/* From levels to the bits of slices. A slice is cut into shares of macroblocks: their lengths are
 * found first, from these where they begin, and then all are written at once. Where there is other
 * work enough for all of a device, a slice is one share, and is just written.
 *
 *   film_lengths   bits of each share
 *   film_offsets   where it begins in its slice, and the length of that
 *   film_pack      writes them
 */

/* Macroblocks of a slice: a key frame has several, another frame is one. */
HELPER uint slice_mbs(const cbx_coding *c, int key)
{
    return (key ? c->slice_rows : c->mbs_high) * c->mbs_wide;
}

/* Macroblocks of a share. */
HELPER uint share_mbs(const cbx_coding *c, int key)
{
    return c->share_mbs ? c->share_mbs : slice_mbs(c, key);
}

/* Words of bits that a frame may take, and those in front of a slice of a key frame. */
HELPER size_t words_of_frame(const cbx_coding *c)
{
    return CBX_FRAME_WORDS((size_t)c->mbs_wide * c->mbs_high);
}

HELPER size_t words_before_slice(const cbx_coding *c, uint slice)
{
    return (size_t)slice * (slice_mbs(c, 1) * CBX_MB_WORDS + CBX_SLICE_WORDS);
}

HELPER frame_writer frame_writer_of(const cbx_coding *c, uint frame, global const uchar *luma,
                                    global const uchar *chroma, global const short *levels,
                                    global const uchar *counts)
{
    const size_t first = place_of_mb(c, frame, 0);
    frame_writer f = {*c, frame, (c->number + frame) % c->group, (c->number + frame) / c->group,
                      luma, chroma, levels + first * CBX_MB_LEVELS, counts + first * CBX_COUNTS};
    return f;
}

/* How many macroblocks in a row are skipped before `mb`. */
HELPER uint skipped_before(const frame_writer *f, uint mb)
{
    uint run = 0;
    while (run < mb && is_skipped(f->counts + (size_t)(mb - run - 1) * CBX_COUNTS)) {
        run++;
    }
    return run;
}

/* Clauses 7.3.2.8, 7.3.3 and 7.3.4, as much of them as belongs to the share that begins with
 * macroblock `first`. */
HELPER void put_share(bit_writer *w, const frame_writer *f, uint first)
{
    const uint all = f->c.mbs_wide * f->c.mbs_high, in_slice = slice_mbs(&f->c, f->number == 0);
    const uint end = min(first + share_mbs(&f->c, f->number == 0), all);
    uint from = first; /* where skipping began, as far as this share knows */
    if (first % in_slice == 0) {
        put_slice_header(w, f, first);
    }
    for (uint mb = first; mb < end; mb++) {
        if (f->number) {
            if (is_skipped(f->counts + (size_t)mb * CBX_COUNTS)) {
                continue;
            }
            put_ue(w, mb - from + (from == first ? skipped_before(f, first) : 0));
        }
        put_macroblock(w, f, mb);
        from = mb + 1;
    }
    if (end == all || end % in_slice == 0) {
        const uint run =
            f->number ? end - from + (from == first ? skipped_before(f, first) : 0) : 0;
        if (run) {
            put_ue(w, run);
        }
        put(w, 1, 1); /* rbsp_stop_one_bit; what follows is 0 */
    }
}

/* A work-item a share and a frame. Global size: (shares rounded up to the local size; count). */
kernel void film_lengths(global const short *restrict levels, global const uchar *restrict counts,
                         global cbx_share *restrict shares, cbx_coding coding)
{
    const uint share = get_global_id(0), frame = get_global_id(1);
    if (share >= coding.shares) {
        return;
    }
    const frame_writer f = frame_writer_of(&coding, frame, 0, 0, levels, counts);
    bit_writer w = count_bits();
    put_share(&w, &f, share * coding.share_mbs);
    shares[(size_t)(coding.place + frame) * coding.shares + share] = w.length;
}

/* A work-group of CBX_FILM_GROUP a slice and a frame: each work-item joins a run of shares, the
 * runs are put one behind the other, and each share of them, whose first word is cleared. Global
 * size: (group · CBX_MOST_SLICES; count). */
kernel void __attribute__((reqd_work_group_size(CBX_FILM_GROUP, 1, 1)))
film_offsets(global cbx_share *restrict shares, global uint *restrict slices,
             global uint *restrict bits, cbx_coding coding)
{
    const uint slice = get_group_id(0), frame = get_global_id(1), item = get_local_id(0);
    const int key = (coding.number + frame) % coding.group == 0;
    const uint of_slice = key ? slice_mbs(&coding, key) / coding.share_mbs : coding.shares;
    const uint first = min(slice * of_slice, coding.shares);
    const uint count = min(of_slice, coding.shares - first);
    const uint each = (count + CBX_FILM_GROUP - 1) / CBX_FILM_GROUP;
    const uint begin = min(item * each, count), end = min(begin + each, count);
    local cbx_share runs[CBX_FILM_GROUP];
    shares += (size_t)(coding.place + frame) * coding.shares + first;
    bits += (size_t)(coding.place + frame) * words_of_frame(&coding) + words_before_slice(&coding, slice);
    cbx_share run = {0, 0, 0, 0};
    for (uint i = begin; i < end; i++) {
        run = join_shares(run, shares[i]);
    }
    runs[item] = run;
    barrier(CLK_LOCAL_MEM_FENCE);
    uint at = 0;
    for (uint i = 0; i < item; i++) {
        at = end_of_share(runs[i], at);
    }
    for (uint i = begin; i < end; i++) {
        shares[i].start = at;
        bits[at / 32] = 0;
        at = end_of_share(shares[i], at);
        bits[at / 32] = 0;
    }
    if (item == CBX_FILM_GROUP - 1) {
        slices[(size_t)(coding.place + frame) * CBX_MOST_SLICES + slice] = at;
    }
}

/* As film_lengths; where a slice is a share, as often as there may be slices, whose lengths it tells. */
kernel void film_pack(global const uchar *restrict luma, global const uchar *restrict chroma,
                      global const short *restrict levels, global const uchar *restrict counts,
                      global const cbx_share *restrict shares, global uint *restrict slices,
                      global uint *bits, cbx_coding coding)
{
    const uint share = get_global_id(0), frame = get_global_id(1), place = coding.place + frame;
    if (share >= coding.shares) {
        return;
    }
    const frame_writer f = frame_writer_of(&coding, frame, luma, chroma, levels, counts);
    const int key = f.number == 0;
    const uint first = share * share_mbs(&coding, key), slice = first / slice_mbs(&coding, key);
    const uint start =
        coding.share_mbs ? shares[(size_t)place * coding.shares + share].start : 0;
    global uint *words = bits + (size_t)place * words_of_frame(&coding) +
                         words_before_slice(&coding, slice);
    bit_writer w = write_bits(words, start, coding.share_mbs != 0);
    if (first < coding.mbs_wide * coding.mbs_high) {
        put_share(&w, &f, first);
    }
    const uint end = end_bits(&w);
    if (!coding.share_mbs) {
        slices[(size_t)place * CBX_MOST_SLICES + share] = end;
    }
}
