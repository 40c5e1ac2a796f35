/* Loss and correct answers over many images, for GPUs.
 *
 *   images (N, 784), labels (N), w1 [P][785][32], w2 [1+32P][16]
 *   loss, correct [work-groups]: one sum a work-group; the host adds them up
 *
 * A group takes 64 images and goes through all neurons, 64 at a time. P must be even.
 * Global size: ⌈count / 64⌉ · 256. Missing rows repeat the last one.
 */
#if CBX_FAMILY_GPU

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
evaluate_gpu(global const uchar *restrict images, cbx_normal normal,
             global const uchar *restrict labels, uint first, uint count, uint panels, global const float *restrict w1,
             global const float *restrict w2, global float *restrict loss,
             global uint *restrict correct)
{
    local float pixels[CBX_DEPTH * CBX_TILE] __attribute__((aligned(16)));
    local float weights[CBX_DEPTH * CBX_TILE] __attribute__((aligned(16)));
    local float act[CBX_TILE * (CBX_TILE + 1)] __attribute__((aligned(16))); /* A1, later Z2 */
    local float losses[CBX_TILE];
    local uint hits[CBX_TILE];
    const uint me = get_local_id(0), tx = me % 16, ty = me / 16;
    const uint start = get_group_id(0) * CBX_TILE;
    const uint rows = min((uint)CBX_TILE, count - start);
    global const uchar *x = images + (size_t)(first + start + min(me / 4, rows - 1)) * CBX_PIXELS;
    const uint b = me / 4, o = me % 4 * 4; /* this work-item's 4 outputs of one row */
    float4 z2 = *(global const float4 *)(w2 + o);
    for (uint neurons = 0; neurons < panels / 2; neurons++) {
        float4 sum[4];
        global const float *w = w1 + (size_t)neurons * 2 * CBX_PANEL_SIZE;
        forward_tile_gpu(x, normal, w, 0, CBX_PIXELS, pixels, weights, sum);
        float4 bias =
            *(global const float4 *)(w + (size_t)(tx / 8) * CBX_PANEL_SIZE + tx % 8 * 4);
        for (uint i = 0; i < 4; i++) {
            local float *at = act + (ty * 4 + i) * (CBX_TILE + 1) + tx * 4;
            at[0] = sigmoid_one(sum[i].x + bias.x);
            at[1] = sigmoid_one(sum[i].y + bias.y);
            at[2] = sigmoid_one(sum[i].z + bias.z);
            at[3] = sigmoid_one(sum[i].w + bias.w);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        global const float *v = w2 + (1 + (size_t)neurons * CBX_TILE) * CBX_LANES_OUT + o;
        for (uint n = 0; n < CBX_TILE; n++) {
            z2 = fma((float4)(act[b * (CBX_TILE + 1) + n]),
                     *(global const float4 *)(v + n * CBX_LANES_OUT), z2);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    vstore4(z2, 0, act + b * CBX_LANES_OUT + o);
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < CBX_TILE) {
        float16 z = vload16(me, act);
        const uint label = labels[first + start + min(me, rows - 1)];
        losses[me] = me < rows ? row_loss(z, label) : 0.0f;
        hits[me] = me < rows && largest_output(z) == label ? 1 : 0;
    }
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
