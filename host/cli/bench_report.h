/* SPDX-License-Identifier: MIT */
/* What `clearbox bench` measured, and the shapes in which it is written. */
#ifndef CBX_CLI_BENCH_REPORT_H
#define CBX_CLI_BENCH_REPORT_H

#include <stdio.h>

#include "bench/encode.h"
#include "cli/bench_options.h"
#include "cli/json.h"
#include "cli/terminal.h"

/* The "device" of rows measured through OpenBLAS. */
#define CLI_BASELINE SIZE_MAX

typedef struct cli_bench_device {
    cbx_device_info info;
    char spec[CLI_NUMBER]; /* "P:D" */
    cbx_family family;
    int fuses; /* multiply-adds round once */
    cbx_bench_limits limits;
    cbx_device *device; /* both open while rows are measured */
    cbx_bench *bench;
} cli_bench_device;

typedef struct cli_bench_row {
    size_t device; /* place in `devices`, or CLI_BASELINE */
    uint32_t hidden;
    cbx_schedule schedule;
    cbx_status status;
    char reason[512]; /* what was wrong; "": it was measured */
    cbx_bench_training training;
    double speed_up; /* over the baseline at the same H; 0: none */
    int has_film;
    cbx_bench_film film;
    int is_last;      /* of the device's rows of this H … */
    int has_encoding; /* … which has this, too */
    cbx_bench_encoding encoding;
} cli_bench_row;

typedef struct cli_bench_report {
    const cli_bench_options *options;
    char date[32];       /* of the start, ISO 8601, UTC */
    char system[200];    /* "Linux 6.1.0 x86_64" */
    char processor[200]; /* the host's */
    unsigned processors;
    double load;    /* average of the minute before; negative: unknown */
    char blas[256]; /* OpenBLAS about itself; "": none */
    unsigned blas_threads;
    double ink; /* share of the training pixels that are not 0 */
    cli_bench_device *devices;
    size_t device_count;
    cli_bench_row *rows;
    size_t row_count;
    double used_seconds;
} cli_bench_report;

/* Fills date, system, processor, load. */
void cli_bench_describe_host(cli_bench_report *report);

/* "0:0" or "OpenBLAS", and "fused", "sparse", "stepwise" or "sgemm". */
const char *cli_bench_device_name(const cli_bench_report *report, const cli_bench_row *row);
const char *cli_bench_schedule_name(const cli_bench_row *row);

/* Measures the row's film; and how such films are encoded: a comparison that fails is one without
 * encoders, and one that is stopped is none. */
cbx_status cli_bench_measure_film(const cli_bench_report *report, cli_bench_row *row);
void cli_bench_measure_encoding(const cli_bench_report *report, cli_bench_row *row);

/* Half of what lies between the fastest and the slowest repetition, as a share of the
 * median; 0 for a row that was not measured. */
double cli_bench_scatter(const cli_bench_row *row);

/* Where other programs seem to have disturbed the measurement, write a sentence without its
 * full stop to `text` and return it; else NULL. */
enum { CLI_BENCH_WARNING = 160 };
const char *cli_bench_warn_load(char text[CLI_BENCH_WARNING], const cli_bench_report *report);
const char *cli_bench_warn_scatter(char text[CLI_BENCH_WARNING], double scatter);

/* These write to a stream that the caller checks. On a terminal of `width` columns tables
 * leave out what does not fit; 0: everything. */
void cli_bench_markdown(FILE *out, const cli_bench_report *report, unsigned width);
void cli_bench_csv(FILE *out, const cli_bench_report *report);

/* A sentence about each device: how near it comes to its peak. */
void cli_bench_summary(FILE *out, const cli_bench_report *report);

/* Everything as one object; NULL when memory ran out. */
json_t *cli_bench_json(const cli_bench_report *report);

/* The lines of jsonl, each with its "type": "host", "device", "row". */
json_t *cli_bench_json_host(const cli_bench_report *report);
json_t *cli_bench_json_device(const cli_bench_device *device);
json_t *cli_bench_json_row(const cli_bench_report *report, const cli_bench_row *row);

/* Writes everything to where the options say: file or standard output, and chart.
 * Returns an exit code, and has complained. */
int cli_bench_write(const cli_bench_report *report);

/* Whether all of these can be created, before anything is measured. As above. */
int cli_bench_probe(const cli_bench_options *options);

/* Draws the chart through gnuplot. Returns an exit code, and has complained. */
int cli_bench_plot(const cli_bench_report *report);

/* Whether gnuplot can be run; complains if not. */
int cli_bench_can_plot(void);

#endif
