/* SPDX-License-Identifier: MIT */
/* The kernels of tiles.cl: every pixel's colour against the palette at the level that the reference
 * has there, Y, Cb and Cr against these colours; and the palettes themselves. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture/brush.h"
#include "reference/picture.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/panels.h"

/* As in support/pictures.c. */
static const double slack = 1e-4;

typedef struct scene {
    cbx_device *device;
    cbx_drawing drawing;
    shape s;
    cbx_grid grid;
    cbx_tile_palette palette;
    double *levels; /* (H, 784): exact levels */
    bands *b;
    cl_mem weights;
    cbx_brush brush;
    char what[96];
} scene;

static void open_scene(scene *e, cbx_device *device, cbx_drawing drawing, size_t hidden) {
    uint64_t state = hidden;
    *e = (scene){.device = device, .drawing = drawing, .s = shape_of(device, 1, hidden)};
    snprintf(e->what, sizeof e->what, "%s, %s, H = %zu, scale %u",
             cbx_colours_name(drawing.colours), cbx_tone_name(drawing.tone), hidden, drawing.scale);
    assert_ok(cbx_grid_lay_out_as(&e->grid, (uint32_t)hidden, &drawing));
    cbx_tile_palette_fill(&e->palette, drawing.colours);
    float *w1 = random_floats(&state, CBX_W1_ROWS * hidden, 1);
    for (size_t row = 0; row < CBX_W1_ROWS && hidden > 2; row++) {
        w1[row * hidden + 1] = 0.0f; /* one neuron has learned nothing, one only what is below */
        w1[row * hidden + 2] = -fabsf(w1[row * hidden + 2]);
    }
    double *exact = to_doubles(w1, CBX_W1_ROWS * hidden);
    float *packed = pack_w1(e->s, w1);
    const cbx_tone tone = drawing.colours == CBX_COLOURS_GREY ? drawing.tone : CBX_TONE_SIGNED;
    TEST_NEW(e->levels, hidden * CBX_IMAGE_PIXELS);
    for (size_t i = 0; i < hidden; i++) {
        cbx_reference_greys(tone, exact + hidden + i, hidden, e->levels + i * CBX_IMAGE_PIXELS);
    }
    e->b = bands_open(device);
    e->weights = bands_input(e->b, "w1", packed, e->s.panels * CBX_PANEL_SIZE * sizeof(float));
    assert_ok(cbx_brush_init(&e->brush, device, &e->grid, &drawing));
    free(w1);
    free(exact);
    free(packed);
}

static void close_scene(scene *e) {
    cbx_brush_clear(&e->brush);
    bands_close(e->b);
    free(e->levels);
}

static size_t pixels_of(const scene *e) {
    return (size_t)e->grid.width * e->grid.height;
}

static int is_colour(const scene *e, const uint8_t *rgb, unsigned index) {
    return memcmp(rgb, e->palette.rgb[index].parts, 3) == 0;
}

/* What pixel (x, y) has to be; the tile is found by walking over all of them. */
static int is_right(const scene *e, const uint8_t *rgb, uint32_t x, uint32_t y) {
    for (uint32_t i = 0; i < e->grid.tiles; i++) {
        uint32_t left, top;
        cbx_grid_place(&e->grid, i, &left, &top);
        if (x < left || y < top || x >= left + e->grid.tile || y >= top + e->grid.tile) {
            continue;
        }
        const uint32_t column = (x - left) / e->grid.scale, row = (y - top) / e->grid.scale;
        const int edge = column == 0 || row == 0 || column == 27 || row == 27;
        if (edge && e->drawing.colours == CBX_COLOURS_GREY) {
            return is_colour(e, rgb, CBX_COLOUR_BORDER);
        }
        const double exact = e->levels[i * CBX_IMAGE_PIXELS + row * 28 + column];
        for (unsigned level = 0; level < 256; level++) {
            if (is_colour(e, rgb, level) && cbx_reference_level_fits(exact, level, slack)) {
                return 1;
            }
        }
        return 0;
    }
    return is_colour(e, rgb, CBX_COLOUR_GROUND);
}

static uint8_t *check_rgb(scene *e) {
    cl_mem rgb = bands_output(e->b, "rgb", NULL, 3 * pixels_of(e));
    assert_ok(cbx_brush_ground_rgb(&e->brush, rgb));
    assert_ok(cbx_brush_tiles_rgb(&e->brush, e->weights, rgb));
    bands_check(e->b, "tiles_rgb");
    uint8_t *drawn = bands_read(e->b, rgb);
    for (uint32_t y = 0; y < e->grid.height; y++) {
        for (uint32_t x = 0; x < e->grid.width; x++) {
            const uint8_t *pixel = drawn + 3 * ((size_t)y * e->grid.width + x);
            if (!is_right(e, pixel, x, y)) {
                fail_msg("%s: pixel (%u, %u) is %u, %u, %u", e->what, x, y, pixel[0], pixel[1],
                         pixel[2]);
            }
        }
    }
    return drawn;
}

/* Y, Cb and Cr by the definition, rounded. */
static void convert(const uint8_t *rgb, int yuv[3]) {
    const double r = rgb[0] / 255.0, g = rgb[1] / 255.0, b = rgb[2] / 255.0;
    const double y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    yuv[0] = (int)floor(16 + 219 * y + 0.5);
    yuv[1] = (int)floor(128 + 224 * (b - y) / 1.8556 + 0.5);
    yuv[2] = (int)floor(128 + 224 * (r - y) / 1.5748 + 0.5);
}

static void check_planes(const scene *e, const uint8_t *rgb, const uint8_t *luma,
                         const uint8_t *chroma) {
    const size_t width = e->grid.width, height = e->grid.height;
    for (size_t at = 0; at < width * height / 4; at++) {
        const size_t x = at % (width / 2) * 2, y = at / (width / 2) * 2;
        int sum[3] = {0, 2, 2};
        for (size_t n = 0; n < 4; n++) {
            const size_t pixel = (y + n / 2) * width + x + n % 2;
            int yuv[3];
            convert(rgb + 3 * pixel, yuv);
            sum[1] += yuv[1];
            sum[2] += yuv[2];
            if (luma[pixel] != yuv[0]) {
                fail_msg("%s: Y of pixel (%zu, %zu) is %u, not %d", e->what, x, y, luma[pixel],
                         yuv[0]);
            }
        }
        if (chroma[at] != sum[1] / 4 || chroma[width * height / 4 + at] != sum[2] / 4) {
            fail_msg("%s: chroma of pixel (%zu, %zu) is wrong", e->what, x, y);
        }
    }
}

/* With the planes in one buffer, not at its beginning. */
static void check_yuv(scene *e, const uint8_t *rgb) {
    const size_t before = 6, bytes = pixels_of(e) / 2 * 3;
    cl_mem frame = bands_output(e->b, "a frame", NULL, before + bytes);
    const cbx_planes planes = {frame, frame, before, before + pixels_of(e)};
    cl_event done = NULL;
    assert_ok(cbx_brush_ground(&e->brush, &planes));
    assert_ok(cbx_brush_tiles(&e->brush, e->weights, &planes, NULL, &done));
    assert_non_null(done);
    cbx_event_release(&done);
    bands_check(e->b, "tiles_yuv");
    uint8_t *drawn = bands_read(e->b, frame);
    check_planes(e, rgb, drawn + before, drawn + before + pixels_of(e));
    free(drawn);
}

static void check(cbx_family family, cbx_drawing drawing, size_t hidden) {
    scene e;
    open_scene(&e, fixture_device(family), drawing, hidden);
    uint8_t *rgb = check_rgb(&e);
    check_yuv(&e, rgb);
    free(rgb);
    close_scene(&e);
}

static void check_drawings(cbx_family family) {
    const sizes hidden = hidden_sizes();
    for (size_t i = 0; i < hidden.count && hidden.values[i] <= 131; i++) {
        for (uint32_t scale = bands_watched() ? 2 : 1; scale <= (bands_watched() ? 2 : 3);
             scale++) {
            check(family, (cbx_drawing){CBX_TONE_RANGE, CBX_COLOURS_SIGNED, scale, 0},
                  hidden.values[i]);
        }
    }
    /* Watched: the tone is a matter of tone_of_tiles, which test_kernels_picture has with all. */
    for (cbx_tone tone = CBX_TONE_PEAK; cbx_tone_name(tone) && (!bands_watched() || !tone);
         tone++) {
        check(family, (cbx_drawing){tone, CBX_COLOURS_GREY, 2, 0}, 37);
    }
}

static void cpu_family(void **state) {
    (void)state;
    check_drawings(CBX_FAMILY_CPU);
}

static void gpu_family(void **state) {
    (void)state;
    check_drawings(CBX_FAMILY_GPU);
}

/* The same number of steps on both sides, none darker than one nearer to zero, and whoever
 * lacks one kind of cones sees the difference: blue and yellow are far apart in Cb. */
static void signed_colours_diverge(void **state) {
    cbx_tile_palette palette;
    (void)state;
    cbx_tile_palette_fill(&palette, CBX_COLOURS_SIGNED);
    for (int i = 129; i < 256; i++) {
        const uint8_t *above = palette.yuv[i].parts, *below = palette.yuv[255 - i].parts;
        assert_true(above[0] >= palette.yuv[i - 1].parts[0]);
        assert_true(below[0] >= palette.yuv[256 - i].parts[0]);
        assert_true(below[1] >= above[1] + (i > 136 ? 10 : 0));
        assert_true(abs(above[0] - below[0]) <= 16); /* equally bright */
    }
    for (int i = 0; i < 3; i++) { /* both are half a step from zero */
        assert_true(abs(palette.rgb[127].parts[i] - palette.rgb[128].parts[i]) <= 1);
    }
    assert_true(palette.yuv[128].parts[0] < 32);
    assert_true(palette.yuv[255].parts[0] > 200 && palette.yuv[0].parts[0] > 200);
    assert_true(palette.yuv[CBX_COLOUR_GROUND].parts[0] < palette.yuv[128].parts[0]);
}

static void grey_is_the_lessons(void **state) {
    cbx_tile_palette palette;
    (void)state;
    cbx_tile_palette_fill(&palette, CBX_COLOURS_GREY);
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t expected[4] = {(uint8_t)cbx_reference_luma(i), 128, 128, 0};
        assert_memory_equal(palette.yuv[i].parts, expected, 4);
    }
    const uint8_t red[4] = {CBX_REFERENCE_RED_LUMA, CBX_REFERENCE_RED_CB, CBX_REFERENCE_RED_CR, 0};
    assert_memory_equal(palette.yuv[CBX_COLOUR_BORDER].parts, red, 4);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_family),
        cmocka_unit_test(gpu_family),
        cmocka_unit_test(signed_colours_diverge),
        cmocka_unit_test(grey_is_the_lessons),
    };
    return cmocka_run_group_tests_name("kernels: tiles", tests, fixture_setup, fixture_teardown);
}
