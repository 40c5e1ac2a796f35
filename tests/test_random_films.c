/* SPDX-License-Identifier: MIT */
/* Random films through the kernels that encode them, on both families, and back through libavcodec: equal
 * always. For some seconds; CBX_TEST_SECONDS=600 for longer, and CBX_TEST_SEED=N begins with the film of
 * that number, which a failure names. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "support/avc.h"
#include "support/fixture.h"
#include "support/synthetic.h"

enum { USUAL_SECONDS = 5 };

static uint32_t below(uint64_t *state, uint32_t n) {
    return (uint32_t)(synthetic_bits(state) % n);
}

/* A multiple of 4, small ones more often. */
static uint32_t random_side(uint64_t *state) {
    return 4 * (1 + below(state, below(state, 4) ? 16 : 64));
}

/* The part of a plane of `to` that lies in a random rectangle becomes what `from` has there. */
static void mix_plane(uint64_t *state, uint8_t *to, const uint8_t *from, uint32_t width,
                      uint32_t height) {
    const uint32_t left = below(state, width), top = below(state, height);
    const size_t count = 1 + below(state, width - left);
    for (uint32_t y = top; y < height && y < top + 1 + height / 2; y++) {
        memcpy(to + (size_t)y * width + left, from + (size_t)y * width + left, count);
    }
}

/* Rectangles of most frames come from another film. */
static void mix(uint64_t *state, avc_planes *to, const avc_planes *from) {
    const size_t luma = (size_t)to->width * to->height;
    for (uint32_t i = 0; i < to->frames; i++) {
        if (below(state, 4) > 0) {
            mix_plane(state, to->luma + i * luma, from->luma + i * luma, to->width, to->height);
        }
        if (to->chroma_changes && below(state, 2)) {
            const size_t at = (2 * i + below(state, 2)) * (luma / 4);
            mix_plane(state, to->chroma + at, from->chroma + at, to->width / 2, to->height / 2);
        }
    }
}

static void check_film(uint64_t seed, avc_tally *tally) {
    uint64_t state = seed * 0x9e3779b97f4a7c15u;
    const uint32_t width = random_side(&state), height = random_side(&state);
    const uint32_t frames = 1 + below(&state, 400000 / (width * height + 20000));
    const int chroma_changes = (int)below(&state, 2), qp = 1 + (int)below(&state, 51);
    const uint32_t group = 1 + below(&state, below(&state, 2) ? 6 : 256);
    const avc_kind kind = (avc_kind)below(&state, AVC_KINDS);
    char what[200];
    avc_planes planes = avc_draw(kind, width, height, frames, chroma_changes, seed);
    avc_planes other = avc_draw((avc_kind)below(&state, AVC_KINDS), width, height, frames,
                                chroma_changes, seed + 1);
    mix(&state, &planes, &other);
    snprintf(what, sizeof what, "CBX_TEST_SEED=%llu (%s, %u x %u, %u frames, groups of %u, QP %d)",
             (unsigned long long)seed, avc_kind_name(kind), width, height, frames, group, qp);
    avc_check(&planes, qp, group, 1 + below(&state, 16), tally, what);
    avc_planes_free(&planes);
    avc_planes_free(&other);
}

static uint64_t number(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text ? strtoull(text, NULL, 10) : otherwise;
}

static void random_films_are_decoded_to_what_was_meant(void **state) {
    (void)state;
    const double until = cbx_clock_seconds() + (double)number("CBX_TEST_SECONDS", USUAL_SECONDS);
    const uint64_t first = number("CBX_TEST_SEED", 1);
    avc_tally tally = {0};
    uint64_t seed = first;
    do {
        check_film(seed++, &tally);
    } while (cbx_clock_seconds() < until);
    print_message("films %llu to %llu; %u macroblocks of samples in key frames, %u in others; at "
                  "most %u bits\n",
                  (unsigned long long)first, (unsigned long long)seed - 1, tally.pcm[0],
                  tally.pcm[1], tally.most_bits);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_films_are_decoded_to_what_was_meant),
    };
    return cmocka_run_group_tests_name("random films", tests, fixture_setup, fixture_teardown);
}
