/* SPDX-License-Identifier: MIT */
/* host/picture/grid: geometry for every size. */
#include "support/scratch.h"

#include "clearbox/network.h"
#include "clearbox/picture.h"

static void every_size_fits_its_grid(void **state) {
    (void)state;
    for (uint32_t hidden = 1; hidden <= CBX_MAX_HIDDEN; hidden++) {
        cbx_grid grid;
        if (cbx_grid_lay_out(&grid, hidden, 1) != CBX_OK) {
            fail_msg("%u: %s", (unsigned)hidden, cbx_last_error());
        }
        uint64_t g = grid.rows;
        /* g = ⌈√H⌉, as few columns as do, even sides */
        if (grid.tiles != hidden || g * g < hidden || (g - 1) * (g - 1) >= hidden ||
            grid.columns * g < hidden || (grid.columns - 1) * g >= hidden || grid.scale != 1 ||
            grid.width != 28 * grid.columns || grid.height != 28 * grid.rows) {
            fail_msg("%u neurons: %u columns, %u rows", (unsigned)hidden, (unsigned)grid.columns,
                     (unsigned)grid.rows);
        }
    }
}

static void known_grids(void **state) {
    const struct {
        uint32_t hidden, scale, rows, columns, width, height;
    } cases[] = {{64, 1, 8, 8, 224, 224},      {37, 1, 7, 6, 168, 196},
                 {1, 1, 1, 1, 28, 28},         {3, 3, 2, 2, 168, 168},
                 {1024, 1, 32, 32, 896, 896},  {16384, 1, 128, 128, 3584, 3584},
                 {1, 2340, 1, 1, 65520, 65520}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cbx_grid grid;
        assert_ok(cbx_grid_lay_out(&grid, cases[i].hidden, cases[i].scale));
        assert_int_equal(grid.rows, cases[i].rows);
        assert_int_equal(grid.columns, cases[i].columns);
        assert_int_equal(grid.width, cases[i].width);
        assert_int_equal(grid.height, cases[i].height);
        assert_int_equal(grid.scale, cases[i].scale);
    }
}

/* About 900 pixels high, whatever H, with gaps between whole tiles within the picture, which
 * encoders of 4 × 4 pixels take. */
static void chosen_scales_make_pictures_to_be_looked_at(void **state) {
    const cbx_drawing drawing = {.colours = CBX_COLOURS_SIGNED};
    (void)state;
    for (uint32_t hidden = 1; hidden <= CBX_MAX_HIDDEN; hidden += hidden < 2000 ? 1 : 977) {
        cbx_grid grid;
        uint32_t x, y;
        assert_ok(cbx_grid_lay_out_as(&grid, hidden, &drawing));
        const uint32_t tiles = hidden <= CBX_MOST_TILES ? hidden : CBX_FIRST_TILES;
        cbx_grid_place(&grid, grid.tiles - 1, &x, &y);
        if (grid.height < 620 || grid.height > 1260 || grid.width > grid.height || grid.width % 4 ||
            grid.height % 4 || grid.left % 2 || grid.top % 2 || grid.pitch % 2 ||
            grid.neurons != hidden || grid.tiles != tiles || grid.tile != 28 * grid.scale ||
            grid.pitch <= grid.tile || grid.left < grid.pitch - grid.tile ||
            grid.left + grid.columns * grid.pitch > grid.width ||
            grid.top + grid.rows * grid.pitch > grid.height ||
            x != grid.left + (grid.columns - 1) * grid.pitch || y % 2) {
            fail_msg("%u neurons: %u × %u pixels, scale %u", hidden, grid.width, grid.height,
                     grid.scale);
        }
    }
}

static void known_looks(void **state) {
    const struct {
        uint32_t hidden, scale, tiles, width, height, chosen;
    } cases[] = {{16, 0, 16, 956, 956, 8},        {64, 0, 64, 960, 960, 4},
                 {1024, 0, 1024, 992, 992, 1},    {1297, 0, 256, 960, 960, 2},
                 {16384, 0, 256, 960, 960, 2},    {64, 1, 64, 248, 248, 1},
                 {16384, 1, 16384, 3960, 3960, 1}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const cbx_drawing drawing = {.colours = CBX_COLOURS_SIGNED, .scale = cases[i].scale};
        cbx_grid grid;
        assert_ok(cbx_grid_lay_out_as(&grid, cases[i].hidden, &drawing));
        assert_int_equal(grid.tiles, cases[i].tiles);
        assert_int_equal(grid.scale, cases[i].chosen);
        assert_int_equal(grid.width, cases[i].width);
        assert_int_equal(grid.height, cases[i].height);
    }
}

static void nonsense_is_refused(void **state) {
    cbx_grid grid;
    (void)state;
    assert_fails(cbx_grid_lay_out(&grid, 0, 1), CBX_BAD_ARGUMENT, "0 neurons");
    assert_fails(cbx_grid_lay_out(&grid, 1, 0), CBX_BAD_ARGUMENT, "scale 0");
    assert_fails(cbx_grid_lay_out(&grid, 1, 2341), CBX_BAD_ARGUMENT, "65548 pixels");
    assert_fails(cbx_grid_lay_out(&grid, UINT32_MAX, UINT32_MAX), CBX_BAD_ARGUMENT,
                 "7881299346063360 pixels");
    const cbx_drawing none = {.colours = (cbx_colours)2}, dull = {.tone = (cbx_tone)3};
    assert_fails(cbx_grid_lay_out_as(&grid, 1, &none), CBX_BAD_ARGUMENT, "no colours 2");
    assert_fails(cbx_grid_lay_out_as(&grid, 1, &dull), CBX_BAD_ARGUMENT, "no tone 3");
    const cbx_drawing huge = {.colours = CBX_COLOURS_SIGNED, .scale = 2340};
    assert_fails(cbx_grid_lay_out_as(&grid, 1, &huge), CBX_BAD_ARGUMENT, "more than 65535");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_fits_its_grid),
        cmocka_unit_test(known_grids),
        cmocka_unit_test(known_looks),
        cmocka_unit_test(chosen_scales_make_pictures_to_be_looked_at),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
