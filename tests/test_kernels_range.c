/* SPDX-License-Identifier: MIT */
/* Blocks whose levels a decoder could not add up in 16 bits, as the coarsest quantisers make them of
 * changes between black and white: their macroblocks have to be samples. They are searched for, with
 * clause 8.5 in plain integers. */
#include "support/test.h"

#include <string.h>

#include "support/avc.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/synthetic.h"

enum {
    SIDE = 48,
    PIXELS = SIDE * SIDE,
    MOST = 32767 - 32
}; /* before 32 are added and it is rounded */

static const int quant[6][3] = {{13107, 5243, 8066}, {11916, 4660, 7490}, {10082, 4194, 6554},
                                {9362, 3647, 5825},  {8192, 3355, 5243},  {7282, 2893, 4559}};
static const int worth[6][3] = {{10, 16, 13}, {11, 18, 14}, {13, 20, 16},
                                {14, 23, 18}, {16, 25, 20}, {18, 29, 23}};

static int kind_of(int place) {
    const int x = place % 2, y = place / 4 % 2;
    return x && y ? 1 : x || y ? 2 : 0;
}

static void forward(int *d, int step) {
    const int s = d[0] + d[3 * step], t = d[step] + d[2 * step];
    const int u = d[0] - d[3 * step], v = d[step] - d[2 * step];
    d[0] = s + t;
    d[step] = 2 * u + v;
    d[2 * step] = s - t;
    d[3 * step] = u - 2 * v;
}

static void note(int *most, int value) {
    const int size = value < 0 ? -value - 1 - 32 : value;
    *most = size > *most ? size : *most;
}

/* Inverse, noting the greatest number on the way. */
static void inverse(int *d, int step, int *most) {
    const int e = d[0] + d[2 * step], f = d[0] - d[2 * step];
    const int g = (d[step] >> 1) - d[3 * step], h = d[step] + (d[3 * step] >> 1);
    const int numbers[] = {e, f, g, h, e + h, f + g, f - g, e - h};
    for (int i = 0; i < 8; i++) {
        note(most, numbers[i]);
    }
    d[0] = e + h;
    d[step] = f + g;
    d[2 * step] = f - g;
    d[3 * step] = e - h;
}

/* The greatest number that a decoder meets when it adds a change, rounded to the nearest levels; and
 * the greatest of these, unless `largest` is NULL. */
static int greatest(const int *change, int qp, int *largest) {
    const int bits = 15 + qp / 6;
    int d[16], most = 0, unwanted;
    largest = largest ? largest : &unwanted;
    *largest = 0;
    memcpy(d, change, sizeof d);
    for (int i = 0; i < 4; i++) {
        forward(d + 4 * i, 1);
    }
    for (int i = 0; i < 4; i++) {
        forward(d + i, 4);
    }
    for (int i = 0; i < 16; i++) {
        const int level = (abs(d[i]) * quant[qp % 6][kind_of(i)] + (1 << bits) / 2) >> bits;
        *largest = level > *largest ? level : *largest;
        d[i] = (d[i] < 0 ? -level : level) * (worth[qp % 6][kind_of(i)] << qp / 6);
        note(&most, d[i]);
    }
    for (int i = 0; i < 4; i++) {
        inverse(d + 4 * i, 1, &most);
    }
    for (int i = 0; i < 4; i++) {
        inverse(d + i, 4, &most);
    }
    return most;
}

/* A block of a plane and what it changes to. */
static void changes(const uint8_t *old, const uint8_t *now, int *out) {
    for (int i = 0; i < 16; i++) {
        const int at = i / 4 * SIDE + i % 4;
        out[i] = now[at] - old[at];
    }
}

/* Changes samples of a block for as long as that makes its greatest number greater. Returns whether it
 * is too great: 2, or 1 where the change may be too small to be coded at all. */
static int climb(const uint8_t *old, uint8_t *now, int qp, uint64_t *state) {
    int change[16], best, largest;
    changes(old, now, change);
    best = greatest(change, qp, NULL);
    for (int i = 0; i < 1500 && best <= MOST; i++) {
        const uint64_t random = synthetic_bits(state);
        uint8_t *at = now + random / 4 % 4 * SIDE + random % 4;
        const uint8_t before = *at;
        *at = random & 16 ? (uint8_t)(random >> 8) : random & 32 ? 255 : 0;
        changes(old, now, change);
        const int next = greatest(change, qp, NULL);
        if (next < best) {
            *at = before;
        } else {
            best = next;
        }
    }
    changes(old, now, change);
    return greatest(change, qp, &largest) <= MOST ? 0 : largest > 1 ? 2 : 1;
}

/* How many macroblocks cannot be added; `possibly`: those that need not be coded, too. */
typedef struct hard {
    uint32_t surely, possibly;
} hard;

/* Makes the second of two frames of `planes` hard to add to what a decoder has of the first. */
static hard make_hard(avc_planes *planes, const uint8_t *old, int qp) {
    uint64_t state = (uint64_t)qp;
    int of_mb[PIXELS / 256] = {0};
    hard count = {0, 0};
    uint8_t *now = planes->luma + PIXELS;
    for (int block = 0; block < PIXELS / 16; block++) {
        const int x = block % (SIDE / 4), y = block / (SIDE / 4), at = y * 4 * SIDE + x * 4;
        of_mb[y / 4 * (SIDE / 16) + x / 4] |= climb(old + at, now + at, qp, &state);
    }
    for (int i = 0; i < PIXELS / 256; i++) {
        count.surely += of_mb[i] >= 2;
        count.possibly += of_mb[i] >= 1;
    }
    return count;
}

static hard check(int qp, int seed) {
    avc_tally tally = {0};
    avc_way way = {.qp = qp, .group = 2, .at_a_time = 1};
    avc_planes planes = avc_draw(AVC_FLIPS, SIDE, SIDE, 2, 0, (uint64_t)seed);
    avc_coded first = avc_encode(fixture_device(CBX_FAMILY_CPU), &planes, &way);
    const hard found = make_hard(&planes, first.meant, qp);
    avc_free(&first);
    avc_check(&planes, qp, 2, 2, &tally, "hard to add");
    assert_int_equal(tally.pcm[0], 0);
    assert_in_range(tally.pcm[1], found.surely, found.possibly);
    avc_planes_free(&planes);
    return found;
}

static void what_16_bits_do_not_hold_is_told_as_samples(void **state) {
    (void)state;
    uint32_t all = 0;
    for (int seed = 0; seed < 4 && !bands_watched(); seed++) {
        for (int qp = 50; qp <= 51; qp++) {
            all += check(qp, seed).surely;
        }
    }
    assert_true(bands_watched() || all > 10);
}

/* Down to where the kernels look, and where they do not any more. */
static void finer_levels_are_never_too_large(void **state) {
    (void)state;
    for (int qp = 38; qp < 48 && !bands_watched(); qp++) {
        assert_int_equal(check(qp, qp).possibly, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_16_bits_do_not_hold_is_told_as_samples),
        cmocka_unit_test(finer_levels_are_never_too_large),
    };
    return cmocka_run_group_tests_name("range of coefficients", tests, fixture_setup,
                                       fixture_teardown);
}
