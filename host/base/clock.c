/* SPDX-License-Identifier: MIT */
#include "base/clock.h"

#include <time.h>

static double seconds_of(clockid_t clock) {
    struct timespec now = {0, 0};
    /* The three clocks below exist on every POSIX system; were one missing, a
     * measurement would show zero, which is better than a failed run. */
    (void)clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

double cbx_clock_seconds(void) {
    return seconds_of(CLOCK_MONOTONIC);
}

double cbx_clock_thread_seconds(void) {
    return seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

double cbx_clock_process_seconds(void) {
    return seconds_of(CLOCK_PROCESS_CPUTIME_ID);
}
