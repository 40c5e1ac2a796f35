/* SPDX-License-Identifier: MIT */
#include "cli/bench_result.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/input.h"

/* A result has some kilobytes. Parsed, the worst of so many bytes takes a third of a gigabyte; and
 * pairing takes a time that grows with the square of the entries. */
enum { MOST_BYTES = 1 << 22, MOST_ENTRIES = 2000 };

static cbx_status fail_result(const char *path, const char *what) {
    return cbx_fail(CBX_BAD_DATA, "%s is no result of 'clearbox bench' in JSON: %s", path, what);
}

/* ---- reading ---- */

/* Whether something follows other than blanks. */
static int follows(FILE *file) {
    int byte = fgetc(file);
    while (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n') {
        byte = fgetc(file);
    }
    if (byte != EOF) {
        ungetc(byte, file);
    }
    return byte != EOF;
}

static int is_of_type(const json_t *value, const char *type) {
    return strcmp(cli_bench_result_text(value, "type"), type) == 0;
}

/* The device may be there, from another run of which the lines were put behind these. */
static int has_device(const json_t *root, const json_t *device) {
    size_t i;
    json_t *each;
    int found = 0;
    json_array_foreach(json_object_get(root, "devices"), i, each) {
        found |= json_equal(json_object_get(each, "device"), json_object_get(device, "device"));
    }
    return found;
}

static int is_full(const json_t *root, const char *list) {
    return json_array_size(json_object_get(root, list)) > MOST_ENTRIES;
}

/* A line behind the host's; takes `line`. check_format() tells when there are too many. */
static int add_line(json_t *root, json_t *line) {
    const char *list = is_of_type(line, "row")                                 ? "rows"
                       : is_of_type(line, "device") && !has_device(root, line) ? "devices"
                                                                               : NULL;
    const int failed =
        list && !is_full(root, list) && json_array_append(json_object_get(root, list), line) != 0;
    json_decref(line);
    return failed;
}

/* The lines behind the host's. The last may be cut short, where a run was killed. */
static cbx_status read_lines(FILE *file, const char *path, json_t *root) {
    json_error_t fault;
    char sentence[JSON_ERROR_TEXT_LENGTH + 32];
    int failed = json_object_set_new(root, "devices", json_array()) |
                 json_object_set_new(root, "rows", json_array());
    for (int count = 1; follows(file) && !failed; count++) {
        json_t *line = json_loadf(file, JSON_DISABLE_EOF_CHECK, &fault);
        if (!line && feof(file)) {
            break;
        }
        if (!line) {
            snprintf(sentence, sizeof sentence, "line %d: %s", count + fault.line, fault.text);
            return fail_result(path, sentence);
        }
        failed = add_line(root, line);
    }
    return failed ? cbx_fail(CBX_NO_MEMORY, "no memory for %s", path) : CBX_OK;
}

static cbx_status read_values(FILE *file, const char *path, json_t **out) {
    json_error_t fault;
    char sentence[JSON_ERROR_TEXT_LENGTH + 32];
    *out = json_loadf(file, JSON_DISABLE_EOF_CHECK, &fault);
    if (!*out) {
        snprintf(sentence, sizeof sentence, "line %d: %s", fault.line, fault.text);
        return fail_result(path, sentence);
    }
    if (is_of_type(*out, "host")) {
        return read_lines(file, path, *out);
    }
    return follows(file) ? fail_result(path, "more follows behind its end") : CBX_OK;
}

/* In memory: a file may be a pipe, and never end. */
static cbx_status read_bytes(const char *path, char **bytes, size_t *size) {
    cbx_input from = {0};
    cbx_status status = cbx_input_open(&from, "", path);
    *bytes = NULL;
    if (!status) {
        status = cbx_input_read_all(&from, MOST_BYTES, bytes, size);
    }
    cbx_input_close(&from);
    return status == CBX_BAD_DATA ? fail_result(path, "it is larger than 4 MiB") : status;
}

static cbx_status read_json(const char *path, json_t **out) {
    char *bytes = NULL;
    size_t size = 0;
    cbx_status status = read_bytes(path, &bytes, &size);
    if (!status && size == 0) {
        status = fail_result(path, "it is empty");
    }
    if (!status) {
        FILE *file = fmemopen(bytes, size, "rb");
        status =
            file ? read_values(file, path, out) : cbx_fail(CBX_NO_MEMORY, "no memory for %s", path);
        if (file) {
            fclose(file);
        }
    }
    free(bytes);
    return status;
}

/* ---- checking ---- */

static cbx_status check_format(const char *path, const json_t *root) {
    const json_t *format = json_object_get(root, "format");
    const char *version = cli_bench_result_text(root, "clearbox");
    if (!json_is_object(root) || !version[0] || !json_is_array(json_object_get(root, "rows"))) {
        return fail_result(path, "it has no version or no rows");
    }
    if (!json_is_integer(format) || json_integer_value(format) != CLI_BENCH_RESULT_FORMAT) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s was written by clearbox %s in a format that is not known here; measure "
                        "again with this version, or compare with that one",
                        path, version);
    }
    if (is_full(root, "rows") || is_full(root, "devices")) {
        return cbx_fail(CBX_BAD_DATA, "%s has more than %d rows or devices", path, MOST_ENTRIES);
    }
    return CBX_OK;
}

static int is_text(const json_t *object, const char *key) {
    return json_is_string(json_object_get(object, key));
}

static cbx_status check_entries(const cli_bench_result *result) {
    size_t i;
    json_t *entry;
    json_array_foreach(result->devices, i, entry) {
        if (!is_text(entry, "device") || !is_text(entry, "name")) {
            return fail_result(result->path, "a device has no name");
        }
    }
    json_array_foreach(result->rows, i, entry) {
        if (!is_text(entry, "device") || !is_text(entry, "schedule") ||
            !json_is_integer(json_object_get(entry, "hidden"))) {
            return fail_result(result->path, "a row lacks device, schedule or hidden");
        }
    }
    return CBX_OK;
}

/* ---- ---- */

cbx_status cli_bench_result_read(cli_bench_result *out, const char *path) {
    *out = (cli_bench_result){.path = path};
    cbx_status status = read_json(path, &out->root);
    if (!status) {
        status = check_format(path, out->root);
    }
    if (!status) {
        out->settings = json_object_get(out->root, "settings");
        out->devices = json_object_get(out->root, "devices");
        out->rows = json_object_get(out->root, "rows");
        status = json_is_object(out->settings) && json_is_array(out->devices)
                     ? check_entries(out)
                     : fail_result(path, "it has no settings or no devices");
    }
    return status;
}

void cli_bench_result_free(cli_bench_result *result) {
    json_decref(result->root);
    *result = (cli_bench_result){0};
}

const char *cli_bench_result_text(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

int cli_bench_result_is_measured(const json_t *row) {
    return !is_text(row, "reason");
}
