/* SPDX-License-Identifier: MIT */
#include "support/avc_syntax.h"

#include <string.h>

#include "support/avc_codes.h"
#include "support/test.h"

typedef struct slice_reader {
    avc_reader r;
    uint32_t wide, high; /* macroblocks */
    uint32_t first;      /* of the slice */
    avc_picture *picture;
    avc_tally *tally;
    avc_macroblock *mbs;
} slice_reader;

static uint32_t sides(uint32_t pixels) {
    return (pixels + CBX_MB - 1) / CBX_MB;
}

uint32_t avc_macroblocks(const cbx_stream *stream) {
    return sides(stream->width) * sides(stream->height);
}

static void raise_to(uint32_t *most, uint32_t value) {
    *most = *most > value ? *most : value;
}

/* ---- clause 7.3.5.3.2: a block ---- */

static unsigned token_table(int context) {
    return context < 0 ? 4 : context < 2 ? 0 : context < 4 ? 1 : context < 8 ? 2 : 3;
}

/* Clause 9.2.2.1; `size` is suffixLength. */
static uint32_t read_level_code(slice_reader *s, unsigned size) {
    unsigned prefix = 0;
    while (avc_bits(&s->r, 1) == 0) {
        prefix++;
        assert_true(prefix <= 15); /* all that Baseline allows */
    }
    s->tally->prefixes[size][prefix]++;
    const unsigned bits = prefix == 15 ? 12 : prefix == 14 && size == 0 ? 4 : size;
    const uint32_t least = (prefix << size) + (prefix == 15 && size == 0 ? 15 : 0);
    return least + avc_bits(&s->r, bits);
}

/* The levels of a block, the highest frequency first. */
static void read_levels(slice_reader *s, unsigned total, unsigned ones, int *levels) {
    unsigned size = total > 10 && ones < 3;
    for (unsigned i = 0; i < total; i++) {
        if (i < ones) {
            levels[i] = avc_bits(&s->r, 1) ? -1 : 1;
            continue;
        }
        const uint32_t code = read_level_code(s, size) + (i == ones && ones < 3 ? 2 : 0);
        const int magnitude = (int)(code / 2) + 1;
        assert_true(magnitude <= CBX_MOST_LEVEL);
        levels[i] = code % 2 ? -magnitude : magnitude;
        s->tally->most_levels[code % 2] += magnitude == CBX_MOST_LEVEL;
        size = size == 0 ? 1 : size;
        size += magnitude > 3 << (size - 1) && size < 6;
    }
}

/* Zeros in front of the last level of `total`, of at most `most`. */
static unsigned read_zeros(slice_reader *s, unsigned total, unsigned most) {
    unsigned zeros = 0;
    if (total < most && most == 4) {
        zeros = avc_chroma_total_zeros(&s->r, total);
        s->tally->chroma_zeros[total][zeros]++;
    } else if (total < most) {
        zeros = avc_total_zeros(&s->r, total);
        s->tally->zeros[total][zeros]++;
    }
    assert_true(total + zeros <= most);
    return zeros;
}

/* A block of `most` levels, the first of them at `out`. Returns how many are not 0. */
static unsigned read_block(slice_reader *s, unsigned most, int context, int16_t *out) {
    int levels[16];
    unsigned total, ones;
    const unsigned table = token_table(context);
    avc_token(&s->r, table, &total, &ones);
    s->tally->tokens[table][total][ones]++;
    assert_true(total <= most);
    if (total == 0) {
        return 0;
    }
    read_levels(s, total, ones, levels);
    unsigned zeros = read_zeros(s, total, most), at = total + zeros;
    for (unsigned i = 0; i < total; i++) {
        out[--at] = (int16_t)levels[i];
        if (zeros > 0 && i + 1 < total) {
            const unsigned run = avc_run_before(&s->r, zeros);
            s->tally->runs[zeros][run]++;
            assert_true(run <= zeros);
            zeros -= run;
            at -= run;
        }
    }
    return total;
}

/* ---- clause 7.3.5: a macroblock ---- */

/* nC of clause 9.2.1: `first` is block (0, 0) of `side` a row among the counts. */
static int context_of(const slice_reader *s, uint32_t mb, unsigned first, unsigned side, unsigned x,
                      unsigned y) {
    const avc_macroblock *own = s->mbs + mb;
    const uint8_t *left = NULL, *above = NULL;
    if (x > 0) {
        left = &own->counts[first + y * side + x - 1];
    } else if (mb % s->wide > 0 && mb > s->first) {
        left = &own[-1].counts[first + y * side + side - 1];
    }
    if (y > 0) {
        above = &own->counts[first + (y - 1) * side + x];
    } else if (mb >= s->first + s->wide) {
        above = &s->mbs[mb - s->wide].counts[first + (side - 1) * side + x];
    }
    return left && above ? (*left + *above + 1) >> 1 : left ? *left : above ? *above : 0;
}

static void read_luma(slice_reader *s, uint32_t mb, unsigned pattern) {
    avc_macroblock *to = s->mbs + mb;
    const unsigned dc = to->kind == CBX_INTRA;
    if (dc) {
        read_block(s, 16, context_of(s, mb, 0, 4, 0, 0), to->levels + CBX_LEVELS_OF_DC);
    }
    for (unsigned i = 0; i < 16; i++) {
        const unsigned x = i / 4 % 2 * 2 + i % 2, y = i / 8 * 2 + i / 2 % 2, block = 4 * y + x;
        if (pattern >> i / 4 & 1) {
            to->counts[block] = (uint8_t)read_block(s, 16 - dc, context_of(s, mb, 0, 4, x, y),
                                                    to->levels + 16 * block + dc);
        }
    }
}

static void read_chroma(slice_reader *s, uint32_t mb, unsigned pattern) {
    avc_macroblock *to = s->mbs + mb;
    for (unsigned plane = 0; plane < 2 && pattern > 0; plane++) {
        read_block(s, 4, -1, to->levels + CBX_LEVELS_OF_CHROMA_DC + 4 * plane);
    }
    for (unsigned i = 0; i < 8 && pattern == 2; i++) {
        const int context = context_of(s, mb, 16 + i / 4 * 4, 2, i % 2, i / 2 % 2);
        to->counts[16 + i] =
            (uint8_t)read_block(s, 15, context, to->levels + CBX_LEVELS_OF_CHROMA + 16 * i + 1);
    }
}

static void read_pcm(slice_reader *s, avc_macroblock *to) {
    to->kind = CBX_PCM;
    s->tally->pcm[!s->picture->key]++;
    while (s->r.at % 8 != 0) {
        assert_int_equal(avc_bits(&s->r, 1), 0);
    }
    for (size_t i = 0; i < sizeof to->pcm; i++) {
        to->pcm[i] = (uint8_t)avc_bits(&s->r, 8);
    }
    memset(to->counts, 16, sizeof to->counts);
}

/* mb_type of I macroblocks, from 0 on, and what follows it. */
static void read_intra(slice_reader *s, uint32_t mb, uint32_t type) {
    avc_macroblock *to = s->mbs + mb;
    if (type == 25) {
        read_pcm(s, to);
        return;
    }
    assert_in_range(type, 1, 24);
    const unsigned luma = type > 12 ? 15 : 0, chroma = (type - 1) / 4 % 3;
    assert_int_equal((type - 1) % 4, 2); /* Intra_16x16_DC */
    assert_int_equal(avc_ue(&s->r), 0);  /* intra_chroma_pred_mode: DC */
    assert_int_equal(avc_se(&s->r), 0);  /* mb_qp_delta */
    to->kind = CBX_INTRA;
    s->tally->intra_types[luma != 0][chroma]++;
    read_luma(s, mb, luma);
    read_chroma(s, mb, chroma);
}

static void read_inter(slice_reader *s, uint32_t mb) {
    assert_int_equal(avc_se(&s->r), 0); /* mvd_l0 */
    assert_int_equal(avc_se(&s->r), 0);
    const unsigned pattern = avc_inter_pattern(&s->r);
    assert_true(pattern > 0);           /* else it would be skipped */
    assert_int_equal(avc_se(&s->r), 0); /* mb_qp_delta */
    s->tally->inter_patterns[pattern]++;
    read_luma(s, mb, pattern % 16);
    read_chroma(s, mb, pattern / 16);
}

static void read_macroblock(slice_reader *s, uint32_t mb) {
    const size_t start = s->r.at;
    const uint32_t type = avc_ue(&s->r);
    if (s->picture->key) {
        read_intra(s, mb, type);
    } else if (type >= 5) {
        read_intra(s, mb, type - 5);
    } else {
        assert_int_equal(type, 0); /* P_L0_16x16 */
        read_inter(s, mb);
    }
    assert_true(s->r.at - start <= CBX_MB_BITS);
    raise_to(&s->tally->most_bits, (uint32_t)(s->r.at - start));
}

/* ---- clauses 7.3.3 and 7.3.4: a slice ---- */

static void read_header(slice_reader *s, int key) {
    avc_reader *r = &s->r;
    avc_picture picture = {.key = key};
    s->first = avc_ue(r);
    assert_int_equal(avc_ue(r), key ? 7 : 5); /* slice_type */
    assert_int_equal(avc_ue(r), 0);           /* pic_parameter_set_id */
    picture.number = avc_bits(r, CBX_FRAME_NUM_BITS);
    if (key) {
        picture.id = avc_ue(r);
        assert_int_equal(avc_bits(r, 2), 0); /* no_output_of_prior_pics_flag, long_term_… */
    } else {
        assert_int_equal(avc_bits(r, 3), 0); /* three flags of which none is wanted */
    }
    picture.qp = CBX_INITIAL_QP + avc_se(r);
    assert_int_equal(avc_ue(r), 1); /* disable_deblocking_filter_idc */
    if (s->first > 0) {             /* all slices of a picture agree */
        assert_memory_equal(s->picture, &picture, sizeof picture);
    }
    *s->picture = picture;
}

/* Whether there is more than rbsp_trailing_bits(). */
static int more_data(const avc_reader *r) {
    size_t last = r->bits - 1;
    while (!(r->bytes[last / 8] >> (7 - last % 8) & 1)) {
        last--;
    }
    assert_true(r->bits - last <= 8);
    return r->at < last;
}

/* Returns the macroblock behind the last one. */
static uint32_t read_slice_data(slice_reader *s) {
    const uint32_t all = s->wide * s->high;
    uint32_t mb = s->first;
    while (more_data(&s->r)) {
        if (!s->picture->key) {
            const uint32_t run = avc_ue(&s->r);
            assert_true(run <= all - mb);
            for (uint32_t end = mb + run; mb < end; mb++) {
                s->mbs[mb].skipped = 1;
            }
            raise_to(&s->tally->longest_skip, run);
            if (!more_data(&s->r)) {
                break;
            }
            s->tally->inner_skips += run > 0;
        }
        assert_true(mb < all);
        read_macroblock(s, mb++);
    }
    assert_int_equal(avc_bits(&s->r, 1), 1); /* rbsp_stop_one_bit */
    return mb;
}

/* ---- clause 7.3.1: NAL units ---- */

/* The payload without what prevents emulation, for free(). */
static uint8_t *unescape(const uint8_t *bytes, size_t size, size_t *out_size, avc_tally *tally) {
    uint8_t *out;
    size_t count = 0;
    unsigned zeros = 0;
    TEST_NEW(out, size);
    for (size_t i = 0; i < size; i++) {
        if (zeros == 2 && bytes[i] <= 3) {
            assert_int_equal(bytes[i], 3);
            assert_true(i + 1 < size && bytes[i + 1] <= 3); /* there had to be one */
            tally->emulations[count % 4][bytes[i + 1]]++;
            zeros = 0;
            continue;
        }
        zeros = bytes[i] == 0 ? zeros + 1 : 0;
        out[count++] = bytes[i];
    }
    assert_true(count > 0 && out[count - 1] != 0);
    *out_size = count;
    return out;
}

/* Returns the macroblock behind the last one of the slice. */
static uint32_t read_nal(slice_reader *s, const uint8_t *nal, size_t size) {
    const int key = nal[0] == 0x65;
    size_t bytes;
    assert_true(key || nal[0] == 0x41); /* nal_ref_idc, nal_unit_type */
    uint8_t *payload = unescape(nal + 1, size - 1, &bytes, s->tally);
    s->r = (avc_reader){payload, 8 * bytes, 0};
    const uint32_t expected = s->first;
    read_header(s, key);
    assert_int_equal(s->first, expected);
    const uint32_t end = read_slice_data(s);
    free(payload);
    return end;
}

avc_picture avc_read(const cbx_stream *stream, const uint8_t *sample, size_t bytes,
                     avc_tally *tally, avc_macroblock *mbs) {
    const uint32_t all = avc_macroblocks(stream);
    avc_picture picture = {0};
    avc_macroblock *own = NULL;
    uint32_t slices = 0;
    if (!mbs) {
        TEST_NEW(own, all);
    }
    slice_reader s = {.wide = sides(stream->width),
                      .high = sides(stream->height),
                      .picture = &picture,
                      .tally = tally,
                      .mbs = mbs ? mbs : own};
    memset(s.mbs, 0, all * sizeof *s.mbs);
    for (size_t at = 0; at < bytes;) {
        assert_true(at + 5 < bytes);
        const size_t size = (size_t)sample[at] << 24 | (size_t)sample[at + 1] << 16 |
                            (size_t)sample[at + 2] << 8 | sample[at + 3];
        assert_true(size > 1 && size <= bytes - at - 4);
        s.first = read_nal(&s, sample + at + 4, size);
        at += 4 + size;
        slices++;
    }
    assert_int_equal(s.first, all);
    assert_true(slices <= (picture.key ? CBX_MOST_SLICES : 1u));
    raise_to(&tally->most_slices, slices);
    free(own);
    return picture;
}
