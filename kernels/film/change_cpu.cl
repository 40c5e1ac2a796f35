/* SPDX-License-Identifier: MIT */
/* P pictures on processors: rows of macroblocks, whose samples stay in the cache from frame to frame,
 * eight blocks at a time.
 *
 *   film_change_cpu   a work-item a row of macroblocks, through all frames of the launch
 *
 * Few blocks change by more than the quantiser's dead zone, and to find them is nearly all the work.
 * A row of eight blocks is a vector of eight words, four samples in each. Its bytes at even and odd
 * places become 16-bit numbers that still lie in pairs, (0, 2) and (1, 3); the second pair turned
 * round, sums and differences of both are what the horizontal transform begins with:
 *   (0, 2) + (3, 1) = (s, t), (0, 2) - (3, 1) = (u, -v), in the letters of forward_rows();
 * and (t, s) + (s, -t) = coefficients 0 and 2, 2·(u, -v) + (v, u) = coefficients 1 and 3. The devices
 * that this is for are little-endian.
 */
#if CBX_FAMILY_CPU

#define CBX_BLOCKS 8 /* side by side */
#define CBX_PAIR (2 * CBX_MB) /* pixels of them */

/* Coefficients of eight blocks: a row of each is the words of `even`, places 0 and 2, and of `odd`,
 * places 1 and 3. */
typedef struct eight_blocks {
    short16 even[4], odd[4];
} eight_blocks;

/* The greatest coefficients that become 0; as norm_adjust has them. */
typedef struct dead_zone {
    short16 both_even, both_odd, mixed;
} dead_zone;

HELPER dead_zone dead_zone_of(const quantiser *q)
{
    const int most = (1 << q->bits) - q->dead - 1;
    dead_zone zone;
    zone.both_even = (short16)(short)min(most / q->factor.s0, 32767);
    zone.both_odd = (short16)(short)min(most / q->factor.s5, 32767);
    zone.mixed = (short16)(short)min(most / q->factor.s1, 32767);
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

HELPER short16 outside(short16 least, short16 most, short16 zone)
{
    return (most > zone) | (least < -zone);
}

/* Words that are not 0 for blocks that leave the dead zone. */
HELPER uint8 leaves(const eight_blocks *b, const dead_zone *zone)
{
    const short16 *e = b->even, *o = b->odd;
    return as_uint8(outside(min(e[0], e[2]), max(e[0], e[2]), zone->both_even) |
                    outside(min(o[1], o[3]), max(o[1], o[3]), zone->both_odd) |
                    outside(min(min(e[1], e[3]), min(o[0], o[2])),
                            max(max(e[1], e[3]), max(o[0], o[2])), zone->mixed));
}

/* Coefficients of block `i`, row by row. */
HELPER int16 coefficients(const eight_blocks *b, uint i)
{
    const uint *even = (const uint *)b->even, *odd = (const uint *)b->odd;
    const uint8 words = (uint8)(even[i], odd[i], even[i + 8], odd[i + 8], even[i + 16], odd[i + 16],
                                even[i + 24], odd[i + 24]);
    return convert_int16(as_short16(words).s021346578a9bcedf);
}

/* Two macroblocks side by side, or the last one alone. */
HELPER void change_two(global const uchar *plane, global uchar *old, global short *levels,
                       global uchar *counts, const cbx_coding *c, const quantiser *q,
                       const dead_zone *zone, uint column, uint row)
{
    const uint pitch = c->mbs_wide * CBX_MB, x = column * CBX_MB;
    const uint blocks = min((uint)CBX_BLOCKS, (c->width - x) / 4);
    const uint rows = min((uint)CBX_MB, c->height - row * CBX_MB) / 4;
    for (uint i = 0; i < rows; i++) {
        const size_t y = row * CBX_MB + i * 4;
        eight_blocks all;
        UNROLL for (uint v = 0; v < 4; v++) {
            change_of_row(plane + (y + v) * c->width + x, old + (y + v) * pitch + x, &all.even[v],
                          &all.odd[v]);
        }
        forward_rows_v(all.even);
        forward_rows_v(all.odd);
        const uint8 found = leaves(&all, zone);
        const ulong4 any = as_ulong4(found);
        if (!(any.x | any.y | any.z | any.w)) {
            continue;
        }
        const uint *of_block = (const uint *)&found;
        for (uint block = 0; block < blocks; block++) {
            if (of_block[block]) {
                const uint at = i * 4 + block % 4, mb = block / 4;
                counts[mb * CBX_COUNTS + at] =
                    code_block(coefficients(&all, block), q,
                               levels + (size_t)mb * CBX_MB_LEVELS + 16 * at,
                               old + y * pitch + x + 4 * block, pitch,
                               counts + mb * CBX_COUNTS + CBX_COUNT_WILD);
            }
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
    for (uint column = 0; column < c->mbs_wide; column += 2) {
        change_two(plane, old, levels + (size_t)column * CBX_MB_LEVELS,
                   counts + (size_t)column * CBX_COUNTS, c, q, zone, column, row);
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
    const quantiser q = quantiser_of(coding.qp, CBX_CHANGE_PARTS),
                    cq = quantiser_of(coding.chroma_qp, CBX_CHANGE_PARTS);
    const dead_zone zone = dead_zone_of(&q);
    for (uint frame = 0; frame < coding.count; frame++) {
        change_row(luma, chroma, old, old_chroma, levels, counts, &coding, &q, &cq, &zone, frame,
                   get_global_id(0));
    }
}

#endif
