/* SPDX-License-Identifier: MIT */
/* Register blocks for GPUs: the two products that cost all the time, shared by
 * train_gpu.cl and evaluate_gpu.cl.
 *
 * A work-group makes a panel of 32 neurons by 64 rows of a batch, or by some pixels. Work-item
 * (x, y) of 8 × CBX_GROUP / 8 holds the sums of 4 neurons, lanes 4x … 4x + 3, and of CBX_ITEM_ROWS
 * rows, or as many pixels: with 64 work-items each step reads 12 numbers from local memory for 32
 * multiply-adds. Lanes are numbered so that of work-items n and n ^ 1, and n and n ^ 2, one
 * pair has one x, the other one y: reads of 16 bytes then take half as long on NVIDIA's.
 *
 * Pixels come turned round, without the background: see turn.cl.
 */
#if CBX_FAMILY_GPU

/* Pixels that the forward pass has in local memory at a time. */
#ifndef CBX_GPU_DEPTH
#define CBX_GPU_DEPTH 8
#endif
/* Pixels that a work-item updates together, and the last ones of a slab half of them; with 4 and
 * 64 work-items all so few. */
#ifndef CBX_GPU_ROWS
#define CBX_GPU_ROWS 8
#endif
#if CBX_GROUP == 64
#define CBX_ITEM_ROWS 8
#else
#define CBX_ITEM_ROWS 2
#endif
#define CBX_ITEMS_Y (CBX_GROUP / 8)
#if CBX_SLAB % CBX_GPU_DEPTH || CBX_GPU_DEPTH % 8 || (CBX_GPU_ROWS != 8 && CBX_GPU_ROWS != 4)
#error "CBX_GPU_DEPTH or CBX_GPU_ROWS does not fit"
#endif
#if CBX_ITEM_ROWS * CBX_GROUP != CBX_ROW_BLOCK * 8 || CBX_GPU_DEPTH * 16 % CBX_GROUP
#error "CBX_GROUP does not fit"
#endif

/* Floats that both products need in local memory, `stage`: two buffers of levels [depth][64] and
 * of W1 [depth][32]; or levels of 16 rows, no more than that. D2 fits, too. */
#define CBX_STAGE CBX_GPU_STAGE(CBX_GPU_DEPTH)
#define CBX_STAGE_ROWS 16

/* Bytes of levels in a slab, and in all slabs, of 64 rows. */
#define CBX_LEVELS_OF_SLAB (CBX_SLAB * CBX_ROW_BLOCK)
#define CBX_LEVELS_OF_BLOCK (CBX_PIXELS * CBX_ROW_BLOCK)

#define LOCAL2(pointer) (*(local float2 *)(pointer))
#define LOCAL4(pointer) (*(local float4 *)(pointer))
#define GLOBAL2(pointer) (*(global float2 *)(pointer))
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
    return (get_local_id(0) & 1) | (get_local_id(0) >> 3 & ~1u);
}

/* Two lists [CBX_LIST] of a slab; a barrier must follow. */
HELPER void fetch_lists_gpu(global const uchar *restrict first, global const uchar *restrict second,
                            local uint *restrict lists)
{
    const uint me = get_local_id(0);
    if (me < CBX_LIST / 2) {
        lists[me] = ((global const uint *)(me < CBX_LIST / 4 ? first : second))[me % (CBX_LIST / 4)];
    }
}

/* The levels of a work-item's HEIGHT rows or pixels, that begin `at` in local memory: side by side,
 * but every 4 of them CBX_ITEMS_Y · 4 floats further on; and their sums, times v. */
#define CBX_LEVELS_2(at) LOCAL2(at)
#define CBX_LEVELS_4(at) LOCAL4(at)
#define CBX_LEVELS_8(at) (float8)(LOCAL4(at), LOCAL4((at) + CBX_ITEMS_Y * 4))
#define CBX_ADD_2(p, v)                                                                            \
    sum[0] = fma((float4)((p).s0), v, sum[0]);                                                     \
    sum[1] = fma((float4)((p).s1), v, sum[1]);
#define CBX_ADD_4(p, v)                                                                            \
    CBX_ADD_2(p, v)                                                                                \
    sum[2] = fma((float4)((p).s2), v, sum[2]);                                                     \
    sum[3] = fma((float4)((p).s3), v, sum[3]);
#define CBX_ADD_8(p, v)                                                                            \
    CBX_ADD_4(p, v)                                                                                \
    sum[4] = fma((float4)((p).s4), v, sum[4]);                                                     \
    sum[5] = fma((float4)((p).s5), v, sum[5]);                                                     \
    sum[6] = fma((float4)((p).s6), v, sum[6]);                                                     \
    sum[7] = fma((float4)((p).s7), v, sum[7]);

/* sum += levels [count][…], `pitch` floats from one to the next, times v [count][32]. Four of
 * them are read before they are used, for compilers that would wait for each. */
#define CBX_ADD_ALL(HEIGHT, count, at, pitch, v)                                                   \
    UNROLL for (uint four = 0; four < (count); four += 4) {                                        \
        CBX_JOIN(float, HEIGHT) level_of[4];                                                       \
        float4 factor[4];                                                                          \
        UNROLL for (uint i = 0; i < 4; i++) {                                                      \
            factor[i] = LOCAL4((v) + (four + i) * CBX_PANEL);                                      \
            level_of[i] = CBX_JOIN(CBX_LEVELS_, HEIGHT)((at) + (four + i) * (pitch));              \
        }                                                                                          \
        UNROLL for (uint i = 0; i < 4; i++) {                                                      \
            CBX_JOIN(CBX_ADD_, HEIGHT)(level_of[i], factor[i])                                     \
        }                                                                                          \
    }

/* Where that is for item y, and which of its numbers follow each other: 4, or both of 2. */
#define CBX_SIDE_BY_SIDE(height) ((height) < 4 ? (height) : 4)

/* Place, in a block of HEIGHT · CBX_ITEMS_Y, of number i of a work-item. */
HELPER uint place_of_sum(uint i, uint height)
{
    return i / 4 * (CBX_ITEMS_Y * 4) + lane_y() * CBX_SIDE_BY_SIDE(height) + i % 4;
}

/* What a work-item brings of the next pixels: some rows of a level, 4 lanes of W1. */
#define CBX_BRINGS (CBX_GPU_DEPTH * CBX_ROW_BLOCK / 4 / CBX_GROUP) /* words of 4 levels */
#define CBX_WEIGHT_ITEMS (CBX_GPU_DEPTH * CBX_PANEL / 4)           /* float4 of all */
#define CBX_WEIGHTS ((CBX_WEIGHT_ITEMS + CBX_GROUP - 1) / CBX_GROUP)
/* Where its rows of W1 are, from the list; read a step before it is wanted, so that nothing is
 * between the barrier and the loads. */
#define CBX_FETCH_PLACES(k)                                                                        \
    UNROLL for (uint j = 0; j < CBX_WEIGHTS; j++) {                                                \
        place[j] = list[(k) + j * (CBX_GROUP / 8) + me / 8];                                       \
    }
#define CBX_FETCH_STEP(k)                                                                          \
    UNROLL for (uint j = 0; j < CBX_BRINGS; j++) {                                                 \
        level[j] = ((global const uint *)levels)[(k) * (CBX_ROW_BLOCK / 4) + j * CBX_GROUP + me];  \
    }                                                                                              \
    UNROLL for (uint j = 0; j < CBX_WEIGHTS; j++) {                                                \
        if (CBX_WEIGHT_ITEMS >= CBX_GROUP || me < CBX_WEIGHT_ITEMS) {                              \
            weight[j] = GLOBAL4(w + place[j] * CBX_PANEL);                                         \
        }                                                                                          \
    }

/* Rows of U that are added in a step of the forward pass, so that they come while it computes. */
#define CBX_STEP_COLUMNS 8

/* The same of U: `row` … of a neuron, unless that is past the slab; w: its weight in the first. */
#define CBX_FETCH_COLUMNS(row)                                                                     \
    UNROLL for (uint j = 0; j < CBX_STEP_COLUMNS; j++) {                                           \
        column[j] = of_column[((row) + j) * CBX_PANEL];                                            \
    }
#define CBX_ADD_COLUMNS                                                                            \
    UNROLL for (uint j = 0; j < CBX_STEP_COLUMNS; j++) {                                           \
        *columns += column[j];                                                                     \
    }

/* sum[i] = Σ p·W1 over a slab, of row place_of_sum(i) and lanes 4x…: a chain. levels [112][64],
 * `list` as in turn.cl, w the slab's first row of the panel. What the next step needs is on its way
 * from global memory while this one computes. A barrier must follow before `stage` is used again.
 * *columns = U of the slab and the neuron of one of the first 32 work-items, where it is asked for;
 * else 0. */
HELPER void forward_slab_gpu(global const uchar *restrict levels, local const uchar *list,
                             global const float *restrict w, local float *restrict stage,
                             float4 sum[CBX_ITEM_ROWS], bool adds_columns, float *columns)
{
    const uint me = get_local_id(0), count = list[CBX_SLAB];
    global const float *of_column = w + me;
    uint row = adds_columns && me < CBX_PANEL ? 0 : CBX_SLAB;
    uint level[CBX_BRINGS], place[CBX_WEIGHTS];
    float4 weight[CBX_WEIGHTS];
    *columns = 0.0f;
    w += me % 8 * 4;
    UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
        sum[i] = (float4)(0.0f);
    }
    CBX_FETCH_PLACES(0)
    CBX_FETCH_STEP(0)
    CBX_FETCH_PLACES(CBX_GPU_DEPTH)
    uint k = 0;
    do { /* also where there is nothing: levels of 0 */
        local float *of_levels = stage + lane_y() * CBX_SIDE_BY_SIDE(CBX_ITEM_ROWS);
        local float *of_weights = stage + CBX_GPU_DEPTH * CBX_ROW_BLOCK;
        UNROLL for (uint j = 0; j < CBX_BRINGS; j++) {
            LOCAL4(stage + (j * CBX_GROUP + me) * 4) = levels_gpu(level[j]);
        }
        UNROLL for (uint j = 0; j < CBX_WEIGHTS; j++) {
            if (CBX_WEIGHT_ITEMS >= CBX_GROUP || me < CBX_WEIGHT_ITEMS) {
                LOCAL4(of_weights + (j * CBX_GROUP + me) * 4) = weight[j];
            }
        }
        if (k + CBX_GPU_DEPTH < count) {
            CBX_FETCH_STEP(k + CBX_GPU_DEPTH)
            CBX_FETCH_PLACES(k + 2 * CBX_GPU_DEPTH) /* at most at the end of a list */
        }
        float column[CBX_STEP_COLUMNS];
        if (row < CBX_SLAB) {
            CBX_FETCH_COLUMNS(row)
        }
        barrier(CLK_LOCAL_MEM_FENCE); /* here, so that no compiler delays what was fetched */
        of_weights += lane_x() * 4;
        CBX_ADD_ALL(CBX_ITEM_ROWS, CBX_GPU_DEPTH, of_levels, CBX_ROW_BLOCK, of_weights)
        if (row < CBX_SLAB) {
            CBX_ADD_COLUMNS
        }
        row += CBX_STEP_COLUMNS;
        k += CBX_GPU_DEPTH;
        /* The other half may still be read. */
        stage += k / CBX_GPU_DEPTH % 2 ? CBX_STAGE / 2 : -(CBX_STAGE / 2);
    } while (k < count);
    UNROLL_BY(4) for (; row < CBX_SLAB; row += CBX_STEP_COLUMNS) {
        float column[CBX_STEP_COLUMNS];
        CBX_FETCH_COLUMNS(row)
        CBX_ADD_COLUMNS
    }
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
        enum { BLOCK = HEIGHT * CBX_ITEMS_Y };                                                     \
        const uint me = get_local_id(0), mine = me % BLOCK, part = me / BLOCK;                     \
        const bool passes = rows > CBX_ROW_BLOCK;                                                  \
        local const float *d = d1 + lane_x() * 4;                                                  \
        local const float *pixels = stage + lane_y() * CBX_SIDE_BY_SIDE(HEIGHT);                   \
        local float *to = stage + part * 2 * HEIGHT * BLOCK + mine;                                \
        uint level[HEIGHT / 2];                                                                    \
        levels += min(first + mine, (uint)CBX_SLAB - 1) * CBX_ROW_BLOCK + part * 2 * HEIGHT;       \
        CBX_FETCH_##HEIGHT(0);                                                                     \
        UNROLL for (uint i = 0; i < HEIGHT; i++) {                                                 \
            sum[i] = (float4)(0.0f);                                                               \
        }                                                                                          \
        uint row = 0;                                                                              \
        do {                                                                                       \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
            UNROLL for (uint i = 0; i < HEIGHT / 2; i++) {                                         \
                const float4 v = levels_gpu(level[i]);                                             \
                to[(4 * i + 0) * BLOCK] = v.x;                                                     \
                to[(4 * i + 1) * BLOCK] = v.y;                                                     \
                to[(4 * i + 2) * BLOCK] = v.z;                                                     \
                to[(4 * i + 3) * BLOCK] = v.w;                                                     \
            }                                                                                      \
            for (uint i = me * 4; i < CBX_STAGE_ROWS * CBX_PANEL && passes; i += CBX_GROUP * 4) {  \
                LOCAL4(d1 + i) = GLOBAL4(errors + row * CBX_PANEL + i);                            \
            }                                                                                      \
            barrier(CLK_LOCAL_MEM_FENCE);                                                          \
            row += CBX_STAGE_ROWS;                                                                 \
            if (row < rows) {                                                                      \
                CBX_FETCH_##HEIGHT(row / CBX_ROW_BLOCK * CBX_LEVELS_OF_BLOCK +                     \
                                   row % CBX_ROW_BLOCK);                                           \
            }                                                                                      \
            CBX_ADD_ALL(HEIGHT, CBX_STAGE_ROWS, pixels, BLOCK, d)                                  \
            d += passes ? 0 : CBX_STAGE_ROWS * CBX_PANEL;                                          \
        } while (row < rows);                                                                      \
    }
#define CBX_FETCH_8(at) vstore4(*(global const uint4 *)(levels + (at)), 0, level)
#define CBX_FETCH_4(at) vstore2(*(global const uint2 *)(levels + (at)), 0, level)
#define CBX_FETCH_2(at) level[0] = *(global const uint *)(levels + (at))

#if CBX_GROUP == 64
#define CBX_LOW_ROWS 4
CBX_GRADIENT(gradient_low_gpu, 4)
#define CBX_TALL_ROWS 8
CBX_GRADIENT(gradient_tall_gpu, 8)
#else
#define CBX_LOW_ROWS 2
CBX_GRADIENT(gradient_low_gpu, 2)
#define CBX_TALL_ROWS 4
CBX_GRADIENT(gradient_tall_gpu, 4)
#endif

/* A panel's share of Z2 for 64 rows, a chain each: act [64][36] activations, weights [32][16] of
 * W2, to [64][16]. `group`: work-items. The pitch keeps reads of 8 rows at once apart. */
#define CBX_ACT_PITCH (CBX_PANEL + 4)
#define CBX_ACT (CBX_ROW_BLOCK * CBX_ACT_PITCH)
HELPER void share_of_panel_gpu(local const float *restrict act, local const float *restrict weights,
                               uint group, global float *restrict to)
{
    for (uint i = get_local_id(0); i < CBX_ROW_BLOCK * 4; i += group) {
        local const float *a = act + i / 4 * CBX_ACT_PITCH;
        local const float *w = weights + i % 4 * 4;
        float4 sum = (float4)(0.0f);
        UNROLL_BY(2) for (uint n = 0; n < CBX_PANEL; n += 4) {
            const float4 v = LOCAL4(a + n);
            sum = fma((float4)(v.x), LOCAL4(w + (n + 0) * CBX_LANES_OUT), sum);
            sum = fma((float4)(v.y), LOCAL4(w + (n + 1) * CBX_LANES_OUT), sum);
            sum = fma((float4)(v.z), LOCAL4(w + (n + 2) * CBX_LANES_OUT), sum);
            sum = fma((float4)(v.w), LOCAL4(w + (n + 3) * CBX_LANES_OUT), sum);
        }
        GLOBAL4(to + i * 4) = sum;
    }
}

#endif
