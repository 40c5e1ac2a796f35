/* SPDX-License-Identifier: MIT */
/* One measurement over another of the same. */
#ifndef CBX_CLI_BENCH_RATIOS_H
#define CBX_CLI_BENCH_RATIOS_H

#include "base/json.h"

typedef struct cli_bench_quantity {
    const char *key;    /* in the result, and in the comparison; NULL behind the last */
    const char *inside; /* the member of the row that has it; NULL: the row itself */
    const char *times;  /* the seconds whose extremes are those of a rate; NULL: it has its own */
    const char *head;   /* in tables; NULL: not there */
    unsigned spare;     /* as of cli_column */
} cli_bench_quantity;

/* Of a device and of a row; the first of a row is its seconds an epoch. */
extern const cli_bench_quantity cli_bench_device_quantities[], cli_bench_row_quantities[];

/* An object: for each quantity that both have, "a", "b", "ratio", which is b over a, and, where
 * repetitions tell, the extremes "least" and "most" that it may have, else null. */
json_t *cli_bench_ratios(const cli_bench_quantity *quantities, const json_t *a, const json_t *b);

#endif
