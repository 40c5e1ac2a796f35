/* SPDX-License-Identifier: MIT */
/* realpath() */
#define _XOPEN_SOURCE 700
#include "base/path.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_LINKS = 40 }; /* as the kernel follows */

size_t cbx_path_folder_bytes(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* `path` with a link at its end replaced by what that says; 0 where there is none. */
static int read_link(char path[PATH_MAX]) {
    char target[PATH_MAX], joined[2 * PATH_MAX];
    ssize_t length = readlink(path, target, sizeof target - 1);
    if (length <= 0) {
        return 0;
    }
    target[length] = '\0';
    int folder = target[0] == '/' ? 0 : (int)cbx_path_folder_bytes(path);
    int needed = snprintf(joined, sizeof joined, "%.*s%s", folder, path, target);
    if (needed < 0 || needed >= PATH_MAX) {
        return 0;
    }
    memcpy(path, joined, (size_t)needed + 1);
    return 1;
}

const char *cbx_path_follow(const char *path, char followed[PATH_MAX]) {
    if (snprintf(followed, PATH_MAX, "%s", path) >= PATH_MAX) {
        return path;
    }
    for (int i = 0; i < MOST_LINKS && read_link(followed); i++) {
    }
    return followed;
}

const char *cbx_path_full(const char *path, char full[PATH_MAX]) {
    char followed[PATH_MAX], folder[PATH_MAX], found[PATH_MAX];
    if (realpath(path, full)) {
        return full;
    }
    const char *leads = cbx_path_follow(path, followed);
    const size_t length = cbx_path_folder_bytes(leads);
    snprintf(folder, sizeof folder, "%.*s", length > 0 ? (int)length : 1, length > 0 ? leads : ".");
    if (!realpath(folder, found) ||
        snprintf(full, PATH_MAX, "%s/%s", found[1] ? found : "", leads + length) >= PATH_MAX) {
        return path;
    }
    return full;
}

/* What makes a file that one and no other. */
typedef struct identity {
    dev_t device;
    ino_t inode;         /* of the file, else of the folder that it will be in … */
    char leaf[PATH_MAX]; /* … under this name */
    int shared;          /* a device, which many may use */
} identity;

static int identify(const char *path, identity *out) {
    char followed[PATH_MAX], folder[PATH_MAX];
    struct stat about;
    memset(out, 0, sizeof *out);
    if (stat(path, &about) != 0) {
        if (strlen(path) >= sizeof followed) {
            return 0;
        }
        cbx_path_follow(path, followed);
        size_t length = cbx_path_folder_bytes(followed);
        snprintf(folder, sizeof folder, "%.*s", (int)length, followed);
        snprintf(out->leaf, sizeof out->leaf, "%s", followed + length);
        if (stat(length > 0 ? folder : ".", &about) != 0) {
            return 0;
        }
    }
    out->device = about.st_dev;
    out->inode = about.st_ino;
    out->shared = S_ISCHR(about.st_mode);
    return 1;
}

int cbx_files_same(const char *a, const char *b) {
    identity first, second;
    if (strcmp(a, b) == 0) {
        return identify(a, &first) ? !first.shared : 1;
    }
    return identify(a, &first) && identify(b, &second) && !first.shared &&
           first.device == second.device && first.inode == second.inode &&
           strcmp(first.leaf, second.leaf) == 0;
}
