/* Training in two launches a batch, the schedule `fused` for GPUs.
 *
 * train_gpu_hidden   for a tile of 64 neurons and a slice of the pixels
 *     D2 = output error of the pending batch, from the sums that its forward left
 *     D1 = (D2·W2[1:]ᵀ)·derivative(A1)      16 rows at a time, in local memory
 *     W1[1:] += η₁·XᵀD1                     dW1 stays in registers
 *     z1[slice] = X·W1 over the slice       of the next batch
 * train_gpu_output   for a share of the tiles
 *     W2[1:] += η₂·A1ᵀD2
 *     A1 = σ(bias + Σ z1[slice])
 *     sums = A1·W2[1:]                      this share of Z2
 *
 * Work-groups of 16 × 16 work-items, numbered in one dimension. A work-item holds
 * CBX_GPU_ROWS (or 1) × 4 sums of the gradient, 4 × 4 of the forward pass.
 * Buffers as in layout.h, and
 *   d2 [work-groups of train_gpu_hidden][batch][16]   each its own copy
 *   z1 [slices][P][batch][32]
 * P must be even, `batch` a multiple of 64. Rows past the end of a batch count as
 * zeros. Every sum has a fixed order: the same bits every time.
 */
#if CBX_FAMILY_GPU

#define CBX_BLOCK (16 * CBX_GPU_ROWS) /* pixels that a group updates together */

/* D2 of every row of the pending batch into this group's copy. */
inline void output_delta_gpu(global const float *restrict sums, uint chunks, uint batch,
                             global const uchar *restrict labels,
                             global const uint *restrict order, uint rows, uint recipe,
                             global uint *restrict fault, uint number, global float *restrict d2)
{
    for (uint i = get_local_id(0); i < rows * CBX_LANES_OUT; i += CBX_GROUP) {
        const uint row = i / CBX_LANES_OUT, o = i % CBX_LANES_OUT;
        float z = 0.0f;
        for (uint c = 0; c < chunks; c++) {
            z += sums[(size_t)c * batch * CBX_LANES_OUT + i];
        }
        float a = sigmoid_one(z);
        float miss = (labels[order[row]] == o ? 1.0f : 0.0f) - a;
        float d = recipe == CBX_LESSON ? 2.0f * miss * slope_one(a) : miss;
        d2[i] = o < CBX_OUTPUTS ? d : 0.0f;
        if (!isfinite(z) && get_group_id(0) == 0) {
            atomic_cmpxchg(fault, CBX_NO_FAULT, number);
        }
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
}

/* Rows [row, row + 16) of D1 for the tile into `delta`, zeros past the end. */
inline void hidden_delta_gpu(global const float *restrict d2, local const float *restrict w2,
                             global const float *restrict a1, uint row, uint rows, uint batch,
                             uint recipe, local float *restrict delta)
{
    for (uint i = get_local_id(0); i < CBX_DEPTH * CBX_TILE; i += CBX_GROUP) {
        const uint b = row + i / CBX_TILE, n = i % CBX_TILE;
        float e = 0.0f;
        if (b < rows) {
            for (uint o = 0; o < CBX_OUTPUTS; o++) {
                e = fma(d2[b * CBX_LANES_OUT + o], w2[o * CBX_TILE + n], e);
            }
            float a = a1[((size_t)(n / CBX_PANEL) * batch + b) * CBX_PANEL + n % CBX_PANEL];
            e *= derivative_one(a, recipe);
        }
        delta[i] = e;
    }
}

/* W1[k … k + 16·height)[tile] += rate·XᵀD1; for nll also the bias row, by the
 * group whose first block this is. `height`: rows of W1 a work-item, a constant. */
inline void update_tile_gpu(const uint height, global const uchar *restrict images,
                            cbx_normal normal, global const uint *restrict order, uint rows, uint batch, uint k,
                            global const float *restrict d2, local const float *restrict w2,
                            global const float *restrict a1, float rate, uint recipe,
                            local float *restrict pixels, local float *restrict delta,
                            global float *restrict w1)
{
    const uint me = get_local_id(0), tx = me % 16, ty = me / 16;
    const uint width = 16 * height;
    float4 sum[CBX_GPU_ROWS];
    float bias = 0.0f;
    UNROLL for (uint i = 0; i < height; i++) {
        sum[i] = (float4)(0.0f);
    }
    for (uint row = 0; row < rows; row += CBX_DEPTH) {
        hidden_delta_gpu(d2, w2, a1, row, rows, batch, recipe, delta);
        for (uint i = me; i < CBX_DEPTH * width; i += CBX_GROUP) {
            const uint b = min(row + i / width, rows - 1);
            pixels[i] = normalise(images[(size_t)order[b] * CBX_PIXELS + k + i % width], normal);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint b = 0; b < CBX_DEPTH; b++) {
            float4 d = vload4(tx, delta + b * CBX_TILE);
            UNROLL for (uint i = 0; i < height; i++) {
                sum[i] = fma((float4)(pixels[b * width + ty * height + i]), d, sum[i]);
            }
        }
        for (uint b = 0; b < CBX_DEPTH && me < CBX_TILE; b++) {
            bias += delta[b * CBX_TILE + me];
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
    global float *at = w1 + (size_t)(tx / 8) * CBX_PANEL_SIZE + tx % 8 * 4;
    UNROLL for (uint i = 0; i < height; i++) {
        global float4 *w = (global float4 *)(at + (1 + k + ty * height + i) * CBX_PANEL);
        *w = fma((float4)(rate), sum[i], *w);
    }
    if (recipe == CBX_NLL && k == 0 && me < CBX_TILE) {
        global float *w = w1 + (size_t)(me / CBX_PANEL) * CBX_PANEL_SIZE + me % CBX_PANEL;
        *w = fma(rate, bias, *w);
    }
}

/* Group g: tile g / slices, slice g % slices. Blocks of `block` pixels: CBX_BLOCK, or
 * 16 where small layers need more groups. Global size: P/2 · slices · 256. */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
train_gpu_hidden(global const uchar *restrict images, cbx_normal normal,
                 global const uchar *restrict labels, global const uint *restrict order, global float *restrict w1,
                 global const float *restrict w2, global const float *restrict a1,
                 global const float *restrict sums, global float *restrict d2,
                 global float *restrict z1, global uint *restrict fault, cbx_launch job,
                 uint slices, uint block)
{
    local float pixels[CBX_DEPTH * (CBX_BLOCK > CBX_TILE ? CBX_BLOCK : CBX_TILE)] __attribute__((aligned(16)));
    local float tile[CBX_DEPTH * CBX_TILE] __attribute__((aligned(16))); /* D1, later W1 */
    local float turned[CBX_OUTPUTS * CBX_TILE];
    const uint me = get_local_id(0), group = get_group_id(0);
    const uint neurons = group / slices, slice = group % slices;
    const uint blocks = CBX_PIXELS / block;
    const uint from = slice * blocks / slices * block;
    const uint to = (slice + 1) * blocks / slices * block;
    w1 += (size_t)neurons * 2 * CBX_PANEL_SIZE;
    if (job.pending_rows > 0) {
        global const uint *rows = order + job.pending_first;
        global const float *a = a1 + (size_t)neurons * 2 * job.batch * CBX_PANEL;
        d2 += (size_t)group * job.batch * CBX_LANES_OUT;
        sums += job.parity * (size_t)job.chunks * job.batch * CBX_LANES_OUT;
        for (uint i = me; i < CBX_OUTPUTS * CBX_TILE; i += CBX_GROUP) {
            turned[i] = w2[(1 + (size_t)neurons * CBX_TILE + i % CBX_TILE) * CBX_LANES_OUT +
                           i / CBX_TILE];
        }
        output_delta_gpu(sums, job.chunks, job.batch, labels, rows, job.pending_rows, job.recipe,
                         fault, job.pending_number, d2);
        barrier(CLK_LOCAL_MEM_FENCE);
        for (uint k = from; k < to; k += block) {
            if (block == CBX_BLOCK) {
                update_tile_gpu(CBX_GPU_ROWS, images, normal, rows, job.pending_rows, job.batch, k,
                                d2, turned, a, job.pending_rate_hidden, job.recipe, pixels, tile,
                                w1);
            } else {
                update_tile_gpu(1, images, normal, rows, job.pending_rows, job.batch, k, d2, turned,
                                a, job.pending_rate_hidden, job.recipe, pixels, tile, w1);
            }
        }
        barrier(CLK_GLOBAL_MEM_FENCE);
    }
    for (uint row = 0; row < job.rows && job.count > 0; row += CBX_TILE) {
        float4 sum[4];
        global const uchar *x =
            images + (size_t)order[job.first + min(row + me / 4, job.rows - 1)] * CBX_PIXELS;
        forward_tile_gpu(x, normal, w1, from, to, pixels, tile, sum);
        const uint tx = me % 16, ty = me / 16;
        const size_t panel = (size_t)slice * job.panels + neurons * 2 + tx / 8;
        for (uint i = 0; i < 4; i++) {
            const uint b = row + ty * 4 + i;
            *(global float4 *)(z1 + (panel * job.batch + b) * CBX_PANEL + tx % 8 * 4) = sum[i];
        }
    }
}

/* Group c: tiles [c·T/chunks, (c+1)·T/chunks) of the T = P/2. Global size: chunks · 256. */
kernel __attribute__((reqd_work_group_size(CBX_GROUP, 1, 1))) void
train_gpu_output(global const float *restrict w1, global float *restrict w2,
                 global float *restrict a1, global float *restrict sums,
                 global const float *restrict d2, global const float *restrict z1, cbx_launch job,
                 uint slices)
{
    local float act[CBX_TILE * (CBX_TILE + 1)] __attribute__((aligned(16)));
    local float weights[CBX_TILE * CBX_LANES_OUT] __attribute__((aligned(16)));
    const uint me = get_local_id(0), chunk = get_group_id(0);
    const uint end = (chunk + 1) * (job.panels / 2) / job.chunks;
    global float *share =
        sums + ((job.parity ^ 1) * (size_t)job.chunks + chunk) * job.batch * CBX_LANES_OUT;
    if (job.pending_rows > 0 && chunk == 0 && job.recipe == CBX_NLL && me < CBX_LANES_OUT) {
        float sum = 0.0f;
        for (uint b = 0; b < job.pending_rows; b++) {
            sum += d2[b * CBX_LANES_OUT + me];
        }
        w2[me] = fma(job.pending_rate_output, sum, w2[me]);
    }
    barrier(CLK_GLOBAL_MEM_FENCE);
    for (uint neurons = chunk * (job.panels / 2) / job.chunks; neurons < end; neurons++) {
        for (uint i = me; i < CBX_TILE * CBX_LANES_OUT; i += CBX_GROUP) {
            const uint n = neurons * CBX_TILE + i / CBX_LANES_OUT, o = i % CBX_LANES_OUT;
            const size_t at = (1 + (size_t)n) * CBX_LANES_OUT + o;
            float weight = w2[at];
            if (job.pending_rows > 0) {
                global const float *a =
                    a1 + (size_t)(n / CBX_PANEL) * job.batch * CBX_PANEL + n % CBX_PANEL;
                float sum = 0.0f;
                for (uint b = 0; b < job.pending_rows; b++) {
                    sum = fma(a[b * CBX_PANEL], d2[b * CBX_LANES_OUT + o], sum);
                }
                weight = fma(job.pending_rate_output, sum, weight);
                w2[at] = weight;
            }
            weights[i] = weight;
        }
        barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE);
        for (uint row = 0; row < job.rows && job.count > 0; row += CBX_TILE) {
            for (uint i = me; i < CBX_TILE * CBX_TILE; i += CBX_GROUP) {
                const uint n = neurons * CBX_TILE + i % CBX_TILE, b = row + i / CBX_TILE;
                const size_t panel = n / CBX_PANEL, lane = n % CBX_PANEL;
                float z = w1[panel * CBX_PANEL_SIZE + lane];
                for (uint s = 0; s < slices; s++) {
                    z += z1[(((size_t)s * job.panels + panel) * job.batch + b) * CBX_PANEL + lane];
                }
                float a = sigmoid_one(z);
                a1[(panel * job.batch + b) * CBX_PANEL + lane] = a;
                act[i / CBX_TILE * (CBX_TILE + 1) + i % CBX_TILE] = a;
            }
            barrier(CLK_LOCAL_MEM_FENCE);
            /* A work-item takes 4 outputs of one row. */
            const uint b = me / 4, o = me % 4 * 4;
            global float4 *at = (global float4 *)(share + (row + b) * CBX_LANES_OUT + o);
            const bool first = neurons == chunk * (job.panels / 2) / job.chunks;
            float4 sum = !first      ? *at
                         : chunk == 0 ? *(global const float4 *)(w2 + o)
                                      : (float4)(0.0f);
            for (uint n = 0; n < CBX_TILE; n++) {
                sum = fma((float4)(act[b * (CBX_TILE + 1) + n]),
                          *(local const float4 *)(weights + n * CBX_LANES_OUT + o), sum);
            }
            *at = sum;
            barrier(CLK_LOCAL_MEM_FENCE);
        }
        barrier(CLK_LOCAL_MEM_FENCE);
    }
}

#endif
