/* SPDX-License-Identifier: MIT */
/* What `clearbox` says about itself: its commands, and what it was built from. */
#ifndef CBX_CLI_HELP_H
#define CBX_CLI_HELP_H

#include <stdio.h>

typedef struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
    const char *help;
} cli_command;

/* NULL when no command is called so. */
const cli_command *cli_find_command(const char *name);

/* Complains about a command or flag that nobody knows; returns the exit code. */
int cli_fail_command(const char *name);

/* The text of `clearbox --help`. */
void cli_print_help(FILE *out);

/* The version and the libraries in use, on standard output; the first line is
 * "clearbox X.Y.Z" alone. Returns the exit code. */
int cli_version(void);

#endif
