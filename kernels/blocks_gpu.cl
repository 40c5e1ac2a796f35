/* The tile of the forward pass for GPUs, shared by train_gpu.cl and evaluate_gpu.cl:
 * 64 rows × 64 neurons by a group of 16 × 16 work-items, each with 4 × 4 sums.
 */
#if CBX_FAMILY_GPU

#define CBX_TILE 64       /* neurons, and rows of the forward pass, in a tile */
#define CBX_GROUP 256     /* work-items in a group */
#define CBX_DEPTH 16      /* rows of X, or pixels, in local memory at a time */
#ifndef CBX_GPU_ROWS
#define CBX_GPU_ROWS 7    /* rows of W1 a work-item; 16 × rows must divide 784 */
#endif

/* sum[i] = Σ_k X[row + 4·ty + i][k]·W1[1 + k][4 neurons of tx], k from…to; x[] are
 * this work-item's rows to fetch. */
inline void forward_tile_gpu(global const uchar *restrict x, cbx_normal normal,
                             global const float *restrict w1, uint from, uint to,
                             local float *restrict pixels,
                             local float *restrict weights, float4 *sum)
{
    const uint me = get_local_id(0), tx = me % 16, ty = me / 16;
    for (uint i = 0; i < 4; i++) {
        sum[i] = (float4)(0.0f);
    }
    for (uint k = from; k < to; k += CBX_DEPTH) {
        /* 64 rows × 16 pixels, turned; 16 pixels × 64 neurons. */
        uchar4 p = *(global const uchar4 *)(x + k + me % 4 * 4);
        pixels[(me % 4 * 4 + 0) * CBX_TILE + me / 4] = normalise(p.x, normal);
        pixels[(me % 4 * 4 + 1) * CBX_TILE + me / 4] = normalise(p.y, normal);
        pixels[(me % 4 * 4 + 2) * CBX_TILE + me / 4] = normalise(p.z, normal);
        pixels[(me % 4 * 4 + 3) * CBX_TILE + me / 4] = normalise(p.w, normal);
        vstore4(vload4(0, w1 + (size_t)(tx / 8) * CBX_PANEL_SIZE + (1 + k + ty) * CBX_PANEL +
                              tx % 8 * 4),
                tx, weights + ty * CBX_TILE);
        barrier(CLK_LOCAL_MEM_FENCE);
        UNROLL for (uint i = 0; i < CBX_DEPTH; i++) {
            float4 a = vload4(ty, pixels + i * CBX_TILE);
            float4 w = vload4(tx, weights + i * CBX_TILE);
            sum[0] = fma((float4)(a.x), w, sum[0]);
            sum[1] = fma((float4)(a.y), w, sum[1]);
            sum[2] = fma((float4)(a.z), w, sum[2]);
            sum[3] = fma((float4)(a.w), w, sum[3]);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

#endif
