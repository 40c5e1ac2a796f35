/* SPDX-License-Identifier: MIT */
#include "picture/legend.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "picture/font.h"
#include "picture/tiles.h"

/* What a line may say, the first that fits: % and a letter stand for a fact. */
static const char *const titles[] = {"%n %. %r", "%n", "%s", NULL};
static const char *const progresses[] = {"epoch %e %. batch %b", "batch %b", "%b", "batch %c",
                                         NULL};
static const char *const accuracies[] = {"validation %v", "%v", NULL};
static const char *const losses[] = {"loss %l", "%l", NULL};
static const char *const scores[] = {"validation %v %. loss %l", "validation %v", "%v", NULL};

/* ---- glyphs ---- */

typedef struct glyph_text {
    unsigned char glyphs[CBX_LINE_GLYPHS];
    unsigned count; /* one more than there is room for: it is too long */
} glyph_text;

static void put_glyph(glyph_text *to, int glyph) {
    if (to->count < CBX_LINE_GLYPHS) {
        to->glyphs[to->count] = (unsigned char)glyph;
    }
    to->count += to->count <= CBX_LINE_GLYPHS;
}

static void put(glyph_text *to, const char *letters) {
    for (; *letters; letters++) {
        put_glyph(to, *letters - ' ');
    }
}

enum { NUMBER = 32 };

/* 1,234,567 */
static void write_number(char out[NUMBER], uint64_t number) {
    char digits[NUMBER];
    const int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    for (int i = 0; i < count; i++) {
        *out++ = digits[i];
        if ((count - i) % 3 == 1 && i + 1 < count) {
            *out++ = ',';
        }
    }
    *out = '\0';
}

static void put_number(glyph_text *to, uint64_t number) {
    char digits[NUMBER];
    write_number(digits, number);
    put(to, digits);
}

static void put_share(glyph_text *to, uint64_t number, uint64_t of) {
    put_number(to, number);
    put(to, " of ");
    put_number(to, of);
}

static void put_accuracy(glyph_text *to, double accuracy) {
    char percent[NUMBER];
    if (accuracy < 0.0) {
        put_glyph(to, CBX_GLYPH_DASH);
        return;
    }
    snprintf(percent, sizeof percent, "%.1f %%", 100.0 * accuracy);
    put(to, percent);
}

static void put_neurons(glyph_text *to, const cbx_facts *facts) {
    if (facts->shown < facts->neurons) {
        put_number(to, facts->shown);
        put(to, " of ");
    }
    put_number(to, facts->neurons);
    put(to, facts->neurons == 1 ? " neuron" : " neurons");
}

static void put_fact(glyph_text *to, const cbx_facts *facts, char letter) {
    switch (letter) {
    case 'n':
        put_neurons(to, facts);
        break;
    case 's':
        put_number(to, facts->neurons);
        break;
    case 'r':
        put(to, facts->recipe ? facts->recipe : "");
        break;
    case 'e':
        put_share(to, facts->epoch, facts->epochs);
        break;
    case 'b':
        put_share(to, facts->batch, facts->batches);
        break;
    case 'c':
        put_number(to, facts->batch);
        break;
    case 'v':
        put_accuracy(to, facts->accuracy);
        break;
    case 'l':
        for (int i = 0; i < CBX_LIVE_PLACES; i++) {
            put_glyph(to, CBX_GLYPH_LIVE + i);
        }
        break;
    default:
        put_glyph(to, CBX_GLYPH_DOT);
    }
}

static glyph_text text_of(const char *pattern, const cbx_facts *facts) {
    glyph_text made = {.count = 0};
    for (; *pattern; pattern++) {
        if (*pattern == '%') {
            put_fact(&made, facts, *++pattern);
        } else {
            put_glyph(&made, *pattern - ' ');
        }
    }
    return made;
}

static uint32_t width_of(const glyph_text *of, unsigned size) {
    const cbx_glyph *glyphs = cbx_glyphs + size * CBX_GLYPHS;
    uint32_t width = 0;
    for (unsigned i = 0; i < of->count && i < CBX_LINE_GLYPHS; i++) {
        const int live = of->glyphs[i] >= CBX_GLYPH_LIVE;
        width += glyphs[live ? '0' - ' ' : of->glyphs[i]].advance;
    }
    return width;
}

/* ---- the strip ---- */

enum { WIDE = 640, LARGE = 840, MIDDLE = 320, MARGIN = 6, GAP = 28 };

/* How a strip of some width is divided. */
typedef struct plan {
    int wide;
    unsigned size;
    uint32_t line, pad;    /* from line to line, and above the first */
    uint32_t curve, strip; /* heights */
} plan;

static plan plan_of(uint32_t width) {
    plan made = {.wide = width >= WIDE};
    made.size = width >= LARGE || (!made.wide && width >= WIDE) ? 2 : width >= MIDDLE ? 1 : 0;
    const uint32_t line = cbx_fonts[made.size].line;
    made.line = line + line / 6;
    made.pad = line / 2;
    made.curve = made.wide ? 2 * made.line + made.pad : 3 * made.line;
    const uint32_t text = made.wide ? 2 * made.line : 3 * made.line + made.pad / 2 + made.curve;
    made.strip = (text + 2 * made.pad + 3) / 4 * 4;
    return made;
}

uint32_t cbx_legend_strip(uint32_t width) {
    return plan_of(width).strip;
}

/* The facts whose numbers take the most room. */
static cbx_facts longest_of(const cbx_facts *facts) {
    cbx_facts longest = *facts;
    longest.epoch = facts->epochs;
    longest.batch = facts->batches;
    longest.accuracy = 1.0;
    return longest;
}

/* The next line of the caption: the first of the texts that is never wider than `room`. */
static void add_line(cbx_caption *out, const cbx_facts *facts, const plan *how,
                     const char *const *patterns, uint32_t x, uint32_t row, uint32_t room,
                     cbx_u16 colour) {
    const cbx_facts longest = longest_of(facts);
    for (; *patterns; patterns++) {
        const glyph_text made = text_of(*patterns, facts), most = text_of(*patterns, &longest);
        if (most.count > CBX_LINE_GLYPHS || width_of(&most, how->size) > room ||
            (strstr(*patterns, "%l") && !facts->has_loss)) {
            continue;
        }
        cbx_caption_line *line = out->lines;
        while (line->count > 0) {
            line++;
        }
        *line = (cbx_caption_line){
            .x = (cbx_u16)x,
            .y = (cbx_u16)(how->pad + row * how->line + cbx_fonts[how->size].ascent),
            .size = (cbx_u16)how->size,
            .colour = colour,
            .count = (cbx_u16)made.count};
        memcpy(line->glyphs, made.glyphs, sizeof made.glyphs);
        return;
    }
}

static void place_curve(cbx_caption *out, const cbx_facts *facts, uint32_t left, uint32_t top,
                        uint32_t width, uint32_t height) {
    out->left = left;
    out->top = top;
    out->width = facts->has_loss ? width : 0;
    out->height = height;
    out->frames = facts->frames > 0 ? facts->frames : 1;
    out->frame = facts->frame;
}

/* Texts to the left, scores, and the curve to the right of them. */
static void compose_wide(cbx_caption *out, const plan *how, const cbx_facts *facts, uint32_t left,
                         uint32_t width) {
    const glyph_text longest = text_of("validation %v", &(cbx_facts){.accuracy = 1.0});
    const uint32_t scored = width_of(&longest, how->size), curve = width / 4;
    const uint32_t at = left + width - curve - GAP - scored, room = at - left - GAP;
    add_line(out, facts, how, titles, left, 0, room, CBX_COLOUR_TEXT);
    add_line(out, facts, how, progresses, left, 1, room, CBX_COLOUR_DIM);
    add_line(out, facts, how, accuracies, at, 0, scored, CBX_COLOUR_TEXT);
    add_line(out, facts, how, losses, at, 1, scored, CBX_COLOUR_CURVE);
    place_curve(out, facts, left + width - curve, (how->strip - how->curve) / 2, curve, how->curve);
}

static void compose_narrow(cbx_caption *out, const plan *how, const cbx_facts *facts, uint32_t left,
                           uint32_t width) {
    add_line(out, facts, how, titles, left, 0, width, CBX_COLOUR_TEXT);
    add_line(out, facts, how, progresses, left, 1, width, CBX_COLOUR_DIM);
    add_line(out, facts, how, scores, left, 2, width, CBX_COLOUR_TEXT);
    place_curve(out, facts, left, how->strip - how->pad - how->curve, width, how->curve);
}

void cbx_legend_compose(cbx_caption *out, const cbx_grid *grid, const cbx_facts *facts) {
    const plan how = plan_of(grid->width);
    /* As far as the tiles, if they are wide enough. */
    const uint32_t tiles = grid->width - 2 * grid->left;
    const uint32_t left = grid->left < MARGIN || tiles < grid->width / 2 ? MARGIN : grid->left;
    memset(out, 0, sizeof *out);
    (how.wide ? compose_wide : compose_narrow)(out, &how, facts, left, grid->width - 2 * left);
}
