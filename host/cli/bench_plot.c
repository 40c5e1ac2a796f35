/* SPDX-License-Identifier: MIT */
/* The chart of --plot: hidden neurons against GFLOP/s, drawn by gnuplot. */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "cli/bench_report.h"
#include "cli/cli.h"

extern char **environ; /* POSIX has it in no header */

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

static void find_layers(const cli_bench_report *report, uint32_t *least, uint32_t *most) {
    *least = UINT32_MAX;
    *most = 1;
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        if (!row->reason[0]) {
            *least = row->hidden < *least ? row->hidden : *least;
            *most = row->hidden > *most ? row->hidden : *most;
        }
    }
}

/* The peaks, from a little before the first layer to a little behind the last. */
static void put_peaks(FILE *out, const cli_bench_report *report) {
    uint32_t least, most;
    find_layers(report, &least, &most);
    for (size_t i = 0; i < report->device_count; i++) {
        const double peak = 1e-9 * report->devices[i].limits.peak.median;
        fprintf(out, "$peak%zu << EOD\n%.6g %.6g\n%.6g %.6g\nEOD\n", i, least / 1.08, peak,
                most * 1.08, peak);
    }
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
        fprintf(out, "%s$peak%zu with lines dt 2 lw 2 lc rgb 'gray40' title ", lines++ ? ", " : "",
                i);
        put_quoted(out, title);
    }
    fputs("\n", out);
}

/* Room beside the smallest and the largest layer, which may be one. */
static void put_neurons(FILE *out, const cli_bench_report *report) {
    uint32_t least, most;
    find_layers(report, &least, &most);
    fprintf(out, "set logscale x 2\nset xrange [%.6g:%.6g]\n", least / 1.2, most * 1.2);
}

/* The axis, with room above the highest line; logarithmic where the fastest and the
 * slowest are too far apart for a linear one. */
static void put_axis(FILE *out, const cli_bench_report *report) {
    double least = 0.0, most = 0.0, peak = 0.0;
    for (size_t i = 0; i < report->row_count; i++) {
        const cbx_spread *flops = &report->rows[i].training.flops;
        if (!report->rows[i].reason[0] && flops->least > 0.0) {
            least = least == 0.0 || flops->least < least ? flops->least : least;
            most = flops->most > most ? flops->most : most;
        }
    }
    const int logarithm = most > 20.0 * least;
    for (size_t i = 0; i < report->device_count; i++) {
        const double median = report->devices[i].limits.peak.median;
        peak = median > peak ? median : peak;
    }
    most = peak > most ? peak : most;
    if (logarithm) {
        fprintf(out, "set logscale y\nset yrange [%.6g:%.6g]\n", 1e-9 * least / 1.5,
                1e-9 * most * 1.5);
    } else {
        fprintf(out, "set yrange [0:%.6g]\n", 1e-9 * most * 1.08);
    }
}

static void put_script(FILE *out, const char *title, const cli_bench_report *report) {
    fputs("set terminal svg size 960,600 dynamic font 'sans-serif,14' background rgb 'white'\n"
          "set title ",
          out);
    put_quoted(out, title);
    fputs(" noenhanced\nset key noenhanced outside below left Left reverse\n"
          "set xlabel 'hidden neurons'\nset ylabel 'GFLOP/s of useful arithmetic'\n"
          "set grid\n",
          out);
    put_neurons(out, report);
    put_axis(out, report);
    put_data(out, report);
    put_peaks(out, report);
    put_lines(out, report);
}

/* ---- gnuplot ---- */

/* Runs gnuplot from `script` to `chart`; the exit code, or -1 with errno. */
static int run_gnuplot(FILE *script, FILE *chart) {
    char name[] = "gnuplot";
    char *arguments[] = {name, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int code = 0;
    int error = posix_spawn_file_actions_init(&actions);
    if (error) {
        errno = error;
        return -1;
    }
    error = posix_spawn_file_actions_adddup2(&actions, fileno(script), STDIN_FILENO);
    if (!error) {
        error = posix_spawn_file_actions_adddup2(&actions, fileno(chart), STDOUT_FILENO);
    }
    if (!error) {
        error = posix_spawnp(&child, name, &actions, NULL, arguments, environ);
    }
    posix_spawn_file_actions_destroy(&actions);
    while (!error && waitpid(child, &code, 0) < 0) {
        error = errno == EINTR ? 0 : errno;
        if (error) {
            break;
        }
    }
    errno = error;
    return error ? -1 : WIFEXITED(code) ? WEXITSTATUS(code) : 128;
}

/* The whole of `file` as a string for free(); NULL with errno. */
static char *read_back(FILE *file) {
    char *text = NULL;
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    if (size < 0 || fseek(file, 0, SEEK_SET) != 0) {
        return NULL;
    }
    text = malloc((size_t)size + 1);
    if (text) {
        text[fread(text, 1, (size_t)size, file)] = '\0';
    }
    return text;
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

/* Writes what stands in `svg` before the element `tag` and then the element with other
 * contents; returns what follows it, or `svg` where there is none. */
static const char *replace_element(FILE *out, const char *svg, const char *tag, const char *text) {
    char opening[16], closing[16];
    snprintf(opening, sizeof opening, "<%s>", tag);
    snprintf(closing, sizeof closing, "</%s>", tag);
    const char *begin = strstr(svg, opening);
    const char *end = begin ? strstr(begin, closing) : NULL;
    if (!end) {
        return svg;
    }
    fwrite(svg, 1, (size_t)(begin - svg), out);
    fputs(opening, out);
    put_escaped(out, text);
    fputs(closing, out);
    return end + strlen(closing);
}

/* gnuplot's own <title> and <desc> are what a browser shows and what is read aloud. */
static cbx_status write_chart(const cli_bench_report *report, const char *title, const char *svg) {
    char *summary = NULL, *chart = NULL;
    size_t summary_size = 0, chart_size = 0;
    FILE *text = open_memstream(&summary, &summary_size);
    FILE *out = open_memstream(&chart, &chart_size);
    cbx_status status = CBX_OK;
    if (text) {
        fputs("GFLOP/s of useful arithmetic over the number of hidden neurons.\n", text);
        cli_bench_summary(text, report);
    }
    int failed = !text || fclose(text) != 0;
    if (out && !failed) {
        const char *rest = replace_element(out, svg, "title", title);
        fputs(replace_element(out, rest, "desc", summary), out);
    }
    failed |= !out || fclose(out) != 0;
    if (failed) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for the chart");
    } else {
        status =
            cbx_write_file(report->options->plot, report->options->no_clobber, chart, chart_size);
    }
    free(summary);
    free(chart);
    return status;
}

static int draw(const cli_bench_report *report, FILE *script, FILE *chart) {
    char title[300];
    snprintf(title, sizeof title, "clearbox %s: training, batch %u, %.120s", CBX_VERSION,
             report->options->settings.batch, report->processor);
    put_script(script, title, report);
    if (fflush(script) != 0 || ferror(script) || lseek(fileno(script), 0, SEEK_SET) != 0) {
        return cli_fail(CLI_CANNOT_WRITE, "cannot write the script of the chart: %s",
                        strerror(errno));
    }
    const int code = run_gnuplot(script, chart);
    if (code < 0) {
        return cli_fail(CLI_UNAVAILABLE, "cannot start gnuplot: %s", strerror(errno));
    }
    char *svg = code == 0 ? read_back(chart) : NULL;
    if (!svg || !strstr(svg, "</svg>")) {
        free(svg);
        return cli_fail(CLI_CANNOT_WRITE, "gnuplot could not draw the chart (exit code %d)", code);
    }
    cbx_status status = write_chart(report, title, svg);
    free(svg);
    return !status ? CLI_DONE : cli_fail_status(status);
}

int cli_bench_plot(const cli_bench_report *report) {
    FILE *script = tmpfile(), *chart = tmpfile(); /* without names: nothing can stay behind */
    const int code =
        script && chart
            ? draw(report, script, chart)
            : cli_fail(CLI_CANNOT_CREATE, "cannot create a temporary file: %s", strerror(errno));
    if (script) {
        fclose(script);
    }
    if (chart) {
        fclose(chart);
    }
    return code;
}
