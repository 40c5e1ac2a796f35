/* SPDX-License-Identifier: MIT */
/* Writes bits, or only counts them; and the codes of clause 9.1. */

typedef struct bit_writer {
    cbx_share length;   /* of all that was put; `start` is not used */
    global uint *words; /* NULL: only count */
    ulong hold;         /* the last `held` bits of this are not yet in `words` */
    uint held;
    uint word;      /* where the next 32 go */
    uint first;     /* 1: into a word that begins with bits of another writer */
    uint shared;    /* and so may the last one end */
} bit_writer;

HELPER bit_writer count_bits(void)
{
    bit_writer w = {{0, 0, 0, 0}, 0, 0, 0, 0, 0, 0};
    return w;
}

/* From bit `start` of `words` on. `shared`: others write before and behind, at the same time; the
 * words where that happens must hold 0. */
HELPER bit_writer write_bits(global uint *words, uint start, uint shared)
{
    bit_writer w = {{0, 0, 0, 0}, words, 0, start % 32, start / 32, shared, shared};
    return w;
}

/* At most 32 bits; `code` has no others. */
HELPER void put(bit_writer *w, uint code, uint count)
{
    if (!w->words) {
        w->length.after += count;
        return;
    }
    w->hold = (w->hold << count) | code;
    w->held += count;
    if (w->held >= 32) {
        w->held -= 32;
        const uint full = (uint)(w->hold >> w->held);
        if (w->first) {
            atomic_or(w->words + w->word, full);
            w->first = 0;
        } else {
            w->words[w->word] = full;
        }
        w->word++;
    }
}

/* At most 64 bits. */
HELPER void put_long(bit_writer *w, ulong code, uint count)
{
    if (count > 32) {
        put(w, (uint)(code >> 32), count - 32);
        put(w, (uint)code, 32);
    } else {
        put(w, (uint)code, count);
    }
}

/* Bits on their way to a writer, of which nothing but these two numbers has to be at hand. */
typedef struct few_bits {
    ulong code;
    uint count;
} few_bits;

HELPER few_bits add_bits(few_bits f, bit_writer *w, uint code, uint count)
{
    if (f.count + count > 64) {
        put_long(w, f.code, f.count);
        f.count = 0;
        f.code = 0;
    }
    f.code = f.code << count | code;
    f.count += count;
    return f;
}

/* Writes what is left; returns where the bits end. */
HELPER uint end_bits(bit_writer *w)
{
    if (w->held) {
        const uint rest = (uint)(w->hold << (32 - w->held));
        if (w->shared) {
            atomic_or(w->words + w->word, rest);
        } else {
            w->words[w->word] = rest;
        }
    }
    return 32 * w->word + w->held;
}

/* Zeros up to a whole byte. */
HELPER void align_bits(bit_writer *w)
{
    if (w->words) {
        put(w, 0, -w->held & 7);
    } else if (!w->length.aligned) {
        w->length.before = w->length.after;
        w->length.aligned = 1;
        w->length.after = 0;
    } else {
        w->length.after = (w->length.after + 7) & ~7u;
    }
}

/* Bits of two shares, one behind the other. */
HELPER cbx_share join_shares(cbx_share a, cbx_share b)
{
    if (!b.aligned) {
        a.after += b.after;
    } else if (!a.aligned) {
        b.before += a.after;
        return b;
    } else {
        a.after = ((a.after + b.before + 7) & ~7u) + b.after;
    }
    return a;
}

/* Where a share ends that begins at bit `start`. */
HELPER uint end_of_share(cbx_share share, uint start)
{
    return share.aligned ? ((start + share.before + 7) & ~7u) + share.after : start + share.after;
}

/* ue(v) */
HELPER void put_ue(bit_writer *w, uint value)
{
    const uint bits = 32 - clz(value + 1);
    if (bits > 16) {
        put(w, 0, bits - 1);
        put(w, value + 1, bits);
    } else {
        put(w, value + 1, 2 * bits - 1);
    }
}

/* se(v) */
HELPER void put_se(bit_writer *w, int value)
{
    put_ue(w, value > 0 ? 2 * value - 1 : -2 * value);
}

/* A code of tables.cl. */
HELPER void put_code(bit_writer *w, uint code)
{
    put(w, code % 16, code / 16);
}
