/* SPDX-License-Identifier: MIT */
/* The kernels of picture.cl against the picture in double precision: every tone,
 * tiles of every kind, plain and magnified. And the kernels that draw by panels against them, to the byte. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture/draw.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/pictures.h"
#include "support/panels.h"
#include "support/synthetic.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

enum { BLACK_LUMA = 16, LARGEST_AT = 1 + 300, SMALLEST_AT = 1 + 400 }; /* rows of W1 */

typedef struct easel {
    cbx_device *device;
    cbx_tone tone;
    shape s;
    cbx_grid grid;
    float *w1, *packed; /* (785, H), [P][785][32] */
    cbx_reference_picture picture;
    bands *b;
    cl_mem weights, tones;
} easel;

/* The kinds of tiles: as they come, none positive, all zero. */
static int is_dark(size_t neuron) {
    return neuron % 5 == 1;
}

static int is_zero(size_t neuron) {
    return neuron % 7 == 2;
}

/* Weights of sizes from 1e-4 to 1e4; the largest and the smallest of a tile are well
 * inside of its border, and different in every tile: whether 255 divided by the
 * largest is rounded up or down is a matter of its last bits. */
static float *make_weights(size_t hidden, uint64_t *state) {
    float *w1 = random_floats(state, CBX_W1_ROWS * hidden, 1);
    for (size_t neuron = 0; neuron < hidden; neuron++) {
        const float size = powf(10.0f, (float)(neuron % 9) - 4.0f);
        for (size_t row = 0; row < CBX_W1_ROWS; row++) {
            float *v = w1 + row * hidden + neuron;
            *v = row == LARGEST_AT    ? 5.1f + 0.0137f * (float)neuron
                 : row == SMALLEST_AT ? -4.9f
                                      : fminf(fmaxf(*v, -4), 4);
            *v = is_zero(neuron) ? 0.0f : is_dark(neuron) ? -fabsf(*v) * size : *v * size;
        }
    }
    return w1;
}

static void open_easel(easel *e, cbx_device *device, cbx_tone tone, size_t hidden, uint32_t scale) {
    uint64_t state = hidden;
    *e = (easel){.device = device, .tone = tone, .s = shape_of(device, 1, hidden)};
    assert_ok(cbx_grid_lay_out(&e->grid, (uint32_t)hidden, scale));
    e->w1 = make_weights(hidden, &state);
    e->packed = pack_w1(e->s, e->w1);
    e->picture = picture_of(e->w1, (uint32_t)hidden, tone, scale);
    e->b = bands_open(device);
    e->weights = bands_input(e->b, "w1", e->packed, e->s.panels * CBX_PANEL_SIZE * sizeof(float));
}

static void close_easel(easel *e) {
    bands_close(e->b);
    cbx_reference_picture_clear(&e->picture);
    free(e->w1);
    free(e->packed);
}

static size_t pixels_of(const easel *e) {
    return (size_t)e->grid.width * e->grid.height;
}

/* A plane filled with one value. */
static cl_mem plane_of(easel *e, const char *what, size_t bytes, int value) {
    uint8_t *content;
    TEST_NEW(content, bytes);
    memset(content, value, bytes);
    cl_mem plane = bands_output(e->b, what, content, bytes);
    free(content);
    return plane;
}

static void draw_tones(easel *e) {
    const cbx_frame_layout layout = cbx_frame_layout_of(&e->grid, e->tone);
    e->tones = bands_output(e->b, "tones", NULL, e->s.hidden * 4 * sizeof(float));
    BANDS_LAUNCH(e->b, "tone_of_tiles", bands_range(e->b, e->s.hidden, 1), ARG(e->weights),
                 ARG(layout), ARG(e->tones));
}

/* Planes up to that of the layout, for free(); the weights are of its neurons alone. */
static uint8_t *luma_of(easel *e, cl_mem weights, cbx_frame_layout layout) {
    cl_mem luma = plane_of(e, "luma", (1 + layout.plane) * pixels_of(e), BLACK_LUMA);
    BANDS_LAUNCH(e->b, "picture_luma", bands_range(e->b, layout.count, CBX_IMAGE_SIDE),
                 ARG(weights), ARG(e->tones), ARG(layout), ARG(luma));
    return bands_read(e->b, luma);
}

static void check_luma(easel *e, const char *what) {
    uint8_t *drawn = luma_of(e, e->weights, cbx_frame_layout_of(&e->grid, e->tone));
    assert_picture_luma(&e->picture, drawn, what);
    free(drawn);
}

/* The grey level that a neuron's weight in a row of W1 became. */
static unsigned level_of(const easel *e, const uint8_t *rgb, size_t neuron, size_t row) {
    const size_t scale = e->grid.scale, pixel = row - 1;
    const size_t x = (neuron / e->grid.rows * CBX_IMAGE_SIDE + pixel % CBX_IMAGE_SIDE) * scale;
    const size_t y = (neuron % e->grid.rows * CBX_IMAGE_SIDE + pixel / CBX_IMAGE_SIDE) * scale;
    return rgb[3 * (y * e->grid.width + x)];
}

/* The ends of the scale are met exactly, whatever the roundings on the way. */
static void check_extremes(const easel *e, const uint8_t *rgb, const char *what) {
    for (size_t neuron = 0; neuron < e->s.hidden; neuron++) {
        const unsigned largest = level_of(e, rgb, neuron, LARGEST_AT);
        const unsigned smallest = level_of(e, rgb, neuron, SMALLEST_AT);
        unsigned expect_largest = 255, expect_smallest = 0;
        if (is_zero(neuron)) {
            expect_largest = expect_smallest = e->tone == CBX_TONE_SIGNED ? 127 : 0;
        } else if (is_dark(neuron)) { /* 5.1 became the smallest */
            expect_largest = 0;
            expect_smallest = smallest; /* the reference's matter */
        } else if (e->tone == CBX_TONE_SIGNED) {
            expect_smallest = smallest; /* not quite as far from zero */
        }
        if (largest != expect_largest || smallest != expect_smallest) {
            fail_msg("%s: neuron %zu shows its ends as %u and %u, expected %u and %u", what, neuron,
                     largest, smallest, expect_largest, expect_smallest);
        }
    }
}

static void check_rgb(easel *e, const char *what) {
    const cbx_frame_layout layout = cbx_frame_layout_of(&e->grid, e->tone);
    cl_mem rgb = plane_of(e, "rgb", 3 * pixels_of(e), 0);
    BANDS_LAUNCH(e->b, "picture_rgb", bands_range(e->b, e->s.hidden, CBX_IMAGE_SIDE),
                 ARG(e->weights), ARG(e->tones), ARG(layout), ARG(rgb));
    uint8_t *drawn = bands_read(e->b, rgb);
    assert_picture_rgb(&e->picture, drawn, what);
    check_extremes(e, drawn, what);
    free(drawn);
}

static void check_chroma(easel *e, const char *what) {
    const cbx_frame_layout layout = cbx_frame_layout_of(&e->grid, e->tone);
    const size_t bytes = pixels_of(e) / 4;
    cl_mem cb = plane_of(e, "cb", bytes, 1), cr = plane_of(e, "cr", bytes, 1);
    BANDS_LAUNCH(e->b, "picture_chroma", bands_range(e->b, e->grid.width / 2, e->grid.height / 2),
                 ARG(layout), ARG(cb), ARG(cr));
    uint8_t *drawn_cb = bands_read(e->b, cb), *drawn_cr = bands_read(e->b, cr);
    for (size_t i = 0; i < bytes; i++) {
        const size_t x = i % (e->grid.width / 2), y = i / (e->grid.width / 2);
        if (drawn_cb[i] != cbx_reference_chroma(&e->picture, x, y, CBX_REFERENCE_RED_CB) ||
            drawn_cr[i] != cbx_reference_chroma(&e->picture, x, y, CBX_REFERENCE_RED_CR)) {
            fail_msg("%s: the chroma planes are not what they should be", what);
        }
    }
    free(drawn_cb);
    free(drawn_cr);
}

static void check_pictures(cbx_family family) {
    static const char *const names[] = {"peak", "range", "signed"};
    const sizes hidden = hidden_sizes();
    cbx_device *device = fixture_device(family);
    for (cbx_tone tone = CBX_TONE_PEAK; cbx_tone_name(tone); tone++) {
        for (size_t i = 0; i < hidden.count; i++) {
            for (uint32_t scale = bands_watched() ? 2 : 1; scale <= 3; scale += 2) {
                char what[64];
                easel e;
                snprintf(what, sizeof what, "%s, H = %zu, scale %u", names[tone], hidden.values[i],
                         scale);
                open_easel(&e, device, tone, hidden.values[i], scale);
                draw_tones(&e);
                check_luma(&e, what);
                check_rgb(&e, what);
                if (!bands_watched() || tone == CBX_TONE_PEAK) { /* the tone does not matter */
                    check_chroma(&e, what);
                }
                close_easel(&e);
            }
        }
    }
}

static void cpu_family(void **state) {
    (void)state;
    check_pictures(CBX_FAMILY_CPU);
}

static void gpu_family(void **state) {
    (void)state;
    check_pictures(CBX_FAMILY_GPU);
}

/* The same, by panels. */
static uint8_t *luma_by_panels(easel *e, cl_mem weights, cbx_frame_layout layout, size_t group) {
    const size_t panels = (layout.count + CBX_PANEL - 1) / CBX_PANEL;
    cl_mem luma = plane_of(e, "luma", (1 + layout.plane) * pixels_of(e), BLACK_LUMA);
    const int is_cpu = cbx_device_family(e->device) == CBX_FAMILY_CPU;
    BANDS_LAUNCH(e->b, is_cpu ? "picture_luma_cpu" : "picture_luma_gpu",
                 ((cbx_range){{panels * group, 1}, {group, 1}}), ARG(weights), ARG(layout),
                 ARG(luma));
    return bands_read(e->b, luma);
}

static void assert_same_luma(easel *e, cl_mem weights, cbx_frame_layout layout, size_t group) {
    uint8_t *should = luma_of(e, weights, layout);
    uint8_t *is = luma_by_panels(e, weights, layout, group);
    for (size_t i = 0; i < (1 + layout.plane) * pixels_of(e); i++) {
        if (is[i] != should[i]) {
            fail_msg("tone %d, %u of %zu neurons, groups of %zu: pixel (%zu, %zu) is %u, should "
                     "be %u",
                     (int)e->tone, layout.count, e->s.hidden, group, i % e->grid.width,
                     i / e->grid.width, is[i], should[i]);
        }
    }
    if (layout.count == e->s.hidden) {
        assert_picture_luma(&e->picture, is, "by panels");
    }
    free(should);
    free(is);
}

/* Both families: a group that each takes in any case. */
static const struct {
    cbx_family family;
    size_t group;
} by_panels[] = {{CBX_FAMILY_CPU, 1}, {CBX_FAMILY_GPU, 64}};

static void same_bytes(cbx_device *device, const size_t *groups, size_t group_count) {
    static const size_t hidden[] = {33, 100, 1, 31, 32, 64, 1024}; /* watched: the first */
    for (cbx_tone tone = CBX_TONE_PEAK; cbx_tone_name(tone); tone++) {
        for (size_t i = 0; i < (bands_watched() ? 1 : sizeof hidden / sizeof *hidden); i++) {
            easel e;
            open_easel(&e, device, tone, hidden[i], 1);
            draw_tones(&e);
            const size_t count = i < 2 || group_count < 2 ? group_count : 2;
            /* watched: all groups in one tone */
            for (size_t g = 0; g < (bands_watched() && tone != CBX_TONE_PEAK ? 1 : count); g++) {
                assert_same_luma(&e, e.weights, cbx_frame_layout_of(&e.grid, tone), groups[g]);
            }
            close_easel(&e);
        }
    }
}

static void by_panels_the_bytes_are_the_same_on_cpus(void **state) {
    static const size_t groups[] = {1};
    (void)state;
    same_bytes(fixture_device(CBX_FAMILY_CPU), groups, 1);
}

static void by_panels_the_bytes_are_the_same_on_gpus(void **state) {
    static const size_t groups[] = {64, CBX_DRAW_GROUP, 128, 8};
    (void)state;
    same_bytes(fixture_device(CBX_FAMILY_GPU), groups, sizeof groups / sizeof *groups);
}

/* Of neurons from any one on, on a plane behind others. */
static void by_panels_shares_are_the_same(void **state) {
    static const struct {
        uint32_t first, count, plane;
    } shares[] = {{5, 45, 1}, {67, 33, 0}, {99, 1, 2}, {0, 31, 0}};
    (void)state;
    for (size_t i = 0; i < 2 * (sizeof shares / sizeof *shares); i++) {
        easel e;
        open_easel(&e, fixture_device(by_panels[i % 2].family), CBX_TONE_RANGE, 100, 1);
        draw_tones(&e); /* of the weights' first neurons, too */
        cbx_frame_layout layout = cbx_frame_layout_of(&e.grid, e.tone);
        layout.first = shares[i / 2].first;
        layout.count = shares[i / 2].count;
        layout.plane = shares[i / 2].plane;
        assert_same_luma(&e, e.weights, layout, by_panels[i % 2].group);
        close_easel(&e);
    }
}

/* As a network that diverges has them, and zeros of either sign. */
static void odd_numbers(cbx_family family, size_t group) {
    static const float odd[] = {NAN, INFINITY, -INFINITY, -0.0f, 1e-40f, 3e38f, -3e38f};
    for (cbx_tone tone = CBX_TONE_PEAK; cbx_tone_name(tone); tone++) {
        easel e;
        open_easel(&e, fixture_device(family), tone, 37, 1);
        for (size_t i = 0; i < CBX_PANEL; i++) { /* one pixel, or all but a few */
            for (size_t k = i % 2 ? 30 : 400; k < (i % 2 ? CBX_IMAGE_PIXELS : 401); k++) {
                e.packed[(1 + k) * CBX_PANEL + i] = odd[i / 2 % (sizeof odd / sizeof *odd)];
            }
        }
        e.weights = bands_input(e.b, "w1", e.packed, e.s.panels * CBX_PANEL_SIZE * sizeof(float));
        draw_tones(&e);
        cbx_frame_layout layout = cbx_frame_layout_of(&e.grid, tone);
        layout.count = CBX_PANEL; /* not the reference's matter */
        assert_same_luma(&e, e.weights, layout, group);
        close_easel(&e);
    }
}

static void by_panels_odd_numbers_are_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof by_panels / sizeof *by_panels; i++) {
        odd_numbers(by_panels[i].family, by_panels[i].group);
    }
}

/* The painter takes groups that the device allows, and other kernels where there are none. */
static void painter_takes_what_the_device_allows(void **state) {
    static const struct {
        size_t largest;
        uint64_t local_bytes;
        size_t group;
    } cases[] = {
        {1024, 32768, 256}, {255, 32768, 128}, {64, 16384, 64}, {63, 32768, 0}, {1024, 8192, 0}};
    cbx_device *device;
    (void)state;
    (void)fixture_device(CBX_FAMILY_GPU); /* skips where there is none */
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_GPU));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        easel e;
        cbx_painter painter;
        open_easel(&e, device, CBX_TONE_SIGNED, 37, 1);
        device->info.largest_group = cases[i].largest;
        device->info.local_memory_bytes = cases[i].local_bytes;
        assert_ok(cbx_painter_init(&painter, device, &e.grid, e.tone));
        assert_int_equal(cases[i].group, painter.group);
        assert_string_equal(cases[i].group ? "picture_luma_gpu" : "picture_luma",
                            cbx_painter_luma_kernel(&painter));
        cl_mem luma = plane_of(&e, "luma", pixels_of(&e), BLACK_LUMA);
        assert_ok(cbx_painter_luma(&painter, e.weights, &(cbx_canvas){.luma = luma}, NULL));
        bands_check(e.b, "the painter");
        uint8_t *drawn = bands_read(e.b, luma);
        assert_picture_luma(&e.picture, drawn, "painter");
        free(drawn);
        cbx_painter_clear(&painter);
        close_easel(&e);
    }
    cbx_device_close(device);
}

/* The painter's launches cover what these tests launch by hand. */
static void painter_draws_the_same(void **state) {
    (void)state;
    easel e;
    cbx_painter painter;
    uint8_t *rgb;
    open_easel(&e, fixture_device(CBX_FAMILY_AUTO), CBX_TONE_RANGE, 37, 2);
    TEST_NEW(rgb, 3 * pixels_of(&e));
    assert_ok(cbx_painter_init(&painter, e.device, &e.grid, e.tone));
    assert_ok(cbx_painter_rgb(&painter, e.weights, rgb));
    assert_picture_rgb(&e.picture, rgb, "painter");
    cbx_painter_clear(&painter);
    free(rgb);
    close_easel(&e);
}

/* Two shares of the neurons draw what all of them do, each its own tiles. */
static void shares_draw_the_whole(void **state) {
    enum { FIRST = 64 };
    const uint32_t hidden = bands_watched() ? FIRST + 5 : 100;
    (void)state;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        easel e;
        cbx_painter painter;
        uint8_t *rgb, *both;
        open_easel(&e, fixture_device(family), CBX_TONE_PEAK, hidden, 2);
        TEST_NEW(rgb, 3 * pixels_of(&e));
        TEST_NEW(both, 3 * pixels_of(&e));
        cl_mem luma = plane_of(&e, "luma", pixels_of(&e), BLACK_LUMA);
        assert_ok(cbx_painter_init(&painter, e.device, &e.grid, e.tone));
        for (uint32_t first = 0; first < hidden; first += FIRST) {
            const size_t panel = first / CBX_PANEL;
            const size_t panels = first ? e.s.panels - panel : FIRST / CBX_PANEL;
            cl_mem share = bands_input(e.b, "share", e.packed + panel * CBX_PANEL_SIZE,
                                       panels * CBX_PANEL_SIZE * sizeof(float));
            painter.layout.first = first;
            painter.layout.count = first ? hidden - FIRST : FIRST;
            assert_ok(cbx_painter_luma(&painter, share, &(cbx_canvas){.luma = luma}, NULL));
            assert_ok(cbx_painter_rgb(&painter, share, rgb));
            for (size_t i = 0; i < 3 * pixels_of(&e); i++) {
                both[i] |= rgb[i];
            }
        }
        uint8_t *drawn = bands_read(e.b, luma);
        assert_picture_luma(&e.picture, drawn, "luma of two shares");
        assert_picture_rgb(&e.picture, both, "rgb of two shares");
        cbx_painter_clear(&painter);
        free(drawn);
        free(rgb);
        free(both);
        close_easel(&e);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_family),
        cmocka_unit_test(gpu_family),
        cmocka_unit_test(by_panels_the_bytes_are_the_same_on_cpus),
        cmocka_unit_test(by_panels_the_bytes_are_the_same_on_gpus),
        cmocka_unit_test(by_panels_shares_are_the_same),
        cmocka_unit_test(by_panels_odd_numbers_are_the_same),
        cmocka_unit_test(painter_takes_what_the_device_allows),
        cmocka_unit_test(painter_draws_the_same),
        cmocka_unit_test(shares_draw_the_whole),
    };
    return cmocka_run_group_tests_name("kernels: picture", tests, fixture_setup, fixture_teardown);
}
