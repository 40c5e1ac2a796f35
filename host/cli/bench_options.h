/* SPDX-License-Identifier: MIT */
/* The flags of `clearbox bench`. */
#ifndef CBX_CLI_BENCH_OPTIONS_H
#define CBX_CLI_BENCH_OPTIONS_H

#include <limits.h>

#include "bench/bench.h"
#include "cli/options.h"

typedef enum cli_format {
    CLI_FORMAT_UNSET = -1,
    CLI_FORMAT_MD,
    CLI_FORMAT_CSV,
    CLI_FORMAT_JSON,
    CLI_FORMAT_JSONL
} cli_format;

/* Strings belong to argv, the environment or `data_folder`. */
typedef struct cli_bench_options {
    cbx_bench_settings settings; /* hidden and schedule are those of a row */
    cli_list hidden, schedules;
    cli_texts devices; /* none: every device */
    cbx_family family;
    cbx_arithmetic arithmetic;
    int film, no_baseline, tune, no_clobber;
    int ranks;                         /* nothing but how ranks train together */
    double latency_us, bandwidth_gbit; /* of the network that is supposed for more of them */
    int compare;
    cli_words files;     /* with `compare` two, else none */
    const char *encoder; /* of the films; NULL: the best that is there */
    cli_format format;   /* never unset after parsing */
    int json;
    const char *output; /* NULL: standard output */
    const char *plot;   /* NULL: none */
    const char *data;
    char data_folder[PATH_MAX];
} cli_bench_options;

/* As cli_parse(): CLI_PARSED, or the exit code. Reads CLEARBOX_DEVICE and
 * CLEARBOX_DATA where the flags are silent; with `compare` neither, nor is there any data. */
int cli_bench_parse(int argc, char **argv, cli_bench_options *options);

#endif
