/* Loss and correct answers over many images, for processors with wide vectors.
 *
 *   images (N, 784), labels (N), w1 [P][785][32], w2 [1+32P][16]
 *   loss, correct [work-groups]: one sum a work-group; the host adds them up
 *
 * One work-item a work-group; it takes CBX_EVALUATE_ROWS images, all panels.
 * Global size: ⌈count / CBX_EVALUATE_ROWS⌉. Missing rows repeat the last one.
 */
#if CBX_FAMILY_CPU

#ifndef CBX_EVALUATE_ROWS
#define CBX_EVALUATE_ROWS (8 * CBX_FORWARD_ROWS)
#endif

kernel void evaluate_cpu(global const float *restrict images, global const uchar *restrict labels,
                         uint first, uint count, uint panels, global const float *restrict w1,
                         global const float *restrict w2, global float *restrict loss,
                         global uint *restrict correct)
{
    const uint group = get_group_id(0);
    const uint start = group * CBX_EVALUATE_ROWS;
    const uint rows = min((uint)CBX_EVALUATE_ROWS, count - start);
    images += (size_t)(first + start) * CBX_PIXELS;
    labels += first + start;
    float16 z2[CBX_EVALUATE_ROWS];
    for (uint i = 0; i < CBX_EVALUATE_ROWS; i++) {
        z2[i] = LOAD_OUT(w2);
    }
    for (uint strip = 0; strip < panels * (CBX_PANEL / CBX_STRIP); strip++) {
        const size_t neuron = (size_t)strip * CBX_STRIP;
        global const float *w = w1 + neuron / CBX_PANEL * CBX_PANEL_SIZE + neuron % CBX_PANEL;
        for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
            global const float *x[CBX_FORWARD_ROWS];
            UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                x[i] = images + (size_t)min(row + i, rows - 1) * CBX_PIXELS;
            }
            floatv z[CBX_FORWARD_ROWS][2];
            if (strip == 0) { /* the images of the next block are not in the cache yet */
                forward_block(w, x, true, x[0] + CBX_FORWARD_ROWS * CBX_PIXELS, z);
            } else {
                forward_block(w, x, false, x[0], z);
            }
            for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                z[i][0] = sigmoid_v(z[i][0]);
                z[i][1] = sigmoid_v(z[i][1]);
            }
            add_outputs((const float *)z, w2 + (1 + neuron) * CBX_LANES_OUT, z2 + row);
        }
    }
    float sum = 0.0f;
    uint right = 0;
    for (uint i = 0; i < rows; i++) {
        sum += row_loss(z2[i], labels[i]);
        right += largest_output(z2[i]) == labels[i];
    }
    loss[group] = sum;
    correct[group] = right;
}

#endif
