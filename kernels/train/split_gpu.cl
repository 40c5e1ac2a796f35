/* SPDX-License-Identifier: MIT */
/* Training by the arithmetic split-bf16: the two products with pixels on tensor cores (mma.cl).
 *
 * Grey levels are exact in bf16. So Q = P·W1 and PᵀD1 of kernels/canon.h are three products of bf16
 * each, of the levels with the three parts of W1, or of D1; X is never made. A product of two such
 * numbers is exact in float32, and all that is lost is what the sums cut off.
 *
 *   split_gpu_errors   for a panel of 32 neurons
 *       D1 = (D2·W2[1:]ᵀ)·slopes, ΣD1              of the pending batch
 *       W1[0] += η₁·ΣD1                            nll
 *   split_gpu_hidden   for a panel and all slabs of the pixels, or one
 *       W1[1:] += η₁s·PᵀD1 + η₁t·ΣD1
 *       q, u = Q, U of the slabs                   of the next batch
 *
 * between train_gpu_delta and train_gpu_output (train_gpu.cl), which do the rest as the canon says.
 * Buffers as there, and d1 [P][stride][32], errors [P][32] for ΣD1. Each warp of a group has 16 of
 * the panel's neurons. Global sizes: P · CBX_GROUP, and that times slices.
 */
#if CBX_FAMILY_GPU && CBX_MMA

#define CBX_STEP 16 /* pixels, or rows, that a product adds up */
#define CBX_ROW_STEPS (CBX_ROW_BLOCK / CBX_STEP)
#define CBX_ROW_TILES (CBX_ROW_BLOCK / 16)
#define CBX_WARP_NEURONS (CBX_PANEL / 2)
#if CBX_GROUP != 2 * CBX_WARP
#error "CBX_GROUP does not fit"
#endif

kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
split_gpu_errors(global float *restrict w1, global const float *restrict w2,
                 global const float *restrict slopes, global const float *restrict d2,
                 global float *restrict d1, global float *restrict errors, cbx_launch launch)
{
    local float delta[CBX_ROW_BLOCK * CBX_PANEL] __attribute__((aligned(16)));
    local float outputs[CBX_ROW_BLOCK * CBX_LANES_OUT] __attribute__((aligned(16)));
    local float sums[CBX_PANEL];
    const uint me = get_local_id(0), rows = launch.pending_rows;
    const size_t panel = get_group_id(0), of_panel = (size_t)launch.stride * CBX_PANEL;
    w1 += panel * CBX_PANEL_SIZE;
    w2 += (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
    if (me < CBX_PANEL) {
        sums[me] = 0.0f;
    }
    for (uint row = 0; row < rows; row += CBX_ROW_BLOCK) {
        fetch_deltas_gpu(d2, row, rows, CBX_GROUP, outputs);
        fetch_rows_gpu(slopes + panel * of_panel + row * CBX_PANEL, delta);
        barrier(CLK_LOCAL_MEM_FENCE);
        hidden_delta_gpu(outputs, w2, rows - row, delta);
        barrier(CLK_LOCAL_MEM_FENCE);
        add_errors_gpu(delta, sums);
        for (uint i = me * 4; i < CBX_ROW_BLOCK * CBX_PANEL; i += CBX_GROUP * 4) {
            GLOBAL4(d1 + panel * of_panel + row * CBX_PANEL + i) = LOCAL4(delta + i);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    if (me < CBX_PANEL) {
        errors[panel * CBX_PANEL + me] = sums[me];
        if (launch.recipe == CBX_NLL) {
            w1[me] = stepped(w1[me], sums[me], launch.pending_rate.hidden);
        }
    }
}

/* The parts of D1 of 64 rows: the step s has the rows 16t + 4s … + 3 of work-item (g, t). d1: of the
 * work-item's first row and two neurons. */
HELPER void fetch_errors_gpu(global const float *restrict d1,
                             uint2 b[CBX_ROW_STEPS][CBX_COLUMN_TILES][CBX_PARTS])
{
    UNROLL for (uint s = 0; s < CBX_ROW_STEPS; s++) {
        float2 v[4];
        UNROLL for (uint j = 0; j < 4; j++) {
            v[j] = GLOBAL2(d1 + (4 * s + j) * CBX_PANEL);
        }
        split_rows_gpu(v, b[s]);
    }
}

/* a of 4 rows of 16 pixels: 4 levels each of pixels g and g + 8. */
HELPER uint4 pixel_fragment_gpu(uint upper, uint lower)
{
    const float4 v = levels_gpu(upper), w = levels_gpu(lower);
    return (uint4)(word_of(v.x, v.y), word_of(w.x, w.y), word_of(v.z, v.w), word_of(w.z, w.w));
}

/* W1 of a slab, and *columns += Σ of it over the slab's pixels of this work-item, neurons 4t …. Tiles
 * of 16 pixels of the list, those without ink for ΣD1 alone. levels: of the slab in the first block
 * of rows; d1 [stride][32]; errors: ΣD1 of the neurons; w: the slab's first row of the panel, all
 * from this warp's first neuron on. */
HELPER void update_slab_split(global const uchar *restrict list, global const uchar *restrict levels,
                              global const float *restrict d1, float4 errors, uint rows,
                              float rate_scale, float rate_shift, global float *restrict w,
                              local uint *exchange, float4 *columns)
{
    const uint g = get_local_id(0) % CBX_WARP / 4, t = get_local_id(0) % 4;
    const uint count = rows > 0 ? list[CBX_SLAB] : 0;
    uint2 b[CBX_ROW_STEPS][CBX_COLUMN_TILES][CBX_PARTS];
    levels += g * CBX_ROW_BLOCK + t * 16;
    d1 += t * 16 * CBX_PANEL + g * 2;
    w += t * 4;
    if (count > 0) {
        fetch_errors_gpu(d1, b);
    }
    for (uint first = 0; first < CBX_SLAB; first += CBX_STEP) {
        global float *upper = w + list[first + g] * CBX_PANEL;
        global float *lower = w + list[first + g + 8] * CBX_PANEL;
        float4 v = GLOBAL4(upper), u = GLOBAL4(lower);
        float4 sum[1][CBX_COLUMN_TILES];
        sum[0][0] = sum[0][1] = (float4)(0.0f);
        for (uint row = 0; row < rows && first < count; row += CBX_ROW_BLOCK) {
            global const uchar *from = levels + row * CBX_PIXELS + first * CBX_ROW_BLOCK;
            const uint4 above = *(global const uint4 *)from;
            const uint4 below = *(global const uint4 *)(from + 8 * CBX_ROW_BLOCK);
            if (rows > CBX_ROW_BLOCK) {
                fetch_errors_gpu(d1 + row * CBX_PANEL, b);
            }
            uint4 a = pixel_fragment_gpu(above.x, below.x);
            add_products_1(sum, &a, b[0], exchange);
            a = pixel_fragment_gpu(above.y, below.y);
            add_products_1(sum, &a, b[1], exchange);
            a = pixel_fragment_gpu(above.z, below.z);
            add_products_1(sum, &a, b[2], exchange);
            a = pixel_fragment_gpu(above.w, below.w);
            add_products_1(sum, &a, b[3], exchange);
        }
        if (rows > 0) {
            v = stepped_pixel(v, CBX_UPPER_SUMS(sum[0]), errors, (float4)(rate_scale),
                              (float4)(rate_shift));
            u = stepped_pixel(u, CBX_LOWER_SUMS(sum[0]), errors, (float4)(rate_scale),
                              (float4)(rate_shift));
            GLOBAL4(upper) = v;
            GLOBAL4(lower) = u;
        }
        *columns += v + u;
    }
}

/* What work-item (g, t) needs of 16 pixels: of pixels 4t … 4t + 3 of the list the levels of rows
 * 8g … 8g + 7, and W1 of the neurons 2g and 2g + 1. */
#define CBX_FETCH_SPLIT(k)                                                                         \
    {                                                                                              \
        const uchar4 at = *(global const uchar4 *)(list + (k) + t * 4);                            \
        weight[0] = GLOBAL2(w + at.x * CBX_PANEL);                                \
        weight[1] = GLOBAL2(w + at.y * CBX_PANEL);                                \
        weight[2] = GLOBAL2(w + at.z * CBX_PANEL);                                \
        weight[3] = GLOBAL2(w + at.w * CBX_PANEL);                                \
        UNROLL for (uint j = 0; j < 4; j++) {                                                      \
            level[j] = *(global const uint2 *)(levels + ((k) + j) * CBX_ROW_BLOCK);                \
        }                                                                                          \
    }

/* sum += Σ p·W1 over a slab, of 64 rows: tile i has the rows 8g + 2i and 8g + 2i + 1 of work-item (g,
 * t). levels [112][64]; w: the slab's first row of the panel, from this warp's first neuron on. What
 * the next step needs is on its way while this one computes. */
HELPER void forward_slab_split(global const uchar *restrict list,
                               global const uchar *restrict levels, global const float *restrict w,
                               local uint *exchange, float4 sum[CBX_ROW_TILES][CBX_COLUMN_TILES])
{
    const uint g = get_local_id(0) % CBX_WARP / 4, t = get_local_id(0) % 4;
    const uint count = list[CBX_SLAB];
    float2 weight[4];
    uint2 level[4];
    levels += t * 4 * CBX_ROW_BLOCK + g * 8;
    w += g * 2;
    CBX_FETCH_SPLIT(0)
    for (uint k = 0; k < count; k += CBX_STEP) {
        uint4 a[CBX_ROW_TILES];
        uint2 b[CBX_COLUMN_TILES][CBX_PARTS];
        split_rows_gpu(weight, b);
        UNROLL for (uint four = 0; four < 2; four++) {
            float4 v[4];
            UNROLL for (uint j = 0; j < 4; j++) {
                v[j] = levels_gpu(four ? level[j].y : level[j].x);
            }
            a[2 * four] = (uint4)(word_of(v[0].x, v[1].x), word_of(v[0].y, v[1].y),
                                  word_of(v[2].x, v[3].x), word_of(v[2].y, v[3].y));
            a[2 * four + 1] =
                (uint4)(word_of(v[0].z, v[1].z), word_of(v[0].w, v[1].w),
                        word_of(v[2].z, v[3].z), word_of(v[2].w, v[3].w));
        }
        if (k + CBX_STEP < count) {
            CBX_FETCH_SPLIT(k + CBX_STEP)
        }
        add_products_4(sum, a, b, exchange);
    }
}

/* U of a panel [32] from what its work-items have of it: work-item (g, t) of a warp the neurons
 * 4t …. kept [CBX_GROUP]. */
HELPER void add_columns_split(float4 columns, local float4 *kept, global float *restrict u)
{
    const uint me = get_local_id(0);
    kept[me] = columns;
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < CBX_PANEL / 4) {
        local const float4 *from = kept + me / 4 * CBX_WARP + me % 4;
        float4 sum = from[0];
        UNROLL for (uint g = 1; g < 8; g++) {
            sum += from[g * 4];
        }
        GLOBAL4(u + me * 4) = sum;
    }
}

/* Group g: panel g / slices, slice g % slices; a slice is one slab, or all. Where there is no batch
 * to finish or to start, its slot is that of the other, and nothing is stored of it. The sums of a
 * batch of at most 64 rows stay in registers from slab to slab; those of larger ones lie in q. */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
split_gpu_hidden(global const uchar *restrict lists, global const uchar *restrict levels,
                 global float *restrict w1, global const float *restrict d1,
                 global const float *restrict errors, global float *restrict q,
                 global float *restrict u, cbx_launch launch, uint slices)
{
    local uint exchange[CBX_EXCHANGE] __attribute__((aligned(16)));
    local float4 kept[CBX_GROUP];
    const uint panel = get_group_id(0) / slices, slice = get_group_id(0) % slices;
    const uint begin = slice * CBX_SLABS / slices, end = (slice + 1) * CBX_SLABS / slices;
    const uint blocks = launch.stride / CBX_ROW_BLOCK, rows = launch.pending_rows;
    const uint g = get_local_id(0) % CBX_WARP / 4, t = get_local_id(0) % 4;
    const uint neuron = get_local_id(0) / CBX_WARP * CBX_WARP_NEURONS; /* of the panel */
    const size_t at = slice * (size_t)launch.panels + panel;
    float4 columns = (float4)(0.0f), all = (float4)(0.0f);
    w1 += (size_t)panel * CBX_PANEL_SIZE + CBX_PANEL + neuron; /* behind the bias */
    d1 += (size_t)panel * launch.stride * CBX_PANEL + neuron;
    q += at * launch.stride * CBX_PANEL + g * 8 * CBX_PANEL + neuron + t * 4;
    if (rows > 0) {
        all = GLOBAL4(errors + panel * CBX_PANEL + neuron + t * 4);
    }
    for (uint slab = begin; slab < end; slab++) {
        update_slab_split(lists + ((size_t)launch.pending_slot * CBX_SLABS + slab) * CBX_LIST,
                          levels + (size_t)launch.pending_slot * blocks * CBX_LEVELS_OF_BLOCK +
                              slab * CBX_LEVELS_OF_SLAB,
                          d1, all, rows, launch.pending_rate.scale, launch.pending_rate.shift,
                          w1 + slab * CBX_SLAB * CBX_PANEL, exchange, &columns);
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (uint row = 0; row < launch.rows && launch.count > 0; row += CBX_ROW_BLOCK) {
        float4 sum[CBX_ROW_TILES][CBX_COLUMN_TILES];
        UNROLL for (uint i = 0; i < CBX_ROW_TILES; i++) {
            sum[i][0] = sum[i][1] = (float4)(0.0f);
        }
        for (uint slab = begin; slab < end; slab++) {
            forward_slab_split(lists + ((size_t)launch.slot * CBX_SLABS + slab) * CBX_LIST,
                               levels + (size_t)launch.slot * blocks * CBX_LEVELS_OF_BLOCK +
                                   row * CBX_PIXELS + slab * CBX_LEVELS_OF_SLAB,
                               w1 + slab * CBX_SLAB * CBX_PANEL, exchange, sum);
        }
        UNROLL for (uint i = 0; i < CBX_ROW_TILES; i++) {
            global float *to = q + (row + 2 * i) * CBX_PANEL;
            GLOBAL4(to) = CBX_UPPER_SUMS(sum[i]);
            GLOBAL4(to + CBX_PANEL) = CBX_LOWER_SUMS(sum[i]);
        }
    }
    if (launch.count > 0) {
        add_columns_split(columns, kept, u + at * CBX_PANEL);
    }
}

#endif
