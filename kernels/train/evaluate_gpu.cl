/* SPDX-License-Identifier: MIT */
/* A1·W2[1:] of many images, for GPUs: what these panels add to Z2.
 *
 *   images (N, 784), w1 [P][785][32], w2 [1+32P][16]
 *   z2 [count][16]   of the images first … first + count
 *
 * A group takes 64 images and goes through all neurons, 64 at a time. P must be even.
 * Global size: ⌈count / 64⌉ · 64. Missing rows repeat the last one.
 */
#if CBX_FAMILY_GPU

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
evaluate_gpu(global const uchar *restrict images, cbx_normal normal, uint first, uint count,
             uint panels, global const float *restrict w1, global const float *restrict w2,
             global float *restrict z2)
{
    local float pixels[2 * CBX_DEPTH * CBX_TILE] __attribute__((aligned(16)));
    local float weights[2 * CBX_DEPTH * CBX_TILE] __attribute__((aligned(16)));
    local float act[CBX_TILE * (CBX_TILE + 1)]; /* A1 */
    const uint me = get_local_id(0), tx = me % 8;
    const uint start = get_group_id(0) * CBX_TILE;
    const uint rows = min((uint)CBX_TILE, count - start);
    const size_t image = first + start + min(me, rows - 1);
    float16 sums = (float16)(0.0f); /* of this work-item's image */
    for (uint neurons = 0; neurons < panels / 2; neurons++) {
        float4 sum[8][2];
        global const float *w = w1 + (size_t)neurons * 2 * CBX_PANEL_SIZE;
        forward_tile_gpu(images + image * CBX_PIXELS, normal, w, 0, CBX_PIXELS, pixels, weights,
                         sum);
        UNROLL for (uint panel = 0; panel < 2; panel++) {
            float4 bias = *(global const float4 *)(w + panel * CBX_PANEL_SIZE + tx * 4);
            UNROLL for (uint i = 0; i < 8; i++) {
                float4 a = activate_v(sum[i][panel] + bias);
                vstore4(a, 0, act + row_of_sum(i) * (CBX_TILE + 1) + panel * CBX_PANEL + tx * 4);
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        global const float *v = w2 + (1 + (size_t)neurons * CBX_TILE) * CBX_LANES_OUT;
        for (uint n = 0; n < CBX_TILE; n++) {
            sums = fma((float16)(act[me * (CBX_TILE + 1) + n]), LOAD_OUT(v + n * CBX_LANES_OUT),
                       sums);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (me < rows) {
        STORE_OUT(z2 + (size_t)(start + me) * CBX_LANES_OUT, sums);
    }
}

#endif
