/* The chart of --plot: hidden neurons against GFLOP/s, drawn by gnuplot. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/files.h"
#include "cli/bench_report.h"
#include "cli/cli.h"

int cli_bench_can_plot(void) {
    const int status = system("command -v gnuplot >/dev/null 2>&1");
    if (status != 0) {
        return cli_fail(CLI_UNAVAILABLE,
                        "--plot needs gnuplot, which is not installed (Debian: gnuplot-nox)");
    }
    return CLI_DONE;
}

/* 'text' as gnuplot reads it. */
static void put_quoted(FILE *out, const char *text) {
    fputc('\'', out);
    for (; *text; text++) {
        if (*text == '\'') {
            fputc('\'', out);
        }
        fputc((unsigned char)*text < 32 ? ' ' : *text, out);
    }
    fputc('\'', out);
}

static int same_line(const cli_bench_row *a, const cli_bench_row *b) {
    return a->device == b->device && a->schedule == b->schedule;
}

/* Whether an earlier row began the line that row `i` belongs to. */
static int has_begun(const cli_bench_report *report, size_t i) {
    for (size_t j = 0; j < i; j++) {
        if (!report->rows[j].reason[0] && same_line(&report->rows[i], &report->rows[j])) {
            return 1;
        }
    }
    return 0;
}

/* A block of data for each line: "$lineI << EOD … EOD". */
static void put_data(FILE *out, const cli_bench_report *report) {
    for (size_t i = 0; i < report->row_count; i++) {
        if (report->rows[i].reason[0] || has_begun(report, i)) {
            continue;
        }
        fprintf(out, "$line%zu << EOD\n", i);
        for (size_t j = i; j < report->row_count; j++) {
            const cli_bench_row *row = &report->rows[j];
            if (!row->reason[0] && same_line(row, &report->rows[i])) {
                fprintf(out, "%u %.6g %.6g %.6g\n", row->hidden, 1e-9 * row->training.flops.median,
                        1e-9 * row->training.flops.least, 1e-9 * row->training.flops.most);
            }
        }
        fputs("EOD\n", out);
    }
}

static void put_lines(FILE *out, const cli_bench_report *report) {
    char title[512];
    int lines = 0;
    fputs("plot ", out);
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        if (row->reason[0] || has_begun(report, i)) {
            continue;
        }
        const char *name = row->device == CLI_BASELINE ? report->processor
                                                       : report->devices[row->device].info.name;
        snprintf(title, sizeof title, "%s, %s, %.120s", cli_bench_device_name(report, row),
                 cli_bench_schedule_name(row), name);
        fprintf(out, "%s$line%zu using 1:2:3:4 with yerrorlines lw 2 lc %d title ",
                lines ? ", " : "", i, lines + 1);
        put_quoted(out, title);
        lines++;
    }
    for (size_t i = 0; i < report->device_count; i++) {
        snprintf(title, sizeof title, "%s, most multiply-adds", report->devices[i].spec);
        fprintf(out, "%s%.6g with lines dt 2 lw 2 lc rgb 'gray40' title ", lines++ ? ", " : "",
                1e-9 * report->devices[i].limits.peak.median);
        put_quoted(out, title);
    }
    fputs("\n", out);
}

/* Whether the fastest and the slowest are too far apart for one linear axis. */
static int needs_logarithm(const cli_bench_report *report) {
    double least = 0.0, most = 0.0;
    for (size_t i = 0; i < report->row_count; i++) {
        const double flops = report->rows[i].training.flops.median;
        if (!report->rows[i].reason[0] && flops > 0.0) {
            least = least == 0.0 || flops < least ? flops : least;
            most = flops > most ? flops : most;
        }
    }
    return most > 20.0 * least;
}

static void put_script(FILE *out, const char *path, const cli_bench_report *report) {
    const cbx_bench_settings *settings = &report->options->settings;
    char title[512];
    fputs("set terminal svg size 960,600 dynamic font 'sans-serif,14' background rgb 'white'\n"
          "set output ",
          out);
    put_quoted(out, path);
    snprintf(title, sizeof title, "clearbox %s: training, batch %u, %.120s", CBX_VERSION,
             settings->batch, report->processor);
    fputs("\nset title ", out);
    put_quoted(out, title);
    fputs(" noenhanced\nset key noenhanced outside below left Left reverse\n"
          "set xlabel 'hidden neurons'\nset ylabel 'GFLOP/s of useful arithmetic'\n"
          "set logscale x 2\nset offsets graph 0.03, graph 0.03\nset grid\n",
          out);
    fputs(needs_logarithm(report) ? "set logscale y\n" : "set yrange [0:*]\n", out);
    put_data(out, report);
    put_lines(out, report);
}

int cli_bench_plot(const cli_bench_report *report) {
    cbx_output output = {0};
    size_t measured = 0;
    for (size_t i = 0; i < report->row_count; i++) {
        measured += !report->rows[i].reason[0];
    }
    if (measured == 0) {
        return CLI_DONE; /* nothing to draw, and that was said */
    }
    cbx_status status =
        cbx_output_open(&output, report->options->plot, report->options->no_clobber);
    if (status != CBX_OK) {
        return cli_fail_status(status);
    }
    FILE *pipe = popen("gnuplot", "w");
    if (!pipe) {
        cbx_output_discard(&output);
        return cli_fail(CLI_UNAVAILABLE, "cannot start gnuplot: %s", strerror(errno));
    }
    put_script(pipe, output.temporary, report);
    const int lost = fflush(pipe) != 0 || ferror(pipe);
    const int code = pclose(pipe);
    if (lost || code != 0) {
        cbx_output_discard(&output);
        return cli_fail(CLI_CANNOT_WRITE, "gnuplot could not draw %s (exit code %d)",
                        report->options->plot, WIFEXITED(code) ? WEXITSTATUS(code) : -1);
    }
    status = cbx_output_commit(&output);
    cbx_output_discard(&output);
    return status == CBX_OK ? CLI_DONE : cli_fail_status(status);
}
