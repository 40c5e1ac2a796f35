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
    HELP_COLUMN = 28
};

/* ---- faults ---- */

static int fail_value(const cli_flag *flag, const char *value) {
    char wants[200], shown[64];
    cli_value_describe(flag, wants, sizeof wants);
    if (!value) {
        return cli_fail(CLI_USAGE, "--%s wants %s, but nothing follows it", flag->name, wants);
    }
    cli_shorten(shown, sizeof shown, value);
    return cli_fail(CLI_USAGE, "--%s wants %s, not '%s'", flag->name, wants, shown);
}

/* `typed` begins with "--", and getopt knows no such flag, or more than one. */
static int fail_unknown(const char *typed, const char *command, const cli_flag *flags) {
    const char *names[MOST_FLAGS + 1];
    char shown[64], fitting[200] = "";
    size_t count = 0, fits = 0, used = 0, length;

    typed += strspn(typed, "-");
    length = strcspn(typed, "=");
    cli_shorten(shown, sizeof shown, typed);
    shown[strcspn(shown, "=")] = '\0';
    for (; flags->help && count < MOST_FLAGS; flags++) {
        if (flags->name) {
            names[count++] = flags->name;
        }
    }
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

/* ---- help ---- */

/* The left column of a flag, "  -o, --output FILE"; its length. */
static int print_name(const cli_flag *flag) {
    int length = flag->letter ? printf("  -%c, --%s", flag->letter, flag->name)
                              : printf("  --%s", flag->name);
    if (flag->argument) {
        return length + printf(" %s", flag->argument);
    }
    for (int i = 0; flag->choices && flag->choices[i]; i++) {
        length += printf("%c%s", i ? '|' : ' ', flag->choices[i]);
    }
    return length;
}

static void print_flag(const cli_flag *flag) {
    int column = print_name(flag);
    const char *line = flag->help;
    if (column + 2 > HELP_COLUMN) {
        putchar('\n');
        column = 0;
    }
    while (*line) {
        size_t length = strcspn(line, "\n");
        printf("%*s%.*s\n", HELP_COLUMN - column, "", (int)length, line);
        line += length + (line[length] == '\n');
        column = 0;
    }
}

static void print_examples(const char *line) {
    printf("\nExamples:\n");
    while (*line) {
        const size_t length = strcspn(line, "\n");
        printf("  %.*s\n", (int)length, line);
        line += length + (line[length] == '\n');
    }
}

static int print_help(const cli_command_text *text, const cli_flag *flags) {
    printf("Usage: clearbox %s\n\n%s%s", text->usage, text->summary, flags->name ? "\n" : "");
    for (; flags->help; flags++) {
        if (flags->name) {
            print_flag(flags);
        } else {
            printf("\n%s\n", flags->help);
        }
    }
    print_examples(text->examples);
    printf("\n%sMore: man clearbox-%s\n", text->footer, text->name);
    return cli_flush(CLI_DONE);
}

/* ---- parsing ---- */

/* Fills getopt's tables; the value of flag i is FIRST_VALUE + i, or its letter. */
static void fill_tables(const cli_flag *flags, struct option *options, char *letters) {
    size_t used = 0;
    *letters++ = ':'; /* tell a missing value apart */
    for (int i = 0; flags[i].help && used < MOST_FLAGS; i++) {
        if (!flags[i].name) {
            continue;
        }
        const int takes = flags[i].kind > CLI_SWITCH ? required_argument : no_argument;
        options[used++] = (struct option){flags[i].name, takes, NULL, FIRST_VALUE + i};
        if (flags[i].letter) {
            *letters++ = flags[i].letter;
            if (takes == required_argument) {
                *letters++ = ':';
            }
        }
    }
    *letters = '\0';
    options[used] = (struct option){0};
}

static const cli_flag *find_flag(const cli_flag *flags, int value) {
    if (value >= FIRST_VALUE) {
        return &flags[value - FIRST_VALUE];
    }
    for (; flags->help; flags++) {
        if (flags->letter && flags->letter == value) {
            return flags;
        }
    }
    return NULL;
}

static int fail_getopt(int found, char **argv, const char *command, const cli_flag *flags) {
    const cli_flag *flag = find_flag(flags, optopt);
    if (found == ':' && flag) {
        return fail_value(flag, NULL);
    }
    if (optopt >= FIRST_VALUE && flag) {
        return cli_fail(CLI_USAGE, "--%s takes no value", flag->name);
    }
    if (optopt) {
        return cli_fail(CLI_USAGE, "unknown flag -%c; 'clearbox %s --help' lists the flags",
                        optopt > 32 && optopt < 127 ? optopt : '?', command);
    }
    return fail_unknown(argv[optind - 1], command, flags);
}

/* What is left behind the flags, `words` or NULL being where it may go. */
static int take_words(int argc, char **argv, const char *command, cli_words *words) {
    char shown[64];
    if (words) {
        *words = (cli_words){argv + optind, (size_t)(argc - optind)};
        return CLI_PARSED;
    }
    if (optind < argc) {
        cli_shorten(shown, sizeof shown, argv[optind]);
        return cli_fail(CLI_USAGE, "%s takes flags only, not '%s'", command, shown);
    }
    return CLI_PARSED;
}

int cli_parse(int argc, char **argv, const cli_command_text *text, const cli_flag *flags,
              void *values) {
    return cli_parse_words(argc, argv, text, flags, values, NULL);
}

int cli_parse_words(int argc, char **argv, const cli_command_text *text, const cli_flag *flags,
                    void *values, cli_words *words) {
    struct option options[MOST_FLAGS + 1];
    char letters[2 * MOST_FLAGS + 2];
    int found;

    fill_tables(flags, options, letters);
    optind = 1;
    opterr = 0;
    while ((found = getopt_long(argc, argv, letters, options, NULL)) != -1) {
        const cli_flag *flag = find_flag(flags, found);
        if (!flag) {
            return fail_getopt(found, argv, text->name, flags);
        }
        if (flag->kind == CLI_HELP) {
            return print_help(text, flags);
        }
        if (!cli_value_store(flag, optarg, (char *)values + flag->offset)) {
            return fail_value(flag, optarg);
        }
    }
    return take_words(argc, argv, text->name, words);
}
