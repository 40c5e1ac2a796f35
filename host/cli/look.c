/* SPDX-License-Identifier: MIT */
/* clearbox look: a page to look inside a network that is in a file, or a picture of it. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "base/names.h"
#include "clearbox/learn.h"
#include "clearbox/look.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/stop.h"
#include "cli/terminal.h"

_Static_assert(sizeof(cbx_style) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_tone) == sizeof(int), "a CLI_CHOICE is stored as an int");
_Static_assert(sizeof(cbx_family) == sizeof(int), "a CLI_CHOICE is stored as an int");

static const cli_command_text text = {
    "look", "look MODEL.safetensors [FLAGS]",
    "Writes a page to look inside a network that 'clearbox learn --save' left, or\n"
    "Python: its neurons, a pad to draw digits on, its mistakes. One HTML file that\n"
    "needs nothing else and asks no server for anything. Or, with --picture, a PNG\n"
    "file of the neurons, and the page only where --output names it.\n",
    "Environment: CLEARBOX_DEVICE and CLEARBOX_DATA stand in for --device and --data.\n"
    "The page of a whole run, with its film, is that of 'clearbox learn --report'.\n",
    "clearbox learn --no-video --save weights.safetensors\n"
    "clearbox look weights.safetensors\n"
    "clearbox look weights.safetensors --output weights.html\n"
    "clearbox look weights.safetensors --picture neuron.png --neuron 5 --style show\n"};

enum { NO_NEURON = -1 };

typedef struct look_options {
    cbx_look_settings settings;
    cbx_style style;
    int neuron; /* NO_NEURON: all */
    char data_folder[PATH_MAX];
} look_options;

#define AT(member) offsetof(look_options, member)
#define SET(member) offsetof(look_options, settings.member)

static const cli_flag flags[] = {
    {.help = "Page"},
    {"output", 'o', CLI_OUTPUT, SET(report), "FILE", 0, 0, 0, "the page [look.html]"},
    {.help = "Picture"},
    {"picture", 0, CLI_OUTPUT, SET(picture), "FILE", 0, 0, 0, "the hidden layer as PNG"},
    {"neuron", 0, CLI_WHOLE, AT(neuron), "N", 0, 0, CBX_MAX_HIDDEN - 1,
     "only that one, counted from 0 down the first\n"
     "column [all]"},
    {"style", 0, CLI_CHOICE, AT(style), 0, cbx_style_names, 0, 0,
     "lesson: grey with red borders; show: blue below\n"
     "0, orange above, with gaps [lesson]"},
    {"tone", 0, CLI_CHOICE, SET(drawing.tone), 0, cbx_tone_names, 0, 0,
     "how weights become grey levels [peak]"},
    {"scale", 0, CLI_WHOLE, SET(drawing.scale), "N", 0, 1, CBX_MAX_SIDE / CBX_IMAGE_SIDE,
     "pixels per weight, each way [about 900 pixels in\n"
     "all]"},
    {.help = "What is asked"},
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

/* What only a picture has. */
static int check_flags(const look_options *options) {
    const cbx_look_settings *settings = &options->settings;
    if (!settings->picture &&
        (settings->only || settings->drawing.scale || settings->drawing.tone || options->style)) {
        return cli_fail(CLI_USAGE,
                        "--neuron, --style, --tone and --scale are about a --picture; name one");
    }
    if (settings->picture && settings->report &&
        cbx_files_same(settings->picture, settings->report)) {
        return cli_fail(CLI_USAGE, "--output and --picture name the same file; choose two");
    }
    return CLI_PARSED;
}

static int parse(int argc, char **argv, look_options *options) {
    cli_words models;
    cbx_look_settings *settings = &options->settings;
    memset(options, 0, sizeof *options);
    options->neuron = NO_NEURON;
    int code = cli_parse_words(argc, argv, &text, flags, options, &models);
    if (code != CLI_PARSED) {
        return code;
    }
    if (models.count != 1) {
        return cli_fail(CLI_USAGE, models.count
                                       ? "look takes one model; look at one after the other"
                                       : "look needs a model: the file that --save names");
    }
    settings->model = models.values[0];
    if (!settings->report && !settings->picture) {
        settings->report = "look.html";
    }
    settings->drawing.colours =
        options->style == CBX_STYLE_SHOW ? CBX_COLOURS_SIGNED : CBX_COLOURS_GREY;
    settings->only = options->neuron != NO_NEURON;
    settings->neuron = settings->only ? (uint32_t)options->neuron : 0;
    code = check_flags(options);
    if (code != CLI_PARSED) {
        return code;
    }
    if (!settings->device) {
        settings->device = cli_environment("CLEARBOX_DEVICE");
    }
    if (!settings->data) {
        settings->data = options->data_folder;
        return cli_default_data(options->data_folder, sizeof options->data_folder);
    }
    return CLI_PARSED;
}

static void report_file(const char *what, const char *path) {
    if (path) {
        fprintf(stderr, "%s ", what);
        cli_print_printable(stderr, path, 0);
        fputc('\n', stderr);
    }
}

static void report(const cbx_look_settings *settings, const cbx_look_result *result) {
    fprintf(stderr, "device %s\n%u neurons", result->device, result->hidden);
    if (settings->report) {
        fprintf(stderr, ", test accuracy %.2f %%, loss %.4f", 100.0 * result->test_accuracy,
                result->test_loss);
    }
    fputc('\n', stderr);
    if (settings->report && !result->is_normalised) {
        fputs("the model does not say how pixels are normalised: as MNIST's were\n", stderr);
    }
    report_file("picture", settings->picture);
    report_file("page", settings->report);
}

int cli_look(int argc, char **argv) {
    look_options options;
    cbx_look_result result;
    char *command = cli_command_line(argc, argv); /* before getopt moves the words */
    int code = parse(argc, argv, &options);
    if (code == CLI_PARSED) {
        options.settings.command = command;
        cli_guard_begin();
        const cbx_status status = cbx_look(&options.settings, &result);
        cli_guard_end();
        code = status ? cli_fail_status(status) : CLI_DONE;
        if (!status) {
            report(&options.settings, &result);
        }
    }
    free(command);
    return code;
}
