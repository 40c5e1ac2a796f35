/* SPDX-License-Identifier: MIT */
/* host/picture/legend: what captions say in pictures of every width, and that it fits. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "clearbox/network.h"
#include "picture/font.h"
#include "picture/legend.h"
#include "picture/tiles.h"

static const cbx_facts usual = {.neurons = 64,
                                .shown = 64,
                                .recipe = "nll",
                                .epoch = 2,
                                .epochs = 5,
                                .batch = 1204,
                                .batches = 3910,
                                .accuracy = 0.951,
                                .has_loss = 1,
                                .frame = 300,
                                .frames = 600};

static cbx_grid grid_of(uint32_t width, uint32_t left) {
    return (cbx_grid){.width = width, .left = left, .strip = cbx_legend_strip(width)};
}

/* A line as people read it; where the loss is, # stands for each place. */
static void read_line(const cbx_caption_line *line, char *out) {
    for (int i = 0; i < line->count; i++) {
        const int glyph = line->glyphs[i];
        out += sprintf(out,
                       glyph == CBX_GLYPH_DOT    ? "·"
                       : glyph == CBX_GLYPH_DASH ? "–"
                       : glyph >= CBX_GLYPH_LIVE ? "#"
                                                 : "%c",
                       ' ' + glyph);
    }
    *out = '\0';
}

static void assert_says(uint32_t width, const cbx_facts *facts, const char *const expected[4]) {
    const cbx_grid grid = grid_of(width, 0);
    cbx_caption caption;
    cbx_legend_compose(&caption, &grid, facts);
    for (int i = 0; i < CBX_CAPTION_LINES; i++) {
        char said[4 * CBX_LINE_GLYPHS + 1];
        read_line(&caption.lines[i], said);
        assert_string_equal(said, expected[i] ? expected[i] : "");
    }
}

static void wide_pictures_say_it_all(void **state) {
    (void)state;
    assert_says(960, &usual,
                (const char *const[4]){"64 neurons · nll", "epoch 2 of 5 · batch 1,204 of 3,910",
                                       "validation 95.1 %", "loss ####"});
    cbx_facts begun = usual;
    begun.neurons = 16384;
    begun.shown = 256;
    begun.recipe = "lesson";
    begun.epoch = 1;
    begun.batch = 1;
    begun.accuracy = -1.0;
    assert_says(960, &begun,
                (const char *const[4]){"256 of 16,384 neurons · lesson",
                                       "epoch 1 of 5 · batch 1 of 3,910", "validation –",
                                       "loss ####"});
    begun.neurons = begun.shown = 1;
    begun.accuracy = 1.0;
    begun.has_loss = 0;
    assert_says(640, &begun,
                (const char *const[4]){"1 neuron · lesson", "epoch 1 of 5 · batch 1 of 3,910",
                                       "validation 100.0 %", NULL});
}

static void narrow_ones_leave_out_what_matters_least(void **state) {
    (void)state;
    assert_says(500, &usual,
                (const char *const[4]){"64 neurons · nll", "epoch 2 of 5 · batch 1,204 of 3,910",
                                       "validation 95.1 % · loss ####", NULL});
    assert_says(224, &usual,
                (const char *const[4]){"64 neurons · nll", "epoch 2 of 5 · batch 1,204 of 3,910",
                                       "validation 95.1 % · loss ####", NULL});
    assert_says(160, &usual,
                (const char *const[4]){"64 neurons · nll", "batch 1,204 of 3,910",
                                       "validation 95.1 %", NULL});
    cbx_facts large = usual;
    large.neurons = CBX_MOST_OWNED;
    large.shown = 256;
    large.batches = 123456789;
    assert_says(
        160, &large,
        (const char *const[4]){"256 of 262,144 neurons", "batch 1,204", "validation 95.1 %", NULL});
    large.batches = UINT64_MAX;
    assert_says(160, &large,
                (const char *const[4]){"256 of 262,144 neurons", "validation 95.1 %", NULL, NULL});
}

static uint32_t end_of(const cbx_caption_line *line) {
    uint32_t x = line->x;
    for (int i = 0; i < line->count; i++) {
        const int live = line->glyphs[i] >= CBX_GLYPH_LIVE;
        x += cbx_glyphs[line->size * CBX_GLYPHS + (live ? '0' - ' ' : line->glyphs[i])].advance;
    }
    return x;
}

/* Lines within the strip, one below the other or beside, and none in the curve. */
static void everything_has_room_at_every_width(void **state) {
    (void)state;
    for (uint32_t width = CBX_CAPTION_LEAST_WIDTH; width <= 4096; width += 4) {
        const cbx_grid grid = grid_of(width, width % 40 / 2 * 2);
        cbx_caption c;
        cbx_legend_compose(&c, &grid, &usual);
        assert_int_equal(grid.strip % 4, 0);
        assert_true(c.width > 20 && c.left + c.width <= width);
        assert_true(c.height > 10 && c.top + c.height <= grid.strip);
        assert_true(c.lines[0].count > 0 && c.lines[2].count > 0);
        for (int i = 0; i < CBX_CAPTION_LINES && c.lines[i].count > 0; i++) {
            const cbx_caption_line *line = &c.lines[i];
            const cbx_font *font = &cbx_fonts[line->size];
            const uint32_t top = line->y - font->ascent, bottom = top + font->line;
            assert_true(line->y >= font->ascent && bottom <= grid.strip && end_of(line) <= width);
            assert_true(bottom <= c.top || end_of(line) <= c.left); /* not in the curve */
            for (int j = 0; j < i; j++) {
                const cbx_caption_line *other = &c.lines[j];
                assert_true(other->y + font->line <= line->y || end_of(other) <= line->x);
            }
        }
    }
}

static void the_font_has_what_captions_say(void **state) {
    (void)state;
    for (int size = 0; size < CBX_FONT_SIZES; size++) {
        const cbx_glyph *glyphs = cbx_glyphs + size * CBX_GLYPHS;
        for (int i = 0; i < CBX_GLYPHS; i++) {
            const int blank = i == 0 || i == CBX_GLYPH_BLANK;
            assert_true(glyphs[i].advance > 0);
            assert_true(glyphs[i].at + glyphs[i].width * glyphs[i].height <= cbx_glyph_bytes);
            assert_int_equal(blank, glyphs[i].width * glyphs[i].height == 0);
            if (i >= '0' - ' ' && i <= '9' - ' ') { /* numbers do not dance */
                assert_int_equal(glyphs[i].advance, glyphs['0' - ' '].advance);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wide_pictures_say_it_all),
        cmocka_unit_test(narrow_ones_leave_out_what_matters_least),
        cmocka_unit_test(everything_has_room_at_every_width),
        cmocka_unit_test(the_font_has_what_captions_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
