/* SPDX-License-Identifier: MIT */
/* Clauses 7.3.5.3.2 and 9.2: a block of levels as CAVLC. */

/* Bit i: level i is not 0; i from `first` on. */
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
HELPER void put_block(bit_writer *to, global const short *levels, uint total, uint most,
                      int context)
{
    if (!total) {
        put_no_block(to, context);
        return;
    }
    bit_writer own = *to, *w = &own; /* in registers */
    uint mask = levels_mask(levels, most), ones = 0, signs = 0;
    const uint start = most == 15;
    for (uint left = mask; left && ones < 3; ones++) {
        const uint at = 31 - clz(left);
        const int level = levels[at];
        if (level != 1 && level != -1) {
            break;
        }
        signs = signs << 1 | (level < 0);
        left ^= 1u << at;
    }
    if (context == CBX_ANY) {
        put(w, 0, 16);
    } else if (context < 0) {
        put_code(w, chroma_coeff_tokens[4 * total + ones]);
    } else if (context >= 8) {
        put(w, (total - 1) << 2 | ones, 6);
    } else {
        put_code(w, coeff_tokens[TOKENS_OF(context)][4 * total + ones]);
    }
    put(w, signs, ones);
    uint size = total > 10 && ones < 3, left = mask;
    for (uint i = 0; i < total; i++) {
        const uint at = 31 - clz(left);
        left ^= 1u << at;
        if (i >= ones) {
            const int level = levels[at], magnitude = max(level, -level);
            const uint code = 2 * magnitude - 2 + (level < 0) - (i == ones && ones < 3 ? 2 : 0);
            const ulong coded = level_code(code, size);
            put(w, (uint)(coded >> 5), coded & 31);
            size = max(size, 1u);
            size += magnitude > (3 << (size - 1)) && size < 6;
        }
    }
    const uint last = 31 - clz(mask);
    uint zeros = last + 1 - start - total;
    if (total < most) {
        put_code(w, most == 4 ? chroma_total_zeros_codes[total - 1][zeros]
                              : total_zeros_codes[total - 1][zeros]);
    }
    for (uint at = last; zeros; ) {
        mask ^= 1u << at;
        if (!mask) {
            break; /* the last one's run is what is left */
        }
        const uint next = 31 - clz(mask), run = at - next - 1;
        put_code(w, run_before_codes[min(zeros, 7u) - 1][run]);
        zeros -= run;
        at = next;
    }
    *to = own;
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

/* Whether a macroblock has to be I_PCM: a decoder could not add its levels up, or they might take more
 * bits than they may. A coefficient takes 28 at most, and 27 blocks 36 more, one with another: that
 * settles nearly all. */
HELPER int must_be_pcm(global const short *levels, global const uchar *counts)
{
    uint total = 0;
    for (uint i = 0; i < CBX_COUNT_KIND; i++) {
        total += counts[i];
    }
    return counts[CBX_COUNT_WILD] || (total * 28 + 27 * 36 + 32 > CBX_MB_BITS &&
                                      most_bits(levels, counts) > CBX_MB_BITS);
}
