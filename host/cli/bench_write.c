/* SPDX-License-Identifier: MIT */
/* Where the report goes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "cli/bench_report.h"
#include "cli/cli.h"
#include "cli/terminal.h"

static int write_report(const cli_bench_report *report, FILE *out, unsigned width) {
    const size_t flags = JSON_INDENT(2) | JSON_REAL_PRECISION(10);
    json_t *object;
    int failed = 0;
    switch (report->options->format) {
    case CLI_FORMAT_MD:
        cli_bench_markdown(out, report, width);
        return 0;
    case CLI_FORMAT_CSV:
        cli_bench_csv(out, report);
        return 0;
    case CLI_FORMAT_JSON:
        object = cli_bench_json(report);
        failed = !object || json_dumpf(object, out, flags) != 0 || fputc('\n', out) == EOF;
        json_decref(object);
        return failed;
    default:
        failed = !cli_json_line(out, cli_bench_json_host(report));
        for (size_t i = 0; i < report->device_count && !failed; i++) {
            failed = !cli_json_line(out, cli_bench_json_device(&report->devices[i]));
        }
        for (size_t i = 0; i < report->row_count && !failed; i++) {
            failed = !cli_json_line(out, cli_bench_json_row(report, &report->rows[i]));
        }
        return failed;
    }
}

static int write_file(const cli_bench_report *report) {
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    int failed = !memory || write_report(report, memory, 0);
    if (memory) {
        failed |= fclose(memory) != 0;
    }
    if (failed) {
        free(text);
        return cli_fail(CLI_SOFTWARE, "no memory for the report");
    }
    cbx_status status =
        cbx_write_file(report->options->output, report->options->no_clobber, text, size);
    free(text);
    return status ? cli_fail_status(status) : CLI_DONE;
}

static int write_out(const cli_bench_report *report) {
    cli_terminal terminal;
    cli_terminal_look(&terminal, stdout);
    const int failed = write_report(report, stdout, terminal.is_terminal ? terminal.columns : 0);
    return failed && !ferror(stdout) ? cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output")
                                     : cli_flush(CLI_DONE);
}

int cli_bench_write(const cli_bench_report *report) {
    const cli_bench_options *options = report->options;
    int code = CLI_DONE;
    if (options->output) {
        code = write_file(report);
    } else if (options->format != CLI_FORMAT_JSONL) { /* whose lines are written already */
        code = write_out(report);
    }
    if (options->output || options->format != CLI_FORMAT_MD) {
        cli_bench_summary(stderr, report);
    }
    return code == CLI_DONE && options->plot ? cli_bench_plot(report) : code;
}

int cli_bench_probe(const cli_bench_options *options) {
    if (options->plot && cli_bench_can_plot() != CLI_DONE) {
        return CLI_UNAVAILABLE;
    }
    const char *const paths[] = {options->output, options->plot};
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < sizeof paths / sizeof *paths && !status; i++) {
        status = paths[i] ? cbx_output_probe(paths[i], options->no_clobber) : CBX_OK;
    }
    if (!status && options->film) {
        status = cbx_bench_check_film(options->encoder);
    }
    return status ? cli_fail_status(status) : CLI_DONE;
}
