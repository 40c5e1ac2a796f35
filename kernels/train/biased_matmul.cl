/* SPDX-License-Identifier: MIT */
/* Z = [1 X]·W, the schedule `stepwise`.
 *
 * biased_matmul_hidden   Z1 = [1 X]·W1
 *   images (N, 784), order, w1 [P][785][32], z1 [P][stride][32]; the rows of X are
 *   images[order[first … first + rows)], normalised.
 *   One work-item computes CBX_STEP_ROWS rows × CBX_VECTOR neurons in registers.
 *   Global size: (row blocks × vectors in a panel, rounded up to the local size; P).
 *   Rows past the end repeat the last one and are not stored.
 *
 * biased_matmul_output   Z2 = [1 A1]·W2
 *   a1 [P][stride][32], w2 [1+32P][16], z2 [stride][16].
 *   One work-item a row. Global size: rows, rounded up to the local size.
 *   Writes the number of the batch to fault[0] when a sum is not finite and nothing is
 *   recorded yet; several work-items may do so at once, with the same value.
 */
#define CBX_VECTORS (CBX_PANEL / CBX_VECTOR)

kernel void biased_matmul_hidden(global const uchar *restrict images, cbx_normal normal,
                                 global const uint *restrict order, uint first, uint rows,
                                 uint stride, global const float *restrict w1,
                                 global float *restrict z1)
{
    const uint row = get_global_id(0) / CBX_VECTORS * CBX_STEP_ROWS;
    const uint lane = get_global_id(0) % CBX_VECTORS * CBX_VECTOR;
    const size_t panel = get_global_id(1);
    if (row >= rows) {
        return;
    }
    global const float *w = w1 + panel * CBX_PANEL_SIZE + lane;
    global const uchar *x[CBX_STEP_ROWS];
    floatv z[CBX_STEP_ROWS];
    UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
        x[i] = images + (size_t)order[first + min(row + i, rows - 1)] * CBX_PIXELS;
        z[i] = LOAD(w);
    }
    for (uint k = 0; k < CBX_PIXELS; k++) {
        floatv weight = LOAD(w + (k + 1) * CBX_PANEL);
        UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
            z[i] = fma((floatv)(normalise(x[i][k], normal)), weight, z[i]);
        }
    }
    global float *out = z1 + (panel * stride + row) * CBX_PANEL + lane;
    for (uint i = 0; i < CBX_STEP_ROWS && row + i < rows; i++) {
        STORE(out + i * CBX_PANEL, z[i]);
    }
}

kernel void biased_matmul_output(global const float *restrict a1, uint panels, uint rows,
                                 uint stride, global const float *restrict w2, uint number,
                                 global float *restrict z2, volatile global uint *restrict fault)
{
    const uint row = get_global_id(0);
    if (row >= rows) {
        return;
    }
    float16 z = LOAD_OUT(w2);
    for (size_t panel = 0; panel < panels; panel++) {
        global const float *a = a1 + (panel * stride + row) * CBX_PANEL;
        global const float *w = w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
        for (uint lane = 0; lane < CBX_PANEL; lane++) {
            z = fma((float16)(a[lane]), LOAD_OUT(w + lane * CBX_LANES_OUT), z);
        }
    }
    if (!all(isfinite(z))) {
        atomic_cmpxchg(fault, CBX_NO_FAULT, number);
    }
    STORE_OUT(z2 + (size_t)row * CBX_LANES_OUT, z);
}
