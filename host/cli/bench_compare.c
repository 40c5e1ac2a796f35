/* SPDX-License-Identifier: MIT */
/* clearbox bench --compare: what two runs measured, one beside the other. */
#include "cli/bench_compare.h"

#include <stdlib.h>

#include "base/files.h"
#include "cli/cli.h"
#include "cli/terminal.h"

/* As text for free(), NULL: no memory. */
static char *text_of(const json_t *comparison, const cli_bench_options *options, unsigned width) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    int failed = !memory;
    if (memory && options->format == CLI_FORMAT_JSON) {
        failed = json_dumpf(comparison, memory, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) != 0 ||
                 fputc('\n', memory) == EOF;
    } else if (memory) {
        cli_bench_comparison_print(memory, comparison, width);
    }
    if (memory) {
        failed |= fclose(memory) != 0;
    }
    if (failed) {
        free(text);
        return NULL;
    }
    return text;
}

/* Names in the files are others': none may steer a terminal. */
static int write_printable(const char *text, const char *path, int no_clobber) {
    if (!path) {
        cli_print_printable(stdout, text, 1);
        return cli_flush(CLI_DONE);
    }
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, no_clobber);
    if (!status) {
        cli_print_printable(output.stream, text, 1);
        status = cbx_output_commit(&output);
    }
    return status ? cli_fail_status(status) : CLI_DONE;
}

static int write_comparison(const json_t *comparison, const cli_bench_options *options) {
    cli_terminal terminal;
    cli_terminal_look(&terminal, stdout);
    const int bounded = terminal.is_terminal && !options->output;
    char *text = comparison ? text_of(comparison, options, bounded ? terminal.columns : 0) : NULL;
    if (!text) {
        return cli_fail(CLI_SOFTWARE, "no memory for the comparison");
    }
    const int code = write_printable(text, options->output, options->no_clobber);
    free(text);
    return code;
}

static int compare(const cli_bench_options *options, const cli_bench_result *a,
                   const cli_bench_result *b) {
    json_t *comparison = cli_bench_comparison(a, b);
    const json_t *rows = json_object_get(comparison, "rows");
    const int code =
        comparison && json_array_size(rows) == 0
            ? cli_fail(CLI_BAD_DATA,
                       "no row was measured in both %s and %s: neuron counts, schedules or devices "
                       "differ",
                       a->path, b->path)
            : write_comparison(comparison, options);
    json_decref(comparison);
    return code;
}

int cli_bench_compare(const cli_bench_options *options) {
    cli_bench_result a = {0}, b = {0};
    cbx_status status = cli_bench_result_read(&a, options->files.values[0]);
    if (!status) {
        status = cli_bench_result_read(&b, options->files.values[1]);
    }
    const int code = status ? cli_fail_status(status) : compare(options, &a, &b);
    cli_bench_result_free(&a);
    cli_bench_result_free(&b);
    return code;
}
