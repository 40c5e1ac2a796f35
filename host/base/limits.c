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

/* The smallest limit of a group and of all groups around it, to which `group` is cut. Within
 * a container the group's own path may not be there, and its limit stands at the mount's
 * root. */
static uint64_t limit_along(const char *root, size_t version, char *group) {
    char path[PATH_BYTES];
    uint64_t limit = UINT64_MAX;
    for (;;) {
        const int written = snprintf(path, sizeof path, "%s%s%s/%s", root, versions[version].mount,
                                     group, versions[version].file);
        if (written > 0 && (size_t)written < sizeof path) {
            limit = smaller(limit, read_number(path));
        }
        if (!*group) {
            return limit;
        }
        char *slash = strrchr(group, '/');
        *(slash ? slash : group) = '\0';
    }
}

/* Whether `name` is one of the names in a list with commas between; "" is only in an
 * empty list. */
static int is_listed(const char *name, const char *list) {
    char names[PATH_BYTES], wanted[32];
    snprintf(names, sizeof names, ",%s,", list);
    snprintf(wanted, sizeof wanted, ",%s,", name);
    return strstr(names, wanted) != NULL;
}

/* Each line is "number:controllers:group". */
uint64_t cbx_memory_limit_of_groups(const char *root, const char *groups) {
    char text[GROUPS_BYTES], *rest = text;
    uint64_t limit = UINT64_MAX;
    snprintf(text, sizeof text, "%s", groups);
    for (char *line; (line = strtok_r(rest, "\n", &rest)) != NULL;) {
        char *controllers = strchr(line, ':');
        char *group = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!group) {
            continue;
        }
        *group++ = '\0';
        for (size_t i = 0; i < VERSIONS; i++) {
            if (is_listed(versions[i].controllers, controllers + 1)) {
                limit = smaller(limit, limit_along(root, i, group));
            }
        }
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
