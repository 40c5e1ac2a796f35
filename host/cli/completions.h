/* SPDX-License-Identifier: MIT */
/* clearbox completions: scripts for shells, made of the tables of the commands. */
#ifndef CBX_CLI_COMPLETIONS_H
#define CBX_CLI_COMPLETIONS_H

#include <stddef.h>

#include "cli/syntax.h"

extern const cli_syntax cli_completions_syntax;

/* argv[0] is the command's name; (count) commands are what is completed. Returns the exit code. */
int cli_completions(int argc, char **argv, const cli_command *commands, size_t count);

#endif
