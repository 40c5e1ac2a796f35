/* SPDX-License-Identifier: MIT */
/* Training in one launch, the schedules `fused` and `sparse` for processors with wide vectors.
 *
 * A stage finishes one batch and starts the next, chunk by chunk of panels:
 *
 *   D2 = output error of the pending batch, from the sums that its forward left
 *   losses of some of its rows         when they are asked for
 *   for every panel of the chunk, or several together
 *       D1 = (D2·W2[1:]ᵀ)·derivative(A1)
 *       W2[1:] += η₂·A1ᵀD2
 *       for every slab of pixels
 *           W1[1:] += η₁·XᵀD1         dW1 stays in registers
 *           Q += P·W1, U += Σ W1       of the next batch, with the new weights
 *       draw the panel's tiles         when a picture of the finished batch is due
 *       A1 = σ(Z1), Z1 from Q, U and the bias
 *       A1·W2[1:] into the tree of Z2
 *   sums = what the tree comes to     this chunk's share of Z2
 *
 * `fused` takes all pixels, from X, where each work-group has the batch's grey levels as floats;
 * `sparse` those that are not 0, from the lists of ink.cl. The products of both are the same.
 * With ink, the update goes by rows, whose lists are there, or by pixels, for which the lists have
 * to be turned round before; that pays where several panels have use for them.
 *
 * luma holds several planes, (height, width) bytes each: every picture of a launch has its own,
 * from layout.plane on in the order of the batches.
 *
 * Only the sums cross between panels. Whoever has chunk 0 also updates W2's bias row and leaves
 * it beside the shares, for the stage that reads them. A launch may hold
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
 * is best. Buffers as in layout.h and ink.cl, and
 *   scratch [groups][(2 · CBX_INK_PITCH + (1 + levels) · 16) · stride + 112 · 32]
 *                           of a work-group: D1, Q with U in the row behind the last, D2, the
 *                           tree of Z2, where `levels` suffice for a chunk, and G of a slab
 *   x [groups][2][slabs][stride][CBX_SLAB]   grey levels of the two batches that a work-group
 *                           is at, and an image of ones behind them, whose Q is U; a batch's
 *                           slot is its stage modulo 2. For `fused`
 *   row_inks [groups][2][stride], places, levels [groups][2][stride · 784 + 16]   the same of the
 *                           rows' ink, see ink_batch. For `sparse`
 *   held [groups][2]        the stage that started the batch in each slot of x or row_inks
 *   progress [chunks + 2]   the last stage that took each chunk; chunks done so far;
 *                           work-groups that left so far
 *   fault [1]               first batch whose sums were not finite
 * `stride` must be a multiple of CBX_FORWARD_ROWS, and more than the rows of a batch.
 */
#if CBX_FAMILY_CPU

/* How often a work-group looks for the others before it leaves. Some milliseconds: longer than
 * the chunks of a stage differ, about as long as a thread is kept from its core. */
#ifndef CBX_WAIT_TURNS
#define CBX_WAIT_TURNS 1000000
#endif

/* Fetches an image early: the rows of a batch lie too far apart to be foreseen. */
HELPER void fetch_image(global const uchar *restrict image)
{
    for (uint k = 0; k < CBX_PIXELS; k += 64) {
        PREFETCH(image + k);
    }
}

/* Converts a batch into this work-group's slot for it, x [slabs][stride][CBX_SLAB],
 * unless it is there: `held` is the stage that started the batch in the slot. Rows past
 * the last are ones. */
HELPER void hold_images_cpu(global const uchar *restrict images,
                            global const uint *restrict order, uint rows, uint stride, uint ticket,
                            global uint *restrict held, global float *restrict x)
{
    if (*held != ticket) {
        for (uint b = 0; b < rows; b++) {
            fetch_image(images + (size_t)order[min(b + 3, rows - 1)] * CBX_PIXELS);
            convert_image_cpu(images + (size_t)order[b] * CBX_PIXELS, stride, x + b * CBX_SLAB);
        }
        for (uint b = rows; b < stride; b++) {
            fill_image_cpu(stride, x + b * CBX_SLAB);
        }
        *held = ticket;
    }
}

/* The same of its ink. */
HELPER void hold_inks_cpu(global const cbx_ink *restrict inks,
                          global const ushort *restrict ink_pixels,
                          global const uchar *restrict ink_levels,
                          global const uint *restrict order, uint rows, uint ticket,
                          global uint *restrict held, global cbx_ink *restrict row_inks,
                          global ushort *restrict places, global float *restrict levels)
{
    if (*held != ticket) {
        for (uint b = 0, place = 0; b < rows; b++) {
            fetch_ink(order, b, rows, inks, ink_pixels, ink_levels);
            row_inks[b] = inks[order[b]];
            row_inks[b].first = place;
            place = spread_ink(inks + order[b], ink_pixels, ink_levels, place, places, levels);
        }
        *held = ticket;
    }
}

/* One panel: both passes over W1, slab by slab. x_finish, x_start: [slabs][stride][slab];
 * d1, q [stride][32]. */
HELPER void train_panel_cpu(global float *restrict w1, global const float *restrict x_finish,
                            uint finish_rows, global const float *restrict d1, const float *errors,
                            cbx_step_sizes rate, global const float *restrict x_start,
                            uint start_rows, uint stride, global float *restrict q)
{
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        global float *rows = w1 + (1 + slab * CBX_SLAB) * CBX_PANEL;
        const size_t at = (size_t)slab * stride * CBX_SLAB;
        if (finish_rows > 0) {
            update_slab(rows, x_finish + at, finish_rows, d1, errors, rate);
        }
        if (start_rows > 0) {
            forward_slab(rows, x_start + at, start_rows + 1, q);
        }
    }
}

/* The same over ink, d1, q [stride][CBX_INK_PITCH]: by pixels, or by rows where `finish` has no
 * marks, with g [CBX_SLAB][32]. */
#define CBX_TRAIN_INK(NAME)                                                                        \
    HELPER void CBX_JOIN(train_, NAME)(                                                            \
        global float *restrict w1, ink_batch finish, global const float *restrict d1,              \
        const float *errors, cbx_step_sizes rate, ink_batch start, global float *restrict g,       \
        global float *restrict q)                                                                  \
    {                                                                                              \
        global float *w = w1 + CBX_PANEL, *u = q + start.rows * CBX_INK_PITCH;                     \
        for (uint slab = 0; slab < CBX_SLABS; slab++) {                                            \
            if (finish.rows == 0) {                                                                \
                CBX_JOIN(sum_weights_, NAME)(w, slab, u);                                          \
            } else if (finish.marks) {                                                             \
                CBX_JOIN(update_, NAME)(w, finish, slab, d1, errors, rate, u);                     \
            } else {                                                                               \
                update_rows_ink(w, finish, slab, d1, errors, rate, g, u);                          \
            }                                                                                      \
            CBX_JOIN(forward_, NAME)(w, start, slab, q);                                           \
        }                                                                                          \
    }

CBX_TRAIN_INK(panel_ink)
#if CBX_INK_PANELS > 1
CBX_TRAIN_INK(tile_ink)
#endif

kernel void train_cpu(global const uchar *restrict images, cbx_normal normal,
                      global const uchar *restrict labels, global const uint *restrict order,
                      global float *restrict w1, global float *restrict w2,
                      global float *restrict a1, global float *restrict sums,
                      global float *restrict scratch, uint levels, global float *restrict x,
                      volatile global uint *progress, global uint *restrict held,
                      global const cbx_ink *restrict inks,
                      global const ushort *restrict ink_pixels,
                      global const uchar *restrict ink_levels, global cbx_ink *restrict row_inks,
                      global ushort *restrict places, global float *restrict grey,
                      global const uint *restrict pixel_marks,
                      global const cbx_ink_mark *restrict marks, global uint *restrict fault,
                      global float *restrict losses, cbx_launch launch, cbx_frame_layout layout, global uchar *restrict luma)
{
    const uint group = get_group_id(0), groups = get_num_groups(0), stride = launch.stride;
    const uint recipe = launch.recipe;
    const bool sparse = launch.ink != CBX_DENSE, by_pixels = launch.ink == CBX_BY_PIXELS;
    const uint most_together = by_pixels ? CBX_INK_PANELS : 1;
    const size_t of_panel = (size_t)stride * CBX_PANEL;      /* of A1 */
    const size_t of_share = (size_t)stride * CBX_LANES_OUT; /* of the sums, of D2 */
    const size_t of_tile = (size_t)stride * CBX_INK_PITCH;   /* of D1, of Q */
    const size_t of_batch = (size_t)stride * CBX_PIXELS;     /* of X */
    const size_t half_sums = (launch.chunks + 1) * of_share;
    const uint stages = max(launch.count, 1u), start_rows = launch.count > 0 ? launch.rows : 0;
    const uint pitch = sparse ? CBX_INK_PITCH : CBX_PANEL; /* of D1 and Q */
    global float *d1 =
        scratch + group * (2 * of_tile + (1 + levels) * of_share + CBX_SLAB * CBX_PANEL);
    global float *q = d1 + of_tile, *d2 = q + of_tile, *tree = d2 + of_share;
    global float *g = tree + levels * of_share;
    x += group * 2 * of_batch;
    const size_t of_ink = of_batch + CBX_INK_SPARE; /* entries of a batch */
    row_inks += group * 2 * stride;
    places += group * 2 * of_ink;
    grey += group * 2 * of_ink;
    held += group * 2;
    for (uint stage = 0; stage < stages; stage++) {
        const uint ticket = launch.ticket + stage + 1;
        const bool inner = stage > 0;
        const uint finish_rows = inner ? launch.rows : launch.pending_rows;
        const uint finish_first =
            inner ? launch.first + (stage - 1) * launch.rows : launch.pending_first;
        global const uint *finish = order + finish_first;
        const cbx_step_sizes rate = inner ? launch.rate : launch.pending_rate;
        global const uint *start = order + launch.first + stage * launch.rows;
        global float *x_start = x + (ticket & 1) * of_batch;
        global float *x_finish = x + (~ticket & 1) * of_batch;
        const size_t slot = by_pixels ? (ticket - 1) % launch.slots : 0;
        global cbx_ink *inks_start = row_inks + (ticket & 1) * stride;
        global cbx_ink *inks_finish = row_inks + (~ticket & 1) * stride;
        global ushort *places_start = places + (ticket & 1) * of_ink;
        global ushort *places_finish = places + (~ticket & 1) * of_ink;
        global float *grey_start = grey + (ticket & 1) * of_ink;
        global float *grey_finish = grey + (~ticket & 1) * of_ink;
        const ink_batch ink_start = {start_rows, inks_start, places_start, grey_start, 0, 0};
        const ink_batch ink_finish = {finish_rows,
                                      inks_finish,
                                      places_finish,
                                      grey_finish,
                                      pixel_marks + slot * (CBX_PIXELS + 1),
                                      by_pixels ? marks + slot * CBX_PIXELS * stride : 0};
        global const float *old_sums = sums + ((launch.parity + stage) & 1) * half_sums;
        global float *new_sums = sums + ((launch.parity + stage + 1) & 1) * half_sums;
        const bool draw = inner ? launch.draw_every > 0 && stage >= launch.draw_next &&
                                      (stage - launch.draw_next) % launch.draw_every == 0
                                : launch.draw > 0;
        bool begun = false, finite = true;
        for (uint turn = 0; turn < launch.chunks; turn++) {
            const uint chunk = (turn + group * launch.chunks / groups) % launch.chunks;
            if (atomic_cmpxchg(progress + chunk, ticket - 1, ticket) != ticket - 1) {
                continue;
            }
            if (!begun && finish_rows > 0) {
                if (!sparse) {
                    hold_images_cpu(images, finish, finish_rows, stride, ticket - 1,
                                    held + (~ticket & 1), x_finish);
                } else if (!by_pixels) {
                    hold_inks_cpu(inks, ink_pixels, ink_levels, finish, finish_rows, ticket - 1,
                                  held + (~ticket & 1), inks_finish, places_finish, grey_finish);
                }
                finite = output_delta_cpu(old_sums, launch.chunks, stride, labels, finish,
                                          finish_rows, recipe, d2);
            }
            if (!begun && start_rows > 0 && sparse) {
                hold_inks_cpu(inks, ink_pixels, ink_levels, start, start_rows, ticket,
                              held + (ticket & 1), inks_start, places_start, grey_start);
            }
            if (!begun && start_rows > 0 && !sparse) {
                hold_images_cpu(images, start, start_rows, stride, ticket, held + (ticket & 1),
                                x_start);
                for (uint b = 0; b < start_rows && stage + 1 < stages; b++) {
                    fetch_image(images + (size_t)start[start_rows + b] * CBX_PIXELS);
                }
            }
            begun = true;
            if (launch.losses) { /* the rows are dealt out, so that no chunk takes longer */
                output_losses_cpu(old_sums, launch.chunks, stride, labels, finish, chunk,
                                  launch.chunks, finish_rows, losses + finish_first);
            }
            if (chunk == 0 && !finite && fault[0] == CBX_NO_FAULT) {
                fault[0] = inner ? launch.number + stage - 1 : launch.pending_number;
            }
            if (chunk == 0 && finish_rows > 0 && recipe == CBX_NLL) {
                float errors[CBX_LANES_OUT] __attribute__((aligned(64)));
                error_sums_cpu(d2, CBX_LANES_OUT, CBX_LANES_OUT, finish_rows, errors);
                update_bias_cpu(errors, CBX_LANES_OUT, rate.output, w2);
            }
            for (uint b = 0; b < start_rows && chunk == 0; b++) {
                STORE_OUT(new_sums + launch.chunks * of_share + b * CBX_LANES_OUT, LOAD_OUT(w2));
            }
            const uint begin = chunk * launch.chunk_panels;
            const uint end = min(begin + launch.chunk_panels, launch.panels);
            for (uint panel = begin, together; panel < end; panel += together) {
                float errors[CBX_INK_PITCH] __attribute__((aligned(64)));
                global float *w = w1 + (size_t)panel * CBX_PANEL_SIZE;
                global float *v = w2 + (1 + (size_t)panel * CBX_PANEL) * CBX_LANES_OUT;
                global float *a = a1 + panel * of_panel;
                together = end - panel >= most_together ? most_together : 1;
                for (uint i = 0; i < together && finish_rows > 0; i++) {
                    hidden_delta_cpu(a + i * of_panel, v + i * CBX_PANEL * CBX_LANES_OUT, d2,
                                     finish_rows, recipe, pitch, d1 + i * CBX_PANEL);
                    update_output_cpu(a + i * of_panel, d2, finish_rows, rate.output,
                                      v + i * CBX_PANEL * CBX_LANES_OUT);
                    error_sums_cpu(d1 + i * CBX_PANEL, pitch, CBX_PANEL, finish_rows,
                                   errors + i * CBX_PANEL);
                    if (recipe == CBX_NLL) {
                        update_bias_cpu(errors + i * CBX_PANEL, CBX_PANEL, rate.hidden,
                                        w + i * CBX_PANEL_SIZE);
                    }
                }
                begin_forward(start_rows + 1, pitch, q);
                if (!sparse) {
                    train_panel_cpu(w, x_finish, finish_rows, d1, errors, rate, x_start,
                                    start_rows, stride, q);
                } else if (together == 1) {
                    train_panel_ink(w, ink_finish, d1, errors, rate, ink_start, g, q);
                }
#if CBX_INK_PANELS > 1
                else {
                    train_tile_ink(w, ink_finish, d1, errors, rate, ink_start, g, q);
                }
#endif
                for (uint i = 0; i < together && draw; i++) {
                    draw_panel(w + i * CBX_PANEL_SIZE + CBX_PANEL, (panel + i) * CBX_PANEL, layout,
                               luma);
                }
                for (uint i = 0; i < together && start_rows > 0; i++) {
                    global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;
                    end_forward_cpu(q + i * CBX_PANEL, pitch, u, w + i * CBX_PANEL_SIZE, normal,
                                    start_rows, v + i * CBX_PANEL * CBX_LANES_OUT,
                                    panel + i - begin, stride, a + i * of_panel, tree);
                }
            }
            global float *share = new_sums + chunk * of_share;
            for (uint i = 0; i < start_rows * CBX_LANES_OUT; i += CBX_LANES_OUT) {
                STORE_OUT(share + i, tree_sum_far(tree + i, of_share, end - begin));
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
        layout.plane += draw;
    }
}

#endif
