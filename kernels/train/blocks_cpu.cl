/* SPDX-License-Identifier: MIT */
/* Register blocks for processors with wide vectors: the two products that cost
 * all the time, shared by train_cpu.cl and evaluate_cpu.cl.
 *
 * A block is rows × one strip of a panel, two vectors wide. Its sums stay in
 * registers through the whole loop: each step loads two vectors, broadcasts one
 * number a row and does two multiply-adds a row. A slab of CBX_SLAB pixels of a panel
 * stays in the first level of the cache, a whole batch in the second.
 */
#if CBX_FAMILY_CPU

/* Rows of X in a forward block: 2 × rows sums, 2 weights and 1 broadcast must fit
 * the registers. 13 fits the 32 of AVX-512. */
#ifndef CBX_FORWARD_ROWS
#define CBX_FORWARD_ROWS 13
#endif
/* Rows of W1 in an update block. What is left over of a slab makes a smaller block. */
#ifndef CBX_UPDATE_ROWS
#define CBX_UPDATE_ROWS 14
#endif
#define CBX_STRIP (2 * CBX_VECTOR)
#define CBX_LINE 16 /* floats in a cache line; a row of a panel has two */
#if CBX_STRIP > CBX_PANEL || CBX_UPDATE_ROWS > CBX_SLAB
#error "CBX_VECTOR or CBX_UPDATE_ROWS does not fit the panels"
#endif

/* Fetches a cache line early: a block of W1 is first touched at its end, and the rows of
 * a batch lie too far apart for the hardware to foresee the next one. OpenCL's prefetch()
 * is a call on PoCL; the compiler's own is one instruction. But a compiler may know it
 * and what runs its code may not, Oclgrind for one, so the host has to ask for it. */
#ifndef CBX_PREFETCH
#define CBX_PREFETCH 0
#endif
#if CBX_PREFETCH
#define PREFETCH(pointer) __builtin_prefetch((const void *)(size_t)(pointer))
#else
#define PREFETCH(pointer)
#endif

/* One row of x [slabs][rows][CBX_SLAB]: the grey levels of an image. x points at the row in
 * the first slab. */
HELPER void convert_image_cpu(global const uchar *restrict image, uint rows,
                              global float *restrict x)
{
    for (uint slab = 0; slab < CBX_SLABS; slab++, x += (size_t)rows * CBX_SLAB) {
        for (uint k = 0; k < CBX_SLAB; k += 16, image += 16) {
            STORE_OUT(x + k, convert_float16(vload16(0, image)));
        }
    }
}

/* The same of an image of ones, whose Q is U. */
HELPER void fill_image_cpu(uint rows, global float *restrict x)
{
    for (uint slab = 0; slab < CBX_SLABS; slab++, x += (size_t)rows * CBX_SLAB) {
        for (uint k = 0; k < CBX_SLAB; k += 16) {
            STORE_OUT(x + k, (float16)(1.0f));
        }
    }
}

/* q [rows][width] = 0 */
HELPER void begin_forward(uint rows, uint width, global float *restrict q)
{
    for (uint i = 0; i < rows * width; i += CBX_VECTOR) {
        STORE(q + i, (floatv)(0.0f));
    }
}

/* q[i][strip] += Σ_k x[i][k]·w[k][strip] over a slab; x [rows][slab]. Meanwhile a line of
 * each row [slab] at `ahead` is fetched: all at once they would keep X waiting. */
HELPER void forward_block(global const float *restrict w, global const float *restrict x,
                          global const float *ahead, global float *restrict q)
{
    floatv sum[CBX_FORWARD_ROWS][2];
    UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
        sum[i][0] = sum[i][1] = (floatv)(0.0f);
    }
    UNROLL_BY(8) for (uint k = 0; k < CBX_SLAB; k++, x++, w += CBX_PANEL, ahead += CBX_PANEL) {
        PREFETCH(ahead);
        floatv w0 = LOAD(w), w1 = LOAD(w + CBX_VECTOR);
        UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
            floatv pixel = (floatv)(x[i * CBX_SLAB]);
            sum[i][0] = fma(pixel, w0, sum[i][0]);
            sum[i][1] = fma(pixel, w1, sum[i][1]);
        }
    }
    UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
        global float *at = q + i * CBX_PANEL;
        STORE(at, LOAD(at) + sum[i][0]);
        STORE(at + CBX_VECTOR, LOAD(at + CBX_VECTOR) + sum[i][1]);
    }
}

/* The same for a slab of a whole panel, and `rows` rounded up to whole blocks. */
HELPER void forward_slab(global const float *restrict w, global const float *restrict x,
                         uint rows, global float *restrict q)
{
    for (uint row = 0; row < rows; row += CBX_FORWARD_ROWS) {
        for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
            global const float *ahead =
                w + CBX_SLAB * CBX_PANEL + row / CBX_FORWARD_ROWS % 2 * CBX_LINE;
            forward_block(w + part, x + row * CBX_SLAB, ahead, q + row * CBX_PANEL + part);
        }
    }
}

/* w[0 … height)[strip] += Σ_b x[b][…]·d[b][strip] and errors[strip] = Σ_b d[b][strip], each by
 * its rate; x [rows][slab], d [rows][32].
 * A macro, since height must be a constant before the loops are unrolled. */
#define CBX_UPDATE_BLOCK(NAME, HEIGHT)                                                             \
    HELPER void NAME(global float *restrict w, global const float *restrict x, uint rows,          \
                     global const float *restrict d, const float *errors, cbx_step_sizes rate)     \
    {                                                                                              \
        floatv sum[HEIGHT][2];                                                                     \
        UNROLL for (uint i = 0; i < HEIGHT; i++) {                                                 \
            sum[i][0] = sum[i][1] = (floatv)(0.0f);                                                \
        }                                                                                          \
        UNROLL_BY(1) for (uint b = 0; b < rows; b++, x += CBX_SLAB, d += CBX_PANEL) {              \
            floatv d0 = LOAD(d), d1 = LOAD(d + CBX_VECTOR);                                        \
            UNROLL for (uint i = 0; i < HEIGHT; i++) {                                             \
                floatv pixel = (floatv)(x[i]);                                                     \
                sum[i][0] = fma(pixel, d0, sum[i][0]);                                             \
                sum[i][1] = fma(pixel, d1, sum[i][1]);                                             \
            }                                                                                      \
        }                                                                                          \
        UNROLL for (uint i = 0; i < HEIGHT; i++) {                                                 \
            global float *at = w + i * CBX_PANEL;                                                  \
            UNROLL for (uint side = 0; side < 2; side++, at += CBX_VECTOR) {                       \
                const floatv s = *(const floatv *)(errors + side * CBX_VECTOR);                    \
                STORE(at, stepped_pixel(LOAD(at), sum[i][side], s, (floatv)(rate.scale),           \
                                        (floatv)(rate.shift)));                                    \
            }                                                                                      \
        }                                                                                          \
    }

CBX_UPDATE_BLOCK(update_block, CBX_UPDATE_ROWS)
#if CBX_SLAB % CBX_UPDATE_ROWS
CBX_UPDATE_BLOCK(update_last_block, (CBX_SLAB % CBX_UPDATE_ROWS))
#endif

/* The same for a slab of a whole panel. */
HELPER void update_slab(global float *restrict w, global const float *restrict x, uint rows,
                        global const float *restrict d, const float *errors, cbx_step_sizes rate)
{
    uint k = 0;
    for (; k + CBX_UPDATE_ROWS <= CBX_SLAB; k += CBX_UPDATE_ROWS) {
        for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
            update_block(w + k * CBX_PANEL + part, x + k, rows, d + part, errors + part,
                         rate);
        }
    }
#if CBX_SLAB % CBX_UPDATE_ROWS
    for (uint part = 0; part < CBX_PANEL; part += CBX_STRIP) {
        update_last_block(w + k * CBX_PANEL + part, x + k, rows, d + part, errors + part,
                          rate);
    }
#endif
}

#endif
