/* Training in one launch, the schedule `fused` for processors with wide vectors.
 *
 * A stage finishes one batch and starts the next, chunk by chunk of panels:
 *
 *   D2 = output error of the pending batch, from the sums that its forward left
 *   for every panel of the chunk
 *       D1 = (D2·W2[1:]ᵀ)·derivative(A1)
 *       W2[1:] += η₂·A1ᵀD2
 *       W1[1:] += η₁·XᵀD1             dW1 stays in registers
 *       draw the panel's tiles         when a frame is due
 *       A1 = σ([1 X]·W1)               of the next batch
 *       sums += A1·W2[1:]              this chunk's share of Z2
 *
 * Only the sums cross between panels. Chunk 0's share starts from the bias row of
 * W2 and owns it. A launch may hold several stages. Between stages the work-groups
 * wait for each other, but never for one that has not begun: whoever runs takes
 * every chunk that nobody has taken yet, so a single work-group can do all of it,
 * and a late one finds nothing left. What is computed does not depend on who
 * computed it: the same bits every time.
 *
 * One work-item a work-group, any number of work-groups; one for each compute unit
 * is best. Buffers as in layout.h, and
 *   d1 [groups][batch][32], d2 [groups][batch][16]   scratch of a work-group
 *   progress [chunks + 1]   the last stage that took each chunk; chunks done so far
 *   fault [1]               first batch whose sums were not finite
 * `batch` must be a multiple of CBX_FORWARD_ROWS.
 */
#if CBX_FAMILY_CPU

/* D2 of all rows; returns whether every sum is finite. */
inline bool output_delta_cpu(global const float *restrict sums, uint chunks, uint batch,
                             global const uchar *restrict labels,
                             global const uint *restrict order, uint rows, uint recipe,
                             global float *restrict d2)
{
    float16 probe = (float16)(0.0f);
    for (uint b = 0; b < rows; b++) {
        float16 z = LOAD_OUT(sums + b * CBX_LANES_OUT);
        for (uint c = 1; c < chunks; c++) {
            z += LOAD_OUT(sums + ((size_t)c * batch + b) * CBX_LANES_OUT);
        }
        probe += z * 0.0f; /* 0 for finite numbers, else NaN */
        STORE_OUT(d2 + b * CBX_LANES_OUT, output_error(sigmoid_out(z), labels[order[b]], recipe));
    }
    return !any(isnan(probe));
}

/* D1 of one panel; w2 points at the panel's rows. */
inline void hidden_delta_cpu(global const float *restrict a1, global const float *restrict w2,
                             global const float *restrict d2, uint rows, uint recipe,
                             global float *restrict d1)
{
    float turned[CBX_OUTPUTS][CBX_PANEL] __attribute__((aligned(64)));
    for (uint lane = 0; lane < CBX_PANEL; lane++) {
        for (uint o = 0; o < CBX_OUTPUTS; o++) {
            turned[o][lane] = w2[lane * CBX_LANES_OUT + o];
        }
    }
    for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
        floatv weights[CBX_OUTPUTS][2];
        UNROLL for (uint o = 0; o < CBX_OUTPUTS; o++) {
            weights[o][0] = *(const floatv *)(turned[o] + part);
            weights[o][1] = *(const floatv *)(turned[o] + part + CBX_VECTOR);
        }
        for (uint b = 0; b < rows; b++) {
            floatv e0 = (floatv)(0.0f), e1 = (floatv)(0.0f);
            UNROLL for (uint o = 0; o < CBX_OUTPUTS; o++) {
                floatv d = (floatv)(d2[b * CBX_LANES_OUT + o]);
                e0 = fma(d, weights[o][0], e0);
                e1 = fma(d, weights[o][1], e1);
            }
            const uint at = b * CBX_PANEL + part;
            STORE(d1 + at, e0 * derivative_v(LOAD(a1 + at), recipe));
            STORE(d1 + at + CBX_VECTOR, e1 * derivative_v(LOAD(a1 + at + CBX_VECTOR), recipe));
        }
    }
}

/* W2 of one panel += rate·A1ᵀD2. */
inline void update_output_cpu(global const float *restrict a1, global const float *restrict d2,
                              uint rows, float rate, global float *restrict w2)
{
    for (uint lane = 0; lane < CBX_PANEL; lane += 8) {
        float16 sum[8];
        UNROLL for (uint i = 0; i < 8; i++) {
            sum[i] = (float16)(0.0f);
        }
        for (uint b = 0; b < rows; b++) {
            float16 d = LOAD_OUT(d2 + b * CBX_LANES_OUT);
            UNROLL for (uint i = 0; i < 8; i++) {
                sum[i] = fma((float16)(a1[b * CBX_PANEL + lane + i]), d, sum[i]);
            }
        }
        UNROLL for (uint i = 0; i < 8; i++) {
            global float *at = w2 + (lane + i) * CBX_LANES_OUT;
            STORE_OUT(at, fma((float16)(rate), sum[i], LOAD_OUT(at)));
        }
    }
}

/* row += rate·Σ_b d[b], rows of `stride` floats, for the bias rows of nll. */
inline void update_bias_cpu(global const float *restrict d, uint stride, uint rows, float rate,
                            global float *restrict row)
{
    for (uint part = 0; part < stride; part += CBX_VECTOR) {
        floatv sum = (floatv)(0.0f);
        for (uint b = 0; b < rows; b++) {
            sum += LOAD(d + b * stride + part);
        }
        STORE(row + part, fma((floatv)(rate), sum, LOAD(row + part)));
    }
}

/* A1 of one panel, and its share of Z2 on top of sums [batch][16]. */
inline void forward_cpu(global const float *restrict images, global const uint *restrict order,
                        uint rows, global const float *restrict w1,
                        global const float *restrict w2, global float *restrict a1,
                        global float *restrict sums)
{
    for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
        for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
            global const float *x[CBX_FORWARD_ROWS];
            UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                x[i] = images + (size_t)order[min(row + i, rows - 1)] * CBX_PIXELS;
            }
            floatv a[CBX_FORWARD_ROWS][2];
            forward_block(w1 + part, x, false, x[0], a);
            float16 z2[CBX_FORWARD_ROWS];
            for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                global float *at = a1 + (row + i) * CBX_PANEL + part;
                a[i][0] = sigmoid_v(a[i][0]);
                a[i][1] = sigmoid_v(a[i][1]);
                STORE(at, a[i][0]);
                STORE(at + CBX_VECTOR, a[i][1]);
                z2[i] = LOAD_OUT(sums + (row + i) * CBX_LANES_OUT);
            }
            add_outputs((const float *)a, w2 + part * CBX_LANES_OUT, z2);
            for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                STORE_OUT(sums + (row + i) * CBX_LANES_OUT, z2[i]);
            }
        }
    }
}

kernel void train_cpu(global const float *restrict images, global const uchar *restrict labels,
                      global const uint *restrict order, global float *restrict w1,
                      global float *restrict w2, global float *restrict a1,
                      global float *restrict sums, global float *restrict d1,
                      global float *restrict d2, volatile global uint *progress,
                      global uint *restrict fault, cbx_launch job, cbx_frame_layout layout,
                      global uchar *restrict luma)
{
    const uint group = get_group_id(0), groups = get_num_groups(0);
    const size_t half_sums = (size_t)job.chunks * job.batch * CBX_LANES_OUT;
    d1 += (size_t)group * job.batch * CBX_PANEL;
    d2 += (size_t)group * job.batch * CBX_LANES_OUT;
    for (uint stage = 0; stage < max(job.count, 1u); stage++) {
        const uint ticket = job.ticket + stage + 1;
        const bool inner = stage > 0;
        const uint finish_rows = inner ? job.rows : job.pending_rows;
        global const uint *finish =
            order + (inner ? job.first + (stage - 1) * job.rows : job.pending_first);
        const float rate1 = inner ? job.rate_hidden : job.pending_rate_hidden;
        const float rate2 = inner ? job.rate_output : job.pending_rate_output;
        global const uint *start = order + job.first + stage * job.rows;
        global const float *old_sums = sums + ((job.parity + stage) & 1) * half_sums;
        global float *new_sums = sums + ((job.parity + stage + 1) & 1) * half_sums;
        bool know_error = false, finite = true;
        for (uint turn = 0; turn < job.chunks; turn++) {
            const uint chunk = (turn + group * job.chunks / groups) % job.chunks;
            if (atomic_cmpxchg(progress + chunk, ticket - 1, ticket) != ticket - 1) {
                continue;
            }
            if (finish_rows > 0 && !know_error) {
                finite = output_delta_cpu(old_sums, job.chunks, job.batch, labels, finish,
                                          finish_rows, job.recipe, d2);
                know_error = true;
            }
            if (chunk == 0 && !finite && fault[0] == CBX_NO_FAULT) {
                fault[0] = inner ? job.number + stage - 1 : job.pending_number;
            }
            if (chunk == 0 && finish_rows > 0 && job.recipe == CBX_NLL) {
                update_bias_cpu(d2, CBX_LANES_OUT, finish_rows, rate2, w2);
            }
            global float *share = new_sums + (size_t)chunk * job.batch * CBX_LANES_OUT;
            for (uint b = 0; b < job.batch && job.count > 0; b++) {
                STORE_OUT(share + b * CBX_LANES_OUT, chunk == 0 ? LOAD_OUT(w2) : (float16)(0.0f));
            }
            const uint end = (chunk + 1) * job.panels / job.chunks;
            for (size_t panel = chunk * job.panels / job.chunks; panel < end; panel++) {
                global float *w = w1 + panel * CBX_PANEL_SIZE;
                global float *v = w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
                global float *a = a1 + panel * job.batch * CBX_PANEL;
                if (finish_rows > 0) {
                    hidden_delta_cpu(a, v, d2, finish_rows, job.recipe, d1);
                    update_output_cpu(a, d2, finish_rows, rate2, v);
                    if (job.recipe == CBX_NLL) {
                        update_bias_cpu(d1, CBX_PANEL, finish_rows, rate1, w);
                    }
                    for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
                        for (uint k = 0; k < CBX_PIXELS; k += CBX_UPDATE_ROWS) {
                            update_block(w + (1 + k) * CBX_PANEL + part, images + k, finish,
                                         finish_rows, d1 + part, rate1);
                        }
                    }
                }
                if (job.draw) {
                    draw_panel(w + CBX_PANEL, panel * CBX_PANEL, layout, luma);
                }
                if (job.count > 0) {
                    forward_cpu(images, start, job.rows, w, v, a, share);
                }
            }
            mem_fence(CLK_GLOBAL_MEM_FENCE);
            atomic_inc(progress + job.chunks);
        }
        if (stage + 1 < max(job.count, 1u)) {
            /* Wait for the chunks that others have taken; they are running. The end of
             * the launch is waited for by the queue. */
            while ((int)(progress[job.chunks] - ticket * job.chunks) < 0) {
            }
            atomic_add(progress + job.chunks, 0u);
            mem_fence(CLK_GLOBAL_MEM_FENCE);
        }
    }
}

#endif
