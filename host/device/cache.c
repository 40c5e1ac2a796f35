/* SPDX-License-Identifier: MIT */
#include "device/cache.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/error.h"

uint64_t cbx_hash(uint64_t seed, const void *bytes, size_t size) {
    const unsigned char *byte = bytes;
    for (size_t i = 0; i < size; i++) {
        seed = (seed ^ byte[i]) * UINT64_C(1099511628211);
    }
    return seed;
}

uint64_t cbx_hash_text(uint64_t seed, const char *text) {
    return cbx_hash(seed, text, strlen(text) + 1);
}

/* 0 when there is none; leaves room for a name of 64 bytes. */
static int find_folder(char folder[PATH_MAX]) {
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (cache && cache[0] == '/') {
        length = snprintf(folder, PATH_MAX - 64, "%s/clearbox", cache);
    } else if (home && home[0] == '/') {
        length = snprintf(folder, PATH_MAX - 64, "%s/.cache/clearbox", home);
    }
    return length >= 0 && length < PATH_MAX - 64;
}

int cbx_cache_path(char path[PATH_MAX], const char *kind, uint64_t hash, const char *ending) {
    char folder[PATH_MAX];
    if (!find_folder(folder)) {
        return 0;
    }
    const int length =
        snprintf(path, PATH_MAX, "%s/%.20s-%016" PRIx64 ".%.8s", folder, kind, hash, ending);
    return length > 0 && length < PATH_MAX;
}

cbx_status cbx_cache_make(void) {
    char folder[PATH_MAX];
    if (!find_folder(folder)) {
        return cbx_fail(CBX_CANNOT_CREATE,
                        "there is no cache folder; set XDG_CACHE_HOME or HOME to a full path");
    }
    char *slash = strrchr(folder, '/');
    *slash = '\0';
    int failed = mkdir(folder, 0700) != 0 && errno != EEXIST;
    *slash = '/';
    failed = failed || (mkdir(folder, 0700) != 0 && errno != EEXIST);
    return failed ? cbx_fail(CBX_CANNOT_CREATE, "cannot create the folder %s: %s", folder,
                             strerror(errno))
                  : CBX_OK;
}
