/* SPDX-License-Identifier: MIT */
/* The two products that cost all the time, over ink alone, for processors; the sums are those
 * of blocks_cpu.cl, to the bit.
 *
 * Forward, a row of the batch takes the weights of its ink one after the other; in the update, a
 * pixel takes the errors of the rows that have ink there. The sums of a list stay in registers,
 * for CBX_INK_PANELS panels at once or for a single one; a slab of their weights, or all errors of
 * theirs, stay in the first level of the cache.
 */
#if CBX_FAMILY_CPU

#define CBX_VECTORS_IN(panels) ((panels) * CBX_PANEL / CBX_VECTOR)

/* Where vector i of a row of several panels is, in W1. */
#define CBX_IN_PANELS(i)                                                                           \
    ((i) * CBX_VECTOR / CBX_PANEL * CBX_PANEL_SIZE + (i) * CBX_VECTOR % CBX_PANEL)

/* forward_…: q [row][panels] += Σ level·w[pixel][panels] over the lists of a slab; w is the slab's
 * first row of the first panel, levels [256] the numbers 0…255.
 * update_…: w[pixel][panels] += the sums over the lists of a slab, each by its rate.
 * sum_weights_…: u[panels] += Σ w over a slab. */
#define CBX_INK_LOOPS(PANELS, NAME)                                                                \
    HELPER void CBX_JOIN(forward_, NAME)(global const float *restrict w,                           \
                                         global const cbx_ink_list *restrict lists, uint rows,     \
                                         global const uchar *restrict ink, const float *levels,    \
                                         global float *restrict q)                                 \
    {                                                                                              \
        for (uint b = 0; b < rows; b++) {                                                          \
            const uint count = lists[b].count;                                                     \
            global const uchar *entry = ink + 2 * (size_t)lists[b].first;                          \
            global float *at = q + (uint)lists[b].which * CBX_INK_PITCH;                           \
            floatv sum[CBX_VECTORS_IN(PANELS)];                                                    \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                sum[i] = (floatv)(0.0f);                                                           \
            }                                                                                      \
            for (uint n = 0; n < count; n++, entry += 2) {                                         \
                global const float *weights = w + (uint)entry[0] * CBX_PANEL;                      \
                const floatv level = (floatv)(levels[entry[1]]);                                   \
                UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                         \
                    sum[i] = fma(level, LOAD(weights + CBX_IN_PANELS(i)), sum[i]);                 \
                }                                                                                  \
            }                                                                                      \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                STORE(at + i * CBX_VECTOR, LOAD(at + i * CBX_VECTOR) + sum[i]);                    \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    HELPER void CBX_JOIN(update_, NAME)(global float *restrict w,                                  \
                                        global const cbx_ink_list *restrict lists,                 \
                                        global const cbx_ink_mark *restrict marks,                 \
                                        global const float *restrict d, const float *errors,       \
                                        cbx_step_sizes rate)                                       \
    {                                                                                              \
        for (uint k = 0; k < CBX_SLAB; k++) {                                                      \
            const uint count = lists[k].count;                                                     \
            global const cbx_ink_mark *mark = marks + lists[k].first;                              \
            global float *at = w + (uint)lists[k].which * CBX_PANEL;                               \
            floatv sum[CBX_VECTORS_IN(PANELS)];                                                    \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                sum[i] = (floatv)(0.0f);                                                           \
            }                                                                                      \
            for (uint n = 0; n < count; n++, mark++) {                                             \
                global const float *row = d + mark->at;                                            \
                const floatv level = (floatv)(mark->level);                                        \
                UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                         \
                    sum[i] = fma(level, LOAD(row + i * CBX_VECTOR), sum[i]);                       \
                }                                                                                  \
            }                                                                                      \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                const floatv s = *(const floatv *)(errors + i * CBX_VECTOR);                       \
                STORE(at + CBX_IN_PANELS(i),                                                       \
                      stepped_pixel(LOAD(at + CBX_IN_PANELS(i)), sum[i], s, (floatv)(rate.scale),  \
                                    (floatv)(rate.shift)));                                        \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
                                                                                                   \
    HELPER void CBX_JOIN(sum_weights_, NAME)(global const float *restrict w,                        \
                                             global float *restrict u)                             \
    {                                                                                              \
        floatv sum[CBX_VECTORS_IN(PANELS)];                                                        \
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                                 \
            sum[i] = (floatv)(0.0f);                                                               \
        }                                                                                          \
        for (uint k = 0; k < CBX_SLAB; k++, w += CBX_PANEL) {                                      \
            UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                             \
                sum[i] += LOAD(w + CBX_IN_PANELS(i));                                              \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (uint i = 0; i < CBX_VECTORS_IN(PANELS); i++) {                                 \
            STORE(u + i * CBX_VECTOR, LOAD(u + i * CBX_VECTOR) + sum[i]);                          \
        }                                                                                          \
    }

CBX_INK_LOOPS(1, panel_ink)
#if CBX_INK_PANELS > 1
CBX_INK_LOOPS(CBX_INK_PANELS, tile_ink)
#endif

#endif
