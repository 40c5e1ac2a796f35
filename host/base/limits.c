/* SPDX-License-Identifier: MIT */
#include "base/limits.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_BYTES = 4096, GROUPS_BYTES = 16 * 1024 };

/* Where the two versions of control groups keep the limit. */
static const struct {
    const char *controllers; /* the line's second field: this one, or among others */
    const char *mount;
    const char *file;
} versions[] = {
    {"", "/sys/fs/cgroup", "memory.max"},
    {"memory", "/sys/fs/cgroup/memory", "memory.limit_in_bytes"},
};

enum { VERSIONS = sizeof versions / sizeof versions[0] };

static uint64_t smaller(uint64_t a, uint64_t b) {
    return a < b ? a : b;
}

/* The number in a file; UINT64_MAX when there is none, as for "max". */
static uint64_t read_number(const char *path) {
    uint64_t number = UINT64_MAX;
    FILE *file = fopen(path, "re");
    if (file) {
        if (fscanf(file, "%" SCNu64, &number) != 1) {
            number = UINT64_MAX;
        }
        fclose(file);
    }
    return number;
}

/* The smallest limit of a group and of all groups around it. Within a container the
 * group's own path may not be there, and its limit stands at the mount's root. */
static uint64_t limit_along(const char *root, size_t version, const char *group, size_t length) {
    char path[PATH_BYTES];
    uint64_t limit = UINT64_MAX;
    for (;;) {
        const int written =
            snprintf(path, sizeof path, "%s%s%.*s/%s", root, versions[version].mount, (int)length,
                     group, versions[version].file);
        if (written > 0 && (size_t)written < sizeof path) {
            limit = smaller(limit, read_number(path));
        }
        if (length == 0) {
            return limit;
        }
        do {
            length--;
        } while (length > 0 && group[length] != '/');
    }
}

/* Whether `name` is one of the names in a list with commas between; "" is only in an
 * empty list. */
static int is_listed(const char *name, const char *list, size_t length) {
    const size_t size = strlen(name);
    for (size_t start = 0; start <= length;) {
        const char *comma = memchr(list + start, ',', length - start);
        const size_t end = comma ? (size_t)(comma - list) : length;
        if (end - start == size && memcmp(list + start, name, size) == 0) {
            return 1;
        }
        start = end + 1;
    }
    return 0;
}

/* Each line is "number:controllers:group". */
uint64_t cbx_memory_limit_of_groups(const char *root, const char *groups) {
    uint64_t limit = UINT64_MAX;
    while (*groups) {
        const size_t length = strcspn(groups, "\n");
        const char *end = groups + length;
        const char *controllers = memchr(groups, ':', length);
        const char *group =
            controllers ? memchr(controllers + 1, ':', (size_t)(end - controllers - 1)) : NULL;
        for (size_t i = 0; i < VERSIONS && group; i++) {
            if (is_listed(versions[i].controllers, controllers + 1,
                          (size_t)(group - controllers - 1))) {
                limit = smaller(limit, limit_along(root, i, group + 1, (size_t)(end - group - 1)));
            }
        }
        groups = *end ? end + 1 : end;
    }
    return limit;
}

static uint64_t machine_bytes(void) {
#if defined(_SC_PHYS_PAGES)
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    if (pages > 0 && page > 0) {
        return (uint64_t)pages * (uint64_t)page;
    }
#endif
    return UINT64_MAX;
}

uint64_t cbx_memory_limit_bytes(void) {
    char groups[GROUPS_BYTES] = "";
    FILE *file = fopen("/proc/self/cgroup", "re");
    if (file) {
        groups[fread(groups, 1, sizeof groups - 1, file)] = '\0';
        fclose(file);
    }
    return smaller(machine_bytes(), cbx_memory_limit_of_groups("", groups));
}
