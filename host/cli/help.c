/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <string.h>

#include "cli/cli.h"
#include "cli/completions.h"
#include "cli/suggest.h"
#include "cli/terminal.h"

static int help(int argc, char **argv);
static int completions(int argc, char **argv);
static const cli_syntax help_syntax;

/* In the order in which --help lists them. */
static const cli_command commands[] = {
    {"learn", cli_learn, "train on MNIST and film the hidden layer", &cli_learn_syntax},
    {"predict", cli_predict, "ask a network what digits it sees in pictures", &cli_predict_syntax},
    {"look", cli_look, "write a page to look inside a network of a file", &cli_look_syntax},
    {"recover", cli_recover, "make a film of what a killed run has left of it",
     &cli_recover_syntax},
    {"devices", cli_devices, "list and check the OpenCL devices", &cli_devices_syntax},
    {"bench", cli_bench, "measure how fast devices train, draw and film", &cli_bench_syntax},
    {"verify", cli_verify, "train runs whose weights are known, and compare", &cli_verify_syntax},
    {"help", help, "explain a command: clearbox help learn", &help_syntax},
    {"completions", completions, "print what completes these lines in a shell",
     &cli_completions_syntax},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const cli_command *cli_find_command(const char *name) {
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int cli_fail_command(const char *name) {
    const char *names[COMMANDS + 1] = {0};
    char shown[80];
    for (size_t i = 0; i < COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    const char *nearest = cli_nearest(name, names);
    const char *what = name[0] == '-' ? "flag" : "command";
    cli_shorten(shown, sizeof shown, name);
    if (nearest) {
        return cli_fail(CLI_USAGE, "unknown %s '%s'; did you mean '%s'?", what, shown, nearest);
    }
    return cli_fail(CLI_USAGE, "unknown %s '%s'; 'clearbox --help' lists the commands", what,
                    shown);
}

void cli_print_help(FILE *out) {
    fputs("clearbox trains a neural network on any OpenCL device and films its hidden\n"
          "layer as it learns.\n"
          "\n"
          "Usage: clearbox COMMAND [FLAGS]\n"
          "\n"
          "Commands:\n",
          out);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(out, "  %-14s %s\n", commands[i].name, commands[i].help);
    }
    fputs("\n"
          "Flags:\n"
          "  -V, --version  print the version, and the libraries in use\n"
          "  -h, --help     print this text\n"
          "\n"
          "'clearbox learn' alone makes learn.mp4 in the current folder.\n"
          "'clearbox COMMAND --help' lists the flags of a command; the manual page has\n"
          "more: man clearbox\n",
          out);
}

/* ---- the commands that are about commands ---- */

static const char *name_of_command(size_t place) {
    return place < COMMANDS ? commands[place].name : NULL;
}

static const cli_command_text help_text = {
    "help", "help [COMMAND]",
    "Explains a command and its flags; without one, lists the commands.\n", "",
    "clearbox help learn\n"
    "clearbox help\n"};

static const cli_flag help_flags[] = {CLI_HELP_FLAG, {0}};

static const cli_syntax help_syntax = {&help_text, help_flags, "COMMAND", name_of_command};

static int help(int argc, char **argv) {
    char flag[] = "--help";
    cli_words names = {.count = 0};
    int code = cli_parse_words(argc, argv, &help_text, help_flags, NULL, &names);
    if (code != CLI_PARSED) {
        return code;
    }
    if (names.count > 1) {
        return cli_fail(CLI_USAGE, "help explains one command at a time");
    }
    if (names.count == 0) {
        cli_print_help(stdout);
        return cli_flush(CLI_DONE);
    }
    const cli_command *found = cli_find_command(names.values[0]);
    char *arguments[] = {names.values[0], flag, NULL};
    return found ? found->run(2, arguments) : cli_fail_command(names.values[0]);
}

static int completions(int argc, char **argv) {
    return cli_completions(argc, argv, commands, COMMANDS);
}
