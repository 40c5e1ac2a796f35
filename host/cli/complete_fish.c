/* SPDX-License-Identifier: MIT */
/* The script for fish: a call of complete for each flag. */
#include <stdio.h>

#include "cli/complete.h"

static const char head[] =
    "# fish completion for clearbox, printed by 'clearbox completions fish'\n"
    "\n"
    "# Whether the command that was typed is the one that is named; without a name, whether none "
    "was.\n"
    "function __clearbox_command_is\n"
    "    set -l words (commandline -opc)\n"
    "    test \"$words[2]\" = \"$argv[1]\"\n"
    "end\n"
    "\n"
    "function __clearbox_devices\n"
    "    set -l program (commandline -opc)[1]\n"
    "    printf '%s\\t%s\\n' gpu 'a GPU' cpu 'a processor'\n"
    "    timeout 1 $program devices --list 2>/dev/null </dev/null | string replace -r '\\t.*\\t' "
    "'\\t'\n"
    "end\n"
    "\n"
    "complete -c clearbox -f\n";

/* Within quotes. */
static void print_text(const char *text) {
    cli_print_quoted(text, "\\'", "\\");
}

static void print_choices(const cli_flag *flag) {
    if (cli_takes_several(flag)) {
        printf(" -x -a '(__fish_complete_list , \"string split \\\" \\\" \\\"");
        cli_print_choices(flag->choices);
        printf("\\\"\")'");
    } else {
        printf(" -x -a '");
        cli_print_choices(flag->choices);
        putchar('\'');
    }
}

static void print_value(const cli_flag *flag) {
    switch (cli_value_of(flag)) {
    case CLI_VALUE_NONE:
        break;
    case CLI_VALUE_FREE:
        printf(" -x");
        break;
    case CLI_VALUE_WORD:
        print_choices(flag);
        break;
    case CLI_VALUE_FILE:
        printf(" -r -F");
        break;
    case CLI_VALUE_FOLDER:
        printf(" -x -a '(__fish_complete_directories)'");
        break;
    case CLI_VALUE_DEVICE:
        printf(" -x -a '(%s__clearbox_devices)'",
               cli_takes_several(flag) ? "__fish_complete_list , " : "");
        break;
    }
}

static void print_condition(const char *command) {
    printf("complete -c clearbox -n '__clearbox_command_is%s%s'", *command ? " " : "", command);
}

static void print_flags(const char *command, const cli_flag *flags) {
    for (; flags->help; flags++) {
        if (flags->name) {
            print_condition(command);
            if (flags->letter) {
                printf(" -s %c", flags->letter);
            }
            printf(" -l %s", flags->name);
            print_value(flags);
            printf(" -d '");
            print_text(flags->help);
            printf("'\n");
        }
    }
}

static void print_words(const char *command, const cli_syntax *syntax) {
    if (cli_words_of(syntax) == CLI_VALUE_NONE) {
        return;
    }
    print_condition(command);
    if (syntax->word) {
        printf(" -a '");
        cli_print_words(syntax->word);
        printf("'\n");
    } else {
        printf(" %s\n", cli_words_of(syntax) == CLI_VALUE_FILE ? "-F" : "-f");
    }
}

void cli_complete_fish(const cli_command *commands, size_t count) {
    fputs(head, stdout);
    for (size_t i = 0; i < count; i++) {
        print_condition("");
        printf(" -a %s -d '", commands[i].name);
        print_text(commands[i].help);
        printf("'\n");
    }
    print_flags("", cli_top_flags);
    for (size_t i = 0; i < count; i++) {
        print_flags(commands[i].name, commands[i].syntax->flags);
        print_words(commands[i].name, commands[i].syntax);
    }
}
