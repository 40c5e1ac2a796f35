/* SPDX-License-Identifier: MIT */
#include "cli/help.h"

#include <jansson.h>
#include <string.h>

#include "clearbox/film.h"
#include "cli/cli.h"
#include "cli/suggest.h"
#include "cli/terminal.h"
#include "device/loader.h"
#include "film/library.h"

enum { MOST_COMMANDS = 16 };

static const char help_name[] = "help";

const cli_command *cli_find_command(const cli_command *commands, const char *name) {
    for (; commands->name; commands++) {
        if (strcmp(commands->name, name) == 0) {
            return commands;
        }
    }
    return NULL;
}

int cli_fail_command(const cli_command *commands, const char *name) {
    const char *names[MOST_COMMANDS + 2] = {0};
    char shown[80];
    size_t count = 0;
    for (; commands->name && count < MOST_COMMANDS; commands++) {
        names[count++] = commands->name;
    }
    names[count] = help_name;
    const char *nearest = cli_nearest(name, names);
    const char *what = name[0] == '-' ? "flag" : "command";
    cli_printable(shown, sizeof shown, name);
    if (nearest) {
        return cli_fail(CLI_USAGE, "unknown %s '%s'; did you mean '%s'?", what, shown, nearest);
    }
    return cli_fail(CLI_USAGE, "unknown %s '%s'; 'clearbox --help' lists the commands", what,
                    shown);
}

void cli_print_help(const cli_command *commands, FILE *out) {
    fputs("clearbox trains a neural network on any OpenCL device and films its hidden\n"
          "layer as it learns.\n"
          "\n"
          "Usage: clearbox COMMAND [FLAGS]\n"
          "\n"
          "Commands:\n",
          out);
    for (; commands->name; commands++) {
        fprintf(out, "  %-14s %s\n", commands->name, commands->help);
    }
    fprintf(out, "  %-14s explain a command: clearbox help learn\n", help_name);
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

static int is_help(const char *name) {
    return strcmp(name, help_name) == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0;
}

int cli_help(const cli_command *commands, int argc, char **argv) {
    if (argc < 2) {
        cli_print_help(commands, stdout);
        return cli_flush(CLI_DONE);
    }
    if (argc > 2) {
        return cli_fail(CLI_USAGE, "help explains one command at a time");
    }
    if (is_help(argv[1])) {
        fputs("Usage: clearbox help [COMMAND]\n"
              "\n"
              "Explains a command and its flags; without one, lists the commands.\n",
              stdout);
        return cli_flush(CLI_DONE);
    }
    const cli_command *found = cli_find_command(commands, argv[1]);
    if (!found) {
        return cli_fail_command(commands, argv[1]);
    }
    char flag[] = "--help";
    char *arguments[] = {argv[1], flag, NULL};
    return found->run(2, arguments);
}

static void print_fact(const char *name, const char *value) {
    printf("  %-9s %s\n", name, value);
}

static void print_encoder(const char *name, cbx_codec codec) {
    const char *encoder = cbx_film_encoder(codec);
    print_fact(name, encoder ? encoder : "libavcodec has no encoder");
}

int cli_version(void) {
    char text[1024];
    printf("clearbox %s\n", CBX_VERSION);
    print_fact("built by", CBX_BUILD);
    cbx_film_library(text, sizeof text);
    print_fact("film", text);
    print_encoder("H.264", CBX_CODEC_H264);
    print_encoder("MPEG-4", CBX_CODEC_MPEG4);
    cbx_opencl_loader(text, sizeof text);
    print_fact("OpenCL", text);
    print_fact("others", "jansson " JANSSON_VERSION ", " CBX_BUILD_LIBRARIES);
    return cli_flush(CLI_DONE);
}
