/* SPDX-License-Identifier: MIT */
/* The run in words and tables, on standard error. */
#ifndef CBX_CLI_REPORT_H
#define CBX_CLI_REPORT_H

#include "clearbox/learn.h"
#include "cli/metrics.h"
#include "cli/progress.h"
#include "cli/terminal.h"

typedef struct cli_report {
    const cbx_learn_settings *settings; /* all four borrowed */
    const cli_metrics *metrics;
    cli_terminal *terminal;
    cli_progress *progress; /* taken off the screen before a line is printed */
    int tables;             /* else only the device and faults */
    int layout;             /* of the table of epochs, as its last head had it */
    uint64_t batches;       /* of the whole run */
    const char *encoder;    /* NULL without a film */
    int trained;            /* the last epoch is over */
    int lost;               /* outputs and observers that failed */
} cli_report;

/* What is about to happen, a row for each epoch, what was lost, and at the end test accuracy,
 * what was written, what took the time. Observers of the progress and of the metrics come
 * behind this one. */
cbx_learn_observer cli_report_observer(cli_report *report);

/* Names the device, after those that were passed over: all that is said without tables. */
void cli_report_device(const cbx_learn_plan *plan);
/* And device, network, images, film, what it goes on from: the first of the tables. */
void cli_report_plan(const cli_report *report, const cbx_learn_plan *plan);

/* After cbx_learn() returned `status`: the last line of a run that did not come to its end, or
 * not whole, with what was kept. Returns the exit code. */
int cli_report_end(const cli_report *report, cbx_status status, const cbx_learn_result *result);

#endif
