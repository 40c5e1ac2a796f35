/* SPDX-License-Identifier: MIT */
/* Slices of levels that no picture would give: every code of CAVLC there is, escapes to the last, samples
 * between them. What stands in the bits are these levels; and libavcodec makes of them what clause 8
 * says, in plain integers. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "film/decoder.h"
#include "support/avc.h"
#include "support/avc_codes.h"
#include "support/avc_rebuild.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/synthetic.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    ROOM = 32767 - 32,  /* what a block's coefficients may come to, so that 16 bits suffice */
    BITS_OF_REST = 128, /* of a macroblock, beyond its blocks */
    BITS_OF_BLOCK = 56  /* beyond its levels: coeff_token, total_zeros, run_before */
};

static avc_tally seen; /* by all tests of this program */

/* ---- levels ---- */

typedef struct maker {
    uint64_t state;
    int qp;
    size_t bits; /* that the macroblock may still take */
} maker;

static unsigned below(maker *m, unsigned n) {
    return (unsigned)(synthetic_bits(&m->state) % n);
}

/* 1 … CBX_MOST_LEVEL, of all orders of magnitude. */
static int random_magnitude(maker *m) {
    const int magnitude = (int)exp2(synthetic_uniform(&m->state) * 11.02);
    return below(m, 40) == 0 || magnitude > CBX_MOST_LEVEL ? CBX_MOST_LEVEL : magnitude;
}

/* What a level of 1 is worth at most. */
static int worth(int qp) {
    static const int most[6] = {16, 18, 20, 23, 25, 29};
    return most[qp % 6] << qp / 6;
}

static size_t bits_of(int magnitude) {
    return magnitude <= 7 ? 15 : magnitude <= 15 ? 19 : 28;
}

/* Places of `total` levels among `most`; the bits of the result. */
static unsigned random_places(maker *m, unsigned total, unsigned most) {
    unsigned left = total - 1, zeros = below(m, most - total + 1), end = total + zeros - 1;
    unsigned places = 1u << end;
    if (below(m, 2)) { /* the others at the start: a long run */
        return places | ((1u << left) - 1);
    }
    while (left > 0) {
        const unsigned place = 1u << below(m, end);
        left -= !(places & place);
        places |= place;
    }
    return places;
}

/* Levels that are too much for 16 bits are halved. */
static void tame(int16_t *levels, unsigned most, int of_one) {
    for (;;) {
        int sum = 0;
        unsigned largest = 0;
        for (unsigned i = 0; i < most; i++) {
            sum += abs(levels[i]);
            largest = abs(levels[i]) > abs(levels[largest]) ? i : largest;
        }
        if (sum * of_one <= ROOM || sum <= (int)most) {
            return;
        }
        levels[largest] = (int16_t)(levels[largest] / 2);
    }
}

/* Up to `most` levels; `of_one` is what one is worth. Returns how many, 0 where the macroblock has no
 * bits left for more. */
static uint8_t make_block(maker *m, int16_t *levels, unsigned most, int of_one) {
    const unsigned total = below(m, most + 1), ones = below(m, 4);
    const unsigned places = total ? random_places(m, total, most) : 0;
    const unsigned small = below(m, 2);
    size_t bits = BITS_OF_BLOCK;
    if (most == 16 && m->qp <= 2 && m->bits > bits + 28 && below(m, 20) == 0) {
        levels[0] = below(m, 2) ? -CBX_MOST_LEVEL : CBX_MOST_LEVEL; /* worth 13 each at most */
        m->bits -= bits + 28;
        return 1;
    }
    for (unsigned i = most, done = 0; i-- > 0;) {
        if (places >> i & 1) {
            const int magnitude = done++ < ones ? 1
                                  : small       ? 1 + (int)below(m, 7)
                                                : random_magnitude(m);
            levels[i] = (int16_t)(below(m, 2) ? -magnitude : magnitude);
        }
    }
    tame(levels, most, of_one);
    for (unsigned i = 0; i < most; i++) {
        bits += levels[i] ? bits_of(abs(levels[i])) : 0;
    }
    if (bits > m->bits) {
        memset(levels, 0, most * sizeof *levels);
        return 0;
    }
    m->bits -= bits;
    return (uint8_t)total;
}

/* All of a P or I macroblock that is not skipped; parts of it may stay empty. */
static void make_blocks(maker *m, int16_t *levels, uint8_t *counts, int intra) {
    const unsigned pattern = below(m, 16), chroma = below(m, 3);
    const int of_one = worth(m->qp) * (intra ? 2 : 1);
    m->bits = CBX_MB_BITS - BITS_OF_REST;
    if (intra) { /* DC coefficients are worth a quarter of that, and go to every block */
        counts[CBX_COUNT_OF_DC] = make_block(m, levels + CBX_LEVELS_OF_DC, 16, of_one / 2);
    }
    for (unsigned i = 0; i < 2 && chroma > 0; i++) {
        counts[CBX_COUNTS_OF_CHROMA_DC + i] =
            make_block(m, levels + CBX_LEVELS_OF_CHROMA_DC + 4 * i, 4, of_one * 3);
    }
    for (unsigned i = 0; i < 24; i++) { /* from a random one on, so that bits are there for each */
        const unsigned block = (i + 7 * pattern) % 24, eighth = block / 8 * 2 + block / 2 % 2;
        if (block < 16 ? pattern >> eighth & 1 : chroma == 2) {
            const unsigned start = intra || block >= 16;
            counts[block] = make_block(m, levels + 16 * block + start, 16 - start,
                                       block < 16 ? of_one : of_one * 3);
        }
    }
}

/* One in eight, or all, has its samples in the stream; of others that are inter, half are skipped. */
static void make_macroblock(maker *m, int16_t *levels, uint8_t *counts, int key, int pcm) {
    if (pcm || below(m, 8) == 0) {
        memset(counts, 16, 24);
        counts[CBX_COUNT_KIND] = CBX_PCM;
        return;
    }
    counts[CBX_COUNT_KIND] = key ? CBX_INTRA : CBX_INTER;
    if (key || below(m, 2) == 0) {
        make_blocks(m, levels, counts, key);
    }
}

/* ---- films ---- */

typedef struct made_film {
    avc_planes planes;
    cbx_stream stream;
    avc_way way;
    avc_made made;
    int16_t *levels;
    uint8_t *counts;
    size_t mbs;
} made_film;

static void make_film(made_film *f, uint32_t width, uint32_t height, uint32_t frames, avc_way way,
                      int pcm, uint64_t seed) {
    maker m = {.state = seed};
    *f =
        (made_film){.planes = avc_draw(pcm ? AVC_TURNS : AVC_NOISE, width, height, frames, 1, seed),
                    .stream = {width, height, 70, cbx_avc_chroma_qp_offset(1)},
                    .way = way};
    f->mbs = avc_macroblocks(&f->stream);
    TEST_NEW(f->levels, frames * f->mbs * CBX_MB_LEVELS);
    TEST_NEW(f->counts, frames * f->mbs * CBX_COUNTS);
    for (size_t i = 0; i < frames * f->mbs; i++) {
        const int key = i / f->mbs % way.group == 0;
        m.qp = key && way.qp > 8 ? way.qp - 8 : way.qp; /* or finer */
        make_macroblock(&m, f->levels + i * CBX_MB_LEVELS, f->counts + i * CBX_COUNTS, key, pcm);
    }
    f->made = (avc_made){f->levels, f->counts};
    f->way.made = &f->made;
}

static void free_film(made_film *f) {
    avc_planes_free(&f->planes);
    free(f->levels);
    free(f->counts);
}

/* The samples of a macroblock, as they are in I_PCM. */
static void check_pcm(const made_film *f, uint32_t frame, size_t mb, const uint8_t *pcm) {
    const uint32_t wide = (f->stream.width + 15) / 16;
    const uint32_t left = (uint32_t)mb % wide * 16, top = (uint32_t)mb / wide * 16;
    const size_t luma = (size_t)f->stream.width * f->stream.height;
    for (uint32_t i = 0; i < 384; i++) {
        const uint32_t part = i < 256 ? 1 : 2, side = 16 / part, at = i < 256 ? i : (i - 256) % 64;
        const uint32_t width = f->stream.width / part, height = f->stream.height / part;
        const uint8_t *plane = i < 256
                                   ? f->planes.luma + frame * luma
                                   : f->planes.chroma + (2 * frame + (i - 256) / 64) * (luma / 4);
        const uint32_t x = left / part + at % side, y = top / part + at / side;
        assert_int_equal(
            pcm[i], plane[(y < height ? y : height - 1) * width + (x < width ? x : width - 1)]);
    }
}

/* That the bits say what they were to. */
static void check_levels(const made_film *f, uint32_t frame, const avc_macroblock *mbs,
                         const char *what) {
    for (size_t i = 0; i < f->mbs; i++) {
        const size_t at = frame * f->mbs + i;
        const uint8_t *counts = f->counts + at * CBX_COUNTS;
        const int16_t *levels = f->levels + at * CBX_MB_LEVELS;
        if (mbs[i].kind != counts[CBX_COUNT_KIND]) {
            fail_msg("%s: frame %u, macroblock %zu is of kind %d, not %d", what, frame, i,
                     mbs[i].kind, counts[CBX_COUNT_KIND]);
        }
        if (mbs[i].kind == CBX_PCM) {
            check_pcm(f, frame, i, mbs[i].pcm);
        }
        for (size_t j = 0; j < CBX_MB_LEVELS; j++) {
            if (mbs[i].levels[j] != levels[j]) {
                fail_msg("%s: frame %u, macroblock %zu, level %zu is %d, not %d", what, frame, i, j,
                         mbs[i].levels[j], levels[j]);
            }
        }
    }
}

/* What libavcodec sees is what clause 8 makes of the macroblocks. */
static void check_film(const made_film *f, const avc_coded *coded, const char *what) {
    const uint32_t high = (f->stream.height + 15) / 16, slice_rows = (high + 7) / 8;
    const size_t bytes = avc_plane_bytes(&f->planes);
    avc_canvas canvas = avc_canvas_new(&f->stream);
    avc_macroblock *mbs;
    cbx_decoder *decoder;
    uint8_t *decoded, *expected;
    TEST_NEW(mbs, f->mbs);
    TEST_NEW(decoded, bytes);
    TEST_NEW(expected, bytes);
    assert_ok(cbx_decoder_open(&decoder, &f->stream));
    for (uint32_t i = 0; i < coded->frames; i++) {
        const blob *sample = &coded->samples[i];
        const avc_picture picture = avc_read(&f->stream, sample->bytes, sample->size, &seen, mbs);
        check_levels(f, i, mbs, what);
        if (cbx_decoder_decode(decoder, sample->bytes, sample->size, decoded)) {
            fail_msg("%s: frame %u: %s", what, i, cbx_last_error());
        }
        avc_rebuild(&canvas, &f->stream, &picture, mbs, slice_rows);
        avc_crop(&canvas, &f->stream, expected);
        for (size_t j = 0; j < bytes; j++) {
            if (decoded[j] != expected[j]) {
                fail_msg("%s: byte %zu of frame %u is %u, should be %u", what, j, i, decoded[j],
                         expected[j]);
            }
        }
    }
    cbx_decoder_close(decoder);
    avc_canvas_free(&canvas);
    free(mbs);
    free(decoded);
    free(expected);
}

/* Both families, with slices cut into shares and whole. */
static void check(uint32_t width, uint32_t height, uint32_t frames, int qp, int pcm,
                  uint64_t seed) {
    const avc_way way = {.qp = qp, .group = 5, .at_a_time = 1};
    made_film film;
    char what[100];
    make_film(&film, width, height, frames, way, pcm, seed);
    snprintf(what, sizeof what, "%u x %u, QP %d, seed %llu", width, height, qp,
             (unsigned long long)seed);
    avc_coded first = avc_encode(fixture_device(CBX_FAMILY_CPU), &film.planes, &film.way);
    check_film(&film, &first, what);
    film.way.at_a_time = 16;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        avc_coded coded = avc_encode(fixture_device(family), &film.planes, &film.way);
        avc_assert_same(&coded, &first, what);
        avc_free(&coded);
    }
    avc_free(&first);
    free_film(&film);
}

static void slices_say_what_they_are_to(void **state) {
    (void)state;
    static const int qps[] = {1, 2, 7, 9, 16, 20, 26, 33, 37};
    if (bands_watched()) {
        check(36, 20, 3, 5, 0, 1);
        return;
    }
    for (size_t i = 0; i < COUNT(qps); i++) {
        check(84, 132, 22, qps[i], 0, i);
        check(16, 16, 20, qps[i], 0, 100 + i);
        check(4, 148, 10, qps[i], 0, 200 + i);
    }
}

/* Black: a third of the bytes prevents emulation, and nothing may take more room. */
static void pictures_may_be_nothing_but_samples(void **state) {
    (void)state;
    check(36, 20, bands_watched() ? 1 : 4, 5, 1, 1);
    if (!bands_watched()) {
        check(84, 164, 4, 30, 1, 2);
    }
}

/* ---- what was seen ---- */

static void every_coeff_token(void **state) {
    (void)state;
    for (unsigned table = 0; table < AVC_TOKEN_TABLES && !bands_watched(); table++) {
        for (unsigned i = 0; i < 17 * 4; i++) {
            if (avc_is_token(table, i / 4, i % 4) && seen.tokens[table][i / 4][i % 4] == 0) {
                fail_msg("table %u: no %u levels of which %u are ones", table, i / 4, i % 4);
            }
        }
    }
}

static void every_run_of_zeros(void **state) {
    (void)state;
    for (unsigned i = 0; i < 16 * 16 && !bands_watched(); i++) {
        const unsigned row = i / 16, column = i % 16;
        if (avc_is_zeros(row, column) && seen.zeros[row][column] == 0) {
            fail_msg("never %u zeros before the last of %u levels", column, row);
        }
        if (row < 4 && column < 4 && avc_is_chroma_zeros(row, column)) {
            assert_true(seen.chroma_zeros[row][column] > 0);
        }
        if (row > 0 && row < 15 && column <= row && column < 15 && seen.runs[row][column] == 0) {
            fail_msg("never a run of %u of %u zeros", column, row);
        }
    }
}

static void every_prefix_of_levels(void **state) {
    (void)state;
    for (unsigned i = 0; i < 7 * 16 && !bands_watched(); i++) {
        if (seen.prefixes[i / 16][i % 16] == 0) {
            fail_msg("never level_prefix %u with suffixLength %u", i % 16, i / 16);
        }
    }
    assert_true(bands_watched() || (seen.most_levels[0] > 0 && seen.most_levels[1] > 0));
}

static void every_macroblock(void **state) {
    (void)state;
    for (unsigned i = 1; i < 48 && !bands_watched(); i++) {
        assert_true(seen.inter_patterns[i] > 0);
        assert_true(i > 6 || seen.intra_types[(i - 1) / 3][(i - 1) % 3] > 0);
    }
    assert_true(bands_watched() || (seen.pcm[0] > 0 && seen.pcm[1] > 0));
    assert_true(bands_watched() || seen.most_bits > CBX_MB_BITS - 200);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slices_say_what_they_are_to),
        cmocka_unit_test(pictures_may_be_nothing_but_samples),
        cmocka_unit_test(every_coeff_token),
        cmocka_unit_test(every_run_of_zeros),
        cmocka_unit_test(every_prefix_of_levels),
        cmocka_unit_test(every_macroblock),
    };
    return cmocka_run_group_tests_name("CAVLC", tests, fixture_setup, fixture_teardown);
}
