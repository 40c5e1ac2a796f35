/* Register blocks for processors with wide vectors: the two products that cost
 * all the time, shared by train_cpu.cl and evaluate_cpu.cl.
 *
 * A block is rows × one strip of a panel, two vectors wide. Its sums stay in
 * registers through the whole loop: each step loads two vectors, broadcasts one
 * number a row and does two multiply-adds a row.
 */
#if CBX_FAMILY_CPU

/* Rows of X in a forward block: 2 × rows sums, 2 weights and 1 broadcast must fit
 * the registers. 13 fits the 32 of AVX-512. */
#ifndef CBX_FORWARD_ROWS
#define CBX_FORWARD_ROWS 13
#endif
/* Rows of W1 in an update block; must divide 784. */
#ifndef CBX_UPDATE_ROWS
#define CBX_UPDATE_ROWS 14
#endif
#define CBX_STRIP (2 * CBX_VECTOR)
#if CBX_STRIP > CBX_PANEL || CBX_PIXELS % CBX_UPDATE_ROWS
#error "CBX_VECTOR or CBX_UPDATE_ROWS does not fit the panels"
#endif

/* Fetches a cache line early. Rows of X lie too far apart for the hardware to foresee
 * the next one, and a block of W1 is first touched at its end. OpenCL's prefetch() is
 * a call on PoCL; the compiler's own is one instruction. But a compiler may know it and
 * what runs its code may not, Oclgrind for one, so the host has to ask for it. */
#ifndef CBX_PREFETCH
#define CBX_PREFETCH 0
#endif
#if CBX_PREFETCH
#define PREFETCH(pointer) __builtin_prefetch((const void *)(size_t)(pointer))
#else
#define PREFETCH(pointer)
#endif

/* z[i][…] = bias + Σ_k x[i][k]·w[1 + k][strip]; w points at the strip's bias. With
 * `fetch`, a constant, fetches 784 cache lines from `ahead` on meanwhile. */
inline void forward_block(global const float *restrict w, global const float *const *x,
                          const bool fetch, global const float *ahead, floatv (*z)[2])
{
    floatv sum[CBX_FORWARD_ROWS][2];
    UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
        sum[i][0] = LOAD(w);
        sum[i][1] = LOAD(w + CBX_VECTOR);
    }
    for (uint k = 0; k < CBX_PIXELS; k++) {
        w += CBX_PANEL;
        if (fetch) {
            PREFETCH(ahead + k * 16);
        }
        floatv w0 = LOAD(w), w1 = LOAD(w + CBX_VECTOR);
        UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
            floatv pixel = (floatv)(x[i][k]);
            sum[i][0] = fma(pixel, w0, sum[i][0]);
            sum[i][1] = fma(pixel, w1, sum[i][1]);
        }
    }
    UNROLL for (uint i = 0; i < CBX_FORWARD_ROWS; i++) {
        z[i][0] = sum[i][0];
        z[i][1] = sum[i][1];
    }
}

/* w[k … k + rows)[strip] += rate·Σ_b x_b[k …]·d[b][strip]; d [rows][32]. */
inline void update_block(global float *restrict w, global const float *restrict images,
                         global const uint *restrict order, uint rows,
                         global const float *restrict d, float rate)
{
    floatv sum[CBX_UPDATE_ROWS][2];
    UNROLL for (uint i = 0; i < CBX_UPDATE_ROWS; i++) {
        sum[i][0] = sum[i][1] = (floatv)(0.0f);
    }
    for (uint b = 0; b < rows; b++) {
        global const float *x = images + (size_t)order[b] * CBX_PIXELS;
        /* For the blocks after this one: their pixels, and their weights line by line. */
        PREFETCH(x + 2 * CBX_UPDATE_ROWS);
        PREFETCH(w + CBX_UPDATE_ROWS * CBX_PANEL + b * CBX_VECTOR);
        floatv d0 = LOAD(d + b * CBX_PANEL), d1 = LOAD(d + b * CBX_PANEL + CBX_VECTOR);
        UNROLL for (uint i = 0; i < CBX_UPDATE_ROWS; i++) {
            floatv pixel = (floatv)(x[i]);
            sum[i][0] = fma(pixel, d0, sum[i][0]);
            sum[i][1] = fma(pixel, d1, sum[i][1]);
        }
    }
    UNROLL for (uint i = 0; i < CBX_UPDATE_ROWS; i++) {
        global float *at = w + i * CBX_PANEL;
        STORE(at, fma((floatv)(rate), sum[i][0], LOAD(at)));
        STORE(at + CBX_VECTOR, fma((floatv)(rate), sum[i][1], LOAD(at + CBX_VECTOR)));
    }
}

/* z2[i] += A1·W2 for one strip of one block of rows: a [rows][strip] activations,
 * w2 the strip's rows of W2. */
inline void add_outputs(const float *a, global const float *restrict w2, float16 *z2)
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

#endif
