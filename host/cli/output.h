/* SPDX-License-Identifier: MIT */
/* Reports that go to standard output, or to the file that --output names, as text or as JSON. */
#ifndef CBX_CLI_OUTPUT_H
#define CBX_CLI_OUTPUT_H

#include "base/files.h"

/* The choices of --format, in this order. */
extern const char *const cli_report_formats[];
enum { CLI_REPORT_UNSET = -1, CLI_REPORT_TEXT, CLI_REPORT_JSON };

/* --json is --format json, and no other: makes *json tell whether it is. CLI_PARSED, or the exit
 * code. */
int cli_settle_json(int format, int *json);

/* A file that takes the place of standard output. */
typedef struct cli_output {
    cbx_output file;
    int before; /* standard output's descriptor; -1: there is no file */
} cli_output;

/* From now on what is printed goes to a file that will be `path`; NULL: nothing changes. CLI_PARSED,
 * or the exit code. */
int cli_output_begin(cli_output *output, const char *path, int no_clobber);

/* Gives the file its name, if anything was printed, and standard output its place again. Returns
 * `code`, or what the file failed with. */
int cli_output_end(cli_output *output, int code);

#endif
