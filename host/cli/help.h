/* SPDX-License-Identifier: MIT */
/* The commands of `clearbox`, and what it says about them. */
#ifndef CBX_CLI_HELP_H
#define CBX_CLI_HELP_H

#include <stdio.h>

#include "cli/syntax.h"

/* NULL when no command is called so. */
const cli_command *cli_find_command(const char *name);

/* Complains about a command or flag that nobody knows; returns the exit code. */
int cli_fail_command(const char *name);

/* The text of `clearbox --help`. */
void cli_print_help(FILE *out);

#endif
