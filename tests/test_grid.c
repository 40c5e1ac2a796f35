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

static void nonsense_is_refused(void **state) {
    cbx_grid grid;
    (void)state;
    assert_fails(cbx_grid_lay_out(&grid, 0, 1), CBX_BAD_ARGUMENT, "0 neurons");
    assert_fails(cbx_grid_lay_out(&grid, 1, 0), CBX_BAD_ARGUMENT, "scale 0");
    assert_fails(cbx_grid_lay_out(&grid, 1, 2341), CBX_BAD_ARGUMENT, "65548 pixels");
    assert_fails(cbx_grid_lay_out(&grid, UINT32_MAX, UINT32_MAX), CBX_BAD_ARGUMENT,
                 "7881299346063360 pixels");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_fits_its_grid),
        cmocka_unit_test(known_grids),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
