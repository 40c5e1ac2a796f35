/* Where a measurement was made. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "cli/bench_report.h"

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
}

const char *cli_bench_device_name(const cli_bench_report *report, const cli_bench_row *row) {
    return row->device == CLI_BASELINE ? "OpenBLAS" : report->devices[row->device].spec;
}

const char *cli_bench_schedule_name(const cli_bench_row *row) {
    if (row->device == CLI_BASELINE) {
        return "sgemm";
    }
    return row->schedule == CBX_SCHEDULE_FUSED ? "fused" : "stepwise";
}
