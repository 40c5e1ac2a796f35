/* SPDX-License-Identifier: MIT */
/* P pictures on processors: rows of macroblocks, whose samples stay in the cache from frame to frame,
 * eight blocks at a time.
 *
 *   film_change_cpu   a work-item a row of macroblocks, through all frames of the launch
 *
 * Few blocks change by enough to be coded, and to find them is nearly all the work.
 * A row of eight blocks is a vector of eight words, four samples in each. Its bytes at even and odd
 * places become 16-bit numbers that still lie in pairs, (0, 2) and (1, 3); the second pair turned
 * round, sums and differences of both are what the horizontal transform begins with:
 *   (0, 2) + (3, 1) = (s, t), (0, 2) - (3, 1) = (u, -v), in the letters of forward_rows();
 * and (t, s) + (s, -t) = coefficients 0 and 2, 2·(u, -v) + (v, u) = coefficients 1 and 3. The devices
 * that this is for are little-endian.
 */
#if CBX_FAMILY_CPU

#define CBX_BLOCKS 8 /* side by side */
#define CBX_PAIR (2 * CBX_MB) /* their pixels */

/* The greatest coefficients of a block that is not worth coding; as norm_adjust has them. */
typedef struct dead_zone {
    short16 both_even, both_odd, mixed;
} dead_zone;

HELPER dead_zone dead_zone_of(const quantiser *q)
{
    dead_zone zone;
    zone.both_even = (short16)(short)min(q->least / q->factor.s0, 32767);
    zone.both_odd = (short16)(short)min(q->least / q->factor.s5, 32767);
    zone.mixed = (short16)(short)min(q->least / q->factor.s1, 32767);
    return zone;
}

HELPER short16 turn_pairs(short16 v)
{
    return as_short16(rotate(as_uint8(v), (uint8)(16)));
}

/* Changes of a row of pixels, transformed along it. */
HELPER void change_of_row(global const uchar *now, global const uchar *old, short16 *even,
                          short16 *odd)
{
    const short16 first = (short16)(1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1, 1, -1);
    const uint8 a = vload8(0, (global const uint *)now), b = vload8(0, (global const uint *)old);
    const short16 e = as_short16(a & 0x00ff00ff) - as_short16(b & 0x00ff00ff);
    const short16 o = turn_pairs(as_short16(as_ushort16(a) >> (ushort)8) -
                                 as_short16(as_ushort16(b) >> (ushort)8));
    const short16 sum = e + o, difference = e - o;
    *even = turn_pairs(sum) + sum * first;
    *odd = difference + difference - turn_pairs(difference) * first;
}

/* forward_rows() for 16-bit numbers. */
HELPER void forward_rows_v(short16 *x)
{
    const short16 s = x[0] + x[3], t = x[1] + x[2], u = x[0] - x[3], v = x[1] - x[2];
    x[0] = s + t;
    x[1] = u + u + v;
    x[2] = s - t;
    x[3] = u - v - v;
}

/* As a device does it well: max(v, -v) is one instruction. */
HELPER short16 magnitude(short16 v)
{
    return max(v, -v);
}

/* Words that are not 0 for blocks that leave the dead zone. */
HELPER uint8 leaves(const short16 *even, const short16 *odd, const dead_zone *zone)
{
    const short16 both_even = max(magnitude(even[0]), magnitude(even[2]));
    const short16 both_odd = max(magnitude(odd[1]), magnitude(odd[3]));
    const short16 mixed = max(max(magnitude(even[1]), magnitude(even[3])),
                              max(magnitude(odd[0]), magnitude(odd[2])));
    return as_uint8((both_even > zone->both_even) | (both_odd > zone->both_odd) |
                    (mixed > zone->mixed));
}

/* Coefficients of block `i`, row by row: of each row the words of `even` have places 0 and 2, and
 * those of `odd` 1 and 3. */
HELPER int16 coefficients(const short16 *even_rows, const short16 *odd_rows, uint i)
{
    const uint *even = (const uint *)even_rows, *odd = (const uint *)odd_rows;
    const uint8 words = (uint8)(even[i], odd[i], even[i + 8], odd[i + 8], even[i + 16], odd[i + 16],
                                even[i + 24], odd[i + 24]);
    return convert_int16(as_short16(words).s021346578a9bcedf);
}

/* Codes those of `count` blocks side by side that are `found`; `row` is that of the blocks in their
 * macroblocks, which are two or one. */
HELPER void change_found(const short16 *even, const short16 *odd, uint8 found, uint count, uint row,
                         global uchar *old, uint pitch, global short *levels, global uchar *counts,
                         const quantiser *q)
{
    const uint *of_block = (const uint *)&found;
    for (uint block = 0; block < count; block++) {
        if (of_block[block]) {
            global uchar *of_mb = counts + block / 4 * CBX_COUNTS;
            const uint at = row * 4 + block % 4;
            of_mb[at] = code_block(coefficients(even, odd, block), q,
                                   levels + block / 4 * CBX_MB_LEVELS + 16 * at, old + 4 * block,
                                   pitch, of_mb + CBX_COUNT_WILD);
        }
    }
}

/* A row of blocks of a row of macroblocks. */
HELPER void change_blocks(global const uchar *now, global uchar *old, global short *levels,
                          global uchar *counts, uint width, uint pitch, const quantiser *q,
                          dead_zone zone, uint row)
{
    for (uint x = 0; x < width; x += CBX_PAIR) {
        short16 even[4], odd[4];
        change_of_row(now + x, old + x, &even[0], &odd[0]);
        change_of_row(now + width + x, old + pitch + x, &even[1], &odd[1]);
        change_of_row(now + 2 * width + x, old + 2 * pitch + x, &even[2], &odd[2]);
        change_of_row(now + 3 * width + x, old + 3 * pitch + x, &even[3], &odd[3]);
        forward_rows_v(even);
        forward_rows_v(odd);
        const uint8 found = leaves(even, odd, &zone);
        const ulong4 any = as_ulong4(found);
        if (any.x | any.y | any.z | any.w) {
            const short16 kept_even[4] = {even[0], even[1], even[2], even[3]};
            const short16 kept_odd[4] = {odd[0], odd[1], odd[2], odd[3]};
            const size_t mb = x / CBX_MB;
            change_found(kept_even, kept_odd, found, min((uint)CBX_BLOCKS, (width - x) / 4), row,
                         old + x, pitch, levels + mb * CBX_MB_LEVELS, counts + mb * CBX_COUNTS, q);
        }
    }
}

HELPER void change_row(global const uchar *luma, global const uchar *chroma, global uchar *old,
                       global uchar *old_chroma, global short *levels, global uchar *counts,
                       const cbx_coding *c, const quantiser *q, const quantiser *cq,
                       const dead_zone *zone, uint frame, uint row)
{
    global const uchar *plane = luma_of(luma, c, frame);
    const size_t place = place_of_mb(c, frame, row * c->mbs_wide);
    levels += place * CBX_MB_LEVELS;
    counts += place * CBX_COUNTS;
    for (uint i = 0; i < c->mbs_wide; i++) {
        vstore4((ulong4)(0), 0, (global ulong *)(counts + (size_t)i * CBX_COUNTS));
        for (uint both = 0; c->chroma_bytes && both < 2; both++) {
            change_chroma(chroma, old_chroma, levels + (size_t)i * CBX_MB_LEVELS,
                          counts + (size_t)i * CBX_COUNTS, c, cq, frame, i, row, both);
        }
    }
    const uint pitch = CBX_PITCH(c->mbs_wide);
    const uint blocks = min((uint)CBX_MB, c->height - row * CBX_MB) / 4;
    for (uint i = 0; i < blocks; i++) {
        const size_t y = row * CBX_MB + i * 4;
        change_blocks(plane + y * c->width, old + y * pitch, levels, counts, c->width, pitch, q,
                      *zone, i);
    }
    for (uint i = 0; i < c->mbs_wide; i++) {
        global uchar *of_mb = counts + (size_t)i * CBX_COUNTS;
        if (must_be_pcm(levels + (size_t)i * CBX_MB_LEVELS, of_mb)) {
            code_pcm(luma, chroma, old, old_chroma, of_mb, c, frame, i, row);
        }
    }
}

/* Global size: mbs_high. */
kernel void film_change_cpu(global const uchar *restrict luma, global const uchar *restrict chroma,
                            global uchar *restrict old, global uchar *restrict old_chroma,
                            global short *restrict levels, global uchar *restrict counts,
                            cbx_coding coding)
{
    const quantiser q = quantiser_of(coding.qp), cq = quantiser_of(coding.chroma_qp);
    const dead_zone zone = dead_zone_of(&q);
    for (uint frame = 0; frame < coding.count; frame++) {
        change_row(luma, chroma, old, old_chroma, levels, counts, &coding, &q, &cq, &zone, frame,
                   get_global_id(0));
    }
}

#endif
