/* SPDX-License-Identifier: MIT */
/* Checking a device in a process of its own, so that a driver that ends the process or never
 * answers costs its own line and nothing else. */
#ifndef CBX_CLI_DEVICE_CHECK_H
#define CBX_CLI_DEVICE_CHECK_H

#include "clearbox/learn.h"

/* How a check ended: with a verdict of its own, or without. */
typedef enum cli_check_end {
    CLI_CHECK_ANSWERED,
    CLI_CHECK_NOT_MADE, /* no process could be started */
    CLI_CHECK_CRASHED,  /* the driver ended the process */
    CLI_CHECK_LATE      /* it was ended, after the time was up or because it was to stop */
} cli_check_end;

typedef struct cli_verdict {
    cli_check_end end;
    cbx_family family; /* that was checked; AUTO: the driver failed before it was chosen */
    cbx_status status; /* CBX_OK: it passed */
    int fuses;         /* as cbx_device_fuses() says */
    double open_seconds, test_seconds;
    char *reason; /* for free(); NULL: it passed, or nothing was found out */
} cli_verdict;

/* What is to be checked. */
typedef struct cli_check {
    const char *spec; /* "P:D" */
    cbx_family family;
    /* All that this run will do with the device; NULL: every kernel of the family. */
    const cbx_learn_settings *run;
    /* Whether that takes kernels beside those that train: learn/encoder.h and learn/drawing.h say so. */
    int encodes, draws;
    unsigned timeout_seconds;         /* that the driver is given */
    int (*should_stop)(void *unused); /* asked now and then; NULL: it is never stopped */
} cli_check;

/* Does it in a process of its own, where one can be started; else here, but for a run, of which
 * nothing is found out then: it passes. CBX_INTERRUPTED: it was stopped. */
cli_verdict cli_check_device(const cli_check *check);

/* The first argument of `clearbox devices` in such a process: it is none of the flags that
 * people have. */
#define CLI_CHECK_ARGUMENT "check-one"

/* What such a process does: argv is devices, CLI_CHECK_ARGUMENT, and what cli_check_device() wrote.
 * Returns the exit code. */
int cli_check_as_child(int argc, char **argv);

#endif
