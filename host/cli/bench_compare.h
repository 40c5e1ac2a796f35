/* SPDX-License-Identifier: MIT */
/* Two results of `clearbox bench`, B beside A. */
#ifndef CBX_CLI_BENCH_COMPARE_H
#define CBX_CLI_BENCH_COMPARE_H

#include <stdio.h>

#include "cli/bench_options.h"
#include "cli/bench_result.h"

/* clearbox bench --compare: reads both files and writes the comparison. Returns an exit code, and
 * has complained. */
int cli_bench_compare(const cli_bench_options *options);

/* The comparison as an object, all that there is:
 *   a, b        "file", "date" and "warnings" of each
 *   facts       versions, machines, paired devices and settings: "what", "a", "b", "differs"
 *   devices     pairs: "a" and "b", as the files call them, "ratios" (bench_ratios.h), and "epoch",
 *               the geometric mean of all rows' ratios of seconds an epoch, with "least", "most"
 *               and "rows"; null without rows
 *   rows        "hidden", "schedule", "a" and "b", the devices, and "ratios"
 *   only_in_a, only_in_b  "hidden", "schedule", "device", and "reason", why the other has not
 *               measured it; null: it is not there
 * NULL: memory ran out. */
json_t *cli_bench_comparison(const cli_bench_result *a, const cli_bench_result *b);

/* The same for people, in lines of at most `width` columns (0: as wide as it is). */
void cli_bench_comparison_print(FILE *out, const json_t *comparison, unsigned width);

#endif
