/* SPDX-License-Identifier: MIT */
/* The check of what is not the lesson's picture passes a device that draws rightly, and names the
 * kernel where it does not. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "check/check_drawing.h"
#include "support/fixture.h"
#include "support/mutant.h"

typedef struct mutation {
    const char *kernel; /* that must be named */
    const char *file, *from, *to;
} mutation;

static const mutation mutations[] = {
    {"tiles_yuv", "tiles.cl", "layout->pitch;\n    return", "layout->tile;\n    return"},
    {"tiles_yuv", "tiles.cl", "(y + 1) / layout.scale, lower", "y / layout.scale, lower"},
    {"tiles_yuv", "tiles.cl", "(x + 1) / layout.scale;", "x / layout.scale;"},
    {"tiles_yuv", "tiles.cl", "d.y + 2) / 4", "d.y) / 4"},
    {"tiles_yuv", "tiles.cl", "cr[x / 2] = ((uint)a.z", "cr[x / 2] = ((uint)a.y"},
    {"tiles_yuv", "tiles.cl", "layout->bordered &&", "true &&"},
    {"tiles_rgb", "tiles.cl", "out[3 * x + 1] = colour.y", "out[3 * x + 1] = colour.x"},
    {"tiles_rgb", "tiles.cl", "palette[CBX_COLOUR_GROUND];\n    global", "palette[0];\n    global"},
    {"tiles_rgb", "tiles.cl", "levels[x / layout.scale]", "levels[x / 4]"},
    {"caption_yuv", "caption.cl", "sum += (uint)(loss", "sum = (uint)(loss"},
    {"caption_yuv", "caption.cl", "CBX_LOSS_ONE / 2) /", "CBX_LOSS_ONE) /"},
    {"caption_yuv", "caption.cl", "line.y - glyph.top", "line.y + glyph.top"},
    {"caption_yuv", "caption.cl", "pen + glyph.left", "pen"},
    {"caption_yuv", "caption.cl", "ink_of(much, line.colour)", "ink_of(255, line.colour)"},
    {"caption_yuv", "caption.cl", "+ 127) / 255", ") / 255"},
    {"caption_yuv", "caption.cl", "cr += colour.z", "cr += colour.y"},
    {"caption_rgb", "caption.cl", "out[2] = (uchar)colour.z", "out[2] = (uchar)colour.y"},
};

static int is_named(const mutation *m, cbx_status status) {
    char name[64];
    snprintf(name, sizeof name, "the kernel %s computes wrongly on ", m->kernel);
    if (status != CBX_BAD_KERNEL || strncmp(cbx_last_error(), name, strlen(name)) != 0) {
        print_error("%s with \"%s\": status %d, \"%s\"\n", m->file, m->to, (int)status,
                    status ? cbx_last_error() : "");
        return 0;
    }
    return 1;
}

static void check_family(cbx_family family) {
    size_t missed = 0;
    cbx_device *device;
    (void)fixture_device(family); /* skips where there is none */
    assert_ok(cbx_device_open(&device, fixture_spec(), family));
    assert_ok(cbx_check_drawing(device));
    assert_ok(cbx_check_drawing(device)); /* leaves the device as it was */
    for (size_t i = 0; i < sizeof mutations / sizeof *mutations; i++) {
        const mutation *m = &mutations[i];
        mutate_picture(device, m->file, m->from, m->to);
        missed += !is_named(m, cbx_check_drawing(device));
    }
    cbx_device_close(device);
    assert_int_equal(missed, 0);
}

static void cpu_family(void **state) {
    (void)state;
    check_family(CBX_FAMILY_CPU);
}

static void gpu_family(void **state) {
    (void)state;
    check_family(CBX_FAMILY_GPU);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_family),
        cmocka_unit_test(gpu_family),
    };
    return cmocka_run_group_tests_name("check of drawings", tests, fixture_setup, fixture_teardown);
}
