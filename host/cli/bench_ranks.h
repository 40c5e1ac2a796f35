/* SPDX-License-Identifier: MIT */
/* clearbox-mpi bench --ranks: how ranks train together, and what more of them would do. */
#ifndef CBX_CLI_BENCH_RANKS_H
#define CBX_CLI_BENCH_RANKS_H

#include "cli/bench_options.h"

/* The exit code. */
int cli_bench_ranks(const cli_bench_options *options);

#endif
