/* SPDX-License-Identifier: MIT */
/* W += η·(sum of the gradient over the batch), the schedule `stepwise`.
 *
 * weight_update_hidden   W1[1:] += η₁·XᵀD1 = η₁s·PᵀD1 + η₁t·ΣD1, P the grey levels; and for
 *                        nll W1[0] += η₁·ΣD1
 *   One work-item updates CBX_STEP_ROWS rows × CBX_VECTOR neurons.
 *   Global size: (784 / CBX_STEP_ROWS × vectors in a panel, rounded up to the
 *   local size; P).
 *
 * weight_update_output   W2[1:] += η₂·A1ᵀD2, and for nll W2[0] += η₂·ΣD2
 *   One work-item a row of W2. Global size: 1 + 32P, rounded up.
 */
kernel void weight_update_hidden(global const uchar *restrict images,
                                 global const uint *restrict order, uint first, uint rows,
                                 uint stride, global const float *restrict d1,
                                 cbx_step_sizes rate, uint recipe, global float *restrict w1)
{
    const uint k = get_global_id(0) / CBX_VECTORS * CBX_STEP_ROWS;
    const uint lane = get_global_id(0) % CBX_VECTORS * CBX_VECTOR;
    const size_t panel = get_global_id(1);
    if (k >= CBX_PIXELS) {
        return;
    }
    global const float *d = d1 + panel * stride * CBX_PANEL + lane;
    floatv sum[CBX_STEP_ROWS];
    floatv errors = (floatv)(0.0f);
    UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
        sum[i] = (floatv)(0.0f);
    }
    for (uint b = 0; b < rows; b++) {
        global const uchar *p = images + (size_t)order[first + b] * CBX_PIXELS + k;
        floatv delta = LOAD(d + b * CBX_PANEL);
        errors += delta;
        UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
            sum[i] = fma((floatv)(convert_float(p[i])), delta, sum[i]);
        }
    }
    global float *w = w1 + panel * CBX_PANEL_SIZE + lane;
    if (k == 0 && recipe == CBX_NLL) {
        STORE(w, stepped(LOAD(w), errors, (floatv)(rate.hidden)));
    }
    UNROLL for (uint i = 0; i < CBX_STEP_ROWS; i++) {
        global float *at = w + (k + i + 1) * CBX_PANEL;
        STORE(at, stepped_pixel(LOAD(at), sum[i], errors, (floatv)(rate.scale),
                                (floatv)(rate.shift)));
    }
}

kernel void weight_update_output(global const float *restrict a1, global const float *restrict d2,
                                 uint panels, uint rows, uint stride, float rate, uint recipe,
                                 global float *restrict w2)
{
    const size_t h = get_global_id(0); /* row of W2, 0 is the bias */
    if (h > panels * CBX_PANEL || (h == 0 && recipe == CBX_LESSON)) {
        return;
    }
    float16 sum = (float16)(0.0f);
    if (h == 0) {
        for (uint b = 0; b < rows; b++) {
            sum += LOAD_OUT(d2 + b * CBX_LANES_OUT);
        }
    } else {
        const size_t panel = (h - 1) / CBX_PANEL;
        global const float *a = a1 + panel * stride * CBX_PANEL + (h - 1) % CBX_PANEL;
        for (uint b = 0; b < rows; b++) {
            sum = fma((float16)(a[b * CBX_PANEL]), LOAD_OUT(d2 + b * CBX_LANES_OUT), sum);
        }
    }
    global float *w = w2 + h * CBX_LANES_OUT;
    STORE_OUT(w, stepped(LOAD_OUT(w), sum, (float16)(rate)));
}
