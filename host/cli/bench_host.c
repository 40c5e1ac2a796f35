/* SPDX-License-Identifier: MIT */
/* Where a measurement was made, and whether it was quiet there. */
#define _DEFAULT_SOURCE /* getloadavg() */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cli/bench_report.h"
#include "cli/bench_result.h"

/* Repetitions that differ by more than this were disturbed. */
static const double most_scatter = 0.2;

/* "model name : X" of /proc/cpuinfo, where there is such a file. */
static void read_processor(char *out, size_t size) {
    char line[512];
    FILE *file = fopen("/proc/cpuinfo", "r");
    snprintf(out, size, "unknown");
    while (file && fgets(line, sizeof line, file)) {
        const char *value = strchr(line, ':');
        if (strncmp(line, "model name", 10) == 0 && value) {
            value += 1 + strspn(value + 1, " \t");
            snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
            break;
        }
    }
    if (file) {
        fclose(file);
    }
}

void cli_bench_describe_host(cli_bench_report *report) {
    struct utsname name;
    struct tm moment;
    const time_t now = time(NULL);
    if (gmtime_r(&now, &moment)) {
        strftime(report->date, sizeof report->date, "%Y-%m-%dT%H:%M:%SZ", &moment);
    }
    if (uname(&name) == 0) {
        snprintf(report->system, sizeof report->system, "%.60s %.80s %.40s", name.sysname,
                 name.release, name.machine);
    }
    read_processor(report->processor, sizeof report->processor);
    const long processors = sysconf(_SC_NPROCESSORS_ONLN);
    report->processors = processors > 0 ? (unsigned)processors : 0;
    if (getloadavg(&report->load, 1) != 1) {
        report->load = -1.0;
    }
}

const char *cli_bench_warn_load(char text[CLI_BENCH_WARNING], const cli_bench_report *report) {
    if (report->load <= report->processors / 2.0) {
        return NULL;
    }
    snprintf(text, CLI_BENCH_WARNING,
             "the machine was busy before this began: load %.1f on %u processors", report->load,
             report->processors);
    return text;
}

double cli_bench_scatter(const cli_bench_row *row) {
    const cbx_spread *seconds = &row->training.epoch_seconds;
    return !row->reason[0] && seconds->median > 0.0
               ? (seconds->most - seconds->least) / 2.0 / seconds->median
               : 0.0;
}

const char *cli_bench_warn_scatter(char text[CLI_BENCH_WARNING], double scatter) {
    if (scatter <= most_scatter) {
        return NULL;
    }
    snprintf(text, CLI_BENCH_WARNING,
             "repetitions differ by ± %.0f %%; other programs may have been at work",
             100.0 * scatter);
    return text;
}

const char *cli_bench_device_name(const cli_bench_report *report, const cli_bench_row *row) {
    return row->device == CLI_BASELINE ? CLI_BENCH_BASELINE : report->devices[row->device].spec;
}

const char *cli_bench_schedule_name(const cli_bench_row *row) {
    return row->device == CLI_BASELINE ? "sgemm" : cbx_schedule_name(row->schedule);
}
