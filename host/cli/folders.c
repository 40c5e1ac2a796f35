/* SPDX-License-Identifier: MIT */
/* What the environment says, and where the program finds what was installed with it. */
#define _XOPEN_SOURCE 700 /* realpath() */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/options.h"

/* The program's own folder without a final slash; 0 when it cannot be known. */
static int program_folder(char *path, size_t size) {
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    if (length <= 0) {
        return 0;
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (!slash) {
        return 0;
    }
    *slash = '\0';
    return 1;
}

/* Whether `path` is a folder; then without the dots, for messages. */
static int is_folder(char *path, size_t size) {
    struct stat found;
    if (stat(path, &found) != 0 || !S_ISDIR(found.st_mode)) {
        return 0;
    }
    char *plain = realpath(path, NULL);
    if (plain) {
        snprintf(path, size, "%s", plain);
        free(plain);
    }
    return 1;
}

const char *cli_environment(const char *name) {
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

int cli_default_data(char *path, size_t size) {
    static const struct {
        int beside_the_program;
        const char *folder;
    } places[] = {
        {1, "../data/mnist"},           /* a build folder in the source tree */
        {1, "../share/clearbox/mnist"}, /* installed, and perhaps moved      */
        {0, CBX_DATADIR},               /* installed where it was configured */
        {0, CBX_SOURCE_DATADIR},        /* a build folder anywhere           */
    };
    char program[1024];
    const char *chosen = cli_environment("CLEARBOX_DATA");

    if (chosen) {
        snprintf(path, size, "%s", chosen);
        return CLI_PARSED;
    }
    if (!program_folder(program, sizeof program)) {
        program[0] = '\0';
    }
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const int beside = places[i].beside_the_program;
        if (beside && !program[0]) {
            continue;
        }
        int length = snprintf(path, size, "%s%s%s", beside ? program : "", beside ? "/" : "",
                              places[i].folder);
        if (length > 0 && (size_t)length < size && is_folder(path, size)) {
            return CLI_PARSED;
        }
    }
    return cli_fail(
        CLI_MISSING_INPUT,
        "the images of MNIST are neither beside the program nor in %s; name a dataset's "
        "folder with --data or in CLEARBOX_DATA",
        CBX_DATADIR);
}
