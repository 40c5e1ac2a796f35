/* SPDX-License-Identifier: MIT */
/* Checking a device in a process of its own, so that a driver that ends the process or never
 * answers costs its own line and nothing else. */
#ifndef CBX_CLI_DEVICE_CHECK_H
#define CBX_CLI_DEVICE_CHECK_H

#include "clearbox/device.h"

typedef struct cli_verdict {
    cbx_family family; /* that was checked; AUTO: the driver failed before it was chosen */
    cbx_status status; /* CBX_OK: it passed */
    int fuses;         /* as cbx_device_fuses() says */
    double open_seconds, test_seconds;
    char *reason; /* for free(); NULL: it passed */
} cli_verdict;

/* Opens the device "P:D" with a family and runs the self-test. The driver is given
 * `timeout_seconds`. */
cli_verdict cli_check_device(const char *spec, cbx_family family, unsigned timeout_seconds);

/* The first argument of `clearbox devices` in such a process: it is none of the flags that
 * people have. */
#define CLI_CHECK_ARGUMENT "check-one"

/* What such a process does: argv is devices, CLI_CHECK_ARGUMENT, the spec, the family. Returns
 * the exit code. */
int cli_check_as_child(int argc, char **argv);

#endif
