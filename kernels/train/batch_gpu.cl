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

/* T over 1 to 8 shares of four outputs that are `of_share` floats apart. */
HELPER float4 sum_some_gpu(global const float *restrict shares, size_t of_share, uint count)
{
    float4 s[8];
    UNROLL for (uint i = 0; i < 8; i++) {
        s[i] = GLOBAL4(shares + min(i, count - 1) * of_share);
    }
    UNROLL for (uint i = 0; i < 8; i += 2) {
        s[i] = i + 1 < count ? s[i] + s[i + 1] : s[i];
    }
    UNROLL for (uint i = 0; i < 8; i += 4) {
        s[i] = i + 2 < count ? s[i] + s[i + 2] : s[i];
    }
    return count > 4 ? s[0] + s[4] : s[0];
}

/* The same over any number of them. levels: this work-item's, of a tree of ⌈count / 8⌉ nodes. */
HELPER float4 sum_shares_gpu(global const float *restrict shares, size_t of_share, uint count,
                             local float4 *restrict levels, uint pitch)
{
    uint nodes = 0;
    for (uint first = 0; first < count; first += 8) {
        tree_add_gpu(levels, pitch, nodes++,
                     sum_some_gpu(shares + first * of_share, of_share, min(count - first, 8u)));
    }
    return tree_sum_gpu(levels, pitch, nodes);
}

/* Four outputs of Z2 from few shares; that behind them is W2[0]. */
HELPER float4 output_sum_gpu(global const float *restrict sums, size_t of_share, uint chunks)
{
    return GLOBAL4(sums + chunks * of_share) + sum_some_gpu(sums, of_share, chunks);
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

/* D2 of a batch of at most 64 rows into d2 [64][16], zeros past it, from few shares. The first
 * group of all also leaves it in `kept`, and looks whether all is finite. */
HELPER void output_deltas_gpu(global const float *restrict sums, cbx_launch launch,
                              global const uchar *restrict labels,
                              global const uint *restrict rows, global uint *restrict fault,
                              local float *restrict d2, global float *restrict kept)
{
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    enum { COUNT = CBX_ROW_BLOCK * 4 / CBX_GROUP }; /* an outer loop over some PoCL 3.1 gets wrong */
    float4 z[COUNT];
    uint label[COUNT];
    UNROLL for (uint n = 0; n < COUNT; n++) {
        const uint i = get_local_id(0) + n * CBX_GROUP;
        label[n] = labels[rows[min(i / 4, launch.pending_rows - 1)]];
        z[n] = output_sum_gpu(sums + i * 4, of_share, launch.chunks);
    }
    UNROLL for (uint n = 0; n < COUNT; n++) {
        const uint i = get_local_id(0) + n * CBX_GROUP;
        const bool is_row = i / 4 < launch.pending_rows;
        const float4 d = output_delta_gpu(z[n], label[n], i % 4, launch.recipe);
        LOCAL4(d2 + i * 4) = is_row ? d : (float4)(0.0f);
        if (get_group_id(0) == 0 && is_row) {
            report_fault_gpu(z[n], launch.pending_number, fault);
            GLOBAL4(kept + i * 4) = d;
        }
    }
}

/* The losses of the rows that fall to this work-item: all are dealt out, so that no group takes
 * longer. */
HELPER void output_losses_gpu(global const float *restrict sums, cbx_launch launch,
                              global const uchar *restrict labels,
                              global const uint *restrict rows, global float *restrict losses)
{
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    const uint groups = get_num_groups(0);
    for (uint row = get_local_id(0) * groups + get_group_id(0); row < launch.pending_rows;
         row += CBX_GROUP * groups) {
        float4 z[4];
        UNROLL for (uint quarter = 0; quarter < 4; quarter++) {
            z[quarter] = output_sum_gpu(sums + row * CBX_LANES_OUT + quarter * 4, of_share,
                                        launch.chunks);
        }
        losses[row] = row_loss((float16)(z[0], z[1], z[2], z[3]), labels[rows[row]]);
    }
}

/* Rows [row, row + 64) of D2 into d2 [64][16], zeros past the end. */
HELPER void fetch_deltas_gpu(global const float *restrict from, uint row, uint rows,
                             uint group, local float *restrict d2)
{
    UNROLL for (uint n = 0; n < CBX_ROW_BLOCK * 4; n += group) {
        const uint i = n + get_local_id(0), last = max(rows, 1u) - 1;
        const float4 d = GLOBAL4(from + min(row + i / 4, last) * CBX_LANES_OUT + i % 4 * 4);
        LOCAL4(d2 + i * 4) = row + i / 4 < rows ? d : (float4)(0.0f);
    }
}

/* 64 rows of a panel into `to` [64][32]. */
HELPER void fetch_rows_gpu(global const float *restrict from, local float *restrict to)
{
    UNROLL for (uint i = 0; i < CBX_ROW_BLOCK * CBX_PANEL; i += CBX_GROUP * 4) {
        LOCAL4(to + i + get_local_id(0) * 4) = GLOBAL4(from + i + get_local_id(0) * 4);
    }
}

/* D1 of 64 rows of a panel, in the place of its slopes: d1 [64][32], zeros from row `rows` on. d2
 * [64][16]; w2: the panel's rows of W2. A work-item takes two neurons, of every row that is
 * its by turns, and 4 of these at a time, since nobody promises the compiler that what it
 * writes is not what it reads. */
HELPER void hidden_delta_gpu(local const float *restrict d2, global const float *restrict w2,
                             uint rows, local float *restrict d1)
{
    enum { TOGETHER = 4, TURNS = CBX_GROUP / (CBX_PANEL / 2) };
    const uint lane = get_local_id(0) % (CBX_PANEL / 2) * 2;
    const float16 v = LOAD_OUT(w2 + lane * CBX_LANES_OUT);
    const float16 w = LOAD_OUT(w2 + (lane + 1) * CBX_LANES_OUT);
    uint row = get_local_id(0) / (CBX_PANEL / 2);
    d2 += row * CBX_LANES_OUT;
    d1 += row * CBX_PANEL + lane;
    for (; row < CBX_ROW_BLOCK; row += TOGETHER * TURNS) {
        float4 low[TOGETHER], middle[TOGETHER];
        float2 high[TOGETHER], slope[TOGETHER], sum[TOGETHER];
        UNROLL for (uint i = 0; i < TOGETHER; i++) {
            low[i] = LOCAL4(d2 + i * TURNS * CBX_LANES_OUT);
            middle[i] = LOCAL4(d2 + i * TURNS * CBX_LANES_OUT + 4);
            high[i] = LOCAL2(d2 + i * TURNS * CBX_LANES_OUT + 8);
            slope[i] = LOCAL2(d1 + i * TURNS * CBX_PANEL);
        }
        UNROLL for (uint i = 0; i < TOGETHER; i++) {
            sum[i] = fma((float2)(low[i].x), (float2)(v.s0, w.s0), (float2)(0.0f));
            sum[i] = fma((float2)(low[i].y), (float2)(v.s1, w.s1), sum[i]);
            sum[i] = fma((float2)(low[i].z), (float2)(v.s2, w.s2), sum[i]);
            sum[i] = fma((float2)(low[i].w), (float2)(v.s3, w.s3), sum[i]);
            sum[i] = fma((float2)(middle[i].x), (float2)(v.s4, w.s4), sum[i]);
            sum[i] = fma((float2)(middle[i].y), (float2)(v.s5, w.s5), sum[i]);
            sum[i] = fma((float2)(middle[i].z), (float2)(v.s6, w.s6), sum[i]);
            sum[i] = fma((float2)(middle[i].w), (float2)(v.s7, w.s7), sum[i]);
            sum[i] = fma((float2)(high[i].x), (float2)(v.s8, w.s8), sum[i]);
            sum[i] = fma((float2)(high[i].y), (float2)(v.s9, w.s9), sum[i]);
            sum[i] *= slope[i];
            sum[i] = (float2)(tiny_one(sum[i].x), tiny_one(sum[i].y));
        }
        UNROLL for (uint i = 0; i < TOGETHER; i++) {
            LOCAL2(d1 + i * TURNS * CBX_PANEL) = row + i * TURNS < rows ? sum[i] : (float2)(0.0f);
        }
        d2 += TOGETHER * TURNS * CBX_LANES_OUT;
        d1 += TOGETHER * TURNS * CBX_PANEL;
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
