/* SPDX-License-Identifier: MIT */
/* host/film/level: the lowest level that holds a film. */
#include "support/test.h"

#include <string.h>

#include "film/level.h"

enum { MOST = 62 };

static int idc_of(uint32_t width, uint32_t height, uint32_t fps) {
    return cbx_level_of(width, height, fps, NULL)->idc;
}

static void the_rows_are_in_order(void **state) {
    (void)state;
    for (size_t i = 0; i < CBX_LEVELS; i++) {
        const cbx_level *level = &cbx_levels[i];
        assert_non_null(level->name);
        assert_int_equal(level->idc, 10 * (level->name[0] - '0') + level->name[2] - '0');
        assert_int_equal(strlen(level->name), 3);
        if (i > 0) {
            assert_true(level->idc > level[-1].idc);
            assert_true(level->max_mbps >= level[-1].max_mbps);
            assert_true(level->max_fs >= level[-1].max_fs);
            assert_true(level->max_br >= level[-1].max_br);
            assert_true(level->max_cpb >= level[-1].max_cpb);
        }
    }
    assert_int_equal(cbx_levels[CBX_LEVELS - 1].idc, MOST);
}

static void size_and_rate_choose(void **state) {
    static const struct {
        uint32_t width, height, fps;
        int idc;
    } cases[] = {
        {176, 144, 15, 10},   {176, 144, 16, 11},   {128, 96, 30, 10},    {352, 288, 30, 13},
        {352, 288, 50, 21},   {720, 480, 30, 30},   {1280, 720, 30, 31},  {1920, 1080, 30, 40},
        {1920, 1080, 60, 42}, {224, 224, 70, 21},   {896, 896, 70, 40},   {1792, 1792, 70, 51},
        {2296, 2296, 70, 52}, {3584, 3584, 70, 60}, {3584, 3584, 84, 61}, {7168, 7168, 1, MOST},
        {4096, 2304, 56, 52}, {4096, 2304, 57, 60}, {16384, 16, 1, 60},   {2, 2, 1, 10},
        {2, 2, 1000, 10},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(idc_of(cases[i].width, cases[i].height, cases[i].fps), cases[i].idc);
        assert_int_equal(idc_of(cases[i].height, cases[i].width, cases[i].fps), cases[i].idc);
    }
}

/* 99 macroblocks are level 1.0's, but 28 in a row are the most. */
static void long_sides_count(void **state) {
    (void)state;
    assert_int_equal(idc_of(28 * 16, 16, 15), 10);
    assert_int_equal(idc_of(28 * 16 + 2, 16, 15), 11);
    assert_int_equal(idc_of(16, 28 * 16 + 2, 15), 11);
}

static void the_last_row_need_not_hold(void **state) {
    const cbx_level *level;
    (void)state;
    level = cbx_level_of(5968, 5968, 70, NULL); /* 373² macroblocks */
    assert_int_equal(level->idc, MOST);
    assert_true(cbx_level_holds(level, 5968, 5968, 70, NULL));
    level = cbx_level_of(5970, 5970, 70, NULL);
    assert_int_equal(level->idc, MOST);
    assert_false(cbx_level_holds(level, 5970, 5970, 70, NULL));
    level = cbx_level_of(16384, 16384, 1, NULL);
    assert_int_equal(level->idc, MOST);
    assert_false(cbx_level_holds(level, 16384, 16384, 1, NULL));
    assert_false(cbx_level_holds(level, UINT32_MAX, UINT32_MAX, 1000, NULL));
}

/* `count` pictures of `bytes` each. */
static void add(cbx_buffers *buffers, uint32_t count, size_t bytes) {
    for (uint32_t i = 0; i < count; i++) {
        cbx_buffers_add(buffers, bytes);
    }
}

static int idc_at(uint32_t side, uint32_t fps, uint32_t count, size_t bytes) {
    cbx_buffers buffers = {.fps = fps};
    add(&buffers, count, bytes);
    return cbx_level_of(side, side, fps, &buffers)->idc;
}

static void bits_raise_the_level(void **state) {
    const size_t megabit = 125000;
    (void)state;
    assert_int_equal(idc_at(3584, 70, 3910, 240 * megabit / 70), 60);
    assert_int_equal(idc_at(3584, 70, 3910, 250 * megabit / 70), 61);
    assert_int_equal(idc_at(3584, 70, 3910, 490 * megabit / 70), 62);
    assert_int_equal(idc_at(1792, 70, 700, 200 * megabit / 70), 51);
    assert_int_equal(idc_at(224, 70, 700, 9 * megabit / 70), 30);
    assert_int_equal(idc_at(224, 70, 700, 0), 21);
}

static void a_buffer_evens_out(void **state) {
    cbx_buffers buffers = {.fps = 10};
    (void)state;
    /* Level 1.0 takes 64,000 bits a second and 175,000 at once. */
    for (int i = 0; i < 100; i++) {
        cbx_buffers_add(&buffers, 64000 / 8);
        add(&buffers, 9, 0);
    }
    assert_true(cbx_level_holds(cbx_levels, 16, 16, 10, &buffers));
    cbx_buffers_add(&buffers, 175000 / 8);
    assert_true(cbx_level_holds(cbx_levels, 16, 16, 10, &buffers));
    cbx_buffers_add(&buffers, 64000 / 8 / 10 + 1); /* 0.1 s later, and one byte too many */
    assert_false(cbx_level_holds(cbx_levels, 16, 16, 10, &buffers));
    assert_int_equal(cbx_level_of(16, 16, 10, &buffers)->idc, 11);
    add(&buffers, 1000, 0); /* what was, stays */
    assert_int_equal(cbx_level_of(16, 16, 10, &buffers)->idc, 11);
}

static void bits_beyond_every_level(void **state) {
    cbx_buffers buffers = {.fps = 1000};
    (void)state;
    add(&buffers, 2, (size_t)1 << 30);
    assert_int_equal(cbx_level_of(16, 16, 1000, &buffers)->idc, MOST);
    assert_false(cbx_level_holds(cbx_levels + CBX_LEVELS - 1, 16, 16, 1000, &buffers));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rows_are_in_order),   cmocka_unit_test(size_and_rate_choose),
        cmocka_unit_test(long_sides_count),        cmocka_unit_test(the_last_row_need_not_hold),
        cmocka_unit_test(bits_raise_the_level),    cmocka_unit_test(a_buffer_evens_out),
        cmocka_unit_test(bits_beyond_every_level),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
