/* SPDX-License-Identifier: MIT */
#include "cli/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"

char *cli_json_text(json_t *object) {
    char *text = object ? json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(10)) : NULL;
    json_decref(object);
    char *line = text ? realloc(text, strlen(text) + 2) : NULL;
    if (!line) {
        free(text);
        return NULL;
    }
    strcat(line, "\n");
    return line;
}

int cli_json_line(FILE *file, json_t *object) {
    char *line = cli_json_text(object);
    if (!line) {
        cbx_fail(CBX_NO_MEMORY, "no memory for a line of JSON");
        return 0;
    }
    errno = 0;
    int failed = fputs(line, file) == EOF || fflush(file) != 0;
    free(line);
    if (failed) {
        cbx_fail(CBX_CANNOT_WRITE, "cannot write %s: %s",
                 file == stdout ? "to standard output" : "a line of JSON",
                 strerror(errno ? errno : EIO));
    }
    return !failed;
}
