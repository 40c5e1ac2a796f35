/* SPDX-License-Identifier: MIT */
/* Products on tensor cores, for the arithmetic split-bf16: sums of float32 += 16 × 16 times 16 × 8
 * numbers of bf16, each of them the upper half of a float32.
 *
 * A warp of 32 work-items has such a product together. Work-item n of it, g = n / 4, t = n % 4, holds,
 * each word two numbers, the first in its lower half (PTX ISA, "Matrix Fragments for
 * mma.m16n8k16 with floating point type"):
 *
 *   a   uint4   x: rows g, columns 2t and 2t + 1; y: row g + 8; z, w: the same 8 columns on
 *   b   uint2   x: rows 2t and 2t + 1, column g; y: 8 rows on
 *   sum float4  x, y: row g, columns 2t and 2t + 1; z, w: row g + 8
 *
 * CBX_MMA says who multiplies: NVIDIA's instruction, from compute capability 8.0 on; or for tests
 * plain OpenCL C on any device, which passes the same fragments through local memory. A number
 * that is split in three is as exact as a float32 (split_gpu.cl), but sums are cut
 * and not rounded, and in what order they are added is the device's business: not the canon.
 */
#if CBX_FAMILY_GPU && CBX_MMA

#define CBX_WARP 32
#define CBX_PARTS 3 /* of a number: hi + mid + low */
#define CBX_COLUMN_TILES 2 /* of 8 columns, that a warp has side by side */

#if CBX_MMA == CBX_MMA_PTX

#define CBX_EXCHANGE 1 /* nothing has to pass */

/* All work-items of a warp have to come here together. */
HELPER float4 add_product(float4 sum, uint4 a, uint2 b)
{
    float x = sum.x, y = sum.y, z = sum.z, w = sum.w;
    __asm__ volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 "
                     "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
                     : "+f"(x), "+f"(y), "+f"(z), "+f"(w)
                     : "r"(a.x), "r"(a.y), "r"(a.z), "r"(a.w), "r"(b.x), "r"(b.y));
    return (float4)(x, y, z, w);
}

#define CBX_EXCHANGE_FRAGMENTS(TILES, a, b, exchange)
#define CBX_ADD_PRODUCT(sum, a, b, i, j, part) sum = add_product(sum, a[i], b[j][part]);
#define CBX_END_EXCHANGE

#else

/* Words that all of a group's warps have to pass: at most 4 fragments a, and all b. */
#define CBX_EXCHANGE_A (4 * 4 * CBX_WARP)
#define CBX_EXCHANGE_WARP (CBX_EXCHANGE_A + CBX_PARTS * CBX_COLUMN_TILES * 2 * CBX_WARP)
#define CBX_EXCHANGE (CBX_EXCHANGE_WARP * CBX_GROUP / CBX_WARP)

/* a + b, cut to a float where it is none: as tensor cores do. */
HELPER float add_and_cut(float a, float b)
{
    const float sum = a + b, part = sum - a;
    const float error = (a - (sum - part)) + (b - part); /* TwoSum: D. Knuth */
    const bool away = fabs(error) > 0.0f && (as_int(error) ^ as_int(sum)) < 0;
    return as_float(as_int(sum) - (away ? 1 : 0));
}

/* sum += row `row` of a times column `column` of b, 8 products at a time. What is known of
 * tensor cores: M. Fasi, N. Higham, M. Mikaitis, S. Pranesh, "Numerical behavior of NVIDIA
 * tensor cores", 2021. */
HELPER float add_row_by_column(float sum, local const uint *a, local const uint *b, uint row,
                               uint column)
{
    for (uint eight = 0; eight < 2; eight++) {
        float products = 0.0f;
        UNROLL for (uint t = 0; t < 4; t++) {
            const uint x = a[(row % 8 * 4 + t) * 4 + row / 8 + 2 * eight];
            const uint y = b[(column * 4 + t) * 2 + eight];
            products = fma(as_float(x << 16), as_float(y << 16), products);
            products = fma(as_float(x & 0xffff0000u), as_float(y & 0xffff0000u), products);
        }
        sum = add_and_cut(sum, products);
    }
    return sum;
}

HELPER float4 add_product(float4 sum, local const uint *a, local const uint *b)
{
    const uint row = get_local_id(0) % CBX_WARP / 4, column = get_local_id(0) % 4 * 2;
    sum.x = add_row_by_column(sum.x, a, b, row, column);
    sum.y = add_row_by_column(sum.y, a, b, row, column + 1);
    sum.z = add_row_by_column(sum.z, a, b, row + 8, column);
    sum.w = add_row_by_column(sum.w, a, b, row + 8, column + 1);
    return sum;
}

#define CBX_EXCHANGE_FRAGMENTS(TILES, a, b, exchange)                                              \
    local uint *of_a = exchange + get_local_id(0) / CBX_WARP * CBX_EXCHANGE_WARP;                  \
    local uint *of_b = of_a + CBX_EXCHANGE_A;                                                      \
    for (uint i = 0; i < TILES; i++) {                                                             \
        vstore4(a[i], i * CBX_WARP + get_local_id(0) % CBX_WARP, of_a);                            \
    }                                                                                              \
    for (uint i = 0; i < CBX_COLUMN_TILES * CBX_PARTS; i++) {                                      \
        vstore2(b[i / CBX_PARTS][i % CBX_PARTS], i * CBX_WARP + get_local_id(0) % CBX_WARP, of_b); \
    }                                                                                              \
    barrier(CLK_LOCAL_MEM_FENCE);
#define CBX_ADD_PRODUCT(sum, a, b, i, j, part)                                                     \
    sum = add_product(sum, of_a + i * 4 * CBX_WARP, of_b + (j * CBX_PARTS + part) * 2 * CBX_WARP);
#define CBX_END_EXCHANGE barrier(CLK_LOCAL_MEM_FENCE);

#endif

/* sum[i][j] += a[i] · b[j], for TILES tiles of 16 rows, two of 8 columns, and the three parts of b:
 * the small ones first. What 16 columns come to is added as floats are, rounded: cut again and
 * again, sums would be ten times as far from the truth as the canon's (H. Ootomo, R. Yokota,
 * "Recovering single precision accuracy from Tensor Cores while surpassing the FP32 theoretical
 * peak performance", 2022). By all work-items of a group; exchange [CBX_EXCHANGE]. */
#define CBX_PRODUCTS(NAME, TILES)                                                                  \
    HELPER void NAME(float4 sum[TILES][CBX_COLUMN_TILES], const uint4 a[TILES],                    \
                     const uint2 b[CBX_COLUMN_TILES][CBX_PARTS], local uint *exchange)             \
    {                                                                                              \
        CBX_EXCHANGE_FRAGMENTS(TILES, a, b, exchange)                                              \
        UNROLL for (uint i = 0; i < TILES; i++) {                                                  \
            UNROLL for (uint j = 0; j < CBX_COLUMN_TILES; j++) {                                   \
                float4 some = (float4)(0.0f);                                                      \
                UNROLL for (int part = CBX_PARTS - 1; part >= 0; part--) {                         \
                    CBX_ADD_PRODUCT(some, a, b, i, j, part)                                        \
                }                                                                                  \
                sum[i][j] += some;                                                                 \
            }                                                                                      \
        }                                                                                          \
        CBX_END_EXCHANGE                                                                           \
    }

CBX_PRODUCTS(add_products_1, 1)
CBX_PRODUCTS(add_products_4, 4)

/* Two numbers of bf16 in a word, cut. Grey levels are exact. */
HELPER uint word_of(float first, float second)
{
    return as_uint((ushort2)(as_ushort2(first).y, as_ushort2(second).y));
}

/* Two numbers as sums of three of bf16, whose words those are. Each part has the next 8 of a
 * float's 24 bits: it is cut, so that nothing is left over. */
HELPER void split_gpu(float first, float second, uint words[CBX_PARTS])
{
    UNROLL for (uint part = 0; part < CBX_PARTS; part++) {
        words[part] = word_of(first, second);
        first -= as_float(as_uint(first) & 0xffff0000u);
        second -= as_float(as_uint(second) & 0xffff0000u);
    }
}

/* b of two tiles of 8 columns from four rows of two columns each, one of either tile: work-item
 * (g, t) has rows 4t … 4t + 3 and columns 2g, 2g + 1 of the 16. Which row of a sum is which does
 * not matter, as long as the columns of a are the same; and column c of tile j is column 2c + j. */
HELPER void split_rows_gpu(const float2 v[4], uint2 b[CBX_COLUMN_TILES][CBX_PARTS])
{
    uint words[4][CBX_PARTS];
    split_gpu(v[0].x, v[1].x, words[0]);
    split_gpu(v[2].x, v[3].x, words[1]);
    split_gpu(v[0].y, v[1].y, words[2]);
    split_gpu(v[2].y, v[3].y, words[3]);
    UNROLL for (uint part = 0; part < CBX_PARTS; part++) {
        b[0][part] = (uint2)(words[0][part], words[1][part]);
        b[1][part] = (uint2)(words[2][part], words[3][part]);
    }
}

/* So a row's sums of four columns that follow each other are 4t … 4t + 3. */
#define CBX_UPPER_SUMS(sum) (float4)((sum)[0].x, (sum)[1].x, (sum)[0].y, (sum)[1].y)
#define CBX_LOWER_SUMS(sum) (float4)((sum)[0].z, (sum)[1].z, (sum)[0].w, (sum)[1].w)

#endif
