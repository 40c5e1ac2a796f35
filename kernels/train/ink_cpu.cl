/* SPDX-License-Identifier: MIT */
/* The two products that cost all the time, over ink alone, for processors; the sums are those
 * of blocks_cpu.cl, to the bit.
 *
 * Forward, a row of the batch takes the weights of its ink one after the other; in the update, a
 * pixel takes the errors of the rows that have ink there. The sums of a list stay in registers,
 * for CBX_INK_PANELS panels at once or for a single one. Where lists end cannot be foreseen, but
 * while a processor finds that out it has enough multiply-adds left to do.
 */
#if CBX_FAMILY_CPU

#define CBX_VECTORS_IN(panels) ((panels) * CBX_PANEL / CBX_VECTOR)

/* Where vector i of a row of several panels is, in W1. */
#define CBX_IN_PANELS(i)                                                                           \
    ((i) * CBX_VECTOR / CBX_PANEL * CBX_PANEL_SIZE + (i) * CBX_VECTOR % CBX_PANEL)

/* A batch, as far as its ink is needed. Entries are spread out, so that a loop over them does
 * nothing but load and multiply. */
typedef struct ink_batch {
    uint rows;
    global const cbx_ink *inks;        /* of the rows: where their entries are in the two below */
    global const ushort *places;       /* where a pixel's row of a panel begins, in floats */
    global const float *levels;
    global const uint *pixels;         /* where the marks of each pixel begin */
    global const cbx_ink_mark *marks;  /* NULL: none were made */
} ink_batch;

/* Spreads out the entries of a row from place `to` on, a multiple of CBX_INK_SPARE, in whole
 * vectors: what they hold behind the last entry is not used. Returns the place of the next row. */
HELPER uint spread_ink(global const cbx_ink *restrict ink, global const ushort *restrict ink_pixels,
                       global const uchar *restrict ink_levels, uint to,
                       global ushort *restrict places, global float *restrict levels)
{
    const uint entries = ink->starts[CBX_SLABS];
    ink_pixels += ink->first;
    ink_levels += ink->first;
    for (uint n = 0; n < entries; n += CBX_INK_SPARE) {
        *(global ushort16 *)(places + to + n) = vload16(0, ink_pixels + n) * (ushort)CBX_PANEL;
        STORE_OUT(levels + to + n, convert_float16(vload16(0, ink_levels + n)));
    }
    return to + (entries + CBX_INK_SPARE - 1) / CBX_INK_SPARE * CBX_INK_SPARE;
}

/* Rows of W1 of the first panel are at w, pixel 0's first; q, u and d are in rows of CBX_INK_PITCH.
 *
 * forward_…      q[row][panels] += Σ level·w[pixel][panels] over the ink of a slab
 * update_…       w[pixel][panels] += the sums over the marks of the slab's pixels, each by its
 *                rate; u[panels] += Σ w
 * sum_weights_…  u[panels] += Σ w over the slab, where nothing is updated */
#define CBX_INK_LOOPS(PANELS, NAME)                                                                \
    HELPER void CBX_JOIN(forward_, NAME)(                                                          \
        global const float *restrict w, ink_batch batch, uint slab, global float *restrict q)      \
    {                                                                                              \
        for (uint b = 0; b < batch.rows; b++, q += CBX_INK_PITCH) {                                \
            const uint first = batch.inks[b].first + batch.inks[b].starts[slab];                   \
            const uint end = batch.inks[b].first + batch.inks[b].starts[slab + 1];                 \
            floatv sum[CBX_VECTORS_IN(PANELS)];                                                    \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                sum[i] = (floatv)(0.0f);                                                           \
            }                                                                                      \
            for (uint n = first; n < end; n++) {                                                   \
                global const float *weights = w + batch.places[n];                                 \
                const floatv level = (floatv)(batch.levels[n]);                                    \
                UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                         \
                    sum[i] = fma(level, LOAD(weights + CBX_IN_PANELS(i)), sum[i]);                 \
                }                                                                                  \
            }                                                                                      \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                STORE(q + i * CBX_VECTOR, LOAD(q + i * CBX_VECTOR) + sum[i]);                      \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    HELPER void CBX_JOIN(update_, NAME)(                                                           \
        global float *restrict w, ink_batch batch, uint slab, global const float *restrict d,      \
        const float *errors, cbx_step_sizes rate, global float *restrict u)                        \
    {                                                                                              \
        floatv weights[CBX_VECTORS_IN(PANELS)];                                                    \
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                                 \
            weights[i] = (floatv)(0.0f);                                                           \
        }                                                                                          \
        for (uint k = slab * CBX_SLAB; k < (slab + 1) * CBX_SLAB; k++) {                           \
            global float *at = w + k * CBX_PANEL;                                                  \
            floatv sum[CBX_VECTORS_IN(PANELS)];                                                    \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                sum[i] = (floatv)(0.0f);                                                           \
            }                                                                                      \
            for (uint n = batch.pixels[k]; n < batch.pixels[k + 1]; n++) {                         \
                global const float *row = d + batch.marks[n].at;                                   \
                const floatv level = (floatv)(batch.marks[n].level);                               \
                UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                         \
                    sum[i] = fma(level, LOAD(row + i * CBX_VECTOR), sum[i]);                       \
                }                                                                                  \
            }                                                                                      \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                const floatv s = *(const floatv *)(errors + i * CBX_VECTOR);                       \
                const floatv weight =                                                              \
                    stepped_pixel(LOAD(at + CBX_IN_PANELS(i)), sum[i], s, (floatv)(rate.scale),    \
                                  (floatv)(rate.shift));                                           \
                STORE(at + CBX_IN_PANELS(i), weight);                                              \
                weights[i] += weight;                                                              \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                                 \
            STORE(u + i * CBX_VECTOR, LOAD(u + i * CBX_VECTOR) + weights[i]);                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    HELPER void CBX_JOIN(sum_weights_, NAME)(global const float *restrict w, uint slab,            \
                                             global float *restrict u)                             \
    {                                                                                              \
        floatv sum[CBX_VECTORS_IN(PANELS)];                                                        \
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                                 \
            sum[i] = (floatv)(0.0f);                                                               \
        }                                                                                          \
        for (uint k = slab * CBX_SLAB; k < (slab + 1) * CBX_SLAB; k++) {                           \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                sum[i] += LOAD(w + k * CBX_PANEL + CBX_IN_PANELS(i));                              \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                                 \
            STORE(u + i * CBX_VECTOR, LOAD(u + i * CBX_VECTOR) + sum[i]);                          \
        }                                                                                          \
    }

CBX_INK_LOOPS(1, panel_ink)

/* update_panel_ink() without marks: row after row, with the sums of a slab in g [CBX_SLAB][32],
 * in the first level of the cache. */
HELPER void update_rows_ink(global float *restrict w, ink_batch batch, uint slab,
                            global const float *restrict d, const float *errors,
                            cbx_step_sizes rate, global float *restrict g,
                            global float *restrict u)
{
    floatv weights[CBX_VECTORS_IN(1)];
    for (uint i = 0; i < CBX_SLAB * CBX_PANEL; i += CBX_VECTOR) {
        STORE(g + i, (floatv)(0.0f));
    }
    for (uint b = 0; b < batch.rows; b++, d += CBX_INK_PITCH) {
        const uint first = batch.inks[b].first + batch.inks[b].starts[slab];
        const uint end = batch.inks[b].first + batch.inks[b].starts[slab + 1];
        for (uint n = first; n < end; n++) {
            global float *sum = g + batch.places[n] - slab * CBX_SLAB * CBX_PANEL;
            const floatv level = (floatv)(batch.levels[n]);
            UNROLL for (uint i = 0; i < CBX_PANEL; i += CBX_VECTOR) {
                STORE(sum + i, fma(level, LOAD(d + i), LOAD(sum + i)));
            }
        }
    }
    UNROLL for (uint i = 0; i < CBX_VECTORS_IN(1); i++) {
        weights[i] = (floatv)(0.0f);
    }
    w += slab * CBX_SLAB * CBX_PANEL;
    for (uint k = 0; k < CBX_SLAB; k++, w += CBX_PANEL, g += CBX_PANEL) {
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(1); i++) {
            const floatv s = *(const floatv *)(errors + i * CBX_VECTOR);
            const floatv weight =
                stepped_pixel(LOAD(w + i * CBX_VECTOR), LOAD(g + i * CBX_VECTOR), s,
                              (floatv)(rate.scale), (floatv)(rate.shift));
            STORE(w + i * CBX_VECTOR, weight);
            weights[i] += weight;
        }
    }
    UNROLL for (uint i = 0; i < CBX_VECTORS_IN(1); i++) {
        STORE(u + i * CBX_VECTOR, LOAD(u + i * CBX_VECTOR) + weights[i]);
    }
}

#if CBX_INK_PANELS > 1
CBX_INK_LOOPS(CBX_INK_PANELS, tile_ink)
#endif

#endif
