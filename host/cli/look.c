/* SPDX-License-Identifier: MIT */
/* clearbox look: a page to look inside a network that is in a file. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/files.h"
#include "base/names.h"
#include "clearbox/look.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"

_Static_assert(sizeof(cbx_family) == sizeof(int), "a CLI_CHOICE is stored as an int");

static const cli_command_text text = {
    "look", "look MODEL.safetensors [FLAGS]",
    "Writes a page to look inside a network that 'clearbox learn --save' left, or\n"
    "Python: its neurons, a pad to draw digits on, its mistakes. One HTML file that\n"
    "needs nothing else and asks no server for anything.\n",
    "Environment: CLEARBOX_DEVICE and CLEARBOX_DATA stand in for --device and --data.\n"
    "The page of a whole run, with its film, is that of 'clearbox learn --report'.\n",
    "clearbox learn --no-video --save weights.safetensors\n"
    "clearbox look weights.safetensors\n"
    "clearbox look weights.safetensors --output weights.html\n"};

typedef struct look_options {
    cbx_look_settings settings;
    char data_folder[PATH_MAX];
} look_options;

#define SET(member) offsetof(look_options, settings.member)

static const cli_flag flags[] = {
    {"output", 'o', CLI_OUTPUT, SET(report), "FILE", 0, 0, 0, "the page [look.html]"},
    {"data", 0, CLI_TEXT, SET(data), "DIR", 0, 0, 0,
     "folder of the four IDX files, gzipped or not,\n"
     "whose images are judged [the MNIST that comes\n"
     "with clearbox]"},
    {"device", 0, CLI_TEXT, SET(device), "SPEC", 0, 0, 0,
     "gpu, cpu, P:D as 'clearbox devices' lists it, or\n"
     "a part of the device's name [a GPU, else a CPU]"},
    {"family", 0, CLI_CHOICE, SET(family), 0, cbx_family_names, 0, 0,
     "kernels made for which kind of device [auto]"},
    {"no-clobber", 0, CLI_SWITCH, SET(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    CLI_HELP_FLAG,
    {0}};

const cli_syntax cli_look_syntax = {&text, flags, "FILE", NULL};

static int parse(int argc, char **argv, look_options *options) {
    cli_words models;
    cbx_look_settings *settings = &options->settings;
    memset(options, 0, sizeof *options);
    settings->report = "look.html";
    const int code = cli_parse_words(argc, argv, &text, flags, options, &models);
    if (code != CLI_PARSED) {
        return code;
    }
    if (models.count != 1) {
        return cli_fail(CLI_USAGE, models.count
                                       ? "look takes one model; look at one after the other"
                                       : "look needs a model: the file that --save names");
    }
    settings->model = models.values[0];
    if (!settings->device) {
        settings->device = cli_environment("CLEARBOX_DEVICE");
    }
    if (!settings->data) {
        settings->data = options->data_folder;
        return cli_default_data(options->data_folder, sizeof options->data_folder);
    }
    return CLI_PARSED;
}

static void report(const cbx_look_settings *settings, const cbx_look_result *result) {
    fprintf(stderr, "device %s\n%u neurons, test accuracy %.2f %%, loss %.4f\n", result->device,
            result->hidden, 100.0 * result->test_accuracy, result->test_loss);
    if (!result->is_normalised) {
        fputs("the model does not say how its pixels were normalised: as these images' are\n",
              stderr);
    }
    fputs("page ", stderr);
    cli_print_printable(stderr, settings->report, 0);
    fputc('\n', stderr);
}

int cli_look(int argc, char **argv) {
    look_options options;
    cbx_look_result result;
    char *command = cli_command_line(argc, argv); /* before getopt moves the words */
    int code = parse(argc, argv, &options);
    if (code == CLI_PARSED) {
        options.settings.command = command;
        const cbx_status status = cbx_look(&options.settings, &result);
        code = status ? cli_fail_status(status) : CLI_DONE;
        if (!status) {
            report(&options.settings, &result);
        }
    }
    free(command);
    return code;
}
