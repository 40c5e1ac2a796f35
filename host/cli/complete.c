/* SPDX-License-Identifier: MIT */
#include "cli/complete.h"

#include <stdio.h>
#include <string.h>

const cli_flag cli_top_flags[] = {
    {"version", 'V', CLI_SWITCH, 0, 0, 0, 0, 0, "print the version, and the libraries in use"},
    CLI_HELP_FLAG,
    {0}};

/* By the name that --help gives the value. */
static cli_value value_called(const char *argument) {
    static const struct called {
        const char *begin;
        cli_value value;
    } names[] = {
        {"FILE", CLI_VALUE_FILE},
        {"DIR", CLI_VALUE_FOLDER},
        {"SPEC", CLI_VALUE_DEVICE},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strncmp(argument, names[i].begin, strlen(names[i].begin)) == 0) {
            return names[i].value;
        }
    }
    return CLI_VALUE_FREE;
}

cli_value cli_value_of(const cli_flag *flag) {
    if (flag->kind <= CLI_SWITCH) {
        return CLI_VALUE_NONE;
    }
    return flag->choices ? CLI_VALUE_WORD : value_called(flag->argument);
}

int cli_takes_several(const cli_flag *flag) {
    return flag->kind == CLI_WHOLES || flag->kind == CLI_CHOICES || flag->kind == CLI_TEXTS;
}

cli_value cli_words_of(const cli_syntax *syntax) {
    if (!syntax->words) {
        return CLI_VALUE_NONE;
    }
    return syntax->word ? CLI_VALUE_WORD : value_called(syntax->words);
}

void cli_print_quoted(const char *text, const char *apostrophe, const char *escaped) {
    for (; *text; text++) {
        if (*text == '\'') {
            fputs(apostrophe, stdout);
        } else {
            printf("%s%c", strchr(escaped, *text) ? "\\" : "", *text == '\n' ? ' ' : *text);
        }
    }
}

void cli_print_choices(const char *const *choices) {
    for (size_t i = 0; choices[i]; i++) {
        printf("%s%s", i ? " " : "", choices[i]);
    }
}

void cli_print_words(const char *(*word)(size_t place)) {
    for (size_t i = 0; word(i); i++) {
        printf("%s%s", i ? " " : "", word(i));
    }
}
