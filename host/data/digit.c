/* SPDX-License-Identifier: MIT */
#include "data/digit.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

enum { LEVELS = 256, SIDE = CBX_IMAGE_SIDE, BOX = 20, MIDDLE = 14, LEAST_CONTRAST = 16 };

typedef struct picture {
    const uint8_t *grey;
    size_t width, height;
    double ink[LEVELS]; /* of each grey level, 0…1 */
} picture;

typedef struct box {
    size_t x0, y0, x1, y1; /* [x0, x1) × [y0, y1) */
} box;

/* ---- MNIST's own ---- */

static box widen(box one, size_t x, size_t y) {
    const box all = {x < one.x0 ? x : one.x0, y < one.y0 ? y : one.y0, x >= one.x1 ? x + 1 : one.x1,
                     y >= one.y1 ? y + 1 : one.y1};
    return all;
}

static const box nothing = {SIZE_MAX, SIZE_MAX, 0, 0};

/* 20·mass ≤ … so that whole numbers decide: a centre of mass between 13.9 and 15.1. */
static int in_the_middle(uint64_t moment, uint64_t mass) {
    return 20 * moment >= 278 * mass && 20 * moment <= 302 * mass;
}

/* Copies a picture, or its negative, if it is like MNIST's. */
static int take_as_it_is(const picture *from, uint8_t negative, uint8_t out[CBX_IMAGE_PIXELS]) {
    uint64_t mass = 0, moment_x = 0, moment_y = 0; /* moments doubled: pixels have middles */
    box ink = nothing;
    if (from->width != SIDE || from->height != SIDE) {
        return 0;
    }
    for (size_t i = 0; i < CBX_IMAGE_PIXELS; i++) {
        const size_t x = i % SIDE, y = i / SIDE;
        out[i] = from->grey[i] ^ negative;
        mass += out[i];
        moment_x += out[i] * (2 * x + 1);
        moment_y += out[i] * (2 * y + 1);
        ink = out[i] > 0 ? widen(ink, x, y) : ink;
    }
    if (mass == 0) {
        return 0;
    }
    const size_t width = ink.x1 - ink.x0, height = ink.y1 - ink.y0;
    const size_t longer = width > height ? width : height;
    return (longer == BOX || longer == BOX - 1) && in_the_middle(moment_x, 2 * mass) &&
           in_the_middle(moment_y, 2 * mass);
}

/* ---- paper and ink ---- */

/* The least level that at least a share of all that is counted does not exceed. */
static int quantile(const uint64_t counts[LEVELS], uint64_t numerator, uint64_t denominator) {
    uint64_t all = 0, below = 0;
    int level = 0;
    for (int i = 0; i < LEVELS; i++) {
        all += counts[i];
    }
    for (; level < LEVELS - 1; level++) {
        below += counts[level];
        if (below * denominator >= all * numerator) {
            break;
        }
    }
    return level;
}

static void count_levels(const picture *from, uint64_t all[LEVELS], uint64_t border[LEVELS]) {
    const size_t shorter = from->width < from->height ? from->width : from->height;
    const size_t margin = shorter < 32 ? 1 : shorter / 16;
    memset(all, 0, LEVELS * sizeof *all);
    memset(border, 0, LEVELS * sizeof *border);
    for (size_t y = 0; y < from->height; y++) {
        const uint8_t *row = from->grey + y * from->width;
        const int edge = y < margin || y >= from->height - margin;
        for (size_t x = 0; x < from->width; x++) {
            all[row[x]]++;
            border[row[x]] += edge || x < margin || x >= from->width - margin;
        }
    }
}

static int clip(int value) {
    return value > 0 ? value : 0;
}

/* What paper and light may vary by. */
static int noise_of(const uint64_t border[LEVELS], const uint64_t all[LEVELS], int paper) {
    uint64_t distances[LEVELS] = {0};
    int largest = 0;
    for (int level = 0; level < LEVELS; level++) {
        const int distance = level > paper ? level - paper : paper - level;
        distances[distance] += border[level];
        largest = all[level] > 0 && distance > largest ? distance : largest;
    }
    const int noise = 2 * quantile(distances, 3, 4);
    return noise < largest / 4 ? noise : largest / 4;
}

static int is_dark_on_light(const uint64_t all[LEVELS], int paper, int noise) {
    uint64_t dark = 0, light = 0;
    for (int level = 0; level < LEVELS; level++) {
        dark += all[level] * (uint64_t)clip(paper - level - noise);
        light += all[level] * (uint64_t)clip(level - paper - noise);
    }
    return dark >= light;
}

/* Fills from->ink; 0 where nothing stands out. */
static int find_ink(picture *from, int *dark_on_light) {
    uint64_t all[LEVELS], border[LEVELS], inked[LEVELS] = {0};
    int largest = 0;
    count_levels(from, all, border);
    const int paper = quantile(border, 1, 2), noise = noise_of(border, all, paper);
    *dark_on_light = is_dark_on_light(all, paper, noise);
    const int sign = *dark_on_light ? -1 : 1;
    for (int level = 0; level < LEVELS; level++) {
        const int d = sign * (level - paper);
        largest = all[level] > 0 && d > largest ? d : largest;
    }
    for (int level = 0; level < LEVELS; level++) {
        const int d = sign * (level - paper);
        if (d > noise && 4 * d > largest) {
            inked[d] = all[level];
        }
    }
    const int full = quantile(inked, 3, 4);
    for (int level = 0; level < LEVELS && full > noise; level++) {
        const double ink = (double)clip(sign * (level - paper) - noise) / (full - noise);
        from->ink[level] = ink < 1 ? ink : 1;
    }
    return largest >= LEAST_CONTRAST && full - noise >= LEAST_CONTRAST;
}

/* ---- the box ---- */

static int is_ink(const picture *from, size_t x, size_t y) {
    return from->ink[from->grey[y * from->width + x]] >= 0.5;
}

static int has_neighbour(const picture *from, size_t x, size_t y) {
    const size_t right = x + 1 < from->width ? x + 1 : x;
    const size_t bottom = y + 1 < from->height ? y + 1 : y;
    int count = 0;
    for (size_t v = y > 0 ? y - 1 : 0; v <= bottom; v++) {
        for (size_t u = x > 0 ? x - 1 : 0; u <= right; u++) {
            count += is_ink(from, u, v);
        }
    }
    return count > 1; /* itself */
}

static box find_box(const picture *from) {
    box all = nothing, lasting = nothing;
    for (size_t y = 0; y < from->height; y++) {
        for (size_t x = 0; x < from->width; x++) {
            if (is_ink(from, x, y)) {
                all = widen(all, x, y);
                lasting = has_neighbour(from, x, y) ? widen(lasting, x, y) : lasting;
            }
        }
    }
    return lasting.x1 > 0 ? lasting : all;
}

/* ---- 28×28 ---- */

/* One direction: where pixels of the result are in the picture. */
typedef struct axis {
    size_t first, end;  /* of the box */
    size_t place, size; /* of the box in the result */
} axis;

static axis lay_out(size_t first, size_t end, double centre, double scale) {
    const double offset = floor((centre - (double)first) * scale);
    axis out = {.first = first, .end = end};
    out.size = (size_t)ceil((double)(end - first) * scale);
    out.size = out.size > BOX ? BOX : out.size; /* 20, rounded up */
    const double place = MIDDLE - offset;
    out.place = place < 0 ? 0 : (size_t)place;
    out.place = out.place > SIDE - out.size ? SIDE - out.size : out.place;
    return out;
}

/* The part of the picture that pixel k of the box is made of. */
typedef struct reach {
    double from, to;
    size_t first, end; /* whole pixels that it touches, within the box */
    double length;
} reach;

static reach reach_of(const axis *along, size_t k, double scale) {
    const double first = (double)along->first, end = (double)along->end;
    const double step = 1 / scale, middle = first + ((double)k + 0.5) * step;
    const double half = step > 1 ? step / 2 : 0.5;
    reach out = {.from = middle - half, .to = middle + half};
    out.length = out.to - out.from;
    out.from = out.from < first ? first : out.from;
    out.to = out.to > end ? end : out.to;
    out.length = step > 1 ? out.length : out.to - out.from;
    out.first = (size_t)floor(out.from);
    out.end = (size_t)ceil(out.to);
    out.end = out.end > along->end ? along->end : out.end;
    return out;
}

/* How much of pixel i it covers. */
static double overlap(const reach *over, size_t i) {
    const double from = (double)i > over->from ? (double)i : over->from;
    const double to = (double)i + 1 < over->to ? (double)i + 1 : over->to;
    return to > from ? to - from : 0;
}

static double mean_ink(const picture *from, const reach *across, const reach *down) {
    double sum = 0;
    for (size_t y = down->first; y < down->end; y++) {
        const uint8_t *row = from->grey + y * from->width;
        double of_row = 0;
        for (size_t x = across->first; x < across->end; x++) {
            of_row += overlap(across, x) * from->ink[row[x]];
        }
        sum += overlap(down, y) * of_row;
    }
    return sum / (across->length * down->length);
}

static void sample(const picture *from, const axis *across, const axis *down, double scale,
                   uint8_t out[CBX_IMAGE_PIXELS]) {
    double means[BOX * BOX], largest = 0;
    for (size_t y = 0; y < down->size; y++) {
        const reach rows = reach_of(down, y, scale);
        for (size_t x = 0; x < across->size; x++) {
            const reach columns = reach_of(across, x, scale);
            const double mean = mean_ink(from, &columns, &rows);
            means[y * BOX + x] = mean;
            largest = mean > largest ? mean : largest;
        }
    }
    memset(out, 0, CBX_IMAGE_PIXELS);
    for (size_t y = 0; y < down->size; y++) {
        for (size_t x = 0; x < across->size; x++) {
            out[(down->place + y) * SIDE + across->place + x] =
                (uint8_t)floor(255 * (means[y * BOX + x] / largest) + 0.5);
        }
    }
}

static void draw(const picture *from, uint8_t out[CBX_IMAGE_PIXELS]) {
    const box ink = find_box(from);
    const size_t width = ink.x1 - ink.x0, height = ink.y1 - ink.y0;
    const double scale = (double)BOX / (double)(width > height ? width : height);
    double mass = 0, moment_x = 0, moment_y = 0;
    for (size_t y = ink.y0; y < ink.y1; y++) {
        for (size_t x = ink.x0; x < ink.x1; x++) {
            const double here = from->ink[from->grey[y * from->width + x]];
            mass += here;
            moment_x += here * ((double)x + 0.5);
            moment_y += here * ((double)y + 0.5);
        }
    }
    const axis across = lay_out(ink.x0, ink.x1, moment_x / mass, scale);
    const axis down = lay_out(ink.y0, ink.y1, moment_y / mass, scale);
    sample(from, &across, &down, scale, out);
}

cbx_status cbx_digit_fit(const uint8_t *grey, uint32_t width, uint32_t height, const char *name,
                         uint8_t out[CBX_IMAGE_PIXELS], cbx_digit_look *look) {
    picture from = {.grey = grey, .width = width, .height = height};
    for (int negative = 0; negative < 2; negative++) {
        if (take_as_it_is(&from, negative ? 255 : 0, out)) {
            *look = (cbx_digit_look){.dark_on_light = negative, .as_it_is = 1};
            return CBX_OK;
        }
    }
    *look = (cbx_digit_look){.as_it_is = 0};
    if (!find_ink(&from, &look->dark_on_light)) {
        return cbx_fail(CBX_BAD_DATA, "%s: no digit stands out from the background", name);
    }
    draw(&from, out);
    return CBX_OK;
}
