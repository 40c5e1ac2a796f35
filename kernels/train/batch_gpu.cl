/* SPDX-License-Identifier: MIT */
/* What a batch needs beside the products with the pixels, for GPUs: its outputs and its errors.
 * Functions of all work-items of a group.
 */
#if CBX_FAMILY_GPU

/* The tree of tree.cl, with this work-item's levels in local memory, one every `pitch`: registers
 * cannot be counted through. */
HELPER void tree_add_gpu(local float4 *restrict levels, uint pitch, uint at, float4 sum)
{
    for (; at & 1; at >>= 1, levels += pitch) {
        sum = *levels + sum;
    }
    *levels = sum;
}

HELPER float4 tree_sum_gpu(local const float4 *restrict levels, uint pitch, uint count)
{
    for (; !(count & 1); count >>= 1) {
        levels += pitch;
    }
    float4 sum = *levels;
    while (count >>= 1) {
        levels += pitch;
        sum = count & 1 ? *levels + sum : sum;
    }
    return sum;
}

/* T over `count` ≥ 1 shares of four outputs that are `of_share` floats apart. Eight of them are on
 * their way at a time. */
HELPER float4 sum_shares_gpu(global const float *restrict shares, size_t of_share, uint count,
                             local float4 *restrict levels, uint pitch)
{
    for (uint first = 0; first < count; first += 8) {
        float4 share[8];
        UNROLL for (uint i = 0; i < 8; i++) {
            share[i] = GLOBAL4(shares + min(first + i, count - 1) * of_share);
        }
        UNROLL for (uint i = 0; i < 8; i++) {
            if (first + i < count) {
                tree_add_gpu(levels, pitch, first + i, share[i]);
            }
        }
    }
    return tree_sum_gpu(levels, pitch, count);
}

/* Four outputs of Z2: the share behind them is W2[0]. */
HELPER float4 output_sum_gpu(global const float *restrict sums, size_t of_share, uint chunks,
                             local float4 *restrict levels)
{
    return GLOBAL4(sums + chunks * of_share) +
           sum_shares_gpu(sums, of_share, chunks, levels, CBX_GROUP);
}

/* D2 of the outputs 4·quarter … of a row, from its Z2. */
HELPER float4 output_delta_gpu(float4 z, uint label, uint quarter, uint recipe)
{
    const int4 column = (int4)(0, 1, 2, 3) + (int4)(4 * quarter);
    const float4 y = select((float4)(0.0f), (float4)(1.0f), column == (int4)(label));
    const float4 a = activate_v(z);
    const float4 miss = select((float4)(0.0f), y - a, column < (int4)(CBX_OUTPUTS));
    return tiny_v(output_error(miss, slope_v(a), recipe));
}

HELPER void report_fault_gpu(float4 z, uint number, global uint *restrict fault)
{
    if (!all(isfinite(z))) {
        atomic_cmpxchg(fault, CBX_NO_FAULT, number);
    }
}

/* D2 of a batch of at most 64 rows into d2 [64][16], zeros past it, from few shares. `levels`:
 * room for CBX_FEW_LEVELS · 64. The first group of all also leaves it in `kept`, and looks whether
 * all is finite. */
HELPER void output_deltas_gpu(global const float *restrict sums, cbx_launch launch,
                              global const uchar *restrict labels,
                              global const uint *restrict rows, global uint *restrict fault,
                              local float4 *restrict levels, local float *restrict d2,
                              global float *restrict kept)
{
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    for (uint i = get_local_id(0); i < CBX_ROW_BLOCK * 4; i += CBX_GROUP) {
        const uint row = i / 4, quarter = i % 4;
        float4 d = (float4)(0.0f);
        if (row < launch.pending_rows) {
            const float4 z = output_sum_gpu(sums + i * 4, of_share, launch.chunks,
                                            levels + get_local_id(0));
            d = output_delta_gpu(z, labels[rows[row]], quarter, launch.recipe);
            if (get_group_id(0) == 0) {
                report_fault_gpu(z, launch.pending_number, fault);
                GLOBAL4(kept + i * 4) = d;
            }
        }
        LOCAL4(d2 + i * 4) = d;
    }
}

/* The losses of the rows that fall to this work-item: all are dealt out, so that no group takes
 * longer. */
HELPER void output_losses_gpu(global const float *restrict sums, cbx_launch launch,
                              global const uchar *restrict labels,
                              global const uint *restrict rows, local float4 *restrict levels,
                              global float *restrict losses)
{
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    const uint groups = get_num_groups(0);
    for (uint row = get_local_id(0) * groups + get_group_id(0); row < launch.pending_rows;
         row += CBX_GROUP * groups) {
        float4 z[4];
        UNROLL for (uint quarter = 0; quarter < 4; quarter++) {
            z[quarter] = output_sum_gpu(sums + row * CBX_LANES_OUT + quarter * 4, of_share,
                                        launch.chunks, levels + get_local_id(0));
        }
        losses[row] = row_loss((float16)(z[0], z[1], z[2], z[3]), labels[rows[row]]);
    }
}

/* Rows [row, row + 64) of D2 into d2 [64][16], zeros past the end. */
HELPER void fetch_deltas_gpu(global const float *restrict from, uint row, uint rows,
                             uint group, local float *restrict d2)
{
    for (uint i = get_local_id(0); i < CBX_ROW_BLOCK * 4; i += group) {
        LOCAL4(d2 + i * 4) =
            row + i / 4 < rows ? GLOBAL4(from + row * CBX_LANES_OUT + i * 4) : (float4)(0.0f);
    }
}

/* D1 of 64 rows of a panel into d1 [64][32], zeros from row `rows` on. d2 [64][16]; w2: the panel's
 * rows of W2; a1: its A1, of these rows. A work-item takes half of the rows of a neuron. */
HELPER void hidden_delta_gpu(local const float *restrict d2, global const float *restrict w2,
                             global const float *restrict a1, uint rows, uint recipe,
                             local float *restrict d1)
{
    const uint lane = get_local_id(0) % CBX_PANEL;
    const uint first = get_local_id(0) / CBX_PANEL * (CBX_ROW_BLOCK / 2);
    const float16 w = LOAD_OUT(w2 + lane * CBX_LANES_OUT);
    d2 += first * CBX_LANES_OUT;
    a1 += first * CBX_PANEL + lane;
    d1 += first * CBX_PANEL + lane;
    rows -= min(rows, first);
    UNROLL_BY(8) for (uint i = 0; i < CBX_ROW_BLOCK / 2; i++) {
        const float4 low = LOCAL4(d2), middle = LOCAL4(d2 + 4);
        const float2 high = *(local const float2 *)(d2 + 8);
        float sum = fma(low.x, w.s0, 0.0f);
        sum = fma(low.y, w.s1, sum);
        sum = fma(low.z, w.s2, sum);
        sum = fma(low.w, w.s3, sum);
        sum = fma(middle.x, w.s4, sum);
        sum = fma(middle.y, w.s5, sum);
        sum = fma(middle.z, w.s6, sum);
        sum = fma(middle.w, w.s7, sum);
        sum = fma(high.x, w.s8, sum);
        sum = fma(high.y, w.s9, sum);
        sum = tiny_one(sum * derivative_one(*a1, recipe));
        *d1 = i < rows ? sum : 0.0f;
        d2 += CBX_LANES_OUT;
        a1 += CBX_PANEL;
        d1 += CBX_PANEL;
    }
}

/* errors [32] += Σ_b d1[b], by the first 32 work-items. */
HELPER void add_errors_gpu(local const float *restrict d1, local float *restrict errors)
{
    if (get_local_id(0) < CBX_PANEL) {
        float sum = errors[get_local_id(0)];
        UNROLL_BY(16) for (uint b = 0; b < CBX_ROW_BLOCK; b++) {
            sum += d1[b * CBX_PANEL + get_local_id(0)];
        }
        errors[get_local_id(0)] = sum;
    }
}

#endif
