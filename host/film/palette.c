/* SPDX-License-Identifier: MIT */
/* Colours that stand for all of a film, chosen by its first frame: those that it has, as they are
 * where there are few enough, else the middles of boxes that hold them, each cut at its median
 * (Heckbert's median cut). */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "film/colours.h"

enum { PLACES = 256, FIXED = 16, FREE = PLACES - 1 - FIXED };

/* Pixels that are looked at, at most; colours whose place is remembered. */
enum { MOST_SAMPLES = 1 << 20, REMEMBERED = 1 << 14 };

/* What comes later in a film, and may be missing in its first frame. */
static const uint32_t fixed[FIXED] = {0x000000, 0xFFFFFF, 0xFF0000, 0x00FF00, 0x0000FF, 0xFFFF00,
                                      0xFF00FF, 0x00FFFF, 0x1C1C1C, 0x393939, 0x555555, 0x717171,
                                      0x8E8E8E, 0xAAAAAA, 0xC6C6C6, 0xE3E3E3};

struct cbx_palette {
    uint32_t colours[PLACES];
    uint32_t known[REMEMBERED]; /* colour + 1; 0: none */
    uint8_t place[REMEMBERED];
};

static int channel(uint32_t colour, int shift) {
    return (int)(colour >> shift & 0xFF);
}

/* ---- choosing ---- */

/* Some of the samples, between two of which a cut may go. */
typedef struct box {
    uint32_t *samples;
    size_t count;
    int shift; /* of the channel in which they differ the most */
    int range; /* by so much */
} box;

static void measure(box *of) {
    of->range = 0;
    of->shift = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
        int least = 255, most = 0;
        for (size_t i = 0; i < of->count; i++) {
            const int value = channel(of->samples[i], shift);
            least = value < least ? value : least;
            most = value > most ? value : most;
        }
        if (most - least > of->range) {
            of->range = most - least;
            of->shift = shift;
        }
    }
}

/* Orders by one channel, which is brought to the front, and then by the others: one order alone. */
static uint32_t turn(uint32_t colour, int shift) {
    return (uint32_t)channel(colour, shift) << 24 | (colour & 0xFFFFFF);
}

static int by_number(const void *a, const void *b) {
    const uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;
    return first < second ? -1 : first > second;
}

/* Where the upper half begins: the place nearest to the middle at which the channel changes. */
static size_t find_cut(const box *of) {
    size_t up = of->count / 2, down = up;
    while (up < of->count &&
           channel(of->samples[up], of->shift) == channel(of->samples[up - 1], of->shift)) {
        up++;
    }
    while (down > 0 && (down == of->count || channel(of->samples[down], of->shift) ==
                                                 channel(of->samples[down - 1], of->shift))) {
        down--;
    }
    return up < of->count && (down == 0 || up - of->count / 2 <= of->count / 2 - down) ? up : down;
}

static void cut(box *lower, box *upper) {
    for (size_t i = 0; i < lower->count; i++) {
        lower->samples[i] = turn(lower->samples[i], lower->shift);
    }
    qsort(lower->samples, lower->count, sizeof *lower->samples, by_number);
    for (size_t i = 0; i < lower->count; i++) {
        lower->samples[i] &= 0xFFFFFF;
    }
    const size_t at = find_cut(lower);
    *upper = (box){.samples = lower->samples + at, .count = lower->count - at};
    lower->count = at;
    measure(lower);
    measure(upper);
}

static uint32_t mean_of(const box *of) {
    uint64_t sums[3] = {0};
    for (size_t i = 0; i < of->count; i++) {
        for (int k = 0; k < 3; k++) {
            sums[k] += (uint64_t)channel(of->samples[i], 8 * k);
        }
    }
    uint32_t colour = 0;
    for (int k = 0; k < 3; k++) {
        /* NOLINTNEXTLINE(clang-analyzer-core.DivideZero): no box is empty */
        colour |= (uint32_t)((sums[k] + of->count / 2) / of->count) << (8 * k);
    }
    return colour;
}

/* The box with the widest range, weighed by the root of its pixels: a rare colour counts, too. */
static size_t widest(const box *boxes, size_t count) {
    size_t best = 0;
    double most = -1.0;
    for (size_t i = 0; i < count; i++) {
        const double weight = (double)boxes[i].range * boxes[i].range * (double)boxes[i].count;
        if (weight > most) {
            most = weight;
            best = i;
        }
    }
    return best;
}

/* Place `i` of `count` between black and white: for levels that the picture lacks. */
static uint32_t grey(size_t i, size_t count) {
    return 0x010101U * (uint32_t)((2 * i + 1) * 255 / (2 * count));
}

static void choose(cbx_palette *palette, uint32_t *samples, size_t count) {
    box boxes[FREE] = {{.samples = samples, .count = count}};
    size_t made = 1;
    measure(&boxes[0]);
    for (; made < FREE; made++) {
        const size_t next = widest(boxes, made);
        if (boxes[next].range == 0) {
            break; /* each colour has its own */
        }
        cut(&boxes[next], &boxes[made]);
    }
    for (size_t i = 0; i < PLACES - 1; i++) {
        const uint32_t colour = i < FIXED          ? fixed[i]
                                : i < FIXED + made ? mean_of(&boxes[i - FIXED])
                                                   : grey(i - FIXED - made, FREE - made);
        palette->colours[i] = 0xFF000000U | colour;
    }
}

/* Every so many pixels of a picture; how many they are. */
static size_t take_samples(const AVFrame *picture, uint32_t *samples, uint8_t *row) {
    const uint64_t pixels = (uint64_t)picture->width * (uint64_t)picture->height;
    const uint64_t step = (pixels + MOST_SAMPLES - 1) / MOST_SAMPLES | 1;
    uint64_t at = 0;
    size_t count = 0;
    for (int y = 0; y < picture->height; y++) {
        cbx_rgb_row(picture, y, row);
        for (int x = 0; x < picture->width; x++, at++) {
            const uint8_t *rgb = row + 3 * (size_t)x;
            if (at % step == 0) {
                samples[count++] =
                    (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | (uint32_t)rgb[2];
            }
        }
    }
    return count;
}

cbx_status cbx_palette_create(cbx_palette **out, const AVFrame *picture) {
    uint32_t *samples = NULL;
    uint8_t *row = NULL;
    const uint64_t pixels = (uint64_t)picture->width * (uint64_t)picture->height;
    *out = NULL;
    cbx_status status = cbx_new(&samples, pixels < MOST_SAMPLES ? (size_t)pixels : MOST_SAMPLES);
    if (!status) {
        status = cbx_new(&row, (size_t)picture->width * 3);
    }
    if (!status) {
        status = cbx_new(out, 1);
    }
    if (!status) {
        choose(*out, samples, take_samples(picture, samples, row));
    }
    free(samples);
    free(row);
    return status;
}

void cbx_palette_destroy(cbx_palette *palette) {
    free(palette);
}

const uint32_t *cbx_palette_colours(const cbx_palette *palette) {
    return palette->colours;
}

/* ---- mapping ---- */

static uint8_t nearest(const cbx_palette *palette, uint32_t colour) {
    int least = 1 << 30;
    uint8_t place = 0;
    for (int i = 0; i < PLACES - 1; i++) {
        int distance = 0;
        for (int shift = 0; shift <= 16; shift += 8) {
            const int apart = channel(palette->colours[i], shift) - channel(colour, shift);
            distance += apart * apart;
        }
        if (distance < least) {
            least = distance;
            place = (uint8_t)i;
        }
    }
    return place;
}

void cbx_palette_map(cbx_palette *palette, const uint8_t *rgb, size_t count, uint8_t *places) {
    for (size_t i = 0; i < count; i++, rgb += 3) {
        const uint32_t colour = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | (uint32_t)rgb[2];
        const uint32_t slot = (colour * 2654435761U) >> 18;
        if (palette->known[slot] != colour + 1) {
            palette->known[slot] = colour + 1;
            palette->place[slot] = nearest(palette, colour);
        }
        places[i] = palette->place[slot];
    }
}
