/* SPDX-License-Identifier: MIT */
#include "cli/completions.h"

#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/complete.h"
#include "cli/suggest.h"
#include "cli/terminal.h"

static const struct shell {
    const char *name;
    void (*print)(const cli_command *commands, size_t count);
} shells[] = {
    {"bash", cli_complete_bash},
    {"zsh", cli_complete_zsh},
    {"fish", cli_complete_fish},
};

enum { SHELLS = sizeof shells / sizeof shells[0] };

static const cli_command_text text = {
    "completions", "completions bash|zsh|fish",
    "Prints a script by which a shell completes commands, flags, their values and the\n"
    "names of devices. Where clearbox is installed the scripts are, too, and shells\n"
    "find them; this is for other places, and other versions.\n",
    "",
    "source <(clearbox completions bash)\n"
    "clearbox completions zsh > ~/.zfunc/_clearbox    # a folder of $fpath\n"
    "clearbox completions fish > ~/.config/fish/completions/clearbox.fish\n"};

static const cli_flag flags[] = {CLI_HELP_FLAG, {0}};

static const char *name_of_shell(size_t place) {
    return place < SHELLS ? shells[place].name : NULL;
}

const cli_syntax cli_completions_syntax = {&text, flags, "SHELL", name_of_shell};

static int fail_shell(const char *typed) {
    const char *names[SHELLS + 1] = {0};
    char shown[64];
    for (size_t i = 0; i < SHELLS; i++) {
        names[i] = shells[i].name;
    }
    const char *nearest = cli_nearest(typed, names);
    cli_shorten(shown, sizeof shown, typed);
    return nearest ? cli_fail(CLI_USAGE, "there are no completions for '%s'; did you mean '%s'?",
                              shown, nearest)
                   : cli_fail(CLI_USAGE,
                              "there are no completions for '%s', but for bash, zsh and "
                              "fish",
                              shown);
}

int cli_completions(int argc, char **argv, const cli_command *commands, size_t count) {
    cli_words words = {.count = 0};
    int code = cli_parse_words(argc, argv, &text, flags, NULL, &words);
    if (code != CLI_PARSED) {
        return code;
    }
    if (words.count != 1) {
        return cli_fail(CLI_USAGE, "completions wants a shell: bash, zsh or fish");
    }
    for (size_t i = 0; i < SHELLS; i++) {
        if (strcmp(shells[i].name, words.values[0]) == 0) {
            shells[i].print(commands, count);
            return cli_flush(CLI_DONE);
        }
    }
    return fail_shell(words.values[0]);
}
