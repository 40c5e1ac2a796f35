/* SPDX-License-Identifier: MIT */
/* What `clearbox bench` wrote as JSON, or as JSON lines, read again. */
#ifndef CBX_CLI_BENCH_RESULT_H
#define CBX_CLI_BENCH_RESULT_H

#include "base/json.h"
#include "clearbox/status.h"

/* In the member "format" of what is written. Another number: members that were there went, or mean
 * something else. */
enum { CLI_BENCH_RESULT_FORMAT = 1 };

/* What rows measured through OpenBLAS have for a device. */
#define CLI_BENCH_BASELINE "OpenBLAS"

/* The arrays belong to `root`. */
typedef struct cli_bench_result {
    const char *path; /* the caller's */
    json_t *root, *settings, *devices, *rows;
} cli_bench_result;

/* Of JSON lines the last may be cut short, and lines of several runs on one machine may stand one
 * behind the other. CBX_MISSING_INPUT: the file cannot be opened, is a folder, or a pipe that nobody
 * writes to. CBX_BAD_DATA: it is no such result, or of another format; it is larger than 4 MiB, or
 * has more than 2,000 rows or devices. After success each device has "device" and "name", strings, and each row "device"
 * and "schedule", strings, and "hidden", a whole number. cli_bench_result_free() is for both
 * endings. */
cbx_status cli_bench_result_read(cli_bench_result *out, const char *path);
void cli_bench_result_free(cli_bench_result *result);

/* A string of an object; "" where there is none. */
const char *cli_bench_result_text(const json_t *object, const char *key);

/* Whether the row was measured. */
int cli_bench_result_is_measured(const json_t *row);

#endif
