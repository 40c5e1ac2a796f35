/* SPDX-License-Identifier: MIT */
/* Training in two or three launches a batch, the schedule `fused` for GPUs.
 *
 * train_gpu_hidden   for a tile of 64 neurons and a slice of the pixels
 *     D2 = output error of the pending batch, from the sums that its forward left
 *     losses of some of its rows            when they are asked for
 *     D1 = (D2·W2[1:]ᵀ)·derivative(A1)      64 rows at a time, in local memory
 *     W1[1:] += η₁·XᵀD1                     dW1 stays in registers
 *     z1[slice] = X·W1 over the slice       of the next batch
 * train_gpu_output   for a share of the tiles
 *     W2[1:] += η₂·A1ᵀD2
 *     A1 = σ(bias + Σ z1[slice])
 *     sums = A1·W2[1:]                      this share of Z2
 * train_gpu_sums     where a share has several helpers
 *     sums = Σ parts
 *
 * What crosses between work-groups does so from one launch to the next: OpenCL 1.2 promises
 * the groups of one launch nothing about each other's writes, whatever the fence.
 * Work-groups are numbered in one dimension. Buffers as in layout.h, and
 *   d2 [work-groups of train_gpu_hidden][stride][16]   each its own copy
 *   z1 [slices][P][stride][32]
 *   parts [chunks][helpers][stride][16]   what the helpers of a chunk add up to its share
 * P must be even, `stride` a multiple of 64. Rows past the end of a batch count as
 * zeros. Every sum has a fixed order: the same bits every time.
 */
#if CBX_FAMILY_GPU

/* D2 of every row of the pending batch into this group's copy. */
HELPER void output_delta_gpu(global const float *restrict sums, uint chunks, uint stride,
                             global const uchar *restrict labels,
                             global const uint *restrict order, uint rows, uint recipe,
                             global uint *restrict fault, uint number, global float *restrict d2)
{
    for (uint i = get_local_id(0); i < rows * CBX_LANES_OUT; i += CBX_GROUP) {
        const uint row = i / CBX_LANES_OUT, o = i % CBX_LANES_OUT;
        float z = 0.0f;
        UNROLL_BY(8) for (uint c = 0; c <= chunks; c++) { /* the last: W2[0] */
            z += sums[(size_t)c * stride * CBX_LANES_OUT + i];
        }
        float a = activate_one(z);
        float miss = (labels[order[row]] == o ? 1.0f : 0.0f) - a;
        float d = output_error(miss, slope_one(a), recipe);
        d2[i] = o < CBX_OUTPUTS ? d : 0.0f;
        if (!isfinite(z) && get_group_id(0) == 0) {
            atomic_cmpxchg(fault, CBX_NO_FAULT, number);
        }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
}

/* The losses of the rows that fall to this work-item: all are dealt out, so that no group takes
 * longer. Z2 is added up as above. */
HELPER void output_losses_gpu(global const float *restrict sums, uint chunks, uint stride,
                              global const uchar *restrict labels,
                              global const uint *restrict order, uint rows,
                              global float *restrict losses)
{
    const uint groups = get_num_groups(0);
    for (uint row = get_local_id(0) * groups + get_group_id(0); row < rows;
         row += CBX_GROUP * groups) {
        float16 z = (float16)(0.0f);
        for (uint c = 0; c <= chunks; c++) {
            z += LOAD_OUT(sums + ((size_t)c * stride + row) * CBX_LANES_OUT);
        }
        losses[row] = row_loss(z, labels[order[row]]);
    }
}

/* Rows [row, row + 64) of D1 for this work-item's neuron into `delta` [64][64], zeros past
 * the end. w2: the neuron's row of W2; a1: its column of A1. */
HELPER void hidden_delta_gpu(global const float *restrict d2, float16 w2,
                             global const float *restrict a1, uint row, uint rows, uint recipe,
                             local float *restrict delta)
{
    UNROLL_BY(2) for (uint i = 0; i < CBX_TILE; i++) {
        const uint b = min(row + i, rows - 1);
        float16 d = *(global const float16 *)(d2 + b * CBX_LANES_OUT);
        float4 products = fma(d.lo.lo, w2.lo.lo, d.lo.hi * w2.lo.hi);
        float e = (products.x + products.y) + (products.z + products.w);
        e += fma(d.s8, w2.s8, d.s9 * w2.s9);
        e *= derivative_one(a1[b * CBX_PANEL], recipe);
        delta[i * CBX_TILE + get_local_id(0)] = row + i < rows ? e : 0.0f;
    }
}

/* Rows [row, row + 64) of a batch, `width` pixels from k on, into pixels [64][CBX_PITCH];
 * rows past the last repeat it. */
HELPER void fetch_pixels_gpu(global const uchar *restrict images, cbx_normal normal,
                             global const uint *restrict order, uint row, uint rows, uint k,
                             uint width, local float *restrict pixels)
{
    const uint me = get_local_id(0);
    global const uchar *x = images + (size_t)order[min(row + me, rows - 1)] * CBX_PIXELS + k;
    for (uint i = 0; i < width; i += 8) {
        normalise_8(*(global const uchar8 *)(x + i), normal, 1, pixels + me * CBX_PITCH + i);
    }
}

/* The bias of this work-item's neuron += rate·Σ_b D1[b], for nll; its own column of `delta`. */
HELPER void update_bias_gpu(local const float *restrict delta, float rate,
                            global float *restrict bias)
{
    float sum = 0.0f;
    for (uint b = 0; b < CBX_TILE; b++) {
        sum += delta[b * CBX_TILE + get_local_id(0)];
    }
    *bias = stepped(*bias, sum, rate);
}

/* sum += XᵀD1 of `rows` rows, of a work-item's HEIGHT pixels and its 8 neurons, and what
 * becomes of them: W1[1 + k + HEIGHT·ty …] += rate·sum. Macros, since the height must be a
 * constant before loops are unrolled, or the sums do not stay in registers. */
#define CBX_ADD_GRADIENT(HEIGHT)                                                                   \
    UNROLL_BY(2) for (uint b = 0; b < min(rows - row, (uint)CBX_TILE); b++)                        \
    {                                                                                              \
        float4 d0 = vload4(tx, delta + b * CBX_TILE), d8 = vload4(8 + tx, delta + b * CBX_TILE);   \
        UNROLL for (uint i = 0; i < HEIGHT; i++)                                                   \
        {                                                                                          \
            float4 pixel = (float4)(pixels[b * CBX_PITCH + ty * HEIGHT + i]);                      \
            sum[i][0] = fma(pixel, d0, sum[i][0]);                                                 \
            sum[i][1] = fma(pixel, d8, sum[i][1]);                                                 \
        }                                                                                          \
    }

#define CBX_UPDATE_TILE(NAME, HEIGHT)                                                              \
    HELPER void NAME(global const uchar *restrict images, cbx_normal normal,                       \
                     global const uint *restrict order, uint rows, uint k, uint from,              \
                     global const float *restrict d2, float16 w2, global const float *restrict a1, \
                     float rate, uint recipe, local float *restrict pixels,                        \
                     local float *restrict delta, global float *restrict w1)                       \
    {                                                                                              \
        const uint tx = get_local_id(0) % 8, ty = get_local_id(0) / 8;                             \
        float4 sum[HEIGHT][2];                                                                     \
        UNROLL for (uint i = 0; i < HEIGHT; i++)                                                   \
        {                                                                                          \
            sum[i][0] = sum[i][1] = (float4)(0.0f);                                                \
        }                                                                                          \
        for (uint row = 0; row < rows; row += CBX_TILE) {                                          \
            if (k == from || rows > CBX_TILE) { /* else it is still there */                       \
                hidden_delta_gpu(d2, w2, a1, row, rows, recipe, delta);                            \
            }                                                                                      \
            if (k == 0 && recipe == CBX_NLL) {                                                     \
                const uint neuron = get_local_id(0);                                               \
                update_bias_gpu(delta, rate,                                                       \
                                w1 + neuron / CBX_PANEL * CBX_PANEL_SIZE + neuron % CBX_PANEL);    \
            }                                                                                      \
            fetch_pixels_gpu(images, normal, order, row, rows, k, CBX_GPU_BLOCK(HEIGHT), pixels);  \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
            CBX_ADD_GRADIENT(HEIGHT)                                                               \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
        }                                                                                          \
        UNROLL for (uint i = 0; i < HEIGHT; i++)                                                   \
        {                                                                                          \
            global float4 *w =                                                                     \
                (global float4 *)(w1 + (1 + k + ty * HEIGHT + i) * CBX_PANEL + tx * 4);            \
            global float4 *w8 = w + CBX_PANEL_SIZE / 4;                                            \
            *w = stepped(*w, sum[i][0], (float4)(rate));                                           \
            *w8 = stepped(*w8, sum[i][1], (float4)(rate));                                         \
        }                                                                                          \
    }

CBX_UPDATE_TILE(update_tile_gpu, CBX_GPU_ROWS)
CBX_UPDATE_TILE(update_low_tile_gpu, CBX_GPU_LOW_ROWS)

/* Group g: tile g / slices, slice g % slices. Blocks of `block` pixels: CBX_GPU_BLOCK() of
 * CBX_GPU_ROWS or CBX_GPU_LOW_ROWS. Slices are whole blocks. Global size: P/2 · slices · 64. */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
train_gpu_hidden(global const uchar *restrict images, cbx_normal normal,
                 global const uchar *restrict labels, global const uint *restrict order,
                 global float *restrict w1, global const float *restrict w2,
                 global const float *restrict a1, global const float *restrict sums,
                 global float *restrict d2, global float *restrict z1,
                 global uint *restrict fault, global float *restrict losses, cbx_launch launch,
                 uint slices, uint block)
{
    local float pixels[CBX_PIXELS_SIZE] __attribute__((aligned(16)));
    local float tile[CBX_TILE * CBX_TILE] __attribute__((aligned(16))); /* D1, later W1 */
    const uint me = get_local_id(0), group = get_group_id(0);
    const uint neurons = group / slices, slice = group % slices;
    const uint blocks = CBX_PIXELS / block;
    const uint from = slice * blocks / slices * block;
    const uint to = (slice + 1) * blocks / slices * block;
    w1 += (size_t)neurons * 2 * CBX_PANEL_SIZE;
    if (launch.pending_rows > 0) {
        global const uint *rows = order + launch.pending_first;
        const size_t neuron = (size_t)neurons * CBX_TILE + me;
        global const float *a =
            a1 + neuron / CBX_PANEL * launch.stride * CBX_PANEL + neuron % CBX_PANEL;
        const float16 v = *(global const float16 *)(w2 + (1 + neuron) * CBX_LANES_OUT);
        d2 += (size_t)group * launch.stride * CBX_LANES_OUT;
        sums += launch.parity * (launch.chunks + 1) * (size_t)launch.stride * CBX_LANES_OUT;
        output_delta_gpu(sums, launch.chunks, launch.stride, labels, rows, launch.pending_rows,
                         launch.recipe, fault, launch.pending_number, d2);
        if (launch.losses) {
            output_losses_gpu(sums, launch.chunks, launch.stride, labels, rows,
                              launch.pending_rows, losses + launch.pending_first);
        }
        for (uint k = from; k < to; k += block) {
            if (block == CBX_GPU_BLOCK(CBX_GPU_ROWS)) {
                update_tile_gpu(images, normal, rows, launch.pending_rows, k, from, d2, v, a,
                                launch.pending_rate.hidden, launch.recipe, pixels, tile, w1);
            } else {
                update_low_tile_gpu(images, normal, rows, launch.pending_rows, k, from, d2, v, a,
                                    launch.pending_rate.hidden, launch.recipe, pixels, tile, w1);
            }
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
    for (uint row = 0; row < launch.rows && launch.count > 0; row += CBX_TILE) {
        float4 sum[8][2];
        global const uchar *x =
            images + (size_t)order[launch.first + min(row + me, launch.rows - 1)] * CBX_PIXELS;
        forward_tile_gpu(x, normal, w1, from, to, pixels, tile, sum);
        const size_t panel = (size_t)slice * launch.panels + neurons * 2;
        UNROLL for (uint i = 0; i < 8; i++) {
            global float *at =
                z1 + (panel * launch.stride + row + row_of_sum(i)) * CBX_PANEL + me % 8 * 4;
            *(global float4 *)at = sum[i][0];
            *(global float4 *)(at + (size_t)launch.stride * CBX_PANEL) = sum[i][1];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

#define CBX_QUARTERS (CBX_OUTPUT_GROUP / CBX_TILE) /* of the rows of a tile */
#define CBX_QUARTER (CBX_TILE / CBX_QUARTERS)      /* rows */

/* W2 of a tile, with the pending batch's A1ᵀD2 where there is one, also into `weights`
 * [64][16]. A work-item sums a quarter of the rows for one neuron; `quarters` [4][64][16]. */
HELPER void update_output_gpu(global const float *restrict a1, global const float *restrict d2,
                              uint rows, float rate, global float *restrict w2,
                              local float *restrict quarters, local float *restrict weights)
{
    const uint me = get_local_id(0), quarter = me / CBX_TILE;
    float16 sum = (float16)(0.0f);
    UNROLL_BY(4) for (uint b = quarter; b < rows; b += CBX_QUARTERS) {
        float16 d = *(global const float16 *)(d2 + b * CBX_LANES_OUT);
        sum = fma((float16)(a1[b * CBX_PANEL]), d, sum);
    }
    vstore16(sum, me, quarters);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (uint i = me; i < CBX_TILE * CBX_LANES_OUT; i += CBX_OUTPUT_GROUP) {
        float gradient = 0.0f;
        for (uint q = 0; q < CBX_QUARTERS; q++) {
            gradient += quarters[q * CBX_TILE * CBX_LANES_OUT + i];
        }
        weights[i] = rows > 0 ? stepped(w2[i], gradient, rate) : w2[i];
        w2[i] = weights[i];
    }
    barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); /* A1 is overwritten next */
}

/* A1 = σ(bias + Σ z1[slice]) for this work-item's neuron and quarter of 64 rows: into a1,
 * its column of A1 from the first of the rows on, and into act [64][65]. */
HELPER void end_forward_gpu(float bias, global const float *restrict z1, uint slices,
                            size_t of_slice, global float *restrict a1, local float *restrict act)
{
    const uint neuron = get_local_id(0) % CBX_TILE;
    const uint first = get_local_id(0) / CBX_TILE * CBX_QUARTER;
    float4 z[CBX_QUARTER / 4];
    UNROLL for (uint i = 0; i < CBX_QUARTER / 4; i++) {
        z[i] = (float4)(bias);
    }
    z1 += first * CBX_PANEL;
    for (uint s = 0; s < slices; s++, z1 += of_slice) {
        UNROLL for (uint i = 0; i < CBX_QUARTER / 4; i++) {
            global const float *at = z1 + i * 4 * CBX_PANEL;
            z[i] += (float4)(at[0], at[CBX_PANEL], at[2 * CBX_PANEL], at[3 * CBX_PANEL]);
        }
    }
    UNROLL for (uint i = 0; i < CBX_QUARTER / 4; i++) {
        float v[4];
        vstore4(activate_v(z[i]), 0, v);
        UNROLL for (uint j = 0; j < 4; j++) {
            a1[(first + i * 4 + j) * CBX_PANEL] = v[j];
            act[(first + i * 4 + j) * (CBX_TILE + 1) + neuron] = v[j];
        }
    }
    barrier(CLK_LOCAL_MEM_FENCE);
}

/* Group g: chunk g / helpers, of which it takes a helper's part of the tiles. Chunk c has
 * tiles [c·T/chunks, (c+1)·T/chunks) of the T = P/2; its share of Z2 is `sums` of the chunk,
 * or where it has several helpers what they leave in `parts`.
 * Global size: chunks · helpers · 256. */
kernel __attribute__((reqd_work_group_size(CBX_OUTPUT_GROUP, 1, 1))) void
train_gpu_output(global const float *restrict w1, global float *restrict w2,
                 global float *restrict a1, global float *restrict sums,
                 global const float *restrict d2, global const float *restrict z1,
                 global float *restrict parts, cbx_launch launch, uint slices, uint helpers)
{
    local float act[CBX_TILE * (CBX_TILE + 1)] __attribute__((aligned(64))); /* also quarters */
    local float weights[CBX_TILE * CBX_LANES_OUT] __attribute__((aligned(64)));
    const uint me = get_local_id(0);
    const uint chunk = get_group_id(0) / helpers, helper = get_group_id(0) % helpers;
    const uint begin = chunk * (launch.panels / 2) / launch.chunks;
    const uint count = (chunk + 1) * (launch.panels / 2) / launch.chunks - begin;
    const uint end = begin + (helper + 1) * count / helpers;
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    const bool starts = launch.count > 0;
    global float *shares = sums + (launch.parity ^ 1) * (launch.chunks + 1) * of_share;
    global float *share = shares + chunk * of_share;
    global float *part = helpers > 1 ? parts + get_group_id(0) * of_share : share;
    if (launch.pending_rows > 0 && get_group_id(0) == 0 && launch.recipe == CBX_NLL &&
        me < CBX_LANES_OUT) {
        float sum = 0.0f;
        for (uint b = 0; b < launch.pending_rows; b++) {
            sum += d2[b * CBX_LANES_OUT + me];
        }
        w2[me] = stepped(w2[me], sum, launch.pending_rate.output);
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (uint i = me * 4; i < of_share && starts; i += CBX_OUTPUT_GROUP * 4) {
        *(global float4 *)(part + i) = (float4)(0.0f);
        if (get_group_id(0) == 0) {
            *(global float4 *)(shares + launch.chunks * of_share + i) =
                *(global const float4 *)(w2 + i % CBX_LANES_OUT);
        }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (uint neurons = begin + helper * count / helpers; neurons < end; neurons++) {
        const size_t neuron = (size_t)neurons * CBX_TILE + me % CBX_TILE;
        const size_t panel = neuron / CBX_PANEL, lane = neuron % CBX_PANEL;
        const size_t column = panel * launch.stride * CBX_PANEL + lane; /* in A1, and in z1 */
        const float bias = w1[panel * CBX_PANEL_SIZE + lane];
        update_output_gpu(a1 + column, d2, launch.pending_rows, launch.pending_rate.output,
                          w2 + (1 + (size_t)neurons * CBX_TILE) * CBX_LANES_OUT, act, weights);
        for (uint row = 0; row < launch.rows && starts; row += CBX_TILE) {
            const size_t at = column + row * CBX_PANEL;
            end_forward_gpu(bias, z1 + at, slices,
                            (size_t)launch.panels * launch.stride * CBX_PANEL, a1 + at, act);
            /* A work-item takes 4 outputs of one row. */
            const uint b = me / 4, o = me % 4 * 4;
            global float4 *to = (global float4 *)(part + (row + b) * CBX_LANES_OUT + o);
            float4 sum = *to;
            UNROLL_BY(8) for (uint n = 0; n < CBX_TILE; n++) {
                sum = fma((float4)(act[b * (CBX_TILE + 1) + n]),
                          *(local const float4 *)(weights + n * CBX_LANES_OUT + o), sum);
            }
            *to = sum;
            barrier(CLK_LOCAL_MEM_FENCE);
        }
    }
}

/* Adds up the parts of every chunk, in the helpers' order; one work-item a number. Global
 * size: chunks · stride · 16, in groups of 64. */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
train_gpu_sums(global const float *restrict parts, global float *restrict sums, cbx_launch launch,
               uint helpers)
{
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    const size_t chunk = get_global_id(0) / of_share, i = get_global_id(0) % of_share;
    parts += chunk * helpers * of_share + i;
    float sum = 0.0f;
    UNROLL_BY(16) for (uint h = 0; h < helpers; h++) {
        sum += parts[h * of_share];
    }
    sums[((launch.parity ^ 1) * (launch.chunks + 1) + chunk) * of_share + i] = sum;
}

#endif
