/* SPDX-License-Identifier: MIT */
#include "cli/options.h"

#include <errno.h>
#include <float.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/choice.h"
#include "cli/cli.h"
#include "cli/suggest.h"
#include "cli/terminal.h"

enum {
    MOST_FLAGS = 64,
    FIRST_VALUE = 256, /* getopt's value of flag 0, beyond every letter */
    HELP_VALUE = 255,
    HELP_COLUMN = 28
};

static int is_end(const cli_flag *flag) {
    return !flag->name && flag->kind == CLI_HEADING && !flag->help;
}

/* ---- values ---- */

static int fail_value(const cli_flag *flag, const char *wants, const char *value) {
    char shown[64];
    if (!value) {
        return cli_fail(CLI_USAGE, "--%s wants %s, but nothing follows it", flag->name, wants);
    }
    cli_printable(shown, sizeof shown, value);
    return cli_fail(CLI_USAGE, "--%s wants %s, not '%s'", flag->name, wants, shown);
}

/* Decimal digits and nothing else. */
static int parse_whole(const char *text, uint64_t least, uint64_t most, uint64_t *out) {
    uint64_t number = 0;
    if (!*text) {
        return 0;
    }
    for (; *text; text++) {
        if (*text < '0' || *text > '9') {
            return 0;
        }
        unsigned digit = (unsigned)(*text - '0');
        if (number > (UINT64_MAX - digit) / 10) {
            return 0;
        }
        number = number * 10 + digit;
    }
    *out = number;
    return number >= least && number <= most;
}

static int parse_positive(const char *text, double *out) {
    char *end;
    /* strtod would also take spaces, "inf", "nan" and hexadecimal digits. */
    if (!*text || text[strspn(text, "0123456789.eE+-")]) {
        return 0;
    }
    *out = strtod(text, &end);
    return !*end && *out >= FLT_MIN && *out <= FLT_MAX;
}

/* What the flag wants, for a message. */
static void describe(const cli_flag *flag, char *out, size_t size) {
    char choices[160];
    switch (flag->kind) {
    case CLI_WHOLE:
    case CLI_WHOLE64:
        snprintf(out, size, "a whole number from %llu to %llu", (unsigned long long)flag->least,
                 (unsigned long long)flag->most);
        break;
    case CLI_WHOLES:
        snprintf(out, size, "up to %d whole numbers from %llu to %llu, such as 64,256",
                 CLI_MOST_VALUES, (unsigned long long)flag->least, (unsigned long long)flag->most);
        break;
    case CLI_CHOICES:
        cbx_choice_join(choices, sizeof choices, flag->choices, "or");
        snprintf(out, size, "%s, or several with commas between", choices);
        break;
    case CLI_TEXTS:
        snprintf(out, size, "up to %d values", CLI_MOST_VALUES);
        break;
    case CLI_POSITIVE:
        snprintf(out, size, "a positive number such as 0.005");
        break;
    case CLI_CHOICE:
    case CLI_CHOICE_TEXT:
        cbx_choice_join(choices, sizeof choices, flag->choices, "or");
        snprintf(out, size, "%s", choices);
        break;
    case CLI_OUTPUT:
        snprintf(out, size, "the name of a file");
        break;
    default:
        snprintf(out, size, "a value");
    }
}

/* One value of a list; 0 when it is nonsense. */
static int store_item(const cli_flag *flag, const char *item, char *target) {
    uint64_t whole = 0;
    if (flag->kind == CLI_TEXTS) {
        cli_texts *texts = (cli_texts *)(void *)target;
        if (!*item || texts->count == CLI_MOST_VALUES) {
            return 0;
        }
        snprintf(texts->values[texts->count++], CLI_MOST_TEXT, "%s", item);
        return 1;
    }
    cli_list *list = (cli_list *)(void *)target;
    int place = flag->kind == CLI_CHOICES ? cbx_choice_find(flag->choices, item) : 0;
    if (place < 0 || list->count == CLI_MOST_VALUES ||
        (flag->kind == CLI_WHOLES && !parse_whole(item, flag->least, flag->most, &whole))) {
        return 0;
    }
    list->values[list->count++] = flag->kind == CLI_CHOICES ? (uint32_t)place : (uint32_t)whole;
    return 1;
}

/* Several values with commas between; 0 when one is nonsense or missing. */
static int store_list(const cli_flag *flag, const char *value, char *target) {
    char item[CLI_MOST_TEXT];
    if (flag->kind != CLI_TEXTS) {
        ((cli_list *)(void *)target)->count = 0;
    }
    for (;;) {
        const size_t length = strcspn(value, ",");
        if (length >= sizeof item) {
            return 0;
        }
        snprintf(item, sizeof item, "%.*s", (int)length, value);
        if (!store_item(flag, item, target)) {
            return 0;
        }
        if (!value[length]) {
            return 1;
        }
        value += length + 1;
    }
}

/* Stores `value` in `target`; 0 when it is nonsense. */
static int store(const cli_flag *flag, const char *value, char *target) {
    uint64_t whole;
    double real;
    int place;
    switch (flag->kind) {
    case CLI_WHOLE:
        if (parse_whole(value, flag->least, flag->most, &whole)) {
            memcpy(target, &(uint32_t){(uint32_t)whole}, sizeof(uint32_t));
            return 1;
        }
        return 0;
    case CLI_WHOLE64:
        if (parse_whole(value, flag->least, flag->most, &whole)) {
            memcpy(target, &whole, sizeof whole);
            return 1;
        }
        return 0;
    case CLI_POSITIVE:
        if (parse_positive(value, &real)) {
            memcpy(target, &real, sizeof real);
            return 1;
        }
        return 0;
    case CLI_TEXT:
    case CLI_OUTPUT:
        memcpy(target, &value, sizeof value);
        return value[0] && !(flag->kind == CLI_OUTPUT && strcmp(value, "-") == 0);
    case CLI_CHOICE:
    case CLI_CHOICE_TEXT:
        place = cbx_choice_find(flag->choices, value);
        if (place >= 0) {
            const void *from = flag->kind == CLI_CHOICE ? (const void *)&place
                                                        : (const void *)&flag->choices[place];
            memcpy(target, from, flag->kind == CLI_CHOICE ? sizeof place : sizeof(char *));
        }
        return place >= 0;
    case CLI_WHOLES:
    case CLI_CHOICES:
    case CLI_TEXTS:
        return store_list(flag, value, target);
    case CLI_SWITCH:
        memcpy(target, &(int){1}, sizeof(int));
        return 1;
    default:
        return 0;
    }
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
        describe(flag, wants, sizeof wants);
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
        if (!store(flag, optarg, (char *)values + flag->offset)) {
            describe(flag, wants, sizeof wants);
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
