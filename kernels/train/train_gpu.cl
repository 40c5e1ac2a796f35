/* SPDX-License-Identifier: MIT */
/* Training in two or three launches a batch, the schedule `fused` for GPUs.
 *
 * train_gpu_hidden   for a panel of 32 neurons and all slabs of the pixels, or one
 *     D2 = output error of the pending batch     where the layer is small; losses likewise
 *     D1 = (D2·W2[1:]ᵀ)·slopes                   64 rows at a time, in local memory
 *     W1[1:] += η₁s·PᵀD1 + η₁t·ΣD1               PᵀD1 stays in registers
 *     q, u = Q, U of the slabs                   of the next batch
 * train_gpu_output   for a panel
 *     W2[1:] += η₂·A1ᵀD2
 *     A1 = σ(Z1), Z1 from q, u and the bias
 *     slopes = derivative(A1)                    once for all slabs of the next launch
 *     sums = A1·W2[1:]                           this panel's share of Z2
 * train_gpu_delta    for a row of the batch, where the layer is not small
 *     D2, losses                                 before the next train_gpu_hidden
 *
 * What crosses between work-groups does so from one launch to the next: OpenCL 1.2 promises
 * the groups of one launch nothing about each other's writes, whatever the fence.
 * Work-groups are numbered in one dimension. Buffers as in layout.h, there is a chunk for each
 * panel; lists and levels as in turn.cl, and
 *   d2 [stride][16], slopes [P][stride][32]
 *   q [slices][P][stride][32], u [slices][P][32]
 * `stride` is a multiple of 64, rows of a buffer past the end of a batch are written, too.
 */
#if CBX_FAMILY_GPU

/* What the update of a panel needs of the pending batch. */
typedef struct pending_gpu {
    global const uchar *levels; /* of the slab, of the first block of rows */
    global const float *errors; /* D1, where there are more than 64 rows */
    uint rows;
    float rate_scale, rate_shift;
} pending_gpu;

/* W1 of the pixels from place `first` of the list on; w: the slab's first row of the panel; `sums`
 * [32]: ΣD1. */
#define CBX_UPDATE(NAME, GRADIENT, HEIGHT)                                                         \
    HELPER void NAME(pending_gpu from, local const uchar *list, uint first,                        \
                     local float *restrict d1, local float *restrict stage,                        \
                     local const float *restrict sums, global float *restrict w)                   \
    {                                                                                              \
        float4 sum[HEIGHT];                                                                        \
        GRADIENT(from.levels, first, from.rows, from.errors, d1, stage, sum);                      \
        const float4 errors = LOCAL4(sums + lane_x() * 4);                                         \
        UNROLL for (uint i = 0; i < HEIGHT; i++) {                                                 \
            const uint place = first + place_of_sum(i, HEIGHT);                                    \
            if (place < CBX_SLAB) {                                                                \
                global float *at = w + list[place] * CBX_PANEL + lane_x() * 4;                     \
                GLOBAL4(at) = stepped_pixel(GLOBAL4(at), sum[i], errors, (float4)(from.rate_scale), \
                                            (float4)(from.rate_shift));                            \
            }                                                                                      \
        }                                                                                          \
    }

CBX_UPDATE(update_low_gpu, gradient_low_gpu, CBX_LOW_ROWS)
CBX_UPDATE(update_tall_gpu, gradient_tall_gpu, CBX_TALL_ROWS)

/* W1 of a slab: where there is ink in blocks, and then the background, whose gradient is 0. Nothing
 * if there are no rows. */
HELPER void update_slab_gpu(pending_gpu from, local const uchar *list, local float *restrict d1,
                            local float *restrict stage, local const float *restrict sums,
                            global float *restrict w)
{
    const uint count = from.rows > 0 ? list[CBX_SLAB] : 0, me = get_local_id(0);
    uint done = 0;
#if CBX_GPU_ROWS == 8
    for (; done + CBX_LOW_ROWS * CBX_ITEMS_Y < count; done += CBX_TALL_ROWS * CBX_ITEMS_Y) {
        update_tall_gpu(from, list, done, d1, stage, sums, w);
    }
#endif
    for (; done < count; done += CBX_LOW_ROWS * CBX_ITEMS_Y) {
        update_low_gpu(from, list, done, d1, stage, sums, w);
    }
    enum { TOGETHER = 4 };
    const float4 s = LOCAL4(sums + me % 8 * 4);
    for (uint first = done + me / 8; first < CBX_SLAB && from.rows > 0;
         first += TOGETHER * CBX_GROUP / 8) {
        global float *at[TOGETHER];
        float4 v[TOGETHER];
        UNROLL for (uint i = 0; i < TOGETHER; i++) {
            const uint place = first + i * CBX_GROUP / 8;
            at[i] = w + list[place < CBX_SLAB ? place : first] * CBX_PANEL + me % 8 * 4;
            v[i] = GLOBAL4(at[i]);
        }
        UNROLL for (uint i = 0; i < TOGETHER; i++) {
            if (first + i * CBX_GROUP / 8 < CBX_SLAB) {
                GLOBAL4(at[i]) =
                    stepped_pixel(v[i], (float4)(0.0f), s, (float4)(from.rate_scale),
                                  (float4)(from.rate_shift));
            }
        }
    }
}

/* Q of a block of rows += the slab's; it starts with the first slab. q: the block's [64][32]. */
HELPER void add_slab_gpu(float4 sum[CBX_ITEM_ROWS], bool starts, global float *restrict q)
{
    q += lane_x() * 4;
    if (!starts) {
        float4 before[CBX_ITEM_ROWS];
        UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
            before[i] = GLOBAL4(q + place_of_sum(i, CBX_ITEM_ROWS) * CBX_PANEL);
        }
        UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
            sum[i] += before[i];
        }
    }
    UNROLL for (uint i = 0; i < CBX_ITEM_ROWS; i++) {
        GLOBAL4(q + place_of_sum(i, CBX_ITEM_ROWS) * CBX_PANEL) = sum[i];
    }
}

/* Group g: panel g / slices, slice g % slices; a slice is one slab, or all. `within`: D2 is made
 * here. d1 [slices][P][stride][32], for batches of more than 64 rows. Where there is no batch to
 * finish or to start, its slot is that of the other, and nothing is stored of it: barriers
 * in branches would cost some compilers very long. Global size: P · slices · CBX_GROUP. */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
train_gpu_hidden(global const uchar *restrict lists, global const uchar *restrict levels,
                 global const uchar *restrict labels, global const uint *restrict order,
                 global float *restrict w1, global const float *restrict w2,
                 global const float *restrict slopes, global const float *restrict sums,
                 global float *restrict d2, global float *restrict d1, global float *restrict q,
                 global float *restrict u, global uint *restrict fault,
                 global float *restrict losses, cbx_launch launch, uint slices, uint within)
{
    local float delta[CBX_ROW_BLOCK * CBX_PANEL] __attribute__((aligned(16))); /* D1 */
    local float stage[CBX_STAGE] __attribute__((aligned(16)));
    local float errors[CBX_PANEL] __attribute__((aligned(16)));
    local uint list[2 * CBX_LIST / 4]; /* of the batch to finish, of that to start */
    const uint me = get_local_id(0), panel = get_group_id(0) / slices;
    const uint slice = get_group_id(0) % slices;
    const uint begin = slice * CBX_SLABS / slices, end = (slice + 1) * CBX_SLABS / slices;
    const uint blocks = launch.stride / CBX_ROW_BLOCK, rows = launch.pending_rows;
    const size_t at = slice * (size_t)launch.panels + panel;
    const size_t of_panel = (size_t)launch.stride * CBX_PANEL;
    pending_gpu pending;
    pending.errors = d1 + at * of_panel;
    pending.rows = rows;
    pending.rate_scale = launch.pending_rate.scale;
    pending.rate_shift = launch.pending_rate.shift;
    w1 += (size_t)panel * CBX_PANEL_SIZE;
    w2 += (1 + (size_t)panel * CBX_PANEL) * CBX_LANES_OUT;
    slopes += panel * of_panel;
    d1 += at * of_panel;
    q += at * of_panel;
    if (me < CBX_PANEL) {
        errors[me] = 0.0f;
    }
    if (within) {
        sums += launch.parity * (launch.chunks + 1) * (size_t)launch.stride * CBX_LANES_OUT;
        output_deltas_gpu(sums, launch, labels, order + launch.pending_first, fault, stage, d2);
        if (launch.losses) {
            output_losses_gpu(sums, launch, labels, order + launch.pending_first,
                              losses + launch.pending_first);
        }
    }
    uint row = 0;
    do {
        if (!within) {
            fetch_deltas_gpu(d2, row, rows, CBX_GROUP, stage);
        }
        fetch_rows_gpu(slopes + row * CBX_PANEL, delta);
        barrier(CLK_LOCAL_MEM_FENCE);
        hidden_delta_gpu(stage, w2, rows - min(row, rows), delta);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        add_errors_gpu(delta, errors);
        for (uint i = me * 4; i < CBX_ROW_BLOCK * CBX_PANEL && blocks > 1; i += CBX_GROUP * 4) {
            GLOBAL4(d1 + row * CBX_PANEL + i) = LOCAL4(delta + i);
        }
        row += CBX_ROW_BLOCK;
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
    } while (row < rows);
    if (rows > 0 && slice == 0 && launch.recipe == CBX_NLL && me < CBX_PANEL) {
        w1[me] = stepped(w1[me], errors[me], launch.pending_rate.hidden);
    }
    float columns = 0.0f; /* U of the neuron `me` */
    for (uint slab = begin; slab < end; slab++) {
        global float *w = w1 + (1 + slab * CBX_SLAB) * CBX_PANEL;
        pending.levels = levels + (size_t)launch.pending_slot * blocks * CBX_LEVELS_OF_BLOCK +
                         slab * CBX_LEVELS_OF_SLAB;
        fetch_lists_gpu(lists + ((size_t)launch.pending_slot * CBX_SLABS + slab) * CBX_LIST,
                        lists + ((size_t)launch.slot * CBX_SLABS + slab) * CBX_LIST, list);
        barrier(CLK_LOCAL_MEM_FENCE);
        update_slab_gpu(pending, (local const uchar *)list, delta, stage, errors, w);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        uint block = 0;
        do {
            float4 sum[CBX_ITEM_ROWS];
            float of_slab;
            forward_slab_gpu(levels + ((size_t)launch.slot * blocks + block) * CBX_LEVELS_OF_BLOCK +
                                 slab * CBX_LEVELS_OF_SLAB,
                             (local const uchar *)(list + CBX_LIST / 4), w, stage, sum, block == 0,
                             &of_slab);
            columns += of_slab;
            if (launch.count > 0) {
                add_slab_gpu(sum, slab == begin, q + block * CBX_ROW_BLOCK * CBX_PANEL);
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            block++;
        } while (block * CBX_ROW_BLOCK < launch.rows);
    }
    if (launch.count > 0 && me < CBX_PANEL) {
        u[at * CBX_PANEL + me] = columns;
    }
}

/* W2 of a panel, with the pending batch's A1ᵀD2 where there is one, also into `weights` [32][16]. A
 * work-item has two outputs of a neuron, for as many neurons as fall to it; what is past the 10
 * outputs stays 0. act [64][36], errors [64][16]. */
#define CBX_PAIRS (CBX_PANEL * CBX_OUTPUTS / 2)
#define CBX_CHAINS ((CBX_PAIRS + CBX_OUTPUT_GROUP - 1) / CBX_OUTPUT_GROUP)
HELPER void update_output_gpu(global const float *restrict a1, global const float *restrict d2,
                              uint rows, float rate, local float *restrict act,
                              local float *restrict errors, local float *restrict weights,
                              global float *restrict w2)
{
    const uint me = get_local_id(0);
    float2 sum[CBX_CHAINS];
    UNROLL for (uint i = 0; i < CBX_CHAINS; i++) {
        sum[i] = (float2)(0.0f);
    }
    for (uint i = me * 4; i < CBX_PANEL * CBX_LANES_OUT; i += CBX_OUTPUT_GROUP * 4) {
        LOCAL4(weights + i) = GLOBAL4(w2 + i);
    }
    for (uint row = 0; row < rows; row += CBX_ROW_BLOCK) {
        const uint some = min(rows - row, (uint)CBX_ROW_BLOCK);
        UNROLL for (uint n = 0; n < CBX_ROW_BLOCK * CBX_PANEL; n += 4 * CBX_OUTPUT_GROUP) {
            const uint i = n + me * 4;
            LOCAL4(act + i / CBX_PANEL * CBX_ACT_PITCH + i % CBX_PANEL) =
                GLOBAL4(a1 + row * CBX_PANEL + i);
        }
        fetch_deltas_gpu(d2, row, rows, CBX_OUTPUT_GROUP, errors);
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE); /* W2 is read before it is written */
        UNROLL for (uint i = 0; i < CBX_CHAINS; i++) {
            const uint pair = me + i * CBX_OUTPUT_GROUP;
            UNROLL_BY(8) for (uint b = 0; b < some && pair < CBX_PAIRS; b++) {
                sum[i] = fma((float2)(act[b * CBX_ACT_PITCH + pair % CBX_PANEL]),
                             LOCAL2(errors + b * CBX_LANES_OUT + pair / CBX_PANEL * 2), sum[i]);
            }
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    UNROLL for (uint i = 0; i < CBX_CHAINS; i++) {
        const uint pair = me + i * CBX_OUTPUT_GROUP;
        const uint to = pair % CBX_PANEL * CBX_LANES_OUT + pair / CBX_PANEL * 2;
        if (rows > 0 && pair < CBX_PAIRS) {
            const float2 w = stepped(LOCAL2(weights + to), sum[i], (float2)(rate));
            LOCAL2(weights + to) = w;
            GLOBAL2(w2 + to) = w;
        }
    }
}

/* W2[0], for nll, by 16 work-items of one group. */
HELPER void update_output_bias_gpu(global const float *restrict d2, uint rows, float rate,
                                   global float *restrict w2)
{
    float sum = 0.0f;
    UNROLL_BY(8) for (uint b = 0; b < rows; b++) {
        sum += d2[b * CBX_LANES_OUT + get_local_id(0)];
    }
    w2[get_local_id(0)] = stepped(w2[get_local_id(0)], sum, rate);
}

/* U of the slices, [slices][32], which are `of_u` floats apart; a barrier must follow. */
HELPER void fetch_columns_gpu(global const float *restrict u, size_t of_u, uint slices,
                              local float *restrict columns)
{
    const uint me = get_local_id(0);
    if (me < slices * (CBX_PANEL / 4)) {
        LOCAL4(columns + me * 4) = GLOBAL4(u + me / 8 * of_u + me % 8 * 4);
    }
}

/* A1 = σ(Z1) of 64 rows of a panel, into a1 [64][32] and act [64][36], and slopes [64][32]. q
 * [64][32] of the first slice, the others `of_q` floats further on each: none or 6, and the barrier
 * is for compilers that would fetch one after the other. columns [slices][32]; bias [32]. */
HELPER void end_forward_gpu(global const float *restrict q, size_t of_q,
                            local const float *restrict columns, uint slices,
                            global const float *restrict bias, cbx_normal normal, uint recipe,
                            global float *restrict a1, global float *restrict slopes,
                            local float *restrict act)
{
    enum { TOGETHER = CBX_SLABS - 1 };
    const uint lane = get_local_id(0) % 8 * 4;
    const float4 biases = GLOBAL4(bias + lane);
    float4 weights = LOCAL4(columns + lane);
    UNROLL_BY(6) for (uint s = 1; s < slices; s++) {
        weights += LOCAL4(columns + s * CBX_PANEL + lane);
    }
    for (uint row = get_local_id(0) / 8; row < CBX_ROW_BLOCK; row += CBX_OUTPUT_GROUP / 8) {
        float4 sum = GLOBAL4(q + row * CBX_PANEL + lane);
        UNROLL_BY(1) for (uint first = 1; first < slices; first += TOGETHER) {
            float4 slice[TOGETHER];
            UNROLL for (uint i = 0; i < TOGETHER; i++) {
                slice[i] = GLOBAL4(q + (first + i) * of_q + row * CBX_PANEL + lane);
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            UNROLL for (uint i = 0; i < TOGETHER; i++) {
                sum += slice[i];
            }
        }
        const float4 a = activate_v(hidden_sum(sum, weights, biases, normal));
        GLOBAL4(a1 + row * CBX_PANEL + lane) = a;
        GLOBAL4(slopes + row * CBX_PANEL + lane) = derivative_v(a, recipe);
        LOCAL4(act + row * CBX_ACT_PITCH + lane) = a;
    }
}

/* Group g: panel g. Global size: P · CBX_OUTPUT_GROUP. The first group also writes the share that
 * is W2[0]. */
kernel __attribute__((reqd_work_group_size(CBX_OUTPUT_GROUP, 1, 1))) void
train_gpu_output(global const float *restrict w1, global float *restrict w2,
                 global float *restrict a1, global float *restrict slopes,
                 global float *restrict sums, global const float *restrict d2,
                 global const float *restrict q, global const float *restrict u, cbx_normal normal,
                 cbx_launch launch, uint slices)
{
    local float act[CBX_ACT] __attribute__((aligned(16)));
    local float weights[CBX_PANEL * CBX_LANES_OUT] __attribute__((aligned(16)));
    local float errors[CBX_ROW_BLOCK * CBX_LANES_OUT] __attribute__((aligned(16)));
    local float columns[CBX_SLABS * CBX_PANEL] __attribute__((aligned(16)));
    const size_t panel = get_group_id(0), of_panel = (size_t)launch.stride * CBX_PANEL;
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    const uint me = get_local_id(0);
    sums += (launch.parity ^ 1) * (launch.chunks + 1) * of_share;
    if (panel == 0 && launch.pending_rows > 0 && launch.recipe == CBX_NLL && me < CBX_LANES_OUT) {
        update_output_bias_gpu(d2, launch.pending_rows, launch.pending_rate.output, w2);
    }
    fetch_columns_gpu(u + panel * CBX_PANEL, (size_t)launch.panels * CBX_PANEL, slices, columns);
    update_output_gpu(a1 + panel * of_panel, d2, launch.pending_rows, launch.pending_rate.output,
                      act, errors, weights, w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT);
    for (uint row = 0; row < launch.rows && launch.count > 0; row += CBX_ROW_BLOCK) {
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        end_forward_gpu(q + panel * of_panel + row * CBX_PANEL, launch.panels * of_panel,
                        columns, slices, w1 + panel * CBX_PANEL_SIZE, normal, launch.recipe,
                        a1 + panel * of_panel + row * CBX_PANEL,
                        slopes + panel * of_panel + row * CBX_PANEL, act);
        barrier(CLK_LOCAL_MEM_FENCE);
        share_of_panel_gpu(act, weights, CBX_OUTPUT_GROUP,
                           sums + panel * of_share + row * CBX_LANES_OUT);
        for (uint i = me; i < CBX_ROW_BLOCK * CBX_LANES_OUT && panel == 0; i += CBX_OUTPUT_GROUP) {
            sums[launch.chunks * of_share + row * CBX_LANES_OUT + i] = w2[i % CBX_LANES_OUT];
        }
    }
}

/* Group g: row g of the pending batch, 4 outputs of a run of panels a work-item: a power of two,
 * so that the runs' sums are nodes of the tree. Global size: pending_rows · 64. */
#define CBX_RUNS (CBX_GROUP / 4)
#define CBX_RUN_LEVELS 7 /* CBX_MOST_OWNED / 32 panels in that many runs: 512, or 64 nodes */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
train_gpu_delta(global const float *restrict sums, global const uchar *restrict labels,
                global const uint *restrict order, global float *restrict d2,
                global uint *restrict fault, global float *restrict losses, cbx_launch launch)
{
    local float4 levels[CBX_RUN_LEVELS * CBX_GROUP];
    local float4 shares[CBX_GROUP];
    local float4 outputs[4];
    const uint me = get_local_id(0), quarter = me % 4, row = get_group_id(0);
    const size_t of_share = (size_t)launch.stride * CBX_LANES_OUT;
    const uint label = labels[order[launch.pending_first + row]];
    uint run = 1;
    while (run * CBX_RUNS < launch.chunks) {
        run *= 2;
    }
    const uint first = me / 4 * run;
    sums += launch.parity * (launch.chunks + 1) * of_share + row * CBX_LANES_OUT + quarter * 4;
    if (first < launch.chunks) {
        shares[me] = sum_shares_gpu(sums + first * of_share, of_share,
                                    min(run, launch.chunks - first), levels + me, CBX_GROUP);
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (me < 4) {
        const uint runs = (launch.chunks + run - 1) / run;
        for (uint i = 0; i < runs; i++) {
            tree_add_gpu(levels + me, CBX_GROUP, i, shares[i * 4 + me]);
        }
        const float4 sum = tree_sum_gpu(levels + me, CBX_GROUP, runs);
        const float4 z = GLOBAL4(sums + launch.chunks * of_share) + sum;
        report_fault_gpu(z, launch.pending_number, fault);
        GLOBAL4(d2 + row * CBX_LANES_OUT + quarter * 4) =
            output_delta_gpu(z, label, quarter, launch.recipe);
        outputs[quarter] = z;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    if (launch.losses && me == 0) {
        losses[launch.pending_first + row] =
            row_loss((float16)(outputs[0], outputs[1], outputs[2], outputs[3]), label);
    }
}

#endif
