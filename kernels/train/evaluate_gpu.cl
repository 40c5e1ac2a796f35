/* SPDX-License-Identifier: MIT */
/* A1·W2[1:] of many images, for GPUs: what these panels add to Z2.
 *
 * evaluate_gpu       the share of each panel, 64 images a group
 *   lists, levels    images in blocks of 64, turned round (turn.cl)
 *   w1 [P][785][32], u [P][32] as column_sums leaves it, w2 [1+32P][16]
 *   parts [P][blocks][64][16]
 *   Group g: panel g % P, block g / P. Global size: P · blocks · 64.
 *
 * evaluate_gpu_sums  z2 [shares][count][16], one of them: parts of the panels of a node added
 *   up, in the tree of canon.h; four outputs of an image a work-item. Global size: 4 · count, rounded up to the group.
 */
#if CBX_FAMILY_GPU

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
evaluate_gpu(global const uchar *restrict lists, global const uchar *restrict levels,
             cbx_normal normal, uint panels, uint blocks, global const float *restrict w1,
             global const float *restrict u, global const float *restrict w2,
             global float *restrict parts)
{
    local float stage[CBX_STAGE] __attribute__((aligned(16)));
    local float act[CBX_ACT] __attribute__((aligned(16))); /* A1 */
    local uint list[2 * CBX_LIST / 4];
    const uint me = get_local_id(0), block = get_group_id(0) / panels;
    const size_t panel = get_group_id(0) % panels;
    float4 q[CBX_ITEM_ROWS];
    w1 += panel * CBX_PANEL_SIZE;
    lists += (size_t)block * CBX_SLABS * CBX_LIST;
    levels += (size_t)block * CBX_PIXELS * CBX_ROW_BLOCK;
    UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
        q[i] = (float4)(0.0f);
    }
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        float4 sum[CBX_ITEM_ROWS];
        float columns;
        fetch_lists_gpu(lists + slab * CBX_LIST, lists + slab * CBX_LIST, list);
        barrier(CLK_LOCAL_MEM_FENCE);
        forward_slab_gpu(levels + slab * CBX_SLAB * CBX_ROW_BLOCK, (local const uchar *)list,
                         w1 + (1 + slab * CBX_SLAB) * CBX_PANEL, stage, sum, false, &columns);
        UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
            q[i] += sum[i];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    const float4 bias = GLOBAL4(w1 + lane_x() * 4);
    const float4 weights = GLOBAL4(u + panel * CBX_PANEL + lane_x() * 4);
    UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
        const float4 a = activate_v(hidden_sum(q[i], weights, bias, normal));
        LOCAL4(act + place_of_sum(i, CBX_ITEM_ROWS) * CBX_ACT_PITCH + lane_x() * 4) = a;
    }
    for (uint i = me * 4; i < CBX_PANEL * CBX_LANES_OUT; i += CBX_GROUP * 4) {
        LOCAL4(stage + i) = GLOBAL4(w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT + i);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    share_of_panel_gpu(act, stage, CBX_GROUP,
                       parts + (panel * blocks + block) * CBX_ROW_BLOCK * CBX_LANES_OUT);
}

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
evaluate_gpu_sums(global const float *restrict parts, cbx_node node, uint blocks,
                  uint count, global float *restrict z2)
{
    local float4 levels[(CBX_TREE_LEVELS - 3) * CBX_GROUP]; /* above eights of panels */
    const size_t i = get_global_id(0);
    const size_t of_panel = (size_t)blocks * CBX_ROW_BLOCK * CBX_LANES_OUT;
    if (i < (size_t)count * 4) {
        GLOBAL4(z2 + ((size_t)node.share * count * 4 + i) * 4) =
            sum_shares_gpu(parts + node.first * of_panel + i * 4, of_panel, node.panels,
                           levels + get_local_id(0), CBX_GROUP);
    }
}

#endif
