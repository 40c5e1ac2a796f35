/* SPDX-License-Identifier: MIT */
/* Z2 of many images, for processors with wide vectors: what these panels add to it.
 *
 *   images (N, 784), w1 [P][785][32], w2 [1+32P][16]
 *   z2 [count][16]   of the images first … first + count
 *   scratch [work-groups][CBX_EVALUATE_ROWS][784 + 32]
 *
 * One work-item a work-group, any number of them: each takes every n-th block of
 * CBX_EVALUATE_ROWS images, all panels. Missing rows repeat the last one.
 */
#if CBX_FAMILY_CPU

#ifndef CBX_EVALUATE_ROWS
#define CBX_EVALUATE_ROWS (CBX_EVALUATE_BLOCKS * CBX_FORWARD_ROWS)
#endif

/* Z2 of one block: x [slabs][rows][CBX_SLAB], z1 [rows][32] is scratch. */
HELPER void evaluate_block(global const float *restrict x, uint rows, uint panels,
                           global const float *restrict w1, global const float *restrict w2,
                           global float *restrict z1, float16 *z2)
{
    for (uint i = 0; i < rows; i++) {
        z2[i] = LOAD_OUT(w2);
    }
    for (size_t panel = 0; panel < panels; panel++) {
        global const float *w = w1 + panel * CBX_PANEL_SIZE;
        global const float *v = w2 + (1 + panel * CBX_PANEL) * CBX_LANES_OUT;
        begin_forward(w, rows, z1);
        for (uint slab = 0; slab < CBX_SLABS; slab++) {
            forward_slab(w + (1 + slab * CBX_SLAB) * CBX_PANEL, x + slab * rows * CBX_SLAB, rows,
                         z1);
        }
        for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
            for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
                floatv a[CBX_FORWARD_ROWS][2];
                for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
                    global const float *at = z1 + (row + i) * CBX_PANEL + part;
                    a[i][0] = activate_v(LOAD(at));
                    a[i][1] = activate_v(LOAD(at + CBX_VECTOR));
                }
                add_outputs((const float *)a, v + part * CBX_LANES_OUT, z2 + row);
            }
        }
    }
}

kernel void evaluate_cpu(global const uchar *restrict images, cbx_normal normal, uint first,
                         uint count, uint panels, global const float *restrict w1,
                         global const float *restrict w2, global float *restrict z2,
                         global float *restrict scratch)
{
    const uint blocks = (count + CBX_EVALUATE_ROWS - 1) / CBX_EVALUATE_ROWS;
    global float *x =
        scratch + get_group_id(0) * (size_t)(CBX_EVALUATE_ROWS * (CBX_PIXELS + CBX_PANEL));
    global float *z1 = x + CBX_EVALUATE_ROWS * CBX_PIXELS;
    images += (size_t)first * CBX_PIXELS;
    for (uint block = get_group_id(0); block < blocks; block += get_num_groups(0)) {
        const uint start = block * CBX_EVALUATE_ROWS;
        const uint rows = min((uint)CBX_EVALUATE_ROWS, count - start);
        const uint whole = (rows + CBX_FORWARD_ROWS - 1) / CBX_FORWARD_ROWS * CBX_FORWARD_ROWS;
        float16 sums[CBX_EVALUATE_ROWS];
        for (uint i = 0; i < whole; i++) {
            normalise_image_cpu(images + (size_t)(start + min(i, rows - 1)) * CBX_PIXELS, normal,
                                whole, x + i * CBX_SLAB);
        }
        evaluate_block(x, whole, panels, w1, w2, z1, sums);
        for (uint i = 0; i < rows; i++) {
            STORE_OUT(z2 + (size_t)(start + i) * CBX_LANES_OUT, sums[i]);
        }
    }
}

#endif
