/* SPDX-License-Identifier: MIT */
/* The script for zsh: a call of _arguments for each command. */
#include <stdio.h>

#include "cli/complete.h"

static const char head[] = "#compdef clearbox\n"
                           "# zsh completion for clearbox, printed by 'clearbox completions zsh'\n"
                           "\n"
                           "_clearbox_devices() {\n"
                           "    local -a devices=('gpu:a GPU' 'cpu:a processor')\n"
                           "    local row\n"
                           "    for row in ${(f)\"$(_call_program devices timeout 1 $program "
                           "devices --list 2>/dev/null)\"}; do\n"
                           "        devices+=(\"${${row%%$'\\t'*}//:/\\\\:}:${row##*$'\\t'}\")\n"
                           "    done\n"
                           "    _describe -t devices device devices \"$@\"\n"
                           "}\n"
                           "\n"
                           "_clearbox_commands() {\n"
                           "    local -a commands=(\n";

static const char middle[] = "    )\n"
                             "    _describe -t commands command commands \"$@\"\n"
                             "}\n"
                             "\n"
                             "_clearbox() {\n"
                             "    local program=$words[1]\n"
                             "    if ((CURRENT == 2)); then\n"
                             "        _arguments -s";

static const char tail[] = "    esac\n"
                           "}\n"
                           "\n"
                           "if [[ $funcstack[1] == _clearbox ]]; then # run as a file of $fpath\n"
                           "    _clearbox \"$@\"\n"
                           "else\n"
                           "    compdef _clearbox clearbox\n"
                           "fi\n";

/* In an argument of _arguments, within quotes. */
static void print_text(const char *text) {
    cli_print_quoted(text, "'\\''", "\\[]:");
}

static void print_several(const char *name, const cli_flag *flag) {
    printf(":%s:_values -s , %s ", name, name);
    cli_print_choices(flag->choices);
}

/* ":NAME:what completes it" */
static void print_value(const cli_flag *flag) {
    const char *name = flag->argument ? flag->argument : flag->name;
    switch (cli_value_of(flag)) {
    case CLI_VALUE_NONE:
        break;
    case CLI_VALUE_FREE:
        printf(":%s: ", name);
        break;
    case CLI_VALUE_FILE:
        printf(":%s:_files", name);
        break;
    case CLI_VALUE_FOLDER:
        printf(":%s:_directories", name);
        break;
    case CLI_VALUE_DEVICE:
        printf(":%s:%s_clearbox_devices", name, cli_takes_several(flag) ? "_sequence " : "");
        break;
    case CLI_VALUE_WORD:
        if (cli_takes_several(flag)) {
            print_several(flag->name, flag);
        } else {
            printf(":%s:(", name);
            cli_print_choices(flag->choices);
            putchar(')');
        }
    }
}

/* Long and short excludes the other; a flag that adds to what it gave before may come again. */
static void print_flag(const cli_flag *flag) {
    const char *again = flag->kind == CLI_TEXTS ? "*" : "", *equals = "";
    if (cli_value_of(flag) != CLI_VALUE_NONE) {
        equals = "=";
    }
    printf(" \\\n            ");
    if (flag->letter) {
        printf("'(-%c --%s)'{-%c%s,--%s%s}'[", flag->letter, flag->name, flag->letter,
               *equals ? "+" : "", flag->name, equals);
    } else {
        printf("'%s--%s%s[", again, flag->name, equals);
    }
    print_text(flag->help);
    putchar(']');
    print_value(flag);
    putchar('\'');
}

static void print_flags(const cli_flag *flags) {
    for (; flags->help; flags++) {
        if (flags->name) {
            print_flag(flags);
        }
    }
}

static void print_words(const cli_syntax *syntax) {
    const cli_value value = cli_words_of(syntax);
    if (value == CLI_VALUE_NONE) {
        return;
    }
    printf(" \\\n            '*:%s:", syntax->words);
    if (syntax->word) {
        putchar('(');
        cli_print_words(syntax->word);
        putchar(')');
    } else {
        printf("%s", value == CLI_VALUE_FILE ? "_files" : " ");
    }
    putchar('\'');
}

void cli_complete_zsh(const cli_command *commands, size_t count) {
    fputs(head, stdout);
    for (size_t i = 0; i < count; i++) {
        printf("        '%s:", commands[i].name);
        print_text(commands[i].help);
        printf("'\n");
    }
    fputs(middle, stdout);
    print_flags(cli_top_flags);
    printf(" \\\n            ':command:_clearbox_commands'\n"
           "        return\n"
           "    fi\n"
           "    local command=$words[2]\n"
           "    shift words\n"
           "    ((CURRENT--))\n"
           "    case $command in\n");
    for (size_t i = 0; i < count; i++) {
        printf("    %s)\n        _arguments -s", commands[i].name);
        print_flags(commands[i].syntax->flags);
        print_words(commands[i].syntax);
        printf("\n        ;;\n");
    }
    fputs(tail, stdout);
}
