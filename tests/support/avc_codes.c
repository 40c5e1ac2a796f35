/* SPDX-License-Identifier: MIT */
#include "support/avc_codes.h"

#include "support/test.h"

static unsigned bit_at(const avc_reader *r, size_t at) {
    return at < r->bits ? (unsigned)r->bytes[at / 8] >> (7 - at % 8) & 1u : 0;
}

static uint32_t peek(const avc_reader *r, unsigned n) {
    uint32_t value = 0;
    for (unsigned i = 0; i < n; i++) {
        value = value << 1 | bit_at(r, r->at + i);
    }
    return value;
}

uint32_t avc_bits(avc_reader *r, unsigned n) {
    const uint32_t value = peek(r, n);
    r->at += n;
    return value;
}

uint32_t avc_ue(avc_reader *r) {
    unsigned zeros = 0;
    while (zeros < 32 && avc_bits(r, 1) == 0) {
        zeros++;
    }
    assert_true(zeros < 32);
    return (1u << zeros) - 1 + avc_bits(r, zeros);
}

int32_t avc_se(avc_reader *r) {
    const uint32_t code = avc_ue(r);
    return code % 2 ? (int32_t)(code / 2 + 1) : -(int32_t)(code / 2);
}

/* ---- tables: lengths, 0 where there is no code, and values ---- */

static const uint8_t token_lengths[3][17][4] = {{{1},
                                                 {6, 2},
                                                 {8, 6, 3},
                                                 {9, 8, 7, 5},
                                                 {10, 9, 8, 6},
                                                 {11, 10, 9, 7},
                                                 {13, 11, 10, 8},
                                                 {13, 13, 11, 9},
                                                 {13, 13, 13, 10},
                                                 {14, 14, 13, 11},
                                                 {14, 14, 14, 13},
                                                 {15, 15, 14, 14},
                                                 {15, 15, 15, 14},
                                                 {16, 15, 15, 15},
                                                 {16, 16, 16, 15},
                                                 {16, 16, 16, 16},
                                                 {16, 16, 16, 16}},
                                                {{2},
                                                 {6, 2},
                                                 {6, 5, 3},
                                                 {7, 6, 6, 4},
                                                 {8, 6, 6, 4},
                                                 {8, 7, 7, 5},
                                                 {9, 8, 8, 6},
                                                 {11, 9, 9, 6},
                                                 {11, 11, 11, 7},
                                                 {12, 11, 11, 9},
                                                 {12, 12, 12, 11},
                                                 {12, 12, 12, 11},
                                                 {13, 13, 13, 12},
                                                 {13, 13, 13, 13},
                                                 {13, 14, 13, 13},
                                                 {14, 14, 14, 13},
                                                 {14, 14, 14, 14}},
                                                {{4},
                                                 {6, 4},
                                                 {6, 5, 4},
                                                 {6, 5, 5, 4},
                                                 {7, 5, 5, 4},
                                                 {7, 5, 5, 4},
                                                 {7, 6, 6, 4},
                                                 {7, 6, 6, 4},
                                                 {8, 7, 7, 5},
                                                 {8, 8, 7, 6},
                                                 {9, 8, 8, 7},
                                                 {9, 9, 8, 8},
                                                 {9, 9, 9, 8},
                                                 {10, 9, 9, 9},
                                                 {10, 10, 10, 10},
                                                 {10, 10, 10, 10},
                                                 {10, 10, 10, 10}}};

static const uint8_t token_values[3][17][4] = {{{1},
                                                {5, 1},
                                                {7, 4, 1},
                                                {7, 6, 5, 3},
                                                {7, 6, 5, 3},
                                                {7, 6, 5, 4},
                                                {15, 6, 5, 4},
                                                {11, 14, 5, 4},
                                                {8, 10, 13, 4},
                                                {15, 14, 9, 4},
                                                {11, 10, 13, 12},
                                                {15, 14, 9, 12},
                                                {11, 10, 13, 8},
                                                {15, 1, 9, 12},
                                                {11, 14, 13, 8},
                                                {7, 10, 9, 12},
                                                {4, 6, 5, 8}},
                                               {{3},
                                                {11, 2},
                                                {7, 7, 3},
                                                {7, 10, 9, 5},
                                                {7, 6, 5, 4},
                                                {4, 6, 5, 6},
                                                {7, 6, 5, 8},
                                                {15, 6, 5, 4},
                                                {11, 14, 13, 4},
                                                {15, 10, 9, 4},
                                                {11, 14, 13, 12},
                                                {8, 10, 9, 8},
                                                {15, 14, 13, 12},
                                                {11, 10, 9, 12},
                                                {7, 11, 6, 8},
                                                {9, 8, 10, 1},
                                                {7, 6, 5, 4}},
                                               {{15},
                                                {15, 14},
                                                {11, 15, 13},
                                                {8, 12, 14, 12},
                                                {15, 10, 11, 11},
                                                {11, 8, 9, 10},
                                                {9, 14, 13, 9},
                                                {8, 10, 9, 8},
                                                {15, 14, 13, 13},
                                                {11, 14, 10, 12},
                                                {15, 10, 13, 12},
                                                {11, 14, 9, 12},
                                                {8, 10, 13, 8},
                                                {13, 7, 9, 12},
                                                {9, 12, 11, 10},
                                                {5, 8, 7, 6},
                                                {1, 4, 3, 2}}};

static const uint8_t chroma_token_lengths[5][4] = {
    {2}, {6, 1}, {6, 6, 3}, {6, 7, 7, 6}, {6, 8, 8, 7}};
static const uint8_t chroma_token_values[5][4] = {
    {1}, {7, 1}, {4, 6, 1}, {3, 3, 2, 5}, {2, 3, 2, 0}};

static const uint8_t zeros_lengths[15][16] = {{1, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 9},
                                              {3, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 6, 6, 6, 6},
                                              {4, 3, 3, 3, 4, 4, 3, 3, 4, 5, 5, 6, 5, 6},
                                              {5, 3, 4, 4, 3, 3, 3, 4, 3, 4, 5, 5, 5},
                                              {4, 4, 4, 3, 3, 3, 3, 3, 4, 5, 4, 5},
                                              {6, 5, 3, 3, 3, 3, 3, 3, 4, 3, 6},
                                              {6, 5, 3, 3, 3, 2, 3, 4, 3, 6},
                                              {6, 4, 5, 3, 2, 2, 3, 3, 6},
                                              {6, 6, 4, 2, 2, 3, 2, 5},
                                              {5, 5, 3, 2, 2, 2, 4},
                                              {4, 4, 3, 3, 1, 3},
                                              {4, 4, 2, 1, 3},
                                              {3, 3, 1, 2},
                                              {2, 2, 1},
                                              {1, 1}};
static const uint8_t zeros_values[15][16] = {{1, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 3, 2, 1},
                                             {7, 6, 5, 4, 3, 5, 4, 3, 2, 3, 2, 3, 2, 1, 0},
                                             {5, 7, 6, 5, 4, 3, 4, 3, 2, 3, 2, 1, 1, 0},
                                             {3, 7, 5, 4, 6, 5, 4, 3, 3, 2, 2, 1, 0},
                                             {5, 4, 3, 7, 6, 5, 4, 3, 2, 1, 1, 0},
                                             {1, 1, 7, 6, 5, 4, 3, 2, 1, 1, 0},
                                             {1, 1, 5, 4, 3, 3, 2, 1, 1, 0},
                                             {1, 1, 1, 3, 3, 2, 2, 1, 0},
                                             {1, 0, 1, 3, 2, 1, 1, 1},
                                             {1, 0, 1, 3, 2, 1, 1},
                                             {0, 1, 1, 2, 1, 3},
                                             {0, 1, 1, 1, 1},
                                             {0, 1, 1, 1},
                                             {0, 1, 1},
                                             {0, 1}};

static const uint8_t chroma_zeros_lengths[3][4] = {{1, 2, 3, 3}, {1, 2, 2}, {1, 1}};
static const uint8_t chroma_zeros_values[3][4] = {{1, 1, 1, 0}, {1, 1, 0}, {1, 0}};

static const uint8_t run_lengths[7][15] = {
    {1, 1},
    {1, 2, 2},
    {2, 2, 2, 2},
    {2, 2, 2, 3, 3},
    {2, 2, 3, 3, 3, 3},
    {2, 3, 3, 3, 3, 3, 3},
    {3, 3, 3, 3, 3, 3, 3, 4, 5, 6, 7, 8, 9, 10, 11},
};
static const uint8_t run_values[7][15] = {
    {1, 0},
    {1, 1, 0},
    {3, 2, 1, 0},
    {3, 2, 1, 1, 0},
    {3, 2, 3, 2, 1, 0},
    {3, 0, 1, 3, 2, 5, 4},
    {7, 6, 5, 4, 3, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1},
};

static const uint8_t inter_patterns[48] = {
    0,  16, 1,  2,  4,  8,  32, 3,  5,  10, 12, 15, 47, 7,  11, 13, 14, 6,  9,  31, 35, 37, 42, 44,
    33, 34, 36, 40, 39, 43, 45, 46, 17, 18, 20, 24, 19, 21, 26, 28, 23, 27, 29, 30, 22, 25, 38, 41};

/* Which of `count` codes comes next. */
static unsigned find(avc_reader *r, const uint8_t *lengths, const uint8_t *values, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        if (lengths[i] > 0 && peek(r, lengths[i]) == values[i]) {
            r->at += lengths[i];
            return i;
        }
    }
    fail_msg("bit %zu begins no code of its table", r->at);
    return 0;
}

int avc_is_token(unsigned table, unsigned total, unsigned ones) {
    return ones <= total && ones <= 3 && total <= (table == 4 ? 4u : 16u);
}

int avc_is_zeros(unsigned total, unsigned zeros) {
    return total >= 1 && total <= 15 && zeros_lengths[total - 1][zeros] > 0;
}

int avc_is_chroma_zeros(unsigned total, unsigned zeros) {
    return total >= 1 && total <= 3 && chroma_zeros_lengths[total - 1][zeros] > 0;
}

static unsigned run_row(unsigned zeros_left) {
    return (zeros_left < 7 ? zeros_left : 7) - 1;
}

int avc_is_run(unsigned zeros_left, unsigned run) {
    return run_lengths[run_row(zeros_left)][run] > 0;
}

void avc_token(avc_reader *r, unsigned table, unsigned *total, unsigned *ones) {
    unsigned i;
    if (table == 4) {
        i = find(r, *chroma_token_lengths, *chroma_token_values, 5 * 4);
    } else if (table == 3) { /* six bits: TotalCoeff - 1 and TrailingOnes; but 3 is nothing */
        i = avc_bits(r, 6);
        i = i == 3 ? 0 : i + 4;
    } else {
        i = find(r, *token_lengths[table], *token_values[table], 17 * 4);
    }
    *total = i / 4;
    *ones = i % 4;
    assert_true(avc_is_token(table, *total, *ones));
}

unsigned avc_total_zeros(avc_reader *r, unsigned total) {
    return find(r, zeros_lengths[total - 1], zeros_values[total - 1], 16);
}

unsigned avc_chroma_total_zeros(avc_reader *r, unsigned total) {
    return find(r, chroma_zeros_lengths[total - 1], chroma_zeros_values[total - 1], 4);
}

unsigned avc_run_before(avc_reader *r, unsigned zeros_left) {
    const unsigned row = run_row(zeros_left);
    return find(r, run_lengths[row], run_values[row], 15);
}

unsigned avc_inter_pattern(avc_reader *r) {
    const uint32_t code = avc_ue(r);
    assert_true(code < 48);
    return inter_patterns[code];
}
