/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <jansson.h>
#include <string.h>

#include "clearbox/film.h"
#include "cli/cli.h"
#include "cli/suggest.h"
#include "cli/terminal.h"
#include "device/loader.h"
#include "film/film.h"
#include "film/library.h"

static int help(int argc, char **argv);

/* In the order in which --help lists them. */
static const cli_command commands[] = {
    {"learn", cli_learn, "train on MNIST and film the hidden layer"},
    {"predict", cli_predict, "ask a network what digits it sees in pictures"},
    {"look", cli_look, "write a page to look inside a network of a file"},
    {"devices", cli_devices, "list and check the OpenCL devices"},
    {"bench", cli_bench, "measure how fast devices train, draw and film"},
    {"verify", cli_verify, "train runs whose weights are known, and compare"},
    {"help", help, "explain a command: clearbox help learn"},
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

/* clearbox help [COMMAND] */
static int help(int argc, char **argv) {
    char flag[] = "--help";
    if (argc < 2) {
        cli_print_help(stdout);
        return cli_flush(CLI_DONE);
    }
    if (argc > 2) {
        return cli_fail(CLI_USAGE, "help explains one command at a time");
    }
    if (strcmp(argv[1], flag) == 0 || strcmp(argv[1], "-h") == 0) {
        fputs("Usage: clearbox help [COMMAND]\n"
              "\n"
              "Explains a command and its flags; without one, lists the commands.\n",
              stdout);
        return cli_flush(CLI_DONE);
    }
    const cli_command *found = cli_find_command(argv[1]);
    char *arguments[] = {argv[1], flag, NULL};
    return found ? found->run(2, arguments) : cli_fail_command(argv[1]);
}

static void print_fact(const char *name, const char *value) {
    printf("  %-9s %s\n", name, value);
}

/* `before`: those that are asked before libavcodec's. */
static void print_encoder(const char *name, const char *before, cbx_codec codec) {
    const char *encoder = cbx_film_encoder(codec);
    char text[80];
    snprintf(text, sizeof text, "%s%s", before, encoder ? encoder : "libavcodec has no encoder");
    print_fact(name, text);
}

int cli_version(void) {
    char text[1024];
    printf("clearbox %s\n", CBX_VERSION);
    print_fact("built by", CBX_BUILD);
    cbx_film_library(text, sizeof text);
    print_fact("film", text);
    print_encoder("H.264", CBX_DEVICE_ENCODER ", else ", CBX_CODEC_H264);
    print_encoder("MPEG-4", "", CBX_CODEC_MPEG4);
    cbx_opencl_loader(text, sizeof text);
    print_fact("OpenCL", text);
    print_fact("others", "jansson " JANSSON_VERSION ", " CBX_BUILD_LIBRARIES);
    return cli_flush(CLI_DONE);
}
