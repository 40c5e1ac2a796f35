/* SPDX-License-Identifier: MIT */
/* The kernels of caption.cl: losses into the history, the history as a curve, lines of glyphs, and
 * both into a frame's planes and a picture. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "picture/font.h"
#include "picture/scribe.h"
#include "support/bands.h"
#include "support/fixture.h"
#include "support/panels.h"

enum { FRAMES = 7 };

typedef struct scene {
    cbx_device *device;
    cbx_grid grid;
    cbx_tile_palette palette;
    bands *b;
    cbx_brush brush;
    cbx_scribe scribe;
} scene;

static void open_scene(scene *e, cbx_family family, size_t hidden, uint32_t scale,
                       cbx_colours colours) {
    const cbx_drawing drawing = {CBX_TONE_PEAK, colours, scale, 1};
    *e = (scene){.device = fixture_device(family)};
    assert_ok(cbx_grid_lay_out_as(&e->grid, (uint32_t)hidden, &drawing));
    cbx_tile_palette_fill(&e->palette, colours);
    e->b = bands_open(e->device);
    assert_ok(cbx_brush_init(&e->brush, e->device, &e->grid, &drawing));
    assert_ok(cbx_scribe_init(&e->scribe, &e->brush, &e->grid));
    /* Within bands, so that writing beyond their ends is seen. */
    const size_t history = (2 + FRAMES) * sizeof(cl_uint);
    const size_t ink = (size_t)e->grid.strip * e->grid.width * 2;
    cl_uint none[2 + FRAMES] = {0};
    cbx_buffer_release(e->scribe.history);
    cbx_buffer_release(e->scribe.ink);
    e->scribe.history = bands_output(e->b, "history", none, history);
    e->scribe.ink = bands_output(e->b, "ink", NULL, ink);
}

static void close_scene(scene *e) {
    e->scribe.history = e->scribe.ink = NULL; /* the bands' */
    cbx_scribe_clear(&e->scribe);
    cbx_brush_clear(&e->brush);
    bands_close(e->b);
}

static void note(scene *e, const cbx_news *news, uint32_t frame) {
    assert_ok(cbx_scribe_note(&e->scribe, news, frame));
    bands_check(e->b, "caption_note");
}

static void check_history(cbx_family family) {
    static const float losses[] = {4.0f, 2.0f, 0.5f, 1e9f, NAN, -3.0f, 0.25f, 0.75f};
    static const cl_uint rounds[] = {3 * 65536, 32768, 4096u * 65536, 2048u * 65536, 32768, 32768};
    scene e;
    open_scene(&e, family, 4, 4, CBX_COLOURS_SIGNED);
    cl_mem given = bands_input(e.b, "losses", losses, sizeof losses);
    note(&e, &(cbx_news){given, 0, 2}, 0);
    note(&e, &(cbx_news){given, 2, 1}, 1);
    note(&e, &(cbx_news){given, 3, 1}, 2); /* ends at 4,096 */
    note(&e, &(cbx_news){given, 3, 2}, 3); /* what is no number counts as 0 */
    note(&e, &(cbx_news){given, 6, 2}, 4);
    note(&e, &(cbx_news){given, 0, 0}, 5); /* no news: as before */
    cl_uint *history = bands_read(e.b, e.scribe.history);
    assert_int_equal(history[0], 4096u * 65536);
    for (size_t i = 0; i < sizeof rounds / sizeof *rounds; i++) {
        assert_int_equal(history[1 + i], rounds[i]);
    }
    free(history);
    note(&e, &(cbx_news){given, 2, 1}, 0); /* another film */
    history = bands_read(e.b, e.scribe.history);
    assert_int_equal(history[0], 32768);
    free(history);
    close_scene(&e);
}

/* Of many images the last count. */
static void check_many(cbx_family family) {
    enum { MANY = 3 * CBX_NOTED_IMAGES };
    float *losses;
    scene e;
    TEST_NEW(losses, MANY);
    for (size_t i = 0; i < MANY; i++) {
        losses[i] = i < MANY - CBX_NOTED_IMAGES ? 100.0f : i % 2 ? 1.0f : 2.0f;
    }
    open_scene(&e, family, 4, 4, CBX_COLOURS_SIGNED);
    cl_mem given = bands_input(e.b, "losses", losses, MANY * sizeof *losses);
    note(&e, &(cbx_news){given, 0, MANY}, 0);
    cl_uint *history = bands_read(e.b, e.scribe.history);
    assert_int_equal(history[1], 65536 * 3 / 2);
    free(history);
    free(losses);
    close_scene(&e);
}

/* ---- what is seen ---- */

/* How much of each pixel of the strip is inked with a colour, 0 … 255. */
static int inked(const scene *e, const uint8_t *ink, uint32_t x, uint32_t y, unsigned colour) {
    const uint8_t *at = ink + 2 * ((size_t)y * e->grid.width + x);
    return at[1] == colour - CBX_COLOUR_TEXT ? at[0] : 0;
}

/* A line as it has to be, pixel by pixel, over `seen`, which becomes 0 there. */
static void check_line(const scene *e, const cbx_caption_line *line, const char *live,
                       uint8_t *ink) {
    int pen = line->x;
    for (int i = 0; i < line->count; i++) {
        const int place = line->glyphs[i] - CBX_GLYPH_LIVE;
        const int glyph = place < 0            ? line->glyphs[i]
                          : live[place] == '_' ? CBX_GLYPH_BLANK
                                               : live[place] - ' ';
        const cbx_glyph *g = &cbx_glyphs[line->size * CBX_GLYPHS + glyph];
        for (int v = 0; v < g->height; v++) {
            for (int u = 0; u < g->width; u++) {
                const uint32_t x = (uint32_t)(pen + g->left + u),
                               y = (uint32_t)(line->y - g->top + v);
                const uint8_t expected = cbx_glyph_coverage[g->at + (unsigned)(v * g->width + u)];
                if (expected == 0) {
                    continue;
                }
                if (inked(e, ink, x, y, line->colour) != expected) {
                    fail_msg("glyph %d of a line is wrong at (%u, %u)", i, x, y);
                }
                memset(ink + 2 * ((size_t)y * e->grid.width + x), 0, 2);
            }
        }
        pen += g->advance;
    }
}

/* The highest point of the curve in each column is where the logarithm says, within a pixel, and
 * behind the last frame there is none; then the curve is wiped out. */
static void check_curve(const scene *e, const cbx_caption *c, const cl_uint *history,
                        uint8_t *ink) {
    const double room = c->height - 4, span = c->width - 4;
    for (uint32_t x = 0; x < c->width; x++) {
        const uint32_t last = c->frame < c->frames ? c->frame : c->frames - 1;
        const uint32_t end = (uint32_t)(last * span / c->frames);
        const uint32_t from = (uint32_t)(x * c->frames / span),
                       next = (uint32_t)((x + 1) * c->frames / span);
        uint32_t top = 0;
        while (top < c->height &&
               inked(e, ink, c->left + x, c->top + top, CBX_COLOUR_CURVE) < 128) {
            top++;
        }
        if (x > end) {
            assert_int_equal(top, c->height);
        } else if (x + 5 < end) { /* else the dot may be over it */
            double highest = 1e9;
            for (uint32_t i = from; i <= next; i += next > from ? next - from : 1) {
                const double share =
                    log2((double)history[0] / history[1 + (i < last ? i : last)]) / 8;
                highest = fmin(highest, 2 + room * fmin(share, 1.0));
            }
            assert_true(fabs(top + 1.1 - highest) < 1.1);
        }
        for (uint32_t y = 0; y < c->height; y++) {
            memset(ink + 2 * ((size_t)(c->top + y) * e->grid.width + c->left + x), 0, 2);
        }
    }
}

static int mixed(int ground, int colour, int much) {
    return (ground * (255 - much) + colour * much + 127) / 255;
}

/* The colour of a pixel of the strip. */
static void colour_at(const cbx_colour *palette, const uint8_t *ink, int out[3]) {
    for (int i = 0; i < 3; i++) {
        out[i] = mixed(palette[CBX_COLOUR_GROUND].parts[i],
                       palette[CBX_COLOUR_TEXT + ink[1]].parts[i], ink[0]);
    }
}

static void check_rgb(scene *e, const cbx_caption *caption, const uint8_t *ink) {
    const size_t width = e->grid.width, pixels = width * e->grid.height;
    const size_t above = e->grid.height - e->grid.strip;
    uint8_t *before;
    TEST_NEW(before, 3 * pixels);
    memset(before, 99, 3 * pixels);
    cl_mem rgb = bands_output(e->b, "rgb", before, 3 * pixels);
    assert_ok(cbx_scribe_rgb(&e->scribe, caption, rgb));
    bands_check(e->b, "caption_rgb");
    uint8_t *drawn = bands_read(e->b, rgb);
    assert_memory_equal(drawn, before, 3 * above * width);
    for (size_t i = 0; i < e->grid.strip * width; i++) {
        int colour[3];
        colour_at(e->palette.rgb, ink + 2 * i, colour);
        for (size_t part = 0; part < 3; part++) {
            assert_int_equal(drawn[3 * (above * width + i) + part], colour[part]);
        }
    }
    free(before);
    free(drawn);
}

static void check_yuv(scene *e, const cbx_caption *caption, const uint8_t *ink) {
    const size_t width = e->grid.width, pixels = width * e->grid.height;
    const size_t above = e->grid.height - e->grid.strip, at = 10;
    cl_mem frame = bands_output(e->b, "frame", NULL, at + pixels / 2 * 3);
    const cbx_planes planes = {frame, frame, at, at + pixels};
    cl_event done = NULL;
    assert_ok(cbx_scribe_yuv(&e->scribe, caption, &planes, &done));
    assert_non_null(done);
    cbx_event_release(&done);
    bands_check(e->b, "caption_yuv");
    uint8_t *drawn = bands_read(e->b, frame);
    const uint8_t *luma = drawn + at + above * width;
    const uint8_t *cb = drawn + at + pixels + above * width / 4, *cr = cb + pixels / 4;
    for (size_t y = 0; y < e->grid.strip; y += 2) {
        for (size_t x = 0; x < width; x += 2) {
            int sum[3] = {0, 2, 2};
            for (size_t n = 0; n < 4; n++) {
                const size_t pixel = (y + n / 2) * width + x + n % 2;
                int colour[3];
                colour_at(e->palette.yuv, ink + 2 * pixel, colour);
                assert_int_equal(luma[pixel], colour[0]);
                sum[1] += colour[1];
                sum[2] += colour[2];
            }
            assert_int_equal(cb[y / 2 * (width / 2) + x / 2], sum[1] / 4);
            assert_int_equal(cr[y / 2 * (width / 2) + x / 2], sum[2] / 4);
        }
    }
    free(drawn);
}

/* Losses that fall to less than a hundredth, and what is shown of each. */
static const float losses[FRAMES] = {128.4f, 12.34f, 9.996f, 7.125f, 1.0f, 0.5f, 0.047f};
static const char *const shown[FRAMES] = {"128_", "12.3", "10.0", "7.13", "1.00", "0.50", "0.05"};

static void check_strip(cbx_family family, size_t hidden, uint32_t scale, cbx_colours colours) {
    scene e;
    open_scene(&e, family, hidden, scale, colours);
    cl_mem given = bands_input(e.b, "losses", losses, sizeof losses);
    cbx_facts facts = {.neurons = (uint32_t)hidden,
                       .shown = (uint32_t)hidden,
                       .recipe = "nll",
                       .epochs = 5,
                       .batches = 3910,
                       .accuracy = 0.951,
                       .has_loss = 1,
                       .frames = FRAMES - 2}; /* the last two are held */
    for (uint32_t frame = 0; frame < FRAMES; frame++) {
        cbx_caption caption;
        facts.frame = facts.epoch = frame;
        facts.batch = 1 + 650 * frame;
        cbx_legend_compose(&caption, &e.grid, &facts);
        note(&e, &(cbx_news){given, frame, 1}, frame);
        if (bands_watched() && frame % 3) {
            continue;
        }
        cl_mem rgb = bands_output(e.b, "rgb", NULL, 3 * (size_t)e.grid.width * e.grid.height);
        assert_ok(cbx_scribe_rgb(&e.scribe, &caption, rgb));
        bands_check(e.b, "caption_text");
        uint8_t *ink = bands_read(e.b, e.scribe.ink);
        check_rgb(&e, &caption, ink);
        check_yuv(&e, &caption, ink);
        cl_uint *history = bands_read(e.b, e.scribe.history);
        check_curve(&e, &caption, history, ink);
        for (int i = 0; i < CBX_CAPTION_LINES; i++) {
            check_line(&e, &caption.lines[i], shown[frame], ink);
        }
        for (size_t i = 0; i < (size_t)e.grid.strip * e.grid.width; i++) {
            assert_int_equal(ink[2 * i], 0); /* and nothing else is there */
        }
        free(ink);
        free(history);
    }
    close_scene(&e);
}

static void check_family(cbx_family family) {
    check_history(family);
    if (!bands_watched()) {
        check_many(family);
        check_strip(family, 64, 4, CBX_COLOURS_SIGNED);
        check_strip(family, 64, 2, CBX_COLOURS_SIGNED);
    }
    check_strip(family, 3, 1, CBX_COLOURS_GREY);
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
    return cmocka_run_group_tests_name("kernels: caption", tests, fixture_setup, fixture_teardown);
}
