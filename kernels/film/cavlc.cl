/* SPDX-License-Identifier: MIT */
/* Clauses 7.3.5.3.2 and 9.2: a block of levels as CAVLC. */

/* Bit i: level i is not 0. `most` as below. */
HELPER uint levels_mask(global const short *levels, uint most)
{
    uint mask = 0;
    if (most == 4) {
        for (uint i = 0; i < 4; i++) {
            mask |= (uint)(levels[i] != 0) << i;
        }
        return mask;
    }
    const short16 bit = (short16)(1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192,
                                  16384, (short)0x8000);
    const short16 set = (vload16(0, levels) != (short)0) & bit;
    const ulong4 words = as_ulong4(set);
    ulong folded = words.x | words.y | words.z | words.w;
    folded |= folded >> 32;
    mask = (uint)(folded | folded >> 16) & 0xffff;
    return most == 15 ? mask & ~1u : mask;
}

/* Clause 9.2.2.1: a level as level_prefix and level_suffix, 32 · the bits + how many. `size` is
 * suffixLength. */
HELPER ulong level_code(uint code, uint size)
{
    const uint most = size ? 15u << size : 30;
    const int plain = size || code < 14;
    const uint bits = code >= most ? 1 << 12 | (code - most)
                      : plain      ? 1 << size | (code & ((1 << size) - 1))
                                   : 1 << 4 | (code - 14);
    const uint count = code >= most ? 28 : plain ? (code >> size) + 1 + size : 19;
    return (ulong)bits << 5 | count;
}

#define TOKENS_OF(context) ((context) < 2 ? 0 : (context) < 4 ? 1 : 2)

/* Where coefficients would be counted in `context`, there are none. */
HELPER void put_no_block(bit_writer *w, int context)
{
    if (context < 0) {
        put_code(w, chroma_coeff_tokens[0]);
    } else if (context >= 8) {
        put(w, 3, 6);
    } else {
        put_code(w, coeff_tokens[TOKENS_OF(context)][0]);
    }
}

/* A block of which `total` levels are not 0; where none is, they are not read. `most` is
 * maxNumCoeff; the levels of 15 begin at place 1. `context` is nC; where the block's neighbours
 * are not to be looked at, CBX_ANY counts the longest coeff_token. */
#define CBX_ANY 99
HELPER void put_block(bit_writer *w, global const short *levels, uint total, uint most, int context)
{
    if (!total) {
        put_no_block(w, context);
        return;
    }
    const uint mask = levels_mask(levels, most), start = most == 15;
    uint ones = 0, signs = 0, left = mask;
    while (left && ones < 3) {
        const uint at = 31 - clz(left);
        const int level = levels[at];
        if (level != 1 && level != -1) {
            break;
        }
        signs = signs << 1 | (level < 0);
        left ^= 1u << at;
        ones++;
    }
    few_bits out = {0, 0};
    if (context >= 8) {
        out.code = ((total - 1) << 2 | ones) << ones | signs;
        out.count = (context == CBX_ANY ? 16 : 6) + ones;
    } else {
        const uint token = context < 0 ? chroma_coeff_tokens[4 * total + ones]
                                       : coeff_tokens[TOKENS_OF(context)][4 * total + ones];
        out.code = (token % 16) << ones | signs;
        out.count = token / 16 + ones;
    }
    uint size = total > 10 && ones < 3, less = ones < 3 ? 2 : 0;
    while (left) {
        const uint at = 31 - clz(left);
        const int level = levels[at], magnitude = max(level, -level);
        const ulong coded = level_code(2 * magnitude - 2 + (level < 0) - less, size);
        out = add_bits(out, w, (uint)(coded >> 5), coded & 31);
        left ^= 1u << at;
        less = 0;
        size = max(size, 1u);
        size += magnitude > (3 << (size - 1)) && size < 6;
    }
    uint at = 31 - clz(mask), zeros = at + 1 - start - total;
    if (total < most) {
        const uint code = most == 4 ? chroma_total_zeros_codes[total - 1][zeros]
                                    : total_zeros_codes[total - 1][zeros];
        out = add_bits(out, w, code % 16, code / 16);
    }
    for (uint rest = mask ^ 1u << at; zeros && rest;) { /* the last one's run is what is left */
        const uint next = 31 - clz(rest), run = at - next - 1;
        const uint code = run_before_codes[min(zeros, 7u) - 1][run];
        out = add_bits(out, w, code % 16, code / 16);
        rest ^= 1u << next;
        zeros -= run;
        at = next;
    }
    put_long(w, out.code, out.count);
}

/* At most the bits that a macroblock takes, whatever its neighbours are. */
HELPER uint most_bits(global const short *levels, global const uchar *counts)
{
    const int inter = counts[CBX_COUNT_KIND] == CBX_INTER;
    bit_writer w = count_bits();
    put(&w, 0, 32); /* mb_type, vectors or prediction, pattern, QP */
    put_block(&w, levels + CBX_LEVELS_OF_DC, counts[CBX_COUNT_OF_DC], 16, CBX_ANY);
    for (uint block = 0; block < 24; block++) {
        put_block(&w, levels + 16 * block, counts[block], inter && block < 16 ? 16 : 15, CBX_ANY);
    }
    for (uint plane = 0; plane < 2; plane++) {
        put_block(&w, levels + CBX_LEVELS_OF_CHROMA_DC + 4 * plane,
                  counts[CBX_COUNTS_OF_CHROMA_DC + plane], 4, -1);
    }
    return w.length.after;
}

/* All numbers of coefficients of a macroblock together; each is 16 at most. */
HELPER uint sum_of_counts(global const uchar *counts)
{
    const ulong4 v = vload4(0, (global const ulong *)counts);
    const ulong bytes = v.x + v.y + v.z + (v.w & 0xffffff); /* up to CBX_COUNT_KIND */
    const ulong pairs = (bytes & 0x00ff00ff00ff00fful) + (bytes >> 8 & 0x00ff00ff00ff00fful);
    return pairs * 0x0001000100010001ul >> 48;
}

/* Whether a macroblock has to be I_PCM: a decoder could not add its levels up, or they might take more
 * bits than they may. A coefficient takes 28 at most, and 27 blocks 36 more, one with another: that
 * settles nearly all. */
HELPER int must_be_pcm(global const short *levels, global const uchar *counts)
{
    return counts[CBX_COUNT_WILD] || (sum_of_counts(counts) * 28 + 27 * 36 + 32 > CBX_MB_BITS &&
                                      most_bits(levels, counts) > CBX_MB_BITS);
}
