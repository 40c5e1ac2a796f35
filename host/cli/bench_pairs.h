/* SPDX-License-Identifier: MIT */
/* Which device and which row of one result corresponds to which of another. */
#ifndef CBX_CLI_BENCH_PAIRS_H
#define CBX_CLI_BENCH_PAIRS_H

#include "cli/bench_result.h"

/* Both belong to their results. */
typedef struct cli_bench_pair {
    const json_t *a, *b;
} cli_bench_pair;

/* Devices of the same name and platform, else of the same name, in their order; then, where one is
 * left in each, these two. */
typedef struct cli_bench_pairs {
    cli_bench_pair *devices;
    size_t count;
} cli_bench_pairs;

/* CBX_NO_MEMORY. pairs->devices is for free() in every case. */
cbx_status cli_bench_pair_devices(cli_bench_pairs *pairs, const cli_bench_result *a,
                                  const cli_bench_result *b);

/* The row of the other result with the same H and schedule on the paired device, or of OpenBLAS;
 * NULL: there is none. `to_b`: `row` is one of `a`'s, and `other` is b. */
const json_t *cli_bench_pair_row(const cli_bench_pairs *pairs, const json_t *row,
                                 const cli_bench_result *other, int to_b);

#endif
