/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/suggest.h"
#include "cli/terminal.h"
#include "cli/values.h"

enum {
    MOST_FLAGS = 64,
    FIRST_VALUE = 256, /* getopt's value of flag 0, beyond every letter */
    HELP_VALUE = 255,
    HELP_COLUMN = 28
};

static int is_end(const cli_flag *flag) {
    return !flag->name && flag->kind == CLI_HEADING && !flag->help;
}

static int fail_value(const cli_flag *flag, const char *wants, const char *value) {
    char shown[64];
    if (!value) {
        return cli_fail(CLI_USAGE, "--%s wants %s, but nothing follows it", flag->name, wants);
    }
    cli_printable(shown, sizeof shown, value);
    return cli_fail(CLI_USAGE, "--%s wants %s, not '%s'", flag->name, wants, shown);
}

/* ---- faults ---- */

/* `typed` begins with "--", and getopt knows no such flag, or more than one. */
static int fail_unknown(const char *typed, const char *command, const cli_flag *flags) {
    const char *names[MOST_FLAGS + 2];
    char shown[64], fitting[200] = "";
    size_t count = 0, fits = 0, used = 0, length;

    typed += strspn(typed, "-");
    length = strcspn(typed, "=");
    cli_printable(shown, sizeof shown, typed);
    shown[strcspn(shown, "=")] = '\0';
    for (; !is_end(flags) && count < MOST_FLAGS; flags++) {
        if (flags->name) {
            names[count++] = flags->name;
        }
    }
    names[count++] = "help";
    names[count] = NULL;
    for (size_t i = 0; i < count && length > 0 && used < sizeof fitting; i++) {
        if (strncmp(names[i], typed, length) == 0) {
            used += (size_t)snprintf(fitting + used, sizeof fitting - used, "%s--%s",
                                     fits++ ? ", " : "", names[i]);
        }
    }
    if (fits > 1) {
        return cli_fail(CLI_USAGE, "--%s is not clear: it may be %s", shown, fitting);
    }
    const char *nearest = cli_nearest(shown, names);
    if (nearest) {
        return cli_fail(CLI_USAGE, "unknown flag --%s; did you mean --%s?", shown, nearest);
    }
    return cli_fail(CLI_USAGE, "unknown flag --%s; 'clearbox %s --help' lists the flags", shown,
                    command);
}

static int fail_letter(int letter, const char *command) {
    return cli_fail(CLI_USAGE, "unknown flag -%c; 'clearbox %s --help' lists the flags",
                    letter > 32 && letter < 127 ? letter : '?', command);
}

/* ---- help ---- */

/* The left column of a flag, "-o, --output FILE"; its length. */
static size_t print_name(const cli_flag *flag) {
    char argument[120] = "";
    char left[160];
    size_t used = 0;
    if (flag->argument) {
        snprintf(argument, sizeof argument, " %s", flag->argument);
    } else if (flag->choices) {
        for (int i = 0; flag->choices[i] && used < sizeof argument; i++) {
            used += (size_t)snprintf(argument + used, sizeof argument - used, "%c%s", i ? '|' : ' ',
                                     flag->choices[i]);
        }
    }
    int length = flag->letter ? snprintf(left, sizeof left, "  -%c, --%s%s", flag->letter,
                                         flag->name, argument)
                              : snprintf(left, sizeof left, "  --%s%s", flag->name, argument);
    fputs(left, stdout);
    return (size_t)length;
}

static void print_flag(const cli_flag *flag) {
    size_t column = print_name(flag);
    const char *line = flag->help;
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    while (*line) {
        size_t length = strcspn(line, "\n");
        printf("%*s%.*s\n", (int)(HELP_COLUMN - column), "", (int)length, line);
        line += length + (line[length] == '\n');
        column = 0;
    }
}

static int print_help(const cli_command_text *text, const cli_flag *flags) {
    static const cli_flag help = {"help", 'h', CLI_SWITCH, 0, NULL, "print this text", 0, 0, NULL};
    printf("Usage: clearbox %s\n\n%s", text->usage, text->summary);
    for (; !is_end(flags); flags++) {
        if (flags->name) {
            print_flag(flags);
        } else {
            printf("\n%s\n", flags->help);
        }
    }
    print_flag(&help);
    printf("\n%s", text->footer);
    return cli_flush(CLI_DONE);
}

/* ---- parsing ---- */

/* Fills getopt's tables; the value of flag i is FIRST_VALUE + i, also for its letter. */
static void fill_tables(const cli_flag *flags, struct option *options, char *letters) {
    size_t used = 0;
    *letters++ = ':'; /* tell a missing value apart */
    *letters++ = 'h';
    for (int i = 0; !is_end(&flags[i]) && used < MOST_FLAGS; i++) {
        if (!flags[i].name) {
            continue;
        }
        int takes = flags[i].kind == CLI_SWITCH ? no_argument : required_argument;
        options[used++] = (struct option){flags[i].name, takes, NULL, FIRST_VALUE + i};
        if (flags[i].letter) {
            *letters++ = flags[i].letter;
            if (takes == required_argument) {
                *letters++ = ':';
            }
        }
    }
    *letters = '\0';
    options[used++] = (struct option){"help", no_argument, NULL, HELP_VALUE};
    options[used] = (struct option){0};
}

static const cli_flag *find_flag(const cli_flag *flags, int value) {
    if (value >= FIRST_VALUE) {
        return &flags[value - FIRST_VALUE];
    }
    for (; !is_end(flags); flags++) {
        if (flags->letter && flags->letter == value) {
            return flags;
        }
    }
    return NULL;
}

static int fail_getopt(int found, char **argv, const char *command, const cli_flag *flags) {
    const cli_flag *flag = find_flag(flags, optopt);
    char wants[200];
    if (found == ':' && flag) {
        cli_value_describe(flag, wants, sizeof wants);
        return fail_value(flag, wants, NULL);
    }
    if (optopt == HELP_VALUE || (optopt >= FIRST_VALUE && flag)) {
        return cli_fail(CLI_USAGE, "--%s takes no value", flag ? flag->name : "help");
    }
    if (optopt) {
        return fail_letter(optopt, command);
    }
    return fail_unknown(argv[optind - 1], command, flags);
}

int cli_parse(int argc, char **argv, const cli_command_text *text, const cli_flag *flags,
              void *values) {
    struct option options[MOST_FLAGS + 2];
    char letters[2 * MOST_FLAGS + 4];
    char wants[200];
    int found;

    fill_tables(flags, options, letters);
    optind = 1;
    opterr = 0;
    while ((found = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        if (found == HELP_VALUE || found == 'h') {
            return print_help(text, flags);
        }
        const cli_flag *flag = found == '?' || found == ':' ? NULL : find_flag(flags, found);
        if (!flag) {
            return fail_getopt(found, argv, text->name, flags);
        }
        if (!cli_value_store(flag, optarg, (char *)values + flag->offset)) {
            cli_value_describe(flag, wants, sizeof wants);
            return fail_value(flag, wants, optarg);
        }
    }
    if (optind < argc) {
        char shown[64];
        cli_printable(shown, sizeof shown, argv[optind]);
        return cli_fail(CLI_USAGE, "%s takes flags only, not '%s'", text->name, shown);
    }
    return CLI_PARSED;
}
