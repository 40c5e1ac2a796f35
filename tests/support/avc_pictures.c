/* SPDX-License-Identifier: MIT */
#include "support/avc_pictures.h"

#include <math.h>
#include <string.h>

#include "support/synthetic.h"
#include "support/test.h"

/* A plane of a frame, after the same of the frame before, NULL: there is none. */
typedef struct sheet {
    uint8_t *at;
    const uint8_t *before;
    uint32_t width, height, frame;
    uint64_t *state;
} sheet;

static uint8_t random_byte(const sheet *s) {
    return (uint8_t)(synthetic_bits(s->state) >> 56);
}

static int one_in(const sheet *s, unsigned n) {
    return synthetic_bits(s->state) % n == 0;
}

static uint8_t clip(int value) {
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static uint8_t noise(const sheet *s, uint32_t x, uint32_t y) {
    (void)x;
    (void)y;
    return random_byte(s);
}

static uint8_t black(const sheet *s, uint32_t x, uint32_t y) {
    (void)x;
    (void)y;
    return s->frame ? 16 : 0;
}

static uint8_t white(const sheet *s, uint32_t x, uint32_t y) {
    (void)x;
    (void)y;
    return s->frame ? 235 : 255;
}

static uint8_t flips(const sheet *s, uint32_t x, uint32_t y) {
    const size_t at = (size_t)y * s->width + x;
    return !s->before                    ? one_in(s, 2) ? 255 : 0
           : one_in(s, 1 + s->frame % 8) ? 255 - s->before[at]
                                         : s->before[at];
}

static uint8_t turns(const sheet *s, uint32_t x, uint32_t y) {
    (void)x;
    (void)y;
    return s->frame % 2 ? 255 : 0;
}

static uint8_t drift(const sheet *s, uint32_t x, uint32_t y) {
    const size_t at = (size_t)y * s->width + x;
    return s->before ? clip(s->before[at] + (int)(synthetic_bits(s->state) % 7) - 3)
                     : random_byte(s);
}

static uint8_t single(const sheet *s, uint32_t x, uint32_t y) {
    const uint32_t place = s->frame * 7919u % (s->width * s->height);
    const uint8_t before = s->before ? s->before[(size_t)y * s->width + x] : 128;
    return y * s->width + x == place ? (uint8_t)(before + 128) : before;
}

static uint8_t gradients(const sheet *s, uint32_t x, uint32_t y) {
    return (uint8_t)(x * 5 + y * 3 + s->frame * 11);
}

static uint8_t patches(const sheet *s, uint32_t x, uint32_t y) {
    uint64_t place = (uint64_t)s->frame << 40 | (uint64_t)(x / 4) << 20 | y / 4;
    const uint64_t random = synthetic_bits(&place);
    return s->before && random % (4u << s->frame % 4) != 0 ? s->before[(size_t)y * s->width + x]
           : random % 3                                    ? (uint8_t)(random >> 8)
                                                           : random_byte(s);
}

static uint8_t steps(const sheet *s, uint32_t x, uint32_t y) {
    const uint32_t block = y / 4 * ((s->width + 3) / 4) + x / 4 + s->frame * 3;
    const double u = cos((2 * (x % 4) + 1) * (block % 4) * 3.14159265358979323846 / 8);
    const double v = cos((2 * (y % 4) + 1) * (block / 4 % 4) * 3.14159265358979323846 / 8);
    return clip((int)lround(128 + 127 * u * v * ((s->frame + block / 16) % 3 - 1.0)));
}

static uint8_t still(const sheet *s, uint32_t x, uint32_t y) {
    return s->before ? s->before[(size_t)y * s->width + x] : random_byte(s);
}

static uint8_t fade(const sheet *s, uint32_t x, uint32_t y) {
    (void)x;
    (void)y;
    return (uint8_t)(128 + ((int)random_byte(s) - 128) * (int)(s->frame % 16 + 1) / 16);
}

static const struct {
    const char *name;
    uint8_t (*sample)(const sheet *s, uint32_t x, uint32_t y);
} kinds[AVC_KINDS] = {
    [AVC_NOISE] = {"noise", noise},       [AVC_BLACK] = {"black", black},
    [AVC_WHITE] = {"white", white},       [AVC_FLIPS] = {"flips", flips},
    [AVC_TURNS] = {"turns", turns},       [AVC_DRIFT] = {"drift", drift},
    [AVC_SINGLE] = {"single", single},    [AVC_GRADIENTS] = {"gradients", gradients},
    [AVC_PATCHES] = {"patches", patches}, [AVC_STEPS] = {"steps", steps},
    [AVC_STILL] = {"still", still},       [AVC_FADE] = {"fade", fade},
};

const char *avc_kind_name(avc_kind kind) {
    return kinds[kind].name;
}

static void draw(avc_kind kind, const sheet *s) {
    for (uint32_t y = 0; y < s->height; y++) {
        for (uint32_t x = 0; x < s->width; x++) {
            s->at[(size_t)y * s->width + x] = kinds[kind].sample(s, x, y);
        }
    }
}

avc_planes avc_draw(avc_kind kind, uint32_t width, uint32_t height, uint32_t frames,
                    int chroma_changes, uint64_t seed) {
    const size_t luma = (size_t)width * height, chroma = luma / 4;
    uint64_t state = seed;
    avc_planes planes = {
        .width = width, .height = height, .frames = frames, .chroma_changes = chroma_changes};
    TEST_NEW(planes.luma, frames * luma);
    TEST_NEW(planes.chroma, (chroma_changes ? frames : 1) * 2 * chroma);
    for (uint32_t i = 0; i < frames; i++) {
        uint8_t *at = planes.luma + i * luma;
        draw(kind, &(sheet){at, i ? at - luma : NULL, width, height, i, &state});
        for (uint32_t plane = 0; plane < 2 && (i == 0 || chroma_changes); plane++) {
            at = planes.chroma + (2 * i + plane) * chroma;
            draw(kind, &(sheet){at, i ? at - 2 * chroma : NULL, width / 2, height / 2, i, &state});
        }
    }
    return planes;
}

void avc_planes_free(avc_planes *planes) {
    free(planes->luma);
    free(planes->chroma);
}

size_t avc_plane_bytes(const avc_planes *planes) {
    return (size_t)planes->width * planes->height * 3 / 2;
}

void avc_copy_frame(const avc_planes *planes, uint32_t frame, uint8_t *to) {
    const size_t luma = (size_t)planes->width * planes->height;
    memcpy(to, planes->luma + frame * luma, luma);
    memcpy(to + luma, planes->chroma + (planes->chroma_changes ? frame : 0) * luma / 2, luma / 2);
}
