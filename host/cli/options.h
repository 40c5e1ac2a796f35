/* SPDX-License-Identifier: MIT */
/* Flags: a command describes its own in one table, from which they are parsed,
 * checked and explained. A flag that several commands have means the same in each.
 */
#ifndef CBX_CLI_OPTIONS_H
#define CBX_CLI_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

/* What the value of a flag is, and the type of the member at `offset`. */
typedef enum cli_kind {
    CLI_HEADING,     /* not a flag: `help` heads those that follow           */
    CLI_HELP,        /* no value; prints what --help prints                  */
    CLI_SWITCH,      /* no value; int becomes 1                              */
    CLI_WHOLE,       /* uint32_t or int, least…most                          */
    CLI_WHOLE64,     /* uint64_t                                             */
    CLI_POSITIVE,    /* double, above 0 and up to FLT_MAX                    */
    CLI_SECONDS,     /* double, least…most                                   */
    CLI_TEXT,        /* const char *, not empty                              */
    CLI_OUTPUT,      /* const char *, the name of a file to write, not "-"   */
    CLI_STREAM,      /* likewise, or "-" for standard output                 */
    CLI_CHOICE,      /* int or enum: the place of the value in `choices`     */
    CLI_CHOICE_TEXT, /* const char *: one of `choices`                       */
    CLI_WHOLES,      /* cli_list: numbers least…most, with commas between    */
    CLI_CHOICES,     /* cli_list: places in `choices`, likewise              */
    CLI_TEXTS,       /* cli_texts: likewise; the flag again adds to it       */
} cli_kind;

enum { CLI_MOST_VALUES = 32, CLI_MOST_TEXT = 256 };

/* Several values of one flag, in the order in which they were given. */
typedef struct cli_list {
    uint32_t values[CLI_MOST_VALUES];
    size_t count;
} cli_list;

typedef struct cli_texts {
    char values[CLI_MOST_VALUES][CLI_MOST_TEXT];
    size_t count;
} cli_texts;

/* What a command takes beside its flags: a part of argv. */
typedef struct cli_words {
    char *const *values;
    size_t count;
} cli_words;

typedef struct cli_flag {
    const char *name; /* long name without the dashes, NULL for a heading */
    char letter;      /* short name, 0: none */
    cli_kind kind;
    size_t offset;              /* of the member in the command's struct */
    const char *argument;       /* the value's name in --help, "N"; NULL: the choices */
    const char *const *choices; /* ends with NULL */
    uint64_t least, most;       /* of CLI_WHOLE and CLI_SECONDS */
    const char *help;           /* one or more lines of at most 50 columns */
} cli_flag;

/* Every table ends with this one and a zeroed entry. */
#define CLI_HELP_FLAG                                                                              \
    { "help", 'h', CLI_HELP, 0, 0, 0, 0, 0, "print this text" }

/* What --help prints around the flags. */
typedef struct cli_command_text {
    const char *name;
    const char *usage;    /* behind "Usage: clearbox " */
    const char *summary;  /* ends with a newline */
    const char *footer;   /* likewise, or "" */
    const char *examples; /* what one would type, a line each */
} cli_command_text;

enum {
    CLI_PARSED = -1 /* go on; anything else is the exit code to end with */
};

/* Parses argv[1…] into `values`, a struct that holds the defaults. The table ends with
 * CLI_HELP_FLAG and a zeroed entry. A fault is told on standard error in one line. */
int cli_parse(int argc, char **argv, const cli_command_text *text, const cli_flag *flags,
              void *values);

/* The same for a command that takes words between its flags. */
int cli_parse_words(int argc, char **argv, const cli_command_text *text, const cli_flag *flags,
                    void *values, cli_words *words);

#endif
