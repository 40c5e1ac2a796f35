/* SPDX-License-Identifier: MIT */
#include "cli/suggest.h"

#include <stddef.h>
#include <string.h>

enum { LETTERS = 40 };

static unsigned smaller(unsigned a, unsigned b) {
    return a < b ? a : b;
}

/* Optimal string alignment distance (Levenshtein's, and neighbours may swap). */
static unsigned distance(const char *a, const char *b) {
    unsigned cost[LETTERS + 1][LETTERS + 1];
    size_t m = strlen(a), n = strlen(b);
    if (m > LETTERS || n > LETTERS) {
        return LETTERS;
    }
    for (unsigned i = 0; i <= m; i++) {
        cost[i][0] = i;
    }
    for (unsigned j = 0; j <= n; j++) {
        cost[0][j] = j;
    }
    for (size_t i = 1; i <= m; i++) {
        for (size_t j = 1; j <= n; j++) {
            unsigned best = cost[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            best = smaller(best, cost[i - 1][j] + 1);
            best = smaller(best, cost[i][j - 1] + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                best = smaller(best, cost[i - 2][j - 2] + 1);
            }
            cost[i][j] = best;
        }
    }
    return cost[m][n];
}

const char *cli_nearest(const char *typed, const char *const *names) {
    /* Up to a third of the letters wrong, so that a short word does not match all. */
    size_t length = strlen(typed);
    unsigned least = length < 3 ? 2 : (unsigned)(length / 3) + 2;
    const char *nearest = NULL;
    for (; *names; names++) {
        unsigned changes = distance(typed, *names);
        if (changes < least) {
            least = changes;
            nearest = *names;
        }
    }
    return nearest;
}
