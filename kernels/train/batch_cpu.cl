/* SPDX-License-Identifier: MIT */
/* What a batch needs beside the products with the pixels, for processors: its errors, the
 * output layer, and the ends of the forward pass. One work-item does all of it.
 */
#if CBX_FAMILY_CPU

/* Z2 of a row, from the shares of its sums, the last of which is W2[0]. */
HELPER float16 output_sum_cpu(global const float *restrict sums, uint chunks, size_t of_share)
{
    float16 tree[CBX_TREE_LEVELS];
    for (uint c = 0; c < chunks; c++) {
        tree_add(tree, c, LOAD_OUT(sums + c * of_share));
    }
    return LOAD_OUT(sums + chunks * of_share) + tree_sum(tree, chunks);
}

/* The losses of every `step`th row from `row` on. */
HELPER void output_losses_cpu(global const float *restrict sums, uint chunks, uint stride,
                              global const uchar *restrict labels,
                              global const uint *restrict order, uint row, uint step, uint rows,
                              global float *restrict losses)
{
    for (; row < rows; row += step) {
        losses[row] = row_loss(output_sum_cpu(sums + row * CBX_LANES_OUT, chunks,
                                              (size_t)stride * CBX_LANES_OUT),
                               labels[order[row]]);
    }
}

/* D2 of all rows; returns whether every sum is finite. */
HELPER bool output_delta_cpu(global const float *restrict sums, uint chunks, uint stride,
                             global const uchar *restrict labels,
                             global const uint *restrict order, uint rows, uint recipe,
                             global float *restrict d2)
{
    const size_t of_share = (size_t)stride * CBX_LANES_OUT;
    float16 probe = (float16)(0.0f);
    for (uint b = 0; b < rows; b++, sums += CBX_LANES_OUT) {
        const float16 z = output_sum_cpu(sums, chunks, of_share);
        probe += z * 0.0f; /* 0 for finite numbers, else NaN */
        const float16 a = activate_out(z), miss = only_outputs(one_hot(labels[order[b]]) - a);
        STORE_OUT(d2 + b * CBX_LANES_OUT, tiny_out(output_error(miss, slope_out(a), recipe)));
    }
    return !any(isnan(probe));
}

/* D1 of one panel, rows of `pitch` floats; w2 points at the panel's rows. Whole blocks of rows
 * are written; what is past `rows` is not used. */
HELPER void hidden_delta_cpu(global const float *restrict a1, global const float *restrict w2,
                             global const float *restrict d2, uint rows, uint recipe,
                             uint pitch, global float *restrict d1)
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
                const uint at = (row + i) * CBX_PANEL + part;
                const floatv s0 = derivative_v(LOAD(a1 + at), recipe);
                const floatv s1 = derivative_v(LOAD(a1 + at + CBX_VECTOR), recipe);
                global float *to = d1 + (row + i) * pitch + part;
                STORE(to, tiny_v(sum[i][0] * s0));
                STORE(to + CBX_VECTOR, tiny_v(sum[i][1] * s1));
            }
        }
    }
}

/* sums [width] = Σ_b d[b], rows of `pitch` floats. */
HELPER void error_sums_cpu(global const float *restrict d, uint pitch, uint width, uint rows,
                           float *sums)
{
    for (uint part = 0; part < width; part += CBX_VECTOR) {
        floatv sum = (floatv)(0.0f);
        for (uint b = 0; b < rows; b++) {
            sum += LOAD(d + b * pitch + part);
        }
        *(floatv *)(sums + part) = sum;
    }
}

/* row += rate·sums, for the bias rows of nll. */
HELPER void update_bias_cpu(const float *sums, uint width, float rate,
                            global float *restrict row)
{
    for (uint part = 0; part < width; part += CBX_VECTOR) {
        STORE(row + part, stepped(LOAD(row + part), *(const floatv *)(sums + part), (floatv)(rate)));
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

/* z2[i] += A1·W2 for one strip of one block of rows: a [rows][strip] activations,
 * w2 the strip's rows of W2. */
HELPER void add_outputs(const float *a, global const float *restrict w2, float16 *z2)
{
    float16 sum[CBX_FORWARD_ROWS];
    UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
        sum[i] = z2[i];
    }
    for (uint lane = 0; lane < CBX_STRIP; lane++) {
        float16 weight = LOAD_OUT(w2 + lane * CBX_LANES_OUT);
        UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
            sum[i] = fma((float16)(a[i * CBX_STRIP + lane]), weight, sum[i]);
        }
    }
    UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
        z2[i] = sum[i];
    }
}

/* The forward pass of one panel from Q on: A1 = σ(Z1) into a1 [rows][32], unless that is NULL,
 * and A1·W2 into the tree of Z2, as summand number `at`; tree [levels][stride][16].
 * q: rows of `pitch` floats; u, bias [32]. Whole blocks of rows. */
HELPER void end_forward_cpu(global const float *restrict q, uint pitch, global const float *u,
                            global const float *restrict bias, cbx_normal normal, uint rows,
                            global const float *restrict w2, uint at, uint stride,
                            global float *restrict a1, global float *restrict tree)
{
    for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
        float16 z2[CBX_FORWARD_ROWS];
        for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
            z2[i] = (float16)(0.0f);
        }
        for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
            floatv a[CBX_FORWARD_ROWS][2];
            for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                for (uint side = 0; side < 2; side++) {
                    const uint lane = part + side * CBX_VECTOR;
                    const floatv sum = LOAD(q + (row + i) * pitch + lane);
                    a[i][side] =
                        activate_v(hidden_sum(sum, LOAD(u + lane), LOAD(bias + lane), normal));
                }
            }
            for (uint i = 0; i < CBX_FORWARD_ROWS && a1; i++) {
                STORE(a1 + (row + i) * CBX_PANEL + part, a[i][0]);
                STORE(a1 + (row + i) * CBX_PANEL + part + CBX_VECTOR, a[i][1]);
            }
            add_outputs((const float *)a, w2 + part * CBX_LANES_OUT, z2);
        }
        for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
            tree_add_far(tree + (row + i) * CBX_LANES_OUT, (size_t)stride * CBX_LANES_OUT, at, z2[i]);
        }
    }
}

#endif
