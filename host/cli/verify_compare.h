/* SPDX-License-Identifier: MIT */
/* What became of a named run, beside what the list says. */
#ifndef CBX_CLI_VERIFY_COMPARE_H
#define CBX_CLI_VERIFY_COMPARE_H

#include <stddef.h>

#include "cli/verify_list.h"
#include "learn/trace.h"

typedef struct cli_comparison {
    int equal;
    uint64_t until; /* else: the batches after which the weights were equal for the last time … */
    uint64_t by;    /* … and those after which they were not for the first; 0: from the start */
} cli_comparison;

typedef struct cli_verified {
    const cli_named_run *run;
    cbx_trace trace;
    cli_comparison found;
    double seconds;
} cli_verified;

/* How many batches it has. */
uint64_t cli_named_run_batches(const cli_named_run *run);

/* A mark of the trace that the list does not have tells nothing; the end always counts. */
cli_comparison cli_compare(const cli_named_run *run, const cbx_trace *trace);

/* Whether mark number i is what the list says, or is not in it. */
int cli_mark_is_equal(const cli_named_run *run, const cbx_trace *trace, size_t i);

enum { CLI_COMPARISON = 80 };

/* "equal", "differs since batch 9…16": writes to `text` and returns it. */
const char *cli_comparison_text(char text[CLI_COMPARISON], const cli_comparison *found, int utf8);

#endif
