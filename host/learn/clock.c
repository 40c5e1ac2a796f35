/* SPDX-License-Identifier: MIT */
#include "learn/clock.h"

#include <math.h>

#include "base/error.h"

/* e^x − 1 for 0 ≤ x. Of a small share of x by its series, of which more terms would change nothing;
 * then e^2x − 1 = (e^x − 1)·(e^x − 1 + 2). The library's own may differ in the last bit, and so
 * might which batch a frame shows. */
static double growth(double x) {
    enum { TERMS = 12 };
    int halved = 0;
    while (x > 0.125) {
        x *= 0.5;
        halved++;
    }
    double sum = 0.0;
    for (int i = TERMS; i > 0; i--) {
        sum = x / i * (1.0 + sum);
    }
    for (; halved > 0; halved--) {
        sum = sum * (sum + 2.0);
    }
    return sum;
}

/* The k with (e^k − 1)/k = share, which is above 1 and rises with k: by bisection, to the bit. */
static double rate_of(double share) {
    double low = 0.0, high = 1.0;
    while (growth(high) / high < share) {
        high *= 2.0;
    }
    for (;;) {
        const double middle = 0.5 * (low + high);
        if (!(middle > low && middle < high)) {
            return high;
        }
        if (growth(middle) / middle < share) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

static uint64_t frames_of(double seconds, uint32_t fps) {
    return (uint64_t)floor(seconds * fps + 0.5);
}

/* 0: as many frames as the batches make. */
static double length_of(const cbx_learn_settings *settings) {
    return settings->seconds > 0.0            ? settings->seconds
           : settings->clock == CBX_CLOCK_LOG ? CBX_LOG_SECONDS
                                              : 0.0;
}

cbx_timing cbx_timing_of(const cbx_learn_settings *settings, uint64_t batches) {
    const double seconds = length_of(settings);
    cbx_timing timing = {.batches = batches, .held = frames_of(settings->hold, settings->fps)};
    if (seconds <= 0.0) {
        timing.every = settings->frame_every;
        timing.moving = (batches + timing.every - 1) / timing.every;
        return timing;
    }
    const uint64_t wanted = frames_of(seconds, settings->fps), all = wanted > 0 ? wanted : 1;
    timing.held = timing.held < all ? timing.held : all - 1;
    timing.moving = all - timing.held;
    if (settings->clock == CBX_CLOCK_LOG && batches > timing.moving) {
        timing.k = rate_of((double)batches / (double)timing.moving);
    }
    return timing;
}

/* ⌈T·i/n⌉ without leaving 64 bits. */
static uint64_t evenly(uint64_t batches, uint64_t i, uint64_t n) {
    const uint64_t whole = batches / n, rest = batches % n;
    return whole * i + (rest * i + n - 1) / n;
}

uint64_t cbx_timing_batch(const cbx_timing *timing, uint64_t frame) {
    const uint64_t i = frame + 1, n = timing->moving, last = timing->batches;
    if (i >= n) {
        return last;
    }
    if (timing->every > 0) {
        return i * timing->every;
    }
    if (timing->k <= 0.0) {
        return evenly(last, i, n);
    }
    const double scale = (double)n / timing->k, share = (double)i / (double)n;
    const uint64_t shown = (uint64_t)floor(scale * growth(timing->k * share) + 0.5);
    return shown < 1 ? 1 : shown > last ? last : shown;
}

static int is_time(double seconds) {
    return isfinite(seconds) && seconds >= 0.0 && seconds <= CBX_MAX_SECONDS;
}

cbx_status cbx_timing_check(const cbx_learn_settings *settings) {
    if (!cbx_film_clock_name(settings->clock)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no clock %d", (int)settings->clock);
    }
    if (!is_time(settings->seconds) || !is_time(settings->hold)) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a film takes up to %d seconds, and its last frame too",
                        CBX_MAX_SECONDS);
    }
    if (settings->frame_every > 1 && length_of(settings) > 0.0) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "a frame after every %u batches, and a film of %g seconds: choose one",
                        settings->frame_every, length_of(settings));
    }
    return CBX_OK;
}

uint64_t cbx_learn_frame_batch(const cbx_learn_settings *settings, const cbx_learn_plan *plan,
                               uint64_t frame) {
    const cbx_timing timing = cbx_timing_of(settings, plan->batches);
    return cbx_timing_batch(&timing, frame);
}
