/* SPDX-License-Identifier: MIT */
/* Register blocks for GPUs: the two products that cost all the time, shared by
 * train_gpu.cl and evaluate_gpu.cl.
 *
 * A work-group of 8 × 8 work-items makes a tile of 64 neurons, two panels, by 64 rows of
 * X or by 8·CBX_GPU_ROWS rows of W1. Work-item (tx, ty) holds the sums of 8 neurons, lanes
 * 4·tx … 4·tx + 3 of both panels, so that what a warp reads from local memory together lies
 * together: each step reads 16 numbers, or 8 and the height, for 64 multiply-adds, or 8
 * times the height.
 */
#if CBX_FAMILY_GPU

#define CBX_DEPTH 8 /* pixels that the forward pass has in local memory at a time */

/* Rows of W1 that a work-item updates together; 8 × rows must divide 784. More need fewer
 * reads of local memory for each sum, but more registers: 2 × 4 × rows sums. */
#ifndef CBX_GPU_ROWS
#define CBX_GPU_ROWS 7
#endif
#if CBX_PIXELS % CBX_GPU_BLOCK(CBX_GPU_ROWS)
#error "8 * CBX_GPU_ROWS must divide 784"
#endif

#define CBX_PITCH CBX_GPU_PITCH(CBX_GPU_ROWS)

/* Local memory of a group, used for one thing after the other:
 *   pixels  [64][CBX_PITCH] of the update, or [2][CBX_DEPTH][64] of the forward pass
 *   tile    [64][64] D1, or [2][CBX_DEPTH][64] W1 */
#define CBX_PIXELS_SIZE (CBX_TILE * CBX_PITCH)

/* x[i · pitch] = normalise(levels[i]) for 8 pixels. */
HELPER void normalise_8(uchar8 levels, cbx_normal normal, uint pitch, local float *restrict x)
{
    float8 v = fma(convert_float8(levels), (float8)(normal.scale), (float8)(normal.shift));
    x[0 * pitch] = v.s0;
    x[1 * pitch] = v.s1;
    x[2 * pitch] = v.s2;
    x[3 * pitch] = v.s3;
    x[4 * pitch] = v.s4;
    x[5 * pitch] = v.s5;
    x[6 * pitch] = v.s6;
    x[7 * pitch] = v.s7;
}

/* sum[i][panel] = Σ_k X[row i][k]·W1[1 + k][lanes of tx], k from…to, multiples of CBX_DEPTH.
 * Rows 0…3 of a work-item are 4·ty…, rows 4…7 are 32 + 4·ty…; x is the image of row
 * `get_local_id(0)`, which this work-item fetches. What the next step needs is on its way
 * from global memory while this one computes. A barrier must follow before the local memory
 * is used again; with one at the end of this function, PoCL 5.0 loses sum[5][1] of every
 * work-item of train_gpu_hidden. */
HELPER void forward_tile_gpu(global const uchar *restrict x, cbx_normal normal,
                             global const float *restrict w1, uint from, uint to,
                             local float *restrict pixels, local float *restrict tile,
                             float4 sum[8][2])
{
    const uint me = get_local_id(0), tx = me % 8, ty = me / 8;
    /* Of the next 8 rows of W1, four lanes in rows me/16 and me/16 + 4. */
    const uint lanes = me % 16, row = me / 16;
    global const float *w = w1 + (size_t)(lanes / 8) * CBX_PANEL_SIZE + lanes % 8 * 4 +
                            (1 + from + row) * CBX_PANEL;
    uchar8 levels = *(global const uchar8 *)(x + from);
    float4 first = *(global const float4 *)w;
    float4 second = *(global const float4 *)(w + 4 * CBX_PANEL);
    uint half_used = 0;
    UNROLL for (uint i = 0; i < 8; i++) {
        sum[i][0] = sum[i][1] = (float4)(0.0f);
    }
    for (uint k = from; k < to; k += CBX_DEPTH) {
        local float *p = pixels + half_used, *v = tile + half_used;
        normalise_8(levels, normal, CBX_TILE, p + me);
        vstore4(first, lanes, v + row * CBX_TILE);
        vstore4(second, lanes, v + (row + 4) * CBX_TILE);
        barrier(CLK_LOCAL_MEM_FENCE);
        if (k + CBX_DEPTH < to) {
            w += CBX_DEPTH * CBX_PANEL;
            levels = *(global const uchar8 *)(x + k + CBX_DEPTH);
            first = *(global const float4 *)w;
            second = *(global const float4 *)(w + 4 * CBX_PANEL);
        }
        UNROLL for (uint i = 0; i < CBX_DEPTH; i++) {
            float4 low = vload4(ty, p + i * CBX_TILE), high = vload4(8 + ty, p + i * CBX_TILE);
            float4 w0 = vload4(tx, v + i * CBX_TILE), w8 = vload4(8 + tx, v + i * CBX_TILE);
            sum[0][0] = fma((float4)(low.x), w0, sum[0][0]);
            sum[0][1] = fma((float4)(low.x), w8, sum[0][1]);
            sum[1][0] = fma((float4)(low.y), w0, sum[1][0]);
            sum[1][1] = fma((float4)(low.y), w8, sum[1][1]);
            sum[2][0] = fma((float4)(low.z), w0, sum[2][0]);
            sum[2][1] = fma((float4)(low.z), w8, sum[2][1]);
            sum[3][0] = fma((float4)(low.w), w0, sum[3][0]);
            sum[3][1] = fma((float4)(low.w), w8, sum[3][1]);
            sum[4][0] = fma((float4)(high.x), w0, sum[4][0]);
            sum[4][1] = fma((float4)(high.x), w8, sum[4][1]);
            sum[5][0] = fma((float4)(high.y), w0, sum[5][0]);
            sum[5][1] = fma((float4)(high.y), w8, sum[5][1]);
            sum[6][0] = fma((float4)(high.z), w0, sum[6][0]);
            sum[6][1] = fma((float4)(high.z), w8, sum[6][1]);
            sum[7][0] = fma((float4)(high.w), w0, sum[7][0]);
            sum[7][1] = fma((float4)(high.w), w8, sum[7][1]);
        }
        half_used ^= CBX_DEPTH * CBX_TILE; /* the other half may still be read */
    }
}

/* The row, in a tile, of sum i of forward_tile_gpu(). */
HELPER uint row_of_sum(uint i)
{
    return i / 4 * 32 + get_local_id(0) / 8 * 4 + i % 4;
}

#endif
