/* SPDX-License-Identifier: MIT */
/* The commands, and what their lines are made of. */
#ifndef CBX_CLI_SYNTAX_H
#define CBX_CLI_SYNTAX_H

#include "cli/options.h"

/* A command's line as a whole: of this, help and completions are made. */
typedef struct cli_syntax {
    const cli_command_text *text;
    const cli_flag *flags;
    const char *words;                 /* what it takes between its flags, "FILE" as if it were a
                                          flag's `argument`; NULL: nothing */
    const char *(*word)(size_t place); /* what these may be, NULL beyond the last; NULL: anything */
} cli_syntax;

typedef struct cli_command {
    const char *name;
    int (*run)(int argc, char **argv); /* argv[0] is the command's name */
    const char *help;                  /* a line */
    const cli_syntax *syntax;
} cli_command;

#endif
