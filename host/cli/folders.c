/* Where the program finds what was installed with it. */
#define _XOPEN_SOURCE 700 /* realpath() */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

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

void cli_default_data(char *path, size_t size) {
    static const char *const places[] = {"../data/mnist", "../share/clearbox/mnist"};
    char folder[1024];
    struct stat found;
    const char *chosen = getenv("CLEARBOX_DATA");

    if (chosen && chosen[0]) {
        snprintf(path, size, "%s", chosen);
        return;
    }
    for (size_t i = 0; i < 2 && program_folder(folder, sizeof folder); i++) {
        int length = snprintf(path, size, "%s/%s", folder, places[i]);
        if (length > 0 && (size_t)length < size && stat(path, &found) == 0 &&
            S_ISDIR(found.st_mode)) {
            char *plain = realpath(path, NULL); /* without the dots, for messages */
            if (plain) {
                snprintf(path, size, "%s", plain);
                free(plain);
            }
            return;
        }
    }
    snprintf(path, size, "%s", CBX_DATADIR);
}
