/* SPDX-License-Identifier: MIT */
/* The chart of --plot: hidden neurons against GFLOP/s, drawn by gnuplot. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

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
    return !a->reason[0] && !b->reason[0] && a->device == b->device && a->schedule == b->schedule;
}

/* Whether row `i` was measured, and no earlier one of its line. */
static int begins_line(const cli_bench_report *report, size_t i) {
    size_t first = 0;
    while (first < i && !same_line(&report->rows[i], &report->rows[first])) {
        first++;
    }
    return first == i && !report->rows[i].reason[0];
}

/* A block of data for each line: "$lineI << EOD … EOD". */
static void put_data(FILE *out, const cli_bench_report *report) {
    for (size_t i = 0; i < report->row_count; i++) {
        if (!begins_line(report, i)) {
            continue;
        }
        fprintf(out, "$line%zu << EOD\n", i);
        for (size_t j = i; j < report->row_count; j++) {
            const cli_bench_row *row = &report->rows[j];
            if (same_line(row, &report->rows[i])) {
                fprintf(out, "%u %.6g %.6g %.6g\n", row->hidden, 1e-9 * row->training.flops.median,
                        1e-9 * row->training.flops.least, 1e-9 * row->training.flops.most);
            }
        }
        fputs("EOD\n", out);
    }
}

/* The peaks, from a little before the first layer to a little behind the last. */
static void put_peaks(FILE *out, const cli_bench_report *report, cbx_spread layers) {
    for (size_t i = 0; i < report->device_count; i++) {
        const double peak = 1e-9 * report->devices[i].limits.peak.median;
        fprintf(out, "$peak%zu << EOD\n%.6g %.6g\n%.6g %.6g\nEOD\n", i, layers.least / 1.08, peak,
                layers.most * 1.08, peak);
    }
}

static void put_lines(FILE *out, const cli_bench_report *report) {
    char title[512];
    int lines = 0;
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        if (begins_line(report, i)) {
            snprintf(title, sizeof title, "%s, %s, %.120s", cli_bench_device_name(report, row),
                     cli_bench_schedule_name(row),
                     row->device == CLI_BASELINE ? report->processor
                                                 : report->devices[row->device].info.name);
            fprintf(out, "%s $line%zu using 1:2:3:4 with yerrorlines lw 2 lc %d title ",
                    lines ? "," : "plot", i, lines + 1);
            put_quoted(out, title);
            lines++;
        }
    }
    for (size_t i = 0; i < report->device_count; i++) {
        snprintf(title, sizeof title, "%s, most multiply-adds", report->devices[i].spec);
        fprintf(out, "%s $peak%zu with lines dt 2 lw 2 lc rgb 'gray40' title ",
                lines++ ? "," : "plot", i);
        put_quoted(out, title);
    }
    fputs("\n", out);
}

static void widen(cbx_spread *range, double least, double most) {
    range->least = range->least <= 0.0 || least < range->least ? least : range->least;
    range->most = most > range->most ? most : range->most;
}

/* Room beside the smallest and the largest layer, which may be one, and above the highest
 * line; the upper axis is logarithmic where the fastest and the slowest are too far apart for
 * a linear one. */
static void put_axes(FILE *out, const cli_bench_report *report, cbx_spread *layers) {
    cbx_spread flops = {0};
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        if (!row->reason[0]) {
            widen(layers, row->hidden, row->hidden);
            widen(&flops, row->training.flops.least, row->training.flops.most);
        }
    }
    const double least = 1e-9 * flops.least;
    const int logarithm = flops.most > 20.0 * flops.least;
    for (size_t i = 0; i < report->device_count; i++) {
        widen(&flops, flops.least, report->devices[i].limits.peak.median);
    }
    fprintf(out, "set logscale x 2\nset xrange [%.6g:%.6g]\n", layers->least / 1.2,
            layers->most * 1.2);
    if (logarithm) {
        fprintf(out, "set logscale y\nset yrange [%.6g:%.6g]\n", least / 1.5,
                1e-9 * flops.most * 1.5);
    } else {
        fprintf(out, "set yrange [0:%.6g]\n", 1e-9 * flops.most * 1.08);
    }
}

static void put_script(FILE *out, const char *title, const cli_bench_report *report) {
    cbx_spread layers = {0};
    fputs("set terminal svg size 960,600 dynamic font 'sans-serif,14' background rgb 'white'\n"
          "set title ",
          out);
    put_quoted(out, title);
    fputs(" noenhanced\nset key noenhanced outside below left Left reverse\n"
          "set xlabel 'hidden neurons'\nset ylabel 'GFLOP/s of useful arithmetic'\n"
          "set grid\n",
          out);
    put_axes(out, report, &layers);
    put_data(out, report);
    put_peaks(out, report, layers);
    put_lines(out, report);
}

/* ---- gnuplot ---- */

/* Runs gnuplot; the exit code, or -1 with errno. *svg gets what it drew, for free(), NULL:
 * nothing. The script becomes standard input, from which nothing else reads. */
static int run_gnuplot(FILE *script, char **svg) {
    size_t room = 0;
    FILE *gnuplot = dup2(fileno(script), STDIN_FILENO) < 0 ? NULL : popen("gnuplot", "r");
    if (!gnuplot) {
        return -1;
    }
    (void)!getdelim(svg, &room, '\0', gnuplot); /* to the end: there is no such byte */
    const int status = pclose(gnuplot);
    return status < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* Text between tags, after XML. */
static void put_escaped(FILE *out, const char *text) {
    for (; *text; text++) {
        switch (*text) {
        case '<':
            fputs("&lt;", out);
            break;
        case '&':
            fputs("&amp;", out);
            break;
        default:
            fputc(*text, out);
        }
    }
}

/* Writes `svg` up to the contents of its element `tag`. Returns what follows these; NULL,
 * and nothing is written: there is no such element. */
static const char *put_before(FILE *out, const char *svg, const char *tag) {
    char opening[16], closing[16];
    snprintf(opening, sizeof opening, "<%s>", tag);
    snprintf(closing, sizeof closing, "</%s>", tag);
    const char *begin = strstr(svg, opening);
    const char *end = begin ? strstr(begin, closing) : NULL;
    if (end) {
        fwrite(svg, 1, (size_t)(begin - svg) + strlen(opening), out);
    }
    return end;
}

/* gnuplot's own <title> and <desc> are what a browser shows and what is read aloud. */
static void put_chart(FILE *out, const cli_bench_report *report, const char *title,
                      const char *svg) {
    const char *rest = put_before(out, svg, "title");
    if (rest) {
        put_escaped(out, title);
        svg = rest;
    }
    rest = put_before(out, svg, "desc");
    if (rest) {
        fputs("GFLOP/s of useful arithmetic over the number of hidden neurons.\n", out);
        cli_bench_summary(out, report); /* which has nothing to escape */
        svg = rest;
    }
    fputs(svg, out);
}

static cbx_status write_chart(const cli_bench_report *report, const char *title, const char *svg) {
    char *chart = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&chart, &size);
    if (out) {
        put_chart(out, report, title, svg);
    }
    cbx_status status =
        !out || fclose(out) != 0
            ? cbx_fail(CBX_NO_MEMORY, "no memory for the chart")
            : cbx_write_file(report->options->plot, report->options->no_clobber, chart, size);
    free(chart);
    return status;
}

static int draw(const cli_bench_report *report, FILE *script) {
    char title[300], *svg = NULL;
    snprintf(title, sizeof title, "clearbox %s: training, batch %u, %.120s", CBX_VERSION,
             report->options->settings.batch, report->processor);
    put_script(script, title, report);
    if (fflush(script) != 0 || ferror(script) || lseek(fileno(script), 0, SEEK_SET) != 0) {
        return cli_fail(CLI_CANNOT_WRITE, "cannot write the script of the chart: %s",
                        strerror(errno));
    }
    int code = run_gnuplot(script, &svg);
    cbx_status status = CBX_OK;
    if (code < 0) {
        code = cli_fail(CLI_UNAVAILABLE, "cannot start gnuplot: %s", strerror(errno));
    } else if (code > 0 || !svg || !strstr(svg, "</svg>")) {
        code = cli_fail(CLI_CANNOT_WRITE, "gnuplot could not draw the chart (exit code %d)", code);
    } else {
        status = write_chart(report, title, svg);
    }
    free(svg);
    return status ? cli_fail_status(status) : code;
}

int cli_bench_plot(const cli_bench_report *report) {
    FILE *script = tmpfile(); /* without a name: nothing can stay behind */
    if (!script) {
        return cli_fail(CLI_CANNOT_CREATE, "cannot create a temporary file: %s", strerror(errno));
    }
    const int code = draw(report, script);
    fclose(script);
    return code;
}
