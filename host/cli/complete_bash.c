/* SPDX-License-Identifier: MIT */
/* The script for bash, which needs none of bash-completion's functions: a table made of the
 * commands' flags, and code that looks things up there. */
#include <stdio.h>

#include "cli/complete.h"

/* Files are left to readline, which knows how to quote them. */
static const char code[] =
    "\n"
    "_clearbox_devices() { # PROGRAM\n"
    "    printf '%s\\n' gpu cpu\n"
    "    timeout 1 \"$1\" devices --list 2>/dev/null </dev/null | cut -f 1\n"
    "}\n"
    "\n"
    "_clearbox() {\n"
    "    local command='' flag='' kind='' words='' several='' typed='' before='' breaks='' word i\n"
    "    local -a line=()\n"
    "    COMPREPLY=()\n"
    "    # Bash may end words at \"=\" and \":\", which the names of devices have.\n"
    "    for ((i = 1; i <= COMP_CWORD; i++)); do\n"
    "        word=${COMP_WORDS[i]}\n"
    "        if ((${#line[@]})) && [[ $word == [=:]* || ${line[${#line[@]} - 1]} == *[=:] ]]; "
    "then\n"
    "            line[${#line[@]} - 1]+=$word\n"
    "        else\n"
    "            line+=(\"$word\")\n"
    "        fi\n"
    "    done\n"
    "    i=$((${#line[@]} - 1))\n"
    "    ((i < 0)) && return\n"
    "    typed=${line[i]}\n"
    "    ((i > 0)) && command=${line[0]}\n"
    "    ((i > 1)) && flag=${line[i - 1]}\n"
    "\n"
    "    # What is typed: the value of a flag, another flag, or a word.\n"
    "    word=$typed\n"
    "    if [[ $typed == --*=* ]]; then\n"
    "        flag=${typed%%=*}\n"
    "        before=$flag=\n"
    "        word=${typed#*=}\n"
    "        _clearbox_table \"$command\" \"$flag\"\n"
    "    else\n"
    "        [[ $flag == -* ]] && _clearbox_table \"$command\" \"$flag\"\n"
    "        if [[ ! $kind ]]; then\n"
    "            [[ $typed == -* ]] && flag=- || flag=\n"
    "            _clearbox_table \"$command\" \"$flag\"\n"
    "        fi\n"
    "    fi\n"
    "    if [[ $several && $word == *,* ]]; then\n"
    "        before+=${word%,*},\n"
    "        word=${word##*,}\n"
    "    fi\n"
    "\n"
    "    case $kind in\n"
    "    file) compopt -o default && return ;;\n"
    "    folder) compopt -o dirnames && return ;;\n"
    "    device) words=$(_clearbox_devices \"$1\") ;;\n"
    "    esac\n"
    "    [[ $COMP_WORDBREAKS == *=* ]] && breaks+='='\n"
    "    [[ $COMP_WORDBREAKS == *:* ]] && breaks+=':'\n"
    "    [[ $breaks ]] && typed=${typed%\"${typed##*[$breaks]}\"} || typed=\n"
    "    while IFS= read -r word; do # without what readline holds for words before\n"
    "        word=$before$word\n"
    "        COMPREPLY+=(\"${word#\"$typed\"}\")\n"
    "    done < <(compgen -W \"$words\" -- \"$word\")\n"
    "}\n"
    "\n"
    "complete -F _clearbox clearbox\n";

static const char *const kinds[] = {
    [CLI_VALUE_FREE] = "free",     [CLI_VALUE_WORD] = "word",     [CLI_VALUE_FILE] = "file",
    [CLI_VALUE_FOLDER] = "folder", [CLI_VALUE_DEVICE] = "device",
};

static void print_flag_names(const cli_flag *flags) {
    const char *blank = "";
    for (; flags->help; flags++) {
        if (flags->name) {
            printf("%s--%s", blank, flags->name);
            blank = " ";
        }
    }
}

/* A row of the table; switches have none. */
static void print_flag(const char *command, const cli_flag *flag) {
    const cli_value value = cli_value_of(flag);
    if (value == CLI_VALUE_NONE) {
        return;
    }
    printf("    '%s --%s'", command, flag->name);
    if (flag->letter) {
        printf(" | '%s -%c'", command, flag->letter);
    }
    printf(") kind=%s", kinds[value]);
    if (value == CLI_VALUE_WORD) {
        printf(" words='");
        cli_print_choices(flag->choices);
        putchar('\'');
    }
    printf("%s ;;\n", cli_takes_several(flag) ? " several=1" : "");
}

static void print_command(const cli_command *command) {
    const cli_syntax *syntax = command->syntax;
    const cli_value value = cli_words_of(syntax);
    printf("    '%s -') words='", command->name);
    print_flag_names(syntax->flags);
    printf("' ;;\n");
    if (value != CLI_VALUE_NONE) {
        printf("    '%s ') kind=%s words='", command->name, kinds[value]);
        if (syntax->word) {
            cli_print_words(syntax->word);
        }
        printf("' ;;\n");
    }
    for (const cli_flag *flag = syntax->flags; flag->help; flag++) {
        if (flag->name) {
            print_flag(command->name, flag);
        }
    }
}

void cli_complete_bash(const cli_command *commands, size_t count) {
    printf(
        "# bash completion for clearbox, printed by 'clearbox completions bash'\n"
        "\n"
        "# Sets kind, words and several to what follows a flag of a command; the flag is - where\n"
        "# one is wanted, and empty where a word is.\n"
        "_clearbox_table() { # COMMAND FLAG\n"
        "    case \"$1 $2\" in\n"
        "    ' -') words='");
    print_flag_names(cli_top_flags);
    printf("' ;;\n"
           "    ' ') words='");
    for (size_t i = 0; i < count; i++) {
        printf("%s%s", i ? " " : "", commands[i].name);
    }
    printf("' ;;\n");
    for (size_t i = 0; i < count; i++) {
        print_command(&commands[i]);
    }
    printf("    esac\n"
           "}\n%s",
           code);
}
