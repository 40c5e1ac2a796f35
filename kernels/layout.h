/* SPDX-License-Identifier: MIT */
/* What the kernels and the host agree on: sizes, memory layouts, launch records.
 *
 * The only header that kernels see: every program of sources.cmake begins with it.
 *
 * Layouts in device memory, float32 unless said otherwise:
 *
 *   images  (N, 784)      bytes, grey levels as in the files: training, validation, test
 *   labels  (N)           bytes 0…9
 *   order   (training)    uint, the rows in the order of this epoch
 *   w1      [P][785][32]  panels of 32 neurons, row 0 the bias
 *   w2      [1+32P][16]   row 0 the bias; columns 10…15 are zero
 *   a1, d1  [P][B][32]    hidden activations, hidden error
 *   a2, d2  [B][16]       output activations, output error; columns 10…15 zero
 *   losses  (training)    of the images, each at its place in the order: while training, with the
 *                         weights from before its batch
 *   ink_pixels [entries]  ushort, the pixels that are not 0, image after image, k rising
 *   ink_levels [entries]  bytes, their grey levels
 *   inks    (N)           cbx_ink, where the entries of an image are
 *   sums    [2][C+1][B][16] one share of A1·W2 for each chunk of panels; the last: W2[0]
 *
 * P = ⌈H/32⌉. The lanes of the last panel beyond H are padding: their weights
 * are zero and their bias is CBX_PADDING_BIAS, where the activation, activate_v() of
 * train/activation.cl, is exactly 0, so that every sum over lanes may run over whole panels.
 */
#ifndef CBX_LAYOUT_H
#define CBX_LAYOUT_H

#define CBX_PIXELS 784   /* I, pixels of an image */
#define CBX_SIDE 28      /* of an image */
#define CBX_ROWS 785     /* rows of W1: bias and pixels */
#define CBX_PANEL 32     /* neurons in a panel */
#define CBX_PANELS_OF(hidden) (((hidden) + CBX_PANEL - 1) / CBX_PANEL)
#define CBX_OUTPUTS 10   /* O */
#define CBX_LANES_OUT 16 /* O padded to a vector */
#define CBX_PADDING_BIAS (-1e30f)

/* Pixels whose products are added before those of the next: a slab. */
#define CBX_SLAB 112
#define CBX_SLABS (CBX_PIXELS / CBX_SLAB)
/* Floats in one panel of W1. */
#define CBX_PANEL_SIZE (CBX_ROWS * CBX_PANEL)

/* Rows of X or W1 that a work-item of the schedule `stepwise` takes; must divide 784. */
#ifndef CBX_STEP_ROWS
#define CBX_STEP_ROWS 8
#endif
/* Floats in a vector; for processors the host gives the device's natural one. */
#ifndef CBX_VECTOR
#define CBX_VECTOR 4
#endif
/* Blocks of the forward pass, of CBX_FORWARD_ROWS rows, in a block of the evaluation, in the
 * kernels for processors. */
#define CBX_EVALUATE_BLOCKS 8

/* Panels whose ink the kernels for processors work on together, so that an entry of a list serves
 * many multiply-adds: eight sums stay in registers. And floats between two rows of what they
 * sum: the most panels. */
#define CBX_INK_PANELS_OF(vector) ((vector) / 4)
#define CBX_INK_PANELS CBX_INK_PANELS_OF(CBX_VECTOR)
#define CBX_INK_PITCH (CBX_INK_PANELS_OF(16) * CBX_PANEL)
#define CBX_INK_SPARE 16 /* entries at a time: as many may be read behind the last one */
#if CBX_PIXELS * CBX_PANEL > 65535
#error "where a pixel's row of a panel begins does not fit"
#endif

/* Floats that a work-group of evaluate_cpu needs, for that many images and levels of its tree:
 * grey levels, or those of ink and half as much for where it is; where each image's ink is; Q; the
 * tree. */
#define CBX_EVALUATE_SCRATCH(rows, levels)                                                         \
    ((rows) * (CBX_PIXELS * 3 / 2 + 16 + CBX_INK_PITCH + (levels) * CBX_LANES_OUT) +               \
     2 * CBX_INK_SPARE)

/* The kernels for GPUs: a group that multiplies has 64 work-items, and a panel by 64 rows of a
 * batch; one that ends a forward pass more, where the device allows it. */
#ifndef CBX_GROUP
#define CBX_GROUP 64
#endif
#define CBX_WIDE_GROUP 256 /* of the program "wide": train/wide.h */
#define CBX_ROW_BLOCK 64
#ifndef CBX_OUTPUT_GROUP
#define CBX_OUTPUT_GROUP 256
#endif
/* Bytes of a slab's list of pixels, see train/turn.cl. */
#define CBX_LIST 128
/* Panels whose shares of Z2 each group adds up for itself, at most; with more of them that is a
 * launch of its own. */
#define CBX_FEW_PANELS 8
/* Floats of local memory of a product that takes `depth` pixels at a time, and bytes that groups
 * need: those that multiply so, those that end a forward pass, and the largest of both. */
#define CBX_GPU_STAGE(depth) (2 * (depth) * (CBX_ROW_BLOCK + CBX_PANEL))
#define CBX_GPU_PRODUCT_BYTES(depth)                                                               \
    (4 * (CBX_GPU_STAGE(depth) + CBX_ROW_BLOCK * (CBX_PANEL + 4) + 2 * CBX_PANEL))
#define CBX_GPU_OUTPUT_BYTES                                                                       \
    (4 * (CBX_ROW_BLOCK * (CBX_PANEL + 4) + (CBX_PANEL + CBX_ROW_BLOCK) * CBX_LANES_OUT +          \
          CBX_SLABS * CBX_PANEL))
#define CBX_GPU_LOCAL_BYTES(depth)                                                                 \
    (CBX_GPU_PRODUCT_BYTES(depth) > CBX_GPU_OUTPUT_BYTES ? CBX_GPU_PRODUCT_BYTES(depth)            \
                                                         : CBX_GPU_OUTPUT_BYTES)

/* And one that draws the tiles of a panel has from 64 work-items to so many, a power of two. */
#define CBX_DRAW_GROUP 256
#define CBX_DRAW_LEAST 64

#define CBX_LESSON 0
#define CBX_NLL 1

#define CBX_PEAK 0
#define CBX_RANGE 1
#define CBX_SIGNED 2

/* How train_cpu multiplies with pixels: all of them, or ink, updating by rows or by pixels. */
#define CBX_DENSE 0
#define CBX_BY_ROWS 1
#define CBX_BY_PIXELS 2

/* How fma() is computed: by the device's own, by exact arithmetic in double precision, or as a
 * product and a sum, which gives other bits than canon.h's; see host/device/fma.c. */
#define CBX_FMA_DRIVER 0
#define CBX_FMA_EXACT 1
#define CBX_FMA_PLAIN 2
#ifndef CBX_FMA
#define CBX_FMA CBX_FMA_DRIVER
#endif

/* Who multiplies by the arithmetic split-bf16, see train/mma.cl; host/device/mma.c chooses. */
#define CBX_MMA_NONE 0
#define CBX_MMA_PTX 1
#define CBX_MMA_EMULATED 2
#ifndef CBX_MMA
#define CBX_MMA CBX_MMA_NONE
#endif

/* A batch number that means "nothing happened". */
#define CBX_NO_FAULT 0xffffffffu

#ifdef __OPENCL_VERSION__
typedef uint cbx_u32;
typedef ushort cbx_u16;
typedef float cbx_f32;

#pragma OPENCL FP_CONTRACT OFF

#define CBX_JOIN_(a, b) a##b
#define CBX_JOIN(a, b) CBX_JOIN_(a, b)
typedef CBX_JOIN(float, CBX_VECTOR) floatv;
typedef CBX_JOIN(int, CBX_VECTOR) intv;
#define as_floatv CBX_JOIN(as_float, CBX_VECTOR)
#define as_intv CBX_JOIN(as_int, CBX_VECTOR)
#define convert_intv CBX_JOIN(convert_int, CBX_VECTOR)
#define convert_floatv CBX_JOIN(convert_float, CBX_VECTOR)

#if CBX_FMA == CBX_FMA_PLAIN
#undef fma
#define fma(a, b, c) ((a) * (b) + (c))
#elif CBX_FMA == CBX_FMA_EXACT
/* fma() where the device's own is slower or missing. In double precision the product is exact, and
 * the sum with its error (TwoSum: D. Knuth). Rounding that to odd, to the number with the last
 * bit set where it is not exact, makes rounding to float right (S. Boldo, G. Melquiond,
 * "Emulation of FMA and correctly rounded sums", 2008). */
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#define CBX_EXACT_FMA(N)                                                                           \
    CBX_JOIN(float, N)                                                                             \
    __attribute__((overloadable)) exact_fma(CBX_JOIN(float, N) a, CBX_JOIN(float, N) b,            \
                                            CBX_JOIN(float, N) c)                                  \
    {                                                                                              \
        CBX_JOIN(double, N) p = CBX_JOIN(convert_double, N)(a) * CBX_JOIN(convert_double, N)(b);   \
        CBX_JOIN(double, N) d = CBX_JOIN(convert_double, N)(c), sum = p + d, part = sum - p;       \
        CBX_JOIN(double, N) error = (p - (sum - part)) + (d - part);                               \
        CBX_JOIN(long, N) bits = CBX_JOIN(as_long, N)(sum);                                        \
        CBX_JOIN(long, N) away = (CBX_JOIN(as_long, N)(error) ^ bits) >> 63; /* −1: towards 0 */   \
        CBX_JOIN(long, N) odd = bits + (away | 1);                                                 \
        CBX_JOIN(long, N) wanted = CBX_INEXACT_##N(error) & CBX_EVEN_##N(bits);                    \
        return CBX_JOIN(convert_float, N)(CBX_JOIN(as_double, N)((odd & wanted) | (bits & ~wanted))); \
    }
/* −1 where it is so, else 0; scalars compare to 1. */
#define CBX_INEXACT_(error) (-(long)islessgreater(error, 0.0))
#define CBX_EVEN_(bits) (-(long)(((bits) & 1) == 0))
#define CBX_INEXACT_2(error) islessgreater(error, (double2)(0.0))
#define CBX_EVEN_2(bits) (((bits) & 1) == 0)
#define CBX_INEXACT_4(error) islessgreater(error, (double4)(0.0))
#define CBX_EVEN_4(bits) (((bits) & 1) == 0)
#define CBX_INEXACT_8(error) islessgreater(error, (double8)(0.0))
#define CBX_EVEN_8(bits) (((bits) & 1) == 0)
#define CBX_INEXACT_16(error) islessgreater(error, (double16)(0.0))
#define CBX_EVEN_16(bits) (((bits) & 1) == 0)
CBX_EXACT_FMA()
CBX_EXACT_FMA(2)
CBX_EXACT_FMA(4)
CBX_EXACT_FMA(8)
CBX_EXACT_FMA(16)
#undef fma
#define fma(a, b, c) exact_fma(a, b, c)
#endif

/* Aligned loads and stores. Every layout above keeps vectors aligned; vload and
 * vstore, which may not assume it, become several instructions on some devices. */
#define LOAD(pointer) (*(global const floatv *)(pointer))
#define STORE(pointer, value) (*(global floatv *)(pointer) = (value))
#define LOAD_OUT(pointer) (*(global const float16 *)(pointer))
#define STORE_OUT(pointer, value) (*(global float16 *)(pointer) = (value))

/* Fetches a cache line early: a block of W1 is first touched at its end, and the rows of
 * a batch lie too far apart for the hardware to foresee the next one. OpenCL's prefetch()
 * is a call on PoCL; the compiler's own is one instruction. But a compiler may know it
 * and what runs its code may not, Oclgrind for one, so the host has to ask for it; clang 9 takes
 * no pointer there at all (11 does). */
#ifndef CBX_PREFETCH
#define CBX_PREFETCH 0
#endif
#if CBX_PREFETCH && __clang_major__ >= 11
#define PREFETCH(pointer) __builtin_prefetch((const void *)(size_t)(pointer))
#else
#define PREFETCH(pointer)
#endif

/* In front of every function that is no kernel. C99's `inline` leaves it without a definition
 * where the compiler does not inline it, as AMD's does not: the program does not link. Plain
 * functions are right everywhere, but AMD's calls them, with their sums in memory; there the
 * host asks for CBX_INLINE. Not everywhere: with `static` PoCL 3.1 computes the family for
 * GPUs wrongly, and Oclgrind lacks what the compiler then makes of `restrict`. */
#if CBX_INLINE
#define HELPER static inline __attribute__((always_inline))
#else
#define HELPER
#endif
#define UNROLL _Pragma("unroll")
#define CBX_TEXT_(text) #text
#define UNROLL_BY(count) _Pragma(CBX_TEXT_(unroll count))
#else
#include <stdint.h>
typedef uint32_t cbx_u32;
typedef uint16_t cbx_u16;
typedef float cbx_f32;
#endif

/* Normalises a grey level p: (p − mean)/std = scale·p + shift. */
typedef struct cbx_normal {
    cbx_f32 scale, shift;
} cbx_normal;

/* Panels that are added up in the order of canon.h's tree, and the share of Z2 that their sum is. */
typedef struct cbx_node {
    cbx_u32 first, panels, share;
} cbx_node;

/* η₁, and times scale and shift, for W1; η₂ for W2. */
typedef struct cbx_step_sizes {
    cbx_f32 hidden, scale, shift;
    cbx_f32 output;
} cbx_step_sizes;

/* Where the ink of an image is: that of slab s from entry first + starts[s] on, and up to the next;
 * starts[CBX_SLABS] is the number of all. */
typedef struct cbx_ink {
    cbx_u32 first;
    cbx_u16 starts[CBX_SLABS + 1];
} cbx_ink;

/* An entry of a pixel's list, a row of the batch that has ink there. */
typedef struct cbx_ink_mark {
    cbx_u32 at; /* where its errors begin, in floats */
    cbx_f32 level;
} cbx_ink_mark;

/* Where the tiles are in a picture; see include/clearbox/picture.h. */
typedef struct cbx_frame_layout {
    cbx_u32 hidden; /* H, tiles in use */
    cbx_u32 first;  /* the tile of the first neuron of w1 */
    cbx_u32 count;  /* neurons to draw; H where w1 holds them all */
    cbx_u32 rows;   /* g, tiles in a column */
    cbx_u32 width;  /* pixels */
    cbx_u32 height;
    cbx_u32 scale; /* a tile's pixel is scale × scale pixels */
    cbx_u32 tone;  /* CBX_PEAK … */
    cbx_u32 plane; /* pictures that are in front of this one in the buffer */
} cbx_frame_layout;

/* One launch of a fused kernel: finish the batch that is pending, if any, then
 * start `count` batches, finishing all but the last of them. */
typedef struct cbx_launch {
    cbx_u32 panels; /* P */
    cbx_u32 chunks; /* C, shares of the output sums */
    cbx_u32 chunk_panels; /* panels in each, a power of two; fewer in the last */
    cbx_u32 stride; /* B, rows that the buffers have room for */
    cbx_u32 recipe;
    cbx_u32 pending_first; /* rows order[first … first + rows) of the pending batch */
    cbx_u32 pending_rows;  /* 0: nothing is pending */
    cbx_step_sizes pending_rate;
    cbx_u32 first; /* of the first batch to start */
    cbx_u32 rows;  /* of each batch to start */
    cbx_u32 count; /* batches to start; 0: only finish */
    cbx_step_sizes rate;
    cbx_u32 parity; /* half of `sums` that holds the pending batch: 0 or 1 */
    cbx_u32 pending_number; /* of the pending batch, for the fault record */
    cbx_u32 number;         /* of the first batch to start */
    cbx_u32 ticket; /* counts stages since the trainer was made */
    cbx_u32 draw;       /* 1: draw the tiles after the pending batch was finished */
    cbx_u32 draw_next;  /* and after so many batches from the first on, and then … */
    cbx_u32 draw_every; /* … after every so many; 0: after none of them */
    cbx_u32 losses; /* 1: tell the losses of the batches that are finished */
    cbx_u32 pending_slot; /* where the pending batch is, turned round, in the kernels for GPUs */
    cbx_u32 slot;         /* and the batch to start */
    cbx_u32 ink;    /* CBX_DENSE … */
    cbx_u32 slots; /* batches that the lists of CBX_BY_PIXELS have room for, a power of two */
} cbx_launch;

#endif
