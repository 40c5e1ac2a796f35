/* SPDX-License-Identifier: MIT */
/* 4 x 4 blocks: transform, quantisation, and what a decoder makes of them (clause 8.5).
 *
 * A block is four rows, int4 each. The forward transform is C·X·Cᵀ with the rows of C
 *   1 1 1 1 · 2 1 -1 -2 · 1 -1 -1 1 · 1 -2 2 -1,
 * a level is sign(c)·⌊(|c|·factor + dead) / 2^bits⌋ with bits = 15 + ⌊QP/6⌋.
 */

/* How a coefficient becomes a level. */
typedef struct quantiser {
    int16 factor; /* row by row */
    int16 worth;  /* of a level: norm_adjust · 2^⌊QP/6⌋ */
    uint bits;
    int dead;
    int least; /* |c|·factor above which a change is worth coding */
    uint qp;
} quantiser;

/* Rounds to the nearest level: with as many coefficients as in a key frame a dead zone saves nothing.
 * But in P pictures a block is coded only when one of its coefficients has changed by more than 9/8
 * of a level. What is less waits there until it is, or until it is undone; and when a block is coded,
 * then so well that it needs not be for long. */
HELPER quantiser quantiser_of(uint qp)
{
    quantiser q;
    constant ushort *f = quant_factors[qp % 6], *n = norm_adjust[qp % 6];
    const int a = f[0], b = f[1], c = f[2];
    q.factor = (int16)(a, c, a, c, c, b, c, b, a, c, a, c, c, b, c, b);
    q.worth = (int16)(n[0], n[2], n[0], n[2], n[2], n[1], n[2], n[1], n[0], n[2], n[0], n[2], n[2],
                      n[1], n[2], n[1])
              << (int)(qp / 6);
    q.bits = 15 + qp / 6;
    q.dead = 1 << (q.bits - 1);
    q.least = (1 << q.bits) + (1 << (q.bits - 3));
    q.qp = qp;
    return q;
}

HELPER void transpose4(int4 *m)
{
    const int4 a = m[0], b = m[1], c = m[2], d = m[3];
    m[0] = (int4)(a.x, b.x, c.x, d.x);
    m[1] = (int4)(a.y, b.y, c.y, d.y);
    m[2] = (int4)(a.z, b.z, c.z, d.z);
    m[3] = (int4)(a.w, b.w, c.w, d.w);
}

/* C·X of four rows. */
HELPER void forward_rows(int4 *x)
{
    const int4 s = x[0] + x[3], t = x[1] + x[2], u = x[0] - x[3], v = x[1] - x[2];
    x[0] = s + t;
    x[1] = 2 * u + v;
    x[2] = s - t;
    x[3] = u - 2 * v;
}

HELPER void forward_transform(int4 *x)
{
    forward_rows(x);
    transpose4(x);
    forward_rows(x);
    transpose4(x);
}

/* Clause 8.5.12.2 for the rows of the transposed block, which are its columns. */
HELPER void inverse_rows(int4 *d)
{
    const int4 e = d[0] + d[2], f = d[0] - d[2];
    const int4 g = (d[1] >> 1) - d[3], h = d[1] + (d[3] >> 1);
    d[0] = e + h;
    d[1] = f + g;
    d[2] = f - g;
    d[3] = e - h;
}

/* The residual of scaled coefficients: each row first, then each column. */
HELPER void inverse_transform(int4 *d)
{
    transpose4(d);
    inverse_rows(d);
    transpose4(d);
    inverse_rows(d);
    for (uint y = 0; y < 4; y++) {
        d[y] = (d[y] + 32) >> 6;
    }
}

/* Every number on that way has to fit into 16 bits, the last before it is rounded: decoders rely on it
 * (clause 8.5.12). A residual itself does, by half; and below this QP the errors of its quantised
 * coefficients, half of their worth each and four times that for the DC coefficient of a key frame,
 * cannot add up to the other half. */
#define CBX_WILD_QP 42

HELPER int is_wild4(int4 v)
{
    return any(v > 32767 - 32) || any(v < -32768);
}

HELPER int is_wild_way(const int4 *d)
{
    int wild = 0;
    for (uint i = 0; i < 4; i++) {
        wild |= is_wild4(d[i]);
    }
    return wild | is_wild4(d[0] + d[2]) | is_wild4(d[0] - d[2]) | is_wild4((d[1] >> 1) - d[3]) |
           is_wild4(d[1] + (d[3] >> 1));
}

/* Whether inverse_transform() would leave 16 bits. */
HELPER int is_wild(const int4 *coefficients, uint qp)
{
    if (qp < CBX_WILD_QP) {
        return 0;
    }
    int4 d[4] = {coefficients[0], coefficients[1], coefficients[2], coefficients[3]};
    transpose4(d);
    int wild = is_wild_way(d);
    inverse_rows(d);
    transpose4(d);
    wild |= is_wild_way(d);
    inverse_rows(d);
    return wild | is_wild4(d[0]) | is_wild4(d[1]) | is_wild4(d[2]) | is_wild4(d[3]);
}

HELPER int16 join_rows(const int4 *rows)
{
    return (int16)(rows[0], rows[1], rows[2], rows[3]);
}

HELPER int16 quantise(int16 c, const quantiser *q)
{
    int16 level = (max(c, -c) * q->factor + q->dead) >> (int)q->bits;
    level = min(level, (int16)(CBX_MOST_LEVEL));
    return c < 0 ? -level : level;
}

/* Whether a block has changed enough. */
HELPER int is_worth_coding(int16 c, const quantiser *q)
{
    const int16 far = max(c, -c) * q->factor > q->least;
    const int8 a = far.lo | far.hi;
    const int4 b = a.lo | a.hi;
    return (b.x | b.y | b.z | b.w) != 0;
}

/* One level of a block of DC coefficients, which were summed once more: their quantiser has a bit
 * more. */
HELPER int quantise_dc(int c, const quantiser *q)
{
    const int level = (max(c, -c) * q->factor.s0 + 2 * q->dead) >> (q->bits + 1);
    return c < 0 ? -min(level, CBX_MOST_LEVEL) : min(level, CBX_MOST_LEVEL);
}

/* Figure 8-8: the zig-zag scan. */
HELPER short16 zigzag(int16 level)
{
    return convert_short16(level).s014852369cda7bef;
}

/* How many levels are not 0. */
HELPER uint count_levels(short16 level)
{
    short16 one = (level != (short)0) & (short)1;
    short8 a = one.lo + one.hi;
    short4 b = a.lo + a.hi;
    return b.x + b.y + b.z + b.w;
}

/* H·X·H with the rows of H 1 1 1 1 · 1 1 -1 -1 · 1 -1 -1 1 · 1 -1 1 -1, clauses 8.5.10. */
HELPER void hadamard_rows(int4 *x)
{
    const int4 s = x[0] + x[1], t = x[2] + x[3], u = x[0] - x[1], v = x[2] - x[3];
    x[0] = s + t;
    x[1] = s - t;
    x[2] = u - v;
    x[3] = u + v;
}

HELPER void hadamard4(int4 *x)
{
    hadamard_rows(x);
    transpose4(x);
    hadamard_rows(x);
    transpose4(x);
}

/* The same of 2 x 2, row by row; clause 8.5.11. */
HELPER int4 hadamard2(int4 x)
{
    const int s = x.x + x.y, t = x.z + x.w, u = x.x - x.y, v = x.z - x.w;
    return (int4)(s + t, u + v, s - t, u - v);
}

/* Clause 8.5.10: luma's DC coefficients from their levels, which were transformed. LevelScale is
 * 16 · norm_adjust. */
HELPER int scale_dc(int f, uint qp)
{
    const int scale = 16 * norm_adjust[qp % 6][0];
    return qp >= 36 ? (f * scale) << (qp / 6 - 6)
                    : (f * scale + (1 << (5 - qp / 6))) >> (6 - qp / 6);
}

/* Clause 8.5.11.2: chroma's. */
HELPER int scale_chroma_dc(int f, uint qp)
{
    return ((f * 16 * norm_adjust[qp % 6][0]) << (qp / 6)) >> 5;
}

HELPER int sum4(int4 v)
{
    return v.x + v.y + v.z + v.w;
}

/* Four samples in a row, side by side. */
HELPER int4 load_row(global const uchar *at)
{
    return convert_int4(vload4(0, at));
}

HELPER void store_row(global uchar *at, int4 samples)
{
    vstore4(convert_uchar4(clamp(samples, 0, 255)), 0, at);
}
