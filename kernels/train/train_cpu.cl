/* SPDX-License-Identifier: MIT */
/* Training in one launch, the schedule `fused` for processors with wide vectors.
 *
 * A stage finishes one batch and starts the next, chunk by chunk of panels:
 *
 *   D2 = output error of the pending batch, from the sums that its forward left
 *   for every panel of the chunk
 *       D1 = (D2·W2[1:]ᵀ)·derivative(A1)
 *       W2[1:] += η₂·A1ᵀD2
 *       for every slab of pixels
 *           W1[1:] += η₁·XᵀD1         dW1 stays in registers
 *           Z1 += X·W1                 of the next batch, with the new weights
 *       draw the panel's tiles         when a frame is due
 *       A1 = σ(Z1)
 *       sums += A1·W2[1:]              this chunk's share of Z2
 *
 * Only the sums cross between panels. Chunk 0's share starts from the bias row of
 * W2 and owns it, unless the whole launch is a share that does not. A launch may hold
 * several stages. Between stages the work-groups wait for each other, but never for one
 * that has not begun: whoever runs takes every chunk that nobody has taken yet, so a
 * single work-group can do all of it, and a late one finds nothing left. What is computed
 * does not depend on who computed it: the same bits every time.
 *
 * Waiting costs nothing while all work-groups run, and everything where there are more of
 * them than free cores: those who wait then keep the core from the one who has a chunk. So
 * a group waits for a while and then leaves the launch. Somebody stays: a group never
 * leaves while it has a chunk, and the one that ends the last chunk of a stage finds it
 * complete and goes on, if need be alone. The host sees that groups left, and launches
 * stage by stage for a while.
 *
 * One work-item a work-group, any number of work-groups; one for each compute unit
 * is best. Buffers as in layout.h, and
 *   d1 [groups][stride][32], d2 [groups][stride][16]   scratch of a work-group
 *   x [groups][2][slabs][stride][CBX_SLAB]   normalised images of the two batches that a
 *                           work-group is at; a batch's slot is its stage modulo 2
 *   held [groups][2]        the stage that started the batch in each slot of x
 *   progress [chunks + 2]   the last stage that took each chunk; chunks done so far;
 *                           work-groups that left so far
 *   fault [1]               first batch whose sums were not finite
 * `stride` must be a multiple of CBX_FORWARD_ROWS.
 */
#if CBX_FAMILY_CPU

/* How often a work-group looks for the others before it leaves. Some milliseconds: longer than
 * the chunks of a stage differ, about as long as a thread is kept from its core. */
#ifndef CBX_WAIT_TURNS
#define CBX_WAIT_TURNS 1000000
#endif

/* D2 of all rows; returns whether every sum is finite. */
HELPER bool output_delta_cpu(global const float *restrict sums, uint chunks, uint stride,
                             global const uchar *restrict labels,
                             global const uint *restrict order, uint rows, uint recipe,
                             global float *restrict d2)
{
    float16 probe = (float16)(0.0f);
    for (uint b = 0; b < rows; b++) {
        float16 z = LOAD_OUT(sums + b * CBX_LANES_OUT);
        for (uint c = 1; c < chunks; c++) {
            z += LOAD_OUT(sums + ((size_t)c * stride + b) * CBX_LANES_OUT);
        }
        probe += z * 0.0f; /* 0 for finite numbers, else NaN */
        float16 a = activate_out(z), miss = only_outputs(one_hot(labels[order[b]]) - a);
        STORE_OUT(d2 + b * CBX_LANES_OUT, output_error(miss, slope_out(a), recipe));
    }
    return !any(isnan(probe));
}

/* D1 of one panel; w2 points at the panel's rows. Whole blocks of rows are written;
 * what is past `rows` is not used. */
HELPER void hidden_delta_cpu(global const float *restrict a1, global const float *restrict w2,
                             global const float *restrict d2, uint rows, uint recipe,
                             global float *restrict d1)
{
    float turned[CBX_OUTPUTS][CBX_PANEL] __attribute__((aligned(64)));
    for (uint lane = 0; lane < CBX_PANEL; lane++) {
        for (uint o = 0; o < CBX_OUTPUTS; o++) {
            turned[o][lane] = w2[lane * CBX_LANES_OUT + o];
        }
    }
    for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
        for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
            floatv sum[CBX_FORWARD_ROWS][2];
            UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                sum[i][0] = sum[i][1] = (floatv)(0.0f);
            }
            UNROLL_BY(1) for (uint o = 0; o < CBX_OUTPUTS; o++) {
                floatv w0 = *(const floatv *)(turned[o] + part);
                floatv w1 = *(const floatv *)(turned[o] + part + CBX_VECTOR);
                UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                    floatv d = (floatv)(d2[(row + i) * CBX_LANES_OUT + o]);
                    sum[i][0] = fma(d, w0, sum[i][0]);
                    sum[i][1] = fma(d, w1, sum[i][1]);
                }
            }
            UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                global float *at = d1 + (row + i) * CBX_PANEL + part;
                STORE(at, sum[i][0]);
                STORE(at + CBX_VECTOR, sum[i][1]);
            }
        }
    }
    for (uint i = 0; i < rows * CBX_PANEL && recipe == CBX_LESSON; i += CBX_VECTOR) {
        STORE(d1 + i, LOAD(d1 + i) * derivative_v(LOAD(a1 + i), CBX_LESSON));
    }
    for (uint i = 0; i < rows * CBX_PANEL && recipe == CBX_NLL; i += CBX_VECTOR) {
        STORE(d1 + i, LOAD(d1 + i) * derivative_v(LOAD(a1 + i), CBX_NLL));
    }
}

/* Rows of W2 that update_output_cpu() sums in registers. */
#define CBX_LANES_TOGETHER (CBX_VECTOR == 16 ? 8 : 4)

/* W2 of one panel += rate·A1ᵀD2. */
HELPER void update_output_cpu(global const float *restrict a1, global const float *restrict d2,
                              uint rows, float rate, global float *restrict w2)
{
    for (uint lane = 0; lane < CBX_PANEL; lane += CBX_LANES_TOGETHER) {
        float16 sum[CBX_LANES_TOGETHER];
        UNROLL for (uint i = 0; i < CBX_LANES_TOGETHER; i++) {
            sum[i] = (float16)(0.0f);
        }
        for (uint b = 0; b < rows; b++) {
            float16 d = LOAD_OUT(d2 + b * CBX_LANES_OUT);
            UNROLL for (uint i = 0; i < CBX_LANES_TOGETHER; i++) {
                sum[i] = fma((float16)(a1[b * CBX_PANEL + lane + i]), d, sum[i]);
            }
        }
        UNROLL for (uint i = 0; i < CBX_LANES_TOGETHER; i++) {
            global float *at = w2 + (lane + i) * CBX_LANES_OUT;
            STORE_OUT(at, stepped(LOAD_OUT(at), sum[i], (float16)(rate)));
        }
    }
}

/* row += rate·Σ_b d[b], rows of `width` floats, for the bias rows of nll. */
HELPER void update_bias_cpu(global const float *restrict d, uint width, uint rows, float rate,
                            global float *restrict row)
{
    for (uint part = 0; part < width; part += CBX_VECTOR) {
        floatv sum = (floatv)(0.0f);
        for (uint b = 0; b < rows; b++) {
            sum += LOAD(d + b * width + part);
        }
        STORE(row + part, stepped(LOAD(row + part), sum, (floatv)(rate)));
    }
}

/* A1 = σ(Z1) in place, of one panel, and its share of Z2 on top of sums [stride][16]. */
HELPER void end_forward_cpu(global float *restrict a1, uint rows, global const float *restrict w2,
                            global float *restrict sums)
{
    for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
        for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
            floatv a[CBX_FORWARD_ROWS][2];
            float16 z2[CBX_FORWARD_ROWS];
            for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                global float *at = a1 + (row + i) * CBX_PANEL + part;
                a[i][0] = activate_v(LOAD(at));
                a[i][1] = activate_v(LOAD(at + CBX_VECTOR));
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

/* Fetches an image early: the rows of a batch lie too far apart to be foreseen. */
HELPER void fetch_image(global const uchar *restrict image)
{
    for (uint k = 0; k < CBX_PIXELS; k += 64) {
        PREFETCH(image + k);
    }
}

/* Normalises a batch into this work-group's slot for it, x [slabs][stride][CBX_SLAB],
 * unless it is there: `held` is the stage that started the batch in the slot. Rows past
 * the last repeat it. */
HELPER void hold_images_cpu(global const uchar *restrict images, cbx_normal normal,
                            global const uint *restrict order, uint rows, uint stride, uint ticket,
                            global uint *restrict held, global float *restrict x)
{
    if (*held != ticket) {
        for (uint b = 0; b < stride; b++) {
            fetch_image(images + (size_t)order[min(b + 3, rows - 1)] * CBX_PIXELS);
            normalise_image_cpu(images + (size_t)order[min(b, rows - 1)] * CBX_PIXELS, normal,
                                stride, x + b * CBX_SLAB);
        }
        *held = ticket;
    }
}

/* One panel: both passes over W1, slab by slab. x_finish, x_start: [slabs][stride][slab]. */
HELPER void train_panel_cpu(global float *restrict w1, global const float *restrict x_finish,
                            uint finish_rows, global const float *restrict d1, float rate,
                            global const float *restrict x_start, uint start_rows, uint stride,
                            global float *restrict z1)
{
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        global float *rows = w1 + (1 + slab * CBX_SLAB) * CBX_PANEL;
        const size_t at = (size_t)slab * stride * CBX_SLAB;
        if (finish_rows > 0) {
            update_slab(rows, x_finish + at, finish_rows, d1, rate);
        }
        if (start_rows > 0) {
            forward_slab(rows, x_start + at, start_rows, z1);
        }
    }
}

kernel void train_cpu(global const uchar *restrict images, cbx_normal normal,
                      global const uchar *restrict labels, global const uint *restrict order,
                      global float *restrict w1, global float *restrict w2,
                      global float *restrict a1, global float *restrict sums,
                      global float *restrict d1, global float *restrict d2,
                      global float *restrict x, volatile global uint *progress,
                      global uint *restrict held, global uint *restrict fault, cbx_launch launch,
                      cbx_frame_layout layout, global uchar *restrict luma)
{
    const uint group = get_group_id(0), groups = get_num_groups(0);
    const size_t half_sums = (size_t)launch.chunks * launch.stride * CBX_LANES_OUT;
    const size_t of_panel = (size_t)launch.stride * CBX_PANEL; /* of A1, of D1 */
    const size_t of_batch = (size_t)launch.stride * CBX_PIXELS; /* of X */
    const uint stages = max(launch.count, 1u), start_rows = launch.count > 0 ? launch.rows : 0;
    d1 += group * of_panel;
    d2 += (size_t)group * launch.stride * CBX_LANES_OUT;
    x += group * 2 * of_batch;
    held += group * 2;
    for (uint stage = 0; stage < stages; stage++) {
        const uint ticket = launch.ticket + stage + 1;
        const bool inner = stage > 0;
        const uint finish_rows = inner ? launch.rows : launch.pending_rows;
        global const uint *finish =
            order + (inner ? launch.first + (stage - 1) * launch.rows : launch.pending_first);
        const float rate1 = inner ? launch.rate_hidden : launch.pending_rate_hidden;
        const float rate2 = inner ? launch.rate_output : launch.pending_rate_output;
        global const uint *start = order + launch.first + stage * launch.rows;
        global float *x_start = x + (ticket & 1) * of_batch;
        global float *x_finish = x + (~ticket & 1) * of_batch;
        global const float *old_sums = sums + ((launch.parity + stage) & 1) * half_sums;
        global float *new_sums = sums + ((launch.parity + stage + 1) & 1) * half_sums;
        bool begun = false, finite = true;
        for (uint turn = 0; turn < launch.chunks; turn++) {
            const uint chunk = (turn + group * launch.chunks / groups) % launch.chunks;
            if (atomic_cmpxchg(progress + chunk, ticket - 1, ticket) != ticket - 1) {
                continue;
            }
            if (!begun && finish_rows > 0) {
                hold_images_cpu(images, normal, finish, finish_rows, launch.stride, ticket - 1,
                                held + (~ticket & 1), x_finish);
                finite = output_delta_cpu(old_sums, launch.chunks, launch.stride, labels, finish,
                                          finish_rows, launch.recipe, d2);
            }
            if (!begun && start_rows > 0) {
                hold_images_cpu(images, normal, start, start_rows, launch.stride, ticket,
                                held + (ticket & 1), x_start);
                for (uint b = 0; b < start_rows && stage + 1 < stages; b++) {
                    fetch_image(images + (size_t)start[start_rows + b] * CBX_PIXELS);
                }
            }
            begun = true;
            if (chunk == 0 && !finite && fault[0] == CBX_NO_FAULT) {
                fault[0] = inner ? launch.number + stage - 1 : launch.pending_number;
            }
            if (chunk == 0 && finish_rows > 0 && launch.recipe == CBX_NLL && launch.owns_bias) {
                update_bias_cpu(d2, CBX_LANES_OUT, finish_rows, rate2, w2);
            }
            global float *share = new_sums + (size_t)chunk * launch.stride * CBX_LANES_OUT;
            for (uint b = 0; b < launch.stride && start_rows > 0; b++) {
                STORE_OUT(share + b * CBX_LANES_OUT, chunk == 0 ? LOAD_OUT(w2) : (float16)(0.0f));
            }
            const size_t end = (chunk + 1) * launch.panels / launch.chunks;
            for (size_t panel = chunk * launch.panels / launch.chunks; panel < end; panel++) {
                global float *w = w1 + panel * CBX_PANEL_SIZE;
                global float *v = w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
                global float *a = a1 + panel * of_panel;
                if (finish_rows > 0) {
                    hidden_delta_cpu(a, v, d2, finish_rows, launch.recipe, d1);
                    update_output_cpu(a, d2, finish_rows, rate2, v);
                }
                if (finish_rows > 0 && launch.recipe == CBX_NLL) {
                    update_bias_cpu(d1, CBX_PANEL, finish_rows, rate1, w);
                }
                begin_forward(w, start_rows, a);
                train_panel_cpu(w, x_finish, finish_rows, d1, rate1, x_start, start_rows,
                                launch.stride, a);
                if (launch.draw) {
                    draw_panel(w + CBX_PANEL, panel * CBX_PANEL, layout, luma);
                }
                if (start_rows > 0) {
                    end_forward_cpu(a, start_rows, v, share);
                }
            }
            mem_fence(CLK_GLOBAL_MEM_FENCE);
            atomic_inc(progress + launch.chunks);
        }
        if (stage + 1 < stages) {
            /* The end of the launch is waited for by the queue. */
            for (uint turns = 0; (int)(progress[launch.chunks] - ticket * launch.chunks) < 0;) {
                if (++turns == CBX_WAIT_TURNS) {
                    atomic_inc(progress + launch.chunks + 1);
                    return;
                }
            }
            atomic_add(progress + launch.chunks, 0u);
            mem_fence(CLK_GLOBAL_MEM_FENCE);
        }
    }
}

#endif
