/* SPDX-License-Identifier: MIT */
/* Comparing encoders: the numbers fit together. Nothing here depends on how fast the machine is. */
#include "support/bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "avc/check.h"
#include "base/error.h"
#include "bench/encode.h"
#include "bench/excerpts.h"
#include "bench/tally.h"
#include "clearbox/film.h"

enum { HIDDEN = 9, SIDE = 84, GROUP = 140 };

static int device_fails;

cbx_status __real_cbx_avc_check(cbx_device *device);
cbx_status __wrap_cbx_avc_check(cbx_device *device);

cbx_status __wrap_cbx_avc_check(cbx_device *device) {
    return device_fails ? cbx_fail(CBX_BAD_KERNEL, "the encoder errs")
                        : __real_cbx_avc_check(device);
}

static cbx_bench_settings settings_of(uint32_t hidden) {
    cbx_bench_settings settings;
    cbx_bench_defaults(&settings);
    settings.hidden = hidden;
    settings.batch = 50;
    settings.repetitions = 2;
    return settings;
}

static int is_near(double a, double b) {
    return fabs(a - b) <= 1e-9 * fabs(b);
}

/* ---- arithmetic ---- */

static void squares_are_summed_over_every_byte(void **state) {
    enum { BYTES = 100001 };
    uint8_t *a, *b;
    (void)state;
    TEST_NEW(a, BYTES);
    TEST_NEW(b, BYTES);
    memset(a, 255, BYTES);
    assert_true(cbx_squared_error(a, b, BYTES) == 65025.0 * BYTES);
    assert_true(cbx_squared_error(b, a, 1) == 65025.0);
    memcpy(b, a, BYTES);
    assert_true(cbx_squared_error(a, b, BYTES) == 0.0);
    b[BYTES - 1] = 252;
    assert_true(cbx_squared_error(a, b, BYTES) == 9.0);
    free(a);
    free(b);
}

/* Two key frames and six others of 10 pixels, in groups of four: as they are. The second excerpt
 * stands for 92 of 100 frames. */
static void groups_and_excerpts_have_their_share(void **state) {
    const cbx_excerpts excerpts = {.plane = 10, .frames = 8, .run = 100};
    const cbx_tally first = {.frames = {2, 6},
                             .processor_seconds = {4e-9, 12e-9},
                             .bytes = {20.0, 12.0},
                             .error = {8.0, 72.0}};
    cbx_tally tallies[CBX_EXCERPTS] = {first, first};
    (void)state;
    const cbx_bench_encoded same = cbx_tally_encoded(tallies, 23.0, &excerpts, 4);
    assert_true(same.qp == 23.0);
    assert_true(is_near(same.processor_ns, 16.0 / 80.0));
    assert_true(is_near(same.bits, 8.0 * 32.0 / 80.0));
    assert_true(is_near(same.keys, 20.0 / 32.0));
    assert_true(is_near(same.psnr, 10.0 * log10(65025.0)));
    assert_true(same.device_ns == 0.0);
    tallies[1].bytes[0] = tallies[1].bytes[1] = 0.0;
    const cbx_bench_encoded less = cbx_tally_encoded(tallies, 23.0, &excerpts, 4);
    assert_true(is_near(less.bits, 0.08 * same.bits));
    /* One key frame of 8 rather than two. */
    const cbx_bench_encoded longer = cbx_tally_encoded(tallies, 23.0, &excerpts, 8);
    assert_true(is_near(longer.bits, 0.08 * 8.0 * (10.0 + 7.0 * 2.0) / 80.0));
    assert_true(is_near(cbx_excerpts_share(&excerpts, 0, 10.0), 0.5));
    assert_true(is_near(cbx_excerpts_share(&excerpts, 1, 32.0), 0.75));
}

static void between_two_is_linear_in_decibels(void **state) {
    const cbx_bench_encoded finer = {.qp = 20.0, .processor_ns = 3.0, .bits = 4.0, .psnr = 44.0};
    const cbx_bench_encoded coarser = {.qp = 21.0, .processor_ns = 2.0, .bits = 1.0, .psnr = 42.0};
    (void)state;
    const cbx_bench_encoded middle = cbx_encoded_between(&finer, &coarser, 43.0);
    assert_true(middle.qp == 20.5 && middle.processor_ns == 2.5 && middle.psnr == 43.0);
    assert_true(is_near(middle.bits, 2.0));
    assert_true(is_near(cbx_encoded_between(&finer, &coarser, 44.0).bits, 4.0));
    assert_true(is_near(cbx_encoded_between(&finer, &finer, 44.0).bits, 4.0));
}

/* ---- excerpts ---- */

static void excerpts_show_the_beginning_and_the_middle(void **state) {
    const bench_fixture *f = *state;
    const cbx_bench_settings settings = settings_of(HIDDEN);
    cbx_excerpts excerpts;
    assert_ok(cbx_excerpts_draw(&excerpts, f->bench, &settings, GROUP));
    assert_int_equal(excerpts.width, SIDE);
    assert_int_equal(excerpts.height, SIDE);
    assert_int_equal(excerpts.rows, SIDE);
    assert_int_equal(excerpts.frames, 2 * GROUP);
    assert_int_equal(excerpts.first[0], 0);
    assert_int_equal(excerpts.first[1], 2 * GROUP); /* 50 batches have no middle beyond that */
    /* A beginning that no other order of drawing has, and everything was drawn. */
    for (uint32_t excerpt = 0; excerpt < CBX_EXCERPTS; excerpt++) {
        for (uint32_t i = 1; i < excerpts.frames; i++) {
            assert_memory_not_equal(cbx_excerpts_frame(&excerpts, excerpt, i),
                                    cbx_excerpts_frame(&excerpts, excerpt, i - 1), excerpts.plane);
        }
    }
    cbx_excerpts_clear(&excerpts);
    cbx_excerpts_clear(&excerpts);
}

/* Groups that do not fit into 128 MiB whole. */
static void of_large_pictures_there_are_the_upper_rows(void **state) {
    const bench_fixture *f = *state;
    const cbx_bench_settings settings = settings_of(100);
    cbx_excerpts whole, part;
    assert_ok(cbx_excerpts_draw(&whole, f->bench, &settings, 4));
    assert_int_equal(whole.rows, 10 * 28);
    assert_int_equal(whole.frames, 8);
    /* A group of so many frames leaves room for some 74,500 bytes of each. */
    assert_ok(cbx_excerpts_draw(&part, f->bench, &settings, 1800));
    assert_int_equal(part.rows, 9 * 28);
    assert_int_equal(part.frames, 1800);
    assert_int_equal(part.plane, 280 * 252);
    for (uint32_t i = 0; i < whole.frames; i++) {
        assert_memory_equal(cbx_excerpts_frame(&part, 0, i), cbx_excerpts_frame(&whole, 0, i),
                            part.plane);
    }
    assert_memory_equal(part.cb, whole.cb, part.plane / 4);
    cbx_excerpts_clear(&whole);
    cbx_excerpts_clear(&part);
}

/* ---- encoders ---- */

static void assert_encoded(const cbx_bench_encoded *got) {
    assert_true(got->qp >= 1.0 && got->qp <= 51.0);
    assert_true(isfinite(got->processor_ns) && got->processor_ns > 0.0);
    assert_true(got->bits > 0.0 && got->bits < 12.0);
    assert_true(got->keys > 0.0 && got->keys < 1.0);
    assert_true(got->psnr > 20.0 && got->psnr < 80.0);
    assert_true(isfinite(got->device_ns));
}

static int is_ordered(double first, double second, double third) {
    return first >= second && second >= third;
}

static void assert_matched(const cbx_bench_encoder *got, const cbx_bench_encoded *meant) {
    const cbx_bench_encoded *finer = &got->finer, *coarser = &got->coarser;
    assert_string_equal(got->encoder, "libx264");
    assert_encoded(&got->at);
    assert_encoded(finer);
    assert_encoded(coarser);
    assert_true(finer->qp + 1.0 == coarser->qp && finer->qp == floor(finer->qp));
    assert_true(finer->psnr > coarser->psnr && finer->bits > coarser->bits);
    assert_true(got->at.psnr == meant->psnr);
    assert_true(is_ordered(finer->psnr, got->at.psnr, coarser->psnr));
    assert_true(is_ordered(finer->bits, got->at.bits, coarser->bits));
    assert_true(is_ordered(coarser->qp, got->at.qp, finer->qp));
    assert_true(is_near(got->size, got->at.bits / meant->bits));
    assert_int_equal(got->group, GROUP);
}

static void encoders_are_compared_at_equal_psnr(void **state) {
    const bench_fixture *f = *state;
    const cbx_bench_settings settings = settings_of(HIDDEN);
    const int has_x264 = cbx_film_encoder(CBX_CODEC_H264) != NULL;
    cbx_bench_film job = {.processor_seconds = 100.0};
    cbx_bench_encoding got;
    job.job.film.frames = 1000;
    job.job.film.encoder = "device";
    assert_ok(cbx_bench_measure_encoding(f->bench, &settings, &job, &got));
    assert_int_equal(got.width, SIDE);
    assert_int_equal(got.rows, SIDE);
    assert_int_equal(got.frames, 4 * GROUP);
    const cbx_bench_encoder *device = &got.encoders[CBX_BENCH_DEVICE];
    assert_string_equal(got.reason, "");
    assert_string_equal(device->encoder, "device");
    assert_encoded(&device->at);
    assert_true(device->at.device_ns > 0.0 && device->finer.qp == 0.0 && device->size == 1.0);
    /* Processor time of the device's encoder is some of the job's. */
    const double own = 1e-9 * device->at.processor_ns * 1000.0 * SIDE * SIDE;
    assert_true(device->share > 0.5 * own / 100.0 && device->share < 2.0 * own / 100.0);
    if (!has_x264) {
        assert_null(got.encoders[CBX_BENCH_MEDIUM].encoder);
        return;
    }
    for (int i = CBX_BENCH_ULTRAFAST; i <= CBX_BENCH_MEDIUM; i++) {
        assert_matched(&got.encoders[i], &device->at);
        assert_true(got.encoders[i].share > 0.0 && got.encoders[i].share < 1.0);
    }
    const cbx_bench_encoder *film = &got.encoders[CBX_BENCH_FILM];
    assert_encoded(&film->at);
    assert_string_equal(film->preset, "ultrafast");
    assert_true(film->at.qp == 22.0 && film->size == 0.0 && film->group == 2 * GROUP);
}

static void without_the_device_ultrafast_takes_its_place(void **state) {
    const bench_fixture *f = *state;
    const cbx_bench_settings settings = settings_of(3);
    cbx_bench_film job = {.processor_seconds = 100.0};
    cbx_bench_encoding got;
    job.job.film.frames = 1000;
    job.job.film.encoder = "libx264";
    job.job.times.encode = 40.0;
    device_fails = 1;
    assert_ok(cbx_bench_measure_encoding(f->bench, &settings, &job, &got));
    device_fails = 0;
    const cbx_bench_encoder *first = &got.encoders[CBX_BENCH_ULTRAFAST];
    assert_string_equal(got.reason, "the encoder errs");
    assert_null(got.encoders[CBX_BENCH_DEVICE].encoder);
    assert_true(got.encoders[CBX_BENCH_DEVICE].at.qp == 0.0);
    if (!first->encoder) {
        skip();
    }
    assert_encoded(&first->at);
    assert_true(first->at.qp == 22.0 && first->size == 1.0 && first->finer.qp == 0.0);
    assert_matched(&got.encoders[CBX_BENCH_MEDIUM], &first->at);
    /* Beside the 60 seconds that are not encoding. */
    const double own = first->share * 60.0 / (1.0 - first->share);
    assert_true(own > 0.0 && own < 10.0);
}

/* The numbers that are no times are the same again. */
static void a_comparison_repeats_itself(void **state) {
    const bench_fixture *f = *state;
    const cbx_bench_settings settings = settings_of(3);
    cbx_bench_encoding first, again;
    assert_ok(cbx_bench_measure_encoding(f->bench, &settings, NULL, &first));
    assert_ok(cbx_bench_measure_encoding(f->bench, &settings, NULL, &again));
    for (int i = 0; i < CBX_BENCH_ENCODERS; i++) {
        const cbx_bench_encoder *a = &first.encoders[i], *b = &again.encoders[i];
        assert_true(a->at.qp == b->at.qp && a->at.bits == b->at.bits && a->size == b->size);
        assert_true(a->at.psnr == b->at.psnr && a->share == 0.0);
    }
}

/* ---- stopping ---- */

/* How often a stop was asked for, and from which time on the answer is yes. */
typedef struct patience {
    unsigned asked, limit;
} patience;

static int lose_patience(void *user) {
    patience *left = user;
    return ++left->asked > left->limit;
}

static void it_stops_wherever_it_is(void **state) {
    const bench_fixture *f = *state;
    const unsigned limits[] = {0, 3, 100, 1000, 3000};
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        patience left = {.limit = limits[i]};
        cbx_bench_settings settings = settings_of(HIDDEN);
        cbx_bench_encoding got;
        settings.stop = (cbx_bench_stop){lose_patience, &left};
        assert_int_equal(cbx_bench_measure_encoding(f->bench, &settings, NULL, &got),
                         CBX_INTERRUPTED);
        assert_int_equal(left.asked, limits[i] + 1);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(squares_are_summed_over_every_byte),
        cmocka_unit_test(groups_and_excerpts_have_their_share),
        cmocka_unit_test(between_two_is_linear_in_decibels),
        cmocka_unit_test(excerpts_show_the_beginning_and_the_middle),
        cmocka_unit_test(of_large_pictures_there_are_the_upper_rows),
        cmocka_unit_test(encoders_are_compared_at_equal_psnr),
        cmocka_unit_test(without_the_device_ultrafast_takes_its_place),
        cmocka_unit_test(a_comparison_repeats_itself),
        cmocka_unit_test(it_stops_wherever_it_is),
    };
    return cmocka_run_group_tests(tests, bench_set_up, bench_tear_down);
}
