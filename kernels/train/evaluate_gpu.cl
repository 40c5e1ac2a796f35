/* SPDX-License-Identifier: MIT */
/* Loss and correct answers over many images, for GPUs.
 *
 *   images (N, 784), labels (N), w1 [P][785][32], w2 [1+32P][16]
 *   loss, correct [work-groups]: one sum a work-group; the host adds them up
 *
 * A group takes 64 images and goes through all neurons, 64 at a time. P must be even.
 * Global size: ⌈count / 64⌉ · 64. Missing rows repeat the last one.
 */
#if CBX_FAMILY_GPU

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
evaluate_gpu(global const uchar *restrict images, cbx_normal normal,
             global const uchar *restrict labels, uint first, uint count, uint panels,
             global const float *restrict w1, global const float *restrict w2,
             global float *restrict loss, global uint *restrict correct)
{
    local float pixels[2 * CBX_DEPTH * CBX_TILE] __attribute__((aligned(16)));
    local float weights[2 * CBX_DEPTH * CBX_TILE] __attribute__((aligned(16)));
    local float act[CBX_TILE * (CBX_TILE + 1)]; /* A1 */
    local float losses[CBX_TILE];
    local uint hits[CBX_TILE];
    const uint me = get_local_id(0), tx = me % 8;
    const uint start = get_group_id(0) * CBX_TILE;
    const uint rows = min((uint)CBX_TILE, count - start);
    const size_t image = first + start + min(me, rows - 1);
    float16 z2 = *(global const float16 *)w2; /* of this work-item's image */
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
            z2 = fma((float16)(act[me * (CBX_TILE + 1) + n]),
                     *(global const float16 *)(v + n * CBX_LANES_OUT), z2);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const uint label = labels[image];
    losses[me] = me < rows ? row_loss(z2, label) : 0.0f;
    hits[me] = me < rows && largest_output(z2) == label ? 1 : 0;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me == 0) {
        float sum = 0.0f;
        uint right = 0;
        for (uint i = 0; i < CBX_TILE; i++) {
            sum += losses[i];
            right += hits[i];
        }
        loss[get_group_id(0)] = sum;
        correct[get_group_id(0)] = right;
    }
}

#endif
