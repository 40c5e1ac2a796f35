/* SPDX-License-Identifier: MIT */
/* What a process that checks a device is told, as the words of its command line. */
#ifndef CBX_CLI_DEVICE_TOLD_H
#define CBX_CLI_DEVICE_TOLD_H

#include "cli/device_check.h"

/* Of a run; of all kernels there are fewer. */
enum { CLI_TOLD_ARGUMENTS = 11, CLI_TOLD_NUMBER = 24 };

typedef struct cli_told {
    const char *argv[3 + CLI_TOLD_ARGUMENTS]; /* ended by NULL; of the check and of this struct */
    char hidden[CLI_TOLD_NUMBER], batch[CLI_TOLD_NUMBER];
} cli_told;

void cli_tell(cli_told *out, const cli_check *check);

/* What cli_tell() told: argv from the spec on. `run` has room for its settings, and argv stays. */
cli_check cli_hear(int argc, char **argv, cbx_learn_settings *run);

/* The value of a name, also in an answer; 0 where there is none. */
int cli_told_value(const char *const *names, const char *name);

#endif
