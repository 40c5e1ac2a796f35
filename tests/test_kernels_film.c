/* SPDX-License-Identifier: MIT */
/* The encoder of kernels/film: whatever the pictures are, libavcodec decodes them to what the device
 * has in mind, luma and chroma, every frame; and the bytes are the same from both families and with any
 * number of frames at a time. */
#include "support/test.h"

#include <stdio.h>

#include "clearbox/picture.h"
#include "support/avc.h"
#include "support/bands.h"
#include "support/fixture.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* One film and how it is encoded. */
typedef struct film_case {
    avc_kind kind;
    uint32_t width, height, frames;
    int chroma_changes, qp;
    uint32_t group, at_a_time;
} film_case;

static avc_tally seen; /* by all tests of this program */

static void check(const film_case *c) {
    char what[200];
    avc_planes planes = avc_draw(c->kind, c->width, c->height, c->frames, c->chroma_changes,
                                 c->width + 31 * c->height + (uint64_t)c->qp);
    snprintf(what, sizeof what, "%s, %u x %u, %u frames in groups of %u, QP %d, %s chroma",
             avc_kind_name(c->kind), c->width, c->height, c->frames, c->group, c->qp,
             c->chroma_changes ? "new" : "one");
    avc_check(&planes, c->qp, c->group, c->at_a_time, &seen, what);
    avc_planes_free(&planes);
}

/* ---- pictures and quantisers ---- */

static void every_kind_of_picture(void **state) {
    (void)state;
    static const int qps[] = {1, 12, 23, 36, 51};
    const size_t count = bands_watched() ? 1 : COUNT(qps);
    for (int kind = 0; kind < AVC_KINDS; kind++) {
        for (size_t i = 0; i < count; i++) {
            const film_case one = {(avc_kind)kind, 52, 36, 6, (kind + (int)i) % 2, qps[i], 4, 4};
            const film_case watched = {(avc_kind)kind, 20, 12, 3, 1, kind % 2 ? 2 : 45, 2, 2};
            check(bands_watched() ? &watched : &one);
        }
    }
}

static void every_quantiser(void **state) {
    (void)state;
    for (int qp = 1; qp <= 51 && !bands_watched(); qp++) {
        for (int i = 0; i < 3; i++) {
            check(&(film_case){(avc_kind)((qp + 5 * i) % AVC_KINDS), 36, 20, 4, (qp + i) % 2, qp, 3,
                               3});
        }
    }
}

/* ---- sizes ---- */

static void every_grid(void **state) {
    (void)state;
    static const uint32_t hidden[] = {1, 3, 37, 64, 100, 130, 257};
    for (size_t i = 0; i < COUNT(hidden) && !bands_watched(); i++) {
        for (uint32_t scale = 1; scale <= 2; scale++) {
            cbx_grid grid;
            assert_ok(cbx_grid_lay_out(&grid, hidden[i], scale));
            check(&(film_case){i % 2 ? AVC_PATCHES : AVC_DRIFT, grid.width, grid.height, 4,
                               i % 3 == 0, 20, 3, 2});
        }
    }
}

static void large_grids(void **state) {
    (void)state;
    for (uint32_t scale = 1; scale <= 2 && !bands_watched(); scale++) {
        cbx_grid grid;
        assert_ok(cbx_grid_lay_out(&grid, 1024, scale));
        check(&(film_case){AVC_PATCHES, grid.width, grid.height, 2, 0, 26, 3, 2});
    }
}

static void odd_sizes(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{4, 4},    {4, 260},  {260, 4},  {8, 16},  {16, 16},
                                        {20, 52},  {52, 20},  {32, 32},  {12, 40}, {100, 36},
                                        {36, 132}, {144, 28}, {68, 144}, {16, 144}};
    for (size_t i = 0; i < COUNT(sizes) && (!bands_watched() || i < 2); i++) {
        const uint32_t width = sizes[i][0], height = sizes[i][1];
        check(&(film_case){AVC_FLIPS, width, height, 4, 1, 18, 3, 3});
        check(&(film_case){AVC_PATCHES, width, height, 4, 0, 30, 4, 2});
    }
}

/* Enough macroblocks for all of their patterns. */
static void patches_here_and_there(void **state) {
    (void)state;
    for (int qp = 20; qp <= 36 && !bands_watched(); qp += 8) {
        check(&(film_case){AVC_PATCHES, 196, 140, 12, 1, qp, 12, 12});
    }
}

/* ---- groups, numbers of frames, launches ---- */

static void every_group(void **state) {
    (void)state;
    static const uint32_t groups[] = {1, 2, 3, 140, 256}, frames[] = {1, 2, 7, 300};
    for (size_t i = 0; i < COUNT(groups) && !bands_watched(); i++) {
        for (size_t j = 0; j < COUNT(frames); j++) {
            check(&(film_case){AVC_PATCHES, 20, 12, frames[j], i % 2 == 0, 28, groups[i], 16});
        }
    }
}

static void any_number_of_frames_at_a_time(void **state) {
    (void)state;
    for (uint32_t at_a_time = 1; at_a_time <= 16 && !bands_watched(); at_a_time++) {
        check(&(film_case){AVC_DRIFT, 36, 52, 33, 1, 16, 7, at_a_time});
        check(&(film_case){AVC_PATCHES, 52, 36, 33, 0, 23, 11, at_a_time});
    }
}

/* ---- what may cost nothing ---- */

static avc_coded encode(const avc_planes *planes, const avc_way *way, avc_tally *tally) {
    avc_coded coded = avc_encode(fixture_device(CBX_FAMILY_CPU), planes, way);
    avc_judge(planes, way, &coded, tally, "once");
    return coded;
}

static void what_stands_still_costs_one_run(void **state) {
    (void)state;
    const avc_way way = {.qp = 10, .group = 9, .at_a_time = 9};
    for (int chroma_changes = 0; chroma_changes < 2 && !bands_watched(); chroma_changes++) {
        avc_planes planes = avc_draw(AVC_STILL, 224, 224, 9, chroma_changes, 5);
        avc_tally tally = {0};
        avc_coded coded = encode(&planes, &way, &tally);
        /* The key frame's quantiser is fine: nothing is left to be corrected. Length, header of the
         * unit, 26 bits of the slice's, the run of 196: 15 bits; the stop bit. */
        for (uint32_t i = 1; i < planes.frames; i++) {
            assert_in_range(coded.samples[i].size, 5, 4 + 1 + 6);
        }
        assert_int_equal(tally.longest_skip, 196);
        assert_int_equal(tally.most_slices, 7); /* of two rows each */
        avc_free(&coded);
        avc_planes_free(&planes);
    }
}

static void chroma_that_never_changes_is_never_coded_again(void **state) {
    (void)state;
    const avc_way way = {.qp = 20, .group = 8, .at_a_time = 8};
    avc_planes planes = avc_draw(AVC_NOISE, 36, 20, bands_watched() ? 2 : 8, 0, 6);
    avc_tally tally = {0};
    avc_coded coded = encode(&planes, &way, &tally);
    for (unsigned pattern = 16; pattern < 48; pattern++) {
        assert_int_equal(tally.inter_patterns[pattern], 0);
    }
    assert_true(tally.inter_patterns[15] > 0);
    avc_free(&coded);
    avc_planes_free(&planes);
}

/* ---- what was seen ---- */

/* What pictures alone bring about; test_kernels_cavlc has all codes. */
static void these_films_had_everything(void **state) {
    (void)state;
    fixture_device(CBX_FAMILY_GPU); /* where it cannot be had, half of the films are missing */
    if (bands_watched()) {
        return;
    }
    assert_true(seen.pcm[0] > 0 && seen.pcm[1] > 0);
    for (unsigned pattern = 1; pattern < 48; pattern++) {
        assert_true(seen.inter_patterns[pattern] > 0);
    }
    for (unsigned i = 0; i < 6; i++) {
        assert_true(seen.intra_types[i / 3][i % 3] > 0);
    }
    for (unsigned size = 0; size < 7; size++) {
        assert_true(seen.prefixes[size][15] > 0);
    }
    assert_true(seen.prefixes[0][14] > 0);
    assert_int_equal(seen.most_slices, CBX_MOST_SLICES);
    assert_true(seen.inner_skips > 100);
    for (unsigned i = 0; i < 16; i++) {
        assert_true(seen.emulations[i / 4][i % 4] > 0);
    }
}

/* ---- what cannot be ---- */

static void nonsense_is_refused(void **state) {
    (void)state;
    static const struct {
        const char *part;
        cbx_avc_settings settings;
    } cases[] = {
        {"0 x 28 pixels cannot be encoded on the device: both sides must be multiples of 4",
         {.width = 0, .height = 28, .group = 1, .frames = 1, .qp = 20}},
        {"multiples of 4", {.width = 28, .height = 30, .group = 1, .frames = 1, .qp = 20}},
        {"multiples of 4", {.width = 30, .height = 28, .group = 1, .frames = 1, .qp = 20}},
        {"QP 0", {.width = 28, .height = 28, .group = 1, .frames = 1, .qp = 0}},
        {"QP 52", {.width = 28, .height = 28, .group = 1, .frames = 1, .qp = 52}},
        {"groups of 0", {.width = 28, .height = 28, .group = 0, .frames = 1, .qp = 20}},
        {"groups of 257", {.width = 28, .height = 28, .group = 257, .frames = 1, .qp = 20}},
        {"", {.width = 28, .height = 28, .group = 1, .frames = 0, .qp = 20}},
    };
    cbx_device *device = fixture_device(CBX_FAMILY_AUTO);
    for (size_t i = 0; i < COUNT(cases); i++) {
        cbx_avc *avc = (cbx_avc *)device;
        assert_fails(cbx_avc_create(&avc, device, &cases[i].settings), CBX_BAD_ARGUMENT,
                     cases[i].part);
        assert_null(avc);
    }
    cbx_avc *avc;
    const cbx_avc_settings good = {.width = 28, .height = 28, .group = 1, .frames = 2, .qp = 20};
    const cbx_avc_pictures many = {NULL, NULL, 0, 3};
    assert_ok(cbx_avc_create(&avc, device, &good));
    assert_fails(cbx_avc_encode(avc, &many, NULL, NULL, NULL, NULL), CBX_BAD_ARGUMENT,
                 "3 frames at a time: at most 2");
    cbx_avc_destroy(avc);
    cbx_avc_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_of_picture),
        cmocka_unit_test(every_quantiser),
        cmocka_unit_test(every_grid),
        cmocka_unit_test(large_grids),
        cmocka_unit_test(odd_sizes),
        cmocka_unit_test(patches_here_and_there),
        cmocka_unit_test(every_group),
        cmocka_unit_test(any_number_of_frames_at_a_time),
        cmocka_unit_test(what_stands_still_costs_one_run),
        cmocka_unit_test(chroma_that_never_changes_is_never_coded_again),
        cmocka_unit_test(these_films_had_everything),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("kernels of films", tests, fixture_setup, fixture_teardown);
}
