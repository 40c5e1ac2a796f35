/* SPDX-License-Identifier: MIT */
/* Z = [1 X]·W, the schedule `stepwise`.
 *
 * column_sums            U[j] = Σ_k W1[1+k][j]
 *   w1 [P][785][32], u [P][32]; one work-item CBX_VECTOR neurons. Global size: P × vectors in a
 *   panel, rounded up to the local size. Evaluations use it, too.
 *
 * biased_matmul_hidden   Z1 = bias + X·W1 = s·Q + t·U + W1[0], Q = grey levels · W1
 *   images (N, 784), order, w1 [P][785][32], u [P][32], z1 [P][stride][32]; the rows of X are
 *   images[order[first … first + rows)].
 *   One work-item computes CBX_STEP_ROWS rows × CBX_VECTOR neurons in registers.
 *   Global size: (row blocks × vectors in a panel, rounded up to the local size; P).
 *   Rows past the end repeat the last one and are not stored.
 *
 * matmul_output          T = A1·W2[1:], what the panels of a node add to Z2
 *   a1 [P][stride][32], w2 [1+32P][16], z2 [shares][stride][16].
 *   One work-item a row. Global size: rows, rounded up to the local size.
 *
 * add_output_bias        Z2 = W2[0] + T, once that is the sum over all panels
 *   One work-item a row. Global size: rows, rounded up to the local size.
 *   Writes the number of the batch to fault[0] when a sum is not finite and nothing is
 *   recorded yet; several work-items may do so at once, with the same value.
 */
#define CBX_VECTORS (CBX_PANEL / CBX_VECTOR)

kernel void column_sums(global const float *restrict w1, uint panels, global float *restrict u)
{
    const uint lane = get_global_id(0) % CBX_VECTORS * CBX_VECTOR;
    const size_t panel = get_global_id(0) / CBX_VECTORS;
    if (panel >= panels) {
        return;
    }
    global const float *w = w1 + panel * CBX_PANEL_SIZE + CBX_PANEL + lane;
    floatv sum = (floatv)(0.0f);
    for (uint slab = 0; slab < CBX_SLABS; slab++) {
        floatv of_slab = (floatv)(0.0f);
        for (uint k = 0; k < CBX_SLAB; k++, w += CBX_PANEL) {
            of_slab += LOAD(w);
        }
        sum += of_slab;
    }
    STORE(u + panel * CBX_PANEL + lane, sum);
}

kernel void biased_matmul_hidden(global const uchar *restrict images, cbx_normal normal,
                                 global const uint *restrict order, uint first, uint rows,
                                 uint stride, global const float *restrict w1,
                                 global const float *restrict u, global float *restrict z1)
{
    const uint row = get_global_id(0) / CBX_VECTORS * CBX_STEP_ROWS;
    const uint lane = get_global_id(0) % CBX_VECTORS * CBX_VECTOR;
    const size_t panel = get_global_id(1);
    if (row >= rows) {
        return;
    }
    global const float *w = w1 + panel * CBX_PANEL_SIZE + lane;
    const floatv bias = LOAD(w), weights = LOAD(u + panel * CBX_PANEL + lane);
    global const uchar *p[CBX_STEP_ROWS];
    floatv q[CBX_STEP_ROWS];
    UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
        p[i] = images + (size_t)order[first + min(row + i, rows - 1)] * CBX_PIXELS;
        q[i] = (floatv)(0.0f);
    }
    for (uint slab = 0; slab < CBX_PIXELS; slab += CBX_SLAB) {
        floatv of_slab[CBX_STEP_ROWS];
        UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
            of_slab[i] = (floatv)(0.0f);
        }
        for (uint k = slab; k < slab + CBX_SLAB; k++) {
            floatv weight = LOAD(w + (k + 1) * CBX_PANEL);
            UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
                of_slab[i] = fma((floatv)(convert_float(p[i][k])), weight, of_slab[i]);
            }
        }
        UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
            q[i] += of_slab[i];
        }
    }
    global float *out = z1 + (panel * stride + row) * CBX_PANEL + lane;
    for (uint i = 0; i < CBX_STEP_ROWS && row + i < rows; i++) {
        STORE(out + i * CBX_PANEL, hidden_sum(q[i], weights, bias, normal));
    }
}

kernel void matmul_output(global const float *restrict a1, cbx_node node, uint rows, uint stride,
                          global const float *restrict w2, global float *restrict z2)
{
    const uint row = get_global_id(0);
    if (row >= rows) {
        return;
    }
    float16 tree[CBX_TREE_LEVELS];
    for (uint at = 0; at < node.panels; at++) {
        const size_t panel = node.first + at;
        global const float *a = a1 + (panel * stride + row) * CBX_PANEL;
        global const float *w = w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
        float16 sum = (float16)(0.0f);
        for (uint lane = 0; lane < CBX_PANEL; lane++) {
            sum = fma((float16)(a[lane]), LOAD_OUT(w + lane * CBX_LANES_OUT), sum);
        }
        tree_add(tree, at, sum);
    }
    STORE_OUT(z2 + ((size_t)node.share * stride + row) * CBX_LANES_OUT,
              tree_sum(tree, node.panels));
}

kernel void add_output_bias(global const float *restrict w2, uint rows, uint number,
                            global float *restrict z2, volatile global uint *restrict fault)
{
    const size_t row = get_global_id(0);
    if (row >= rows) {
        return;
    }
    const float16 z = LOAD_OUT(w2) + LOAD_OUT(z2 + row * CBX_LANES_OUT);
    if (!all(isfinite(z))) {
        atomic_cmpxchg(fault, CBX_NO_FAULT, number);
    }
    STORE_OUT(z2 + row * CBX_LANES_OUT, z);
}
