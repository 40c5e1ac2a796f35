/* SPDX-License-Identifier: MIT */
/* Register blocks for GPUs: the two products that cost all the time, shared by
 * train_gpu.cl and evaluate_gpu.cl.
 *
 * A work-group of 64 work-items makes a panel of 32 neurons by 64 rows of a batch, or by as many
 * pixels. Work-item (x, y) of 8 × 8 holds the sums of 4 neurons, lanes 4x … 4x + 3, and of 8 rows
 * or pixels: each step reads 12 numbers from local memory for 32 multiply-adds. Lanes are
 * numbered so that work-items n and n ^ 1 have one y, n and n ^ 2 one x or the other way
 * round: reads of 16 bytes then take half as long on NVIDIA's.
 *
 * Pixels come turned round, without the background: see turn.cl.
 */
#if CBX_FAMILY_GPU

/* Pixels that the forward pass has in local memory at a time. */
#ifndef CBX_GPU_DEPTH
#define CBX_GPU_DEPTH 8
#endif
/* Pixels that a work-item updates together: 8, or 4, and the last ones of a slab 4. */
#ifndef CBX_GPU_ROWS
#define CBX_GPU_ROWS 8
#endif
#if CBX_SLAB % CBX_GPU_DEPTH || CBX_GPU_DEPTH % 8 || (CBX_GPU_ROWS != 8 && CBX_GPU_ROWS != 4)
#error "CBX_GPU_DEPTH or CBX_GPU_ROWS does not fit"
#endif

/* Floats that both products need in local memory, `stage`: two buffers of levels [depth][64] and
 * of W1 [depth][32]; or levels [16][8 · CBX_GPU_ROWS], no more than that. D2 fits, too. */
#define CBX_STAGE CBX_GPU_STAGE(CBX_GPU_DEPTH)
#define CBX_STAGE_ROWS 16

/* Bytes of levels in a slab, and in all slabs, of 64 rows. */
#define CBX_LEVELS_OF_SLAB (CBX_SLAB * CBX_ROW_BLOCK)
#define CBX_LEVELS_OF_BLOCK (CBX_PIXELS * CBX_ROW_BLOCK)

#define LOCAL4(pointer) (*(local float4 *)(pointer))
#define GLOBAL4(pointer) (*(global float4 *)(pointer))

/* Four levels: a byte under 2²³'s exponent is that much more than 2²³. Some devices convert
 * at a quarter of the speed of a sum. */
HELPER float4 levels_gpu(uint bytes)
{
    const uint4 each = (uint4)(bytes, bytes >> 8, bytes >> 16, bytes >> 24) & 0xffu;
    return as_float4(each | as_uint(8388608.0f)) - 8388608.0f;
}

HELPER uint lane_x(void)
{
    return get_local_id(0) >> 1 & 7;
}

HELPER uint lane_y(void)
{
    return (get_local_id(0) & 1) | (get_local_id(0) >> 3 & 6);
}

/* list [CBX_LIST] of a slab, for all; a barrier must follow. */
HELPER void fetch_list_gpu(global const uchar *restrict from, local uint *restrict list)
{
    if (get_local_id(0) < CBX_LIST / 4) {
        list[get_local_id(0)] = ((global const uint *)from)[get_local_id(0)];
    }
}

/* What a work-item brings of the next pixels: 8 rows of a level, 4 lanes of W1. */
#define CBX_FETCH_STEP(k)                                                                          \
    UNROLL for (uint j = 0; j < CBX_GPU_DEPTH / 8; j++) {                                          \
        level[j] = *(global const uint2 *)(levels + ((k) + 8 * j) * CBX_ROW_BLOCK);                 \
        weight[j] = GLOBAL4(w + places[(k) + 8 * j] * CBX_PANEL);                                  \
    }

/* sum[i] = Σ p·W1 over a slab, of row 8y + i and lanes 4x…: a chain. levels [112][64], `list` as
 * in turn.cl, w the slab's first row of the panel. What the next step needs is on its way from
 * global memory while this one computes. A barrier must follow before `stage` is used again. */
HELPER void forward_slab_gpu(global const uchar *restrict levels, local const uchar *list,
                             global const float *restrict w, local float *restrict stage,
                             float4 sum[8])
{
    const uint me = get_local_id(0), count = list[CBX_SLAB];
    const uint of_levels = lane_y() * 4, of_weights = CBX_GPU_DEPTH * CBX_ROW_BLOCK + lane_x() * 4;
    local const uchar *places = list + me / 8;
    uint2 level[CBX_GPU_DEPTH / 8];
    float4 weight[CBX_GPU_DEPTH / 8];
    uint half_used = 0;
    levels += me * 8;
    w += me % 8 * 4;
    UNROLL for (uint i = 0; i < 8; i++) {
        sum[i] = (float4)(0.0f);
    }
    CBX_FETCH_STEP(0)
    uint k = 0;
    do { /* also where there is nothing: levels of 0 */
        local float *to = stage + half_used + me / 8 * CBX_ROW_BLOCK + me % 8 * 4;
        local float *half_stage = stage + half_used;
        /* Rows 0…3 of every work-item lie together, then rows 4…7. */
        UNROLL for (uint j = 0; j < CBX_GPU_DEPTH / 8; j++) {
            LOCAL4(to + j * 8 * CBX_ROW_BLOCK) = levels_gpu(level[j].x);
            LOCAL4(to + j * 8 * CBX_ROW_BLOCK + CBX_ROW_BLOCK / 2) = levels_gpu(level[j].y);
            LOCAL4(half_stage + CBX_GPU_DEPTH * CBX_ROW_BLOCK + (8 * j * 8 + me) * 4) = weight[j];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        if (k + CBX_GPU_DEPTH < count) {
            CBX_FETCH_STEP(k + CBX_GPU_DEPTH)
        }
        UNROLL for (uint i = 0; i < CBX_GPU_DEPTH; i++) {
            const float4 low = LOCAL4(half_stage + of_levels + i * CBX_ROW_BLOCK);
            const float4 high =
                LOCAL4(half_stage + of_levels + i * CBX_ROW_BLOCK + CBX_ROW_BLOCK / 2);
            const float4 v = LOCAL4(half_stage + of_weights + i * CBX_PANEL);
            sum[0] = fma((float4)(low.x), v, sum[0]);
            sum[1] = fma((float4)(low.y), v, sum[1]);
            sum[2] = fma((float4)(low.z), v, sum[2]);
            sum[3] = fma((float4)(low.w), v, sum[3]);
            sum[4] = fma((float4)(high.x), v, sum[4]);
            sum[5] = fma((float4)(high.y), v, sum[5]);
            sum[6] = fma((float4)(high.z), v, sum[6]);
            sum[7] = fma((float4)(high.w), v, sum[7]);
        }
        half_used ^= CBX_STAGE / 2; /* the other half may still be read */
        k += CBX_GPU_DEPTH;
    } while (k < count);
}

/* The pixel, in a block of 8 · HEIGHT of the list, of sum i of gradient_…_gpu(). */
HELPER uint place_of_sum(uint i)
{
    return i / 4 * 32 + lane_y() * 4 + i % 4;
}

/* sum[i] = Σ_b p·D1 over the rows of a batch, of the pixel in place first + place_of_sum(i) of the
 * list and lanes 4x…. levels [112][64] of the slab in the first block of rows; d1 [64][32], zeros
 * past the rows; where they are more than 64, D1 is `errors` [rows][32], and passes through d1. A
 * work-item brings 2 · HEIGHT of 16 rows. A barrier must follow before `stage` is used again.
 * A macro, since HEIGHT must be a constant before the loops are unrolled. */
#define CBX_GRADIENT(NAME, HEIGHT)                                                                 \
    HELPER void NAME(global const uchar *restrict levels, uint first, uint rows,                   \
                     global const float *restrict errors, local float *restrict d1,                \
                     local float *restrict stage, float4 sum[HEIGHT])                              \
    {                                                                                              \
        const uint me = get_local_id(0), mine = me % (8 * HEIGHT), part = me / (8 * HEIGHT);       \
        const bool passes = rows > CBX_ROW_BLOCK;                                                  \
        local const float *d = d1 + lane_x() * 4, *pixels = stage + lane_y() * 4;                  \
        local float *to = stage + part * 2 * HEIGHT * 8 * HEIGHT + mine;                           \
        CBX_JOIN(uint, CBX_HALF_##HEIGHT) level;                                                   \
        levels += min(first + mine, (uint)CBX_SLAB - 1) * CBX_ROW_BLOCK + part * 2 * HEIGHT;       \
        level = *(global const CBX_JOIN(uint, CBX_HALF_##HEIGHT) *)levels;                         \
        UNROLL for (uint i = 0; i < HEIGHT; i++) {                                                 \
            sum[i] = (float4)(0.0f);                                                               \
        }                                                                                          \
        uint row = 0;                                                                              \
        do {                                                                                       \
            uint four[HEIGHT / 2];                                                                 \
            CBX_JOIN(vstore, CBX_HALF_##HEIGHT)(level, 0, four);                                   \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
            UNROLL for (uint i = 0; i < HEIGHT / 2; i++) {                                         \
                const float4 v = levels_gpu(four[i]);                                              \
                to[(4 * i + 0) * 8 * HEIGHT] = v.x;                                                \
                to[(4 * i + 1) * 8 * HEIGHT] = v.y;                                                \
                to[(4 * i + 2) * 8 * HEIGHT] = v.z;                                                \
                to[(4 * i + 3) * 8 * HEIGHT] = v.w;                                                \
            }                                                                                      \
            for (uint i = me * 4; i < CBX_STAGE_ROWS * CBX_PANEL && passes; i += CBX_GROUP * 4) {  \
                LOCAL4(d1 + i) = GLOBAL4(errors + row * CBX_PANEL + i);                            \
            }                                                                                      \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
            row += CBX_STAGE_ROWS;                                                                 \
            if (row < rows) {                                                                      \
                level = *(global const CBX_JOIN(uint, CBX_HALF_##HEIGHT) *)(                       \
                    levels + row / CBX_ROW_BLOCK * CBX_LEVELS_OF_BLOCK + row % CBX_ROW_BLOCK);     \
            }                                                                                      \
            UNROLL for (uint b = 0; b < CBX_STAGE_ROWS; b++) {                                     \
                const float4 e = LOCAL4(d + b * CBX_PANEL);                                        \
                UNROLL for (uint i = 0; i < HEIGHT; i += 4) {                                      \
                    const float4 p = LOCAL4(pixels + b * 8 * HEIGHT + i * 8);                      \
                    sum[i + 0] = fma((float4)(p.x), e, sum[i + 0]);                                \
                    sum[i + 1] = fma((float4)(p.y), e, sum[i + 1]);                                \
                    sum[i + 2] = fma((float4)(p.z), e, sum[i + 2]);                                \
                    sum[i + 3] = fma((float4)(p.w), e, sum[i + 3]);                                \
                }                                                                                  \
            }                                                                                      \
            d += passes ? 0 : CBX_STAGE_ROWS * CBX_PANEL;                                          \
        } while (row < rows);                                                                      \
    }
#define CBX_HALF_4 2
#define CBX_HALF_8 4

CBX_GRADIENT(gradient_low_gpu, 4)
#if CBX_GPU_ROWS == 8
CBX_GRADIENT(gradient_tall_gpu, 8)
#endif

/* A panel's share of Z2 for 64 rows, a chain each: act [64][33] activations, weights [32][16] of
 * W2, to [64][16]. `group`: work-items. */
#define CBX_ACT_PITCH (CBX_PANEL + 1)
#define CBX_ACT (CBX_ROW_BLOCK * CBX_ACT_PITCH)
HELPER void share_of_panel_gpu(local const float *restrict act, local const float *restrict weights,
                               uint group, global float *restrict to)
{
    for (uint i = get_local_id(0); i < CBX_ROW_BLOCK * 4; i += group) {
        local const float *a = act + i / 4 * CBX_ACT_PITCH;
        local const float *w = weights + i % 4 * 4;
        float4 sum = (float4)(0.0f);
        UNROLL_BY(8) for (uint n = 0; n < CBX_PANEL; n++) {
            sum = fma((float4)(a[n]), LOCAL4(w + n * CBX_LANES_OUT), sum);
        }
        GLOBAL4(to + i * 4) = sum;
    }
}

#endif
