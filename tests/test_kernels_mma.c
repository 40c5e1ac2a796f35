/* SPDX-License-Identifier: MIT */
/* Products on tensor cores, kernels/train/mma.cl: where each number of a fragment is, written down from
 * NVIDIA's documentation and not from the kernels; how numbers are split; and what sums lose. */
#include <math.h>
#include <string.h>

#include "layout.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/split.h"
#include "support/synthetic.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

enum { WARPS = 2, LANES = 32, ROWS = 16, INNER = 16, COLUMNS = 8, TILES = 2, PARTS = 3 };

/* What kernels for tests need is all in front of split_gpu.cl. */
#define BEFORE "#define CBX_STEP 16"
#define SPLIT                                                                                      \
    "kernel void test_split(global const float *numbers, global uint *words)\n"                    \
    "{\n"                                                                                          \
    "    const size_t i = get_global_id(0);\n"                                                     \
    "    uint parts[CBX_PARTS];\n"                                                                 \
    "    split_gpu(numbers[2 * i], numbers[2 * i + 1], parts);\n"                                  \
    "    vstore3((uint3)(parts[0], parts[1], parts[2]), i, words);\n"                              \
    "}\n"
#define PRODUCT                                                                                    \
    "kernel __attribute__((reqd_work_group_size(64, 1, 1))) void\n"                                \
    "test_product(global const uint *a, global const uint *b, global float *sums)\n"               \
    "{\n"                                                                                          \
    "    local uint exchange[CBX_EXCHANGE];\n"                                                     \
    "    const uint me = get_local_id(0);\n"                                                       \
    "    uint4 of_a[1];\n"                                                                         \
    "    uint2 of_b[2][3];\n"                                                                      \
    "    float4 sum[1][2];\n"                                                                      \
    "    of_a[0] = vload4(me, a);\n"                                                               \
    "    for (uint i = 0; i < 6; i++) {\n"                                                         \
    "        of_b[i / 3][i % 3] = vload2(i * 64 + me, b);\n"                                       \
    "    }\n"                                                                                      \
    "    sum[0][0] = vload4(me, sums);\n"                                                          \
    "    sum[0][1] = vload4(64 + me, sums);\n"                                                     \
    "    add_products_1(sum, of_a, of_b, exchange);\n"                                             \
    "    vstore4(sum[0][0], me, sums);\n"                                                          \
    "    vstore4(sum[0][1], 64 + me, sums);\n"                                                     \
    "}\n"

static cbx_device *open_with_kernels(void) {
    cbx_device *device = split_open();
    mutate(device, "split_gpu.cl", BEFORE, SPLIT PRODUCT BEFORE);
    return device;
}

/* ---- fragments, after the PTX ISA's "Matrix Fragments for mma.m16n8k16 with floating point type": of
 * number i of a thread with %laneid `lane` ---- */

typedef struct place {
    int row, column;
} place;

static place place_in_a(int lane, int i) {
    const int group = lane >> 2, thread = lane % 4;
    const int upper = (0 <= i && i < 2) || (4 <= i && i < 6);
    return (place){upper ? group : group + 8,
                   i < 4 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8};
}

static place place_in_b(int lane, int i) {
    const int group = lane >> 2, thread = lane % 4;
    return (place){i < 2 ? thread * 2 + (i & 1) : thread * 2 + (i & 1) + 8, group};
}

static place place_in_c(int lane, int i) {
    const int group = lane >> 2, thread = lane % 4;
    return (place){i < 2 ? group : group + 8, thread * 2 + (i & 1)};
}

/* What both warps multiply; all numbers are ones of bf16. */
typedef struct matrices {
    float a[WARPS][ROWS][INNER], b[WARPS][TILES][PARTS][INNER][COLUMNS];
    float c[WARPS][TILES][ROWS][COLUMNS];
} matrices;

static cl_uint upper_half(float v) {
    cl_uint bits;
    memcpy(&bits, &v, sizeof bits);
    assert_int_equal(0, bits & 0xffff);
    return bits >> 16;
}

typedef struct fragments {
    cl_uint a[WARPS][LANES][4], b[TILES][PARTS][WARPS][LANES][2];
    float c[TILES][WARPS][LANES][4];
} fragments;

static void pack(const matrices *m, fragments *f) {
    memset(f, 0, sizeof *f);
    for (int warp = 0; warp < WARPS; warp++) {
        for (int n = 0; n < LANES * 8; n++) {
            const int lane = n / 8, i = n % 8;
            const place p = place_in_a(lane, i);
            f->a[warp][lane][i / 2] |= upper_half(m->a[warp][p.row][p.column]) << i % 2 * 16;
        }
        for (int n = 0; n < LANES * 4 * TILES * PARTS; n++) {
            const int lane = n / 4 % LANES, i = n % 4, tile = n / (4 * LANES) / PARTS;
            const int part = n / (4 * LANES) % PARTS;
            const place p = place_in_b(lane, i);
            f->b[tile][part][warp][lane][i / 2] |=
                upper_half(m->b[warp][tile][part][p.row][p.column]) << i % 2 * 16;
        }
        for (int n = 0; n < LANES * 4 * TILES; n++) {
            const int lane = n / 4 % LANES, i = n % 4, tile = n / (4 * LANES);
            const place p = place_in_c(lane, i);
            f->c[tile][warp][lane][i] = m->c[warp][tile][p.row][p.column];
        }
    }
}

/* c += a · (the sum of b's parts), by the device. */
static void multiply(cbx_device *device, matrices *m) {
    fragments f;
    pack(m, &f);
    bands *b = bands_open(device);
    cl_mem of_a = bands_input(b, "a", f.a, sizeof f.a), of_b = bands_input(b, "b", f.b, sizeof f.b);
    cl_mem of_c = bands_output(b, "sums", f.c, sizeof f.c);
    const cbx_range range = {{WARPS * LANES, 1}, {WARPS * LANES, 1}};
    BANDS_LAUNCH(b, "test_product", range, ARG(of_a), ARG(of_b), ARG(of_c));
    float *sums = bands_read(b, of_c);
    memcpy(f.c, sums, sizeof f.c);
    for (int n = 0; n < WARPS * TILES * LANES * 4; n++) {
        const int lane = n / 4 % LANES, warp = n / (4 * LANES) % WARPS;
        const int tile = n / (4 * LANES * WARPS);
        const place p = place_in_c(lane, n % 4);
        m->c[warp][tile][p.row][p.column] = f.c[tile][warp][lane][n % 4];
    }
    free(sums);
    bands_close(b);
}

/* Whole numbers, so small that every sum is exact. */
static void fill(float *numbers, size_t count, uint64_t *state) {
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (float)(synthetic_bits(state) % 255) - 127.0f;
    }
}

static double exact(const matrices *m, int warp, int tile, int row, int column) {
    double sum = (double)m->c[warp][tile][row][column];
    for (int n = 0; n < PARTS * INNER; n++) {
        sum += (double)m->a[warp][row][n % INNER] *
               (double)m->b[warp][tile][n / INNER][n % INNER][column];
    }
    return sum;
}

static void every_number_has_its_place(void **state) {
    uint64_t random = 7;
    matrices before, m;
    (void)state;
    cbx_device *device = open_with_kernels();
    fill(before.a[0][0], sizeof before.a / sizeof(float), &random);
    fill(before.b[0][0][0][0], sizeof before.b / sizeof(float), &random);
    fill(before.c[0][0][0], sizeof before.c / sizeof(float), &random);
    m = before;
    multiply(device, &m);
    for (int n = 0; n < WARPS * TILES * ROWS * COLUMNS; n++) {
        const int column = n % COLUMNS, row = n / COLUMNS % ROWS;
        const int tile = n / (COLUMNS * ROWS) % TILES, warp = n / (COLUMNS * ROWS * TILES);
        assert_true(exact(&before, warp, tile, row, column) ==
                    (double)m.c[warp][tile][row][column]);
    }
    cbx_device_close(device);
}

/* The emulation cuts what a sum of 16 columns cannot hold, as tensor cores do; what is added to that is
 * rounded. */
static void sums_are_cut_within_and_rounded_outside(void **state) {
    const float ulp = 0x1p-23f;
    matrices m = {.a = {{{0}}}};
    (void)state;
    cbx_device *device = open_with_kernels();
    m.a[0][0][0] = m.a[0][0][15] = m.a[0][1][0] = m.a[0][1][15] = 1.0f;
    m.b[0][0][0][0][0] = 1.0f; /* row 0: 1 + 3/4 ulp, and 1 + 3/4 ulp of what is there */
    m.b[0][0][0][15][0] = 0.75f * ulp;
    m.b[0][1][0][0][0] = -1.0f; /* and negative */
    m.b[0][1][0][15][0] = -0.75f * ulp;
    m.b[0][0][0][0][1] = 1.0f; /* less than 1: an ulp is half as large there */
    m.b[0][0][0][15][1] = -0.125f * ulp;
    m.c[0][0][3][5] = 1.0f;
    m.a[0][3][7] = 1.0f;
    m.b[0][0][0][7][5] = 0.75f * ulp;
    const int emulated = device->mma == CBX_MMA_EMULATED;
    multiply(device, &m);
    if (emulated) {
        assert_true(m.c[0][0][0][0] == 1.0f && m.c[0][0][1][0] == 1.0f);
        assert_true(m.c[0][1][0][0] == -1.0f);
        assert_true(m.c[0][0][0][1] == 1.0f - 0.5f * ulp);
    }
    assert_true(m.c[0][0][3][5] == 1.0f + ulp);
    cbx_device_close(device);
}

/* ---- numbers in parts ---- */

enum { NUMBERS = 512 };

static float number(size_t i, uint64_t *state) {
    static const float some[] = {
        0.0f,  -0.0f,      1.0f, -1.0f, 255.0f, 0x1.fffffep0f, -0x1.fffffep-40f, 0x1.000002p-63f,
        3e30f, 1.0f / 3.0f};
    const float v = (float)(2.0 * synthetic_uniform(state) - 1.0);
    return i < CBX_COUNT(some) ? some[i] : v * powf(2.0f, (float)(i % 60) - 40.0f);
}

static float part_of(const cl_uint *words, size_t i, size_t part) {
    const cl_uint bits = (words[i / 2 * PARTS + part] >> i % 2 * 16) << 16;
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

static void three_parts_are_the_number(void **state) {
    float numbers[NUMBERS];
    uint64_t random = 3;
    (void)state;
    cbx_device *device = open_with_kernels();
    bands *b = bands_open(device);
    for (size_t i = 0; i < NUMBERS; i++) {
        numbers[i] = number(i, &random);
    }
    cl_mem in = bands_input(b, "numbers", numbers, sizeof numbers);
    cl_mem out = bands_output(b, "words", NULL, NUMBERS / 2 * PARTS * sizeof(cl_uint));
    const cbx_range range = {{NUMBERS / 2, 1}, {CBX_GROUP, 1}};
    BANDS_LAUNCH(b, "test_split", range, ARG(in), ARG(out));
    cl_uint *words = bands_read(b, out);
    for (size_t i = 0; i < NUMBERS; i++) {
        double sum = 0.0;
        for (size_t part = 0; part < PARTS; part++) {
            sum += (double)part_of(words, i, part);
        }
        assert_true(sum == (double)numbers[i]);
        /* And none could be left out. */
        assert_true(fabs((double)part_of(words, i, 1)) <= 0x1p-7 * fabs((double)numbers[i]));
        assert_true(fabs((double)part_of(words, i, 2)) <= 0x1p-15 * fabs((double)numbers[i]));
    }
    free(words);
    bands_close(b);
    cbx_device_close(device);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_has_its_place),
        cmocka_unit_test(sums_are_cut_within_and_rounded_outside),
        cmocka_unit_test(three_parts_are_the_number),
    };
    return cmocka_run_group_tests_name("kernels: mma", tests, fixture_setup, fixture_teardown);
}
