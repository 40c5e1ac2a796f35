#include "cli/json.h"

#include <math.h>

json_t *cli_json_number(double value) {
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *cli_json_string(const char *text) {
    json_t *value = text ? json_string(text) : NULL;
    return value ? value : json_null();
}

int cli_json_line(FILE *file, json_t *object) {
    const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(10);
    int failed = !object || json_dumpf(object, file, flags) != 0 || fputc('\n', file) == EOF ||
                 fflush(file) != 0;
    json_decref(object);
    return !failed;
}
