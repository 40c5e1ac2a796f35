/* SPDX-License-Identifier: MIT */
#include "cli/verify_compare.h"

#include <stdio.h>
#include <string.h>

uint64_t cli_named_run_batches(const cli_named_run *run) {
    const uint64_t an_epoch = (CLI_NAMED_IMAGES + run->batch - 1) / run->batch;
    const uint64_t all = an_epoch * run->epochs;
    return run->batches && run->batches < all ? run->batches : all;
}

int cli_mark_is_equal(const cli_named_run *run, const cbx_trace *trace, size_t i) {
    const char *sha256 = trace->marks[i].sha256;
    if (i + 1 == trace->count) {
        return strcmp(sha256, run->sha256) == 0;
    }
    const int listed = strlen(run->marks) >= (i + 1) * CLI_MARK - 1;
    return !listed || strncmp(sha256, run->marks + i * CLI_MARK, CLI_MARK - 1) == 0;
}

cli_comparison cli_compare(const cli_named_run *run, const cbx_trace *trace) {
    cli_comparison found = {.equal = 1};
    for (size_t i = 0; i < trace->count && found.equal; i++) {
        found.equal = cli_mark_is_equal(run, trace, i);
        *(found.equal ? &found.until : &found.by) = trace->marks[i].batches;
    }
    return found;
}

const char *cli_comparison_text(char text[CLI_COMPARISON], const cli_comparison *found, int utf8) {
    const unsigned long long first = found->until + 1, last = found->by;
    if (found->equal) {
        snprintf(text, CLI_COMPARISON, "equal");
    } else if (last == 0) {
        snprintf(text, CLI_COMPARISON, "differs before the first batch");
    } else if (first == last) {
        snprintf(text, CLI_COMPARISON, "differs since batch %llu", first);
    } else {
        snprintf(text, CLI_COMPARISON, "differs since batch %llu%s%llu", first, utf8 ? "…" : "-",
                 last);
    }
    return text;
}
