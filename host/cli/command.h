/* SPDX-License-Identifier: MIT */
/* What was typed, as it can be typed again. */
#ifndef CBX_CLI_COMMAND_H
#define CBX_CLI_COMMAND_H

#include "cli/options.h"

/* "clearbox learn --hidden 64", with quotes for a shell where a word needs them; for free(). NULL:
 * no memory. argv[0] is the command's name. */
char *cli_command_line(int argc, char **argv);

/* Prints such a line of `count` words on standard error. */
void cli_print_command_line(int count, const char *const *words);

/* The same of flags whose members in `values` are not as in `defaults`, both structs as cli_parse()
 * fills them; of files the names without their folders; without flags of outputs and of lists, and
 * those that `left_out`, which ends with NULL, names. */
char *cli_command_changes(const char *command, const cli_flag *flags, const void *values,
                          const void *defaults, const char *const *left_out);

#endif
