/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* sched_getaffinity() */
#include "mpi/processors.h"

#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether the process may use a core of the machine. */
typedef struct cores {
    long all, own;
    char is_own[4096];
} cores;

static cores find_cores(void) {
    cores found = {.all = sysconf(_SC_NPROCESSORS_ONLN)};
    found.own = found.all;
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        found.own = CPU_COUNT(&set);
        for (size_t i = 0; i < CPU_SETSIZE && i < sizeof found.is_own; i++) {
            found.is_own[i] = CPU_ISSET(i, &set) != 0;
        }
    }
#endif
    return found;
}

void cbx_processors_name(char *out, size_t size) {
    const cores found = find_cores();
    out[0] = '\0';
    for (size_t i = 0; i < sizeof found.is_own && found.own < found.all; i++) {
        size_t last = i;
        while (found.is_own[i] && last + 1 < sizeof found.is_own && found.is_own[last + 1]) {
            last++;
        }
        const size_t used = strlen(out);
        if (found.is_own[i]) {
            snprintf(out + used, size - used, last > i ? "%s%zu-%zu" : "%s%zu", used ? "," : "", i,
                     last);
        }
        i = last;
    }
}

static void keep_apart(const cbx_place *place) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    char folder[PATH_MAX];
    const int has_cache = cache && *cache, has_home = home && *home;
    const int length = snprintf(folder, sizeof folder, "%s%s/pocl-rank-%u",
                                has_cache  ? cache
                                : has_home ? home
                                           : "",
                                has_cache ? "" : "/.cache", place->local);
    if ((has_cache || has_home) && length > 0 && (size_t)length < sizeof folder) {
        setenv("POCL_CACHE_DIR", folder, 0);
    }
}

/* Of a rank that is bound to no cores, its part of the machine. */
void cbx_processors_settle(const cbx_place *place) {
    /* Its device that works in the thread that asks, by its old name and its new one; names that it does
     * not know it passes over. */
    static const char minimal[] = "basic cpu-minimal";
    const cores found = find_cores();
    const long own = found.own < found.all ? found.own : found.all / (long)place->locals;
    char count[32];
    if (place->locals < 2) {
        return;
    }
    if (own > 1) {
        snprintf(count, sizeof count, "%ld", own);
        setenv("POCL_MAX_PTHREAD_COUNT", count, 0);
    } else {
        setenv("POCL_DEVICES", minimal, 0);
    }
    if (place->local > 0) {
        keep_apart(place);
    }
}
