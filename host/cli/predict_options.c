/* SPDX-License-Identifier: MIT */
#include "cli/predict_options.h"

#include <string.h>

#include "base/path.h"
#include "base/names.h"
#include "cli/cli.h"
#include "cli/output.h"

static const cli_command_text text = {
    "predict", "predict MODEL [PICTURE...] [FLAGS]",
    "Asks a network what digits it sees. MODEL is what 'learn --save' wrote. Pictures\n"
    "are PNG, JPEG or PGM, of any size, dark on light or light on dark; \"-\" is\n"
    "standard input. Each is made 28 x 28 as MNIST's were. Without pictures: loss,\n"
    "accuracy and who is taken for whom, over the 10,000 test images.\n",
    "The ten numbers are the network's outputs as they are: each is its estimate that\n"
    "the picture is that digit, made without the others. They need not add to 1.\n"
    "Environment: CLEARBOX_DEVICE and CLEARBOX_DATA stand in for --device and --data.\n",
    "clearbox predict weights.safetensors digit.png\n"
    "clearbox predict weights.safetensors --json *.png\n"
    "clearbox predict weights.safetensors --data data/mnist\n"};

#define AT(member) offsetof(cli_predict_options, member)
#define SET(member) offsetof(cli_predict_options, settings.member)

static const cli_flag flags[] = {
    {.help = "What is asked"},
    {"as-is", 0, CLI_SWITCH, AT(as_is), 0, 0, 0, 0,
     "pictures are 28 x 28, light on dark: take them\n"
     "pixel for pixel"},
    {"data", 0, CLI_TEXT, SET(data), "DIR", 0, 0, 0,
     "folder of the four IDX files, gzipped or not,\n"
     "whose test images are asked about\n"
     "[the MNIST that comes with clearbox]"},

    {.help = "Device"},
    {"device", 0, CLI_TEXT, SET(device), "SPEC", 0, 0, 0,
     "gpu, cpu, P:D as 'clearbox devices' lists it, or\n"
     "a part of the device's name [a GPU, else a CPU]"},
    {"family", 0, CLI_CHOICE, SET(family), 0, cbx_family_names, 0, 0,
     "kernels made for which kind of device [auto]"},

    {.help = "What is printed"},
    {"output", 'o', CLI_OUTPUT, AT(output), "FILE", 0, 0, 0, "write there [standard output]"},
    {"format", 0, CLI_CHOICE, AT(format), 0, cli_report_formats, 0, 0,
     "words and bars, or JSON, a line a picture: file,\n"
     "class, probabilities and more [text]"},
    {"json", 0, CLI_SWITCH, AT(json), 0, 0, 0, 0, "the same as --format json"},
    {"no-clobber", 0, CLI_SWITCH, AT(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    CLI_HELP_FLAG,
    {0}};

const cli_syntax cli_predict_syntax = {&text, flags, "FILE", NULL};

/* No answer takes the place of what it is about. */
static int check_output(const cli_predict_options *options) {
    const char *output = options->output;
    int same = output && cbx_files_same(output, options->model);
    for (size_t i = 0; output && i < options->pictures.count && !same; i++) {
        same = cbx_files_same(output, options->pictures.values[i]);
    }
    return same ? cli_fail(CLI_USAGE, "--output %s is an input; choose another name", output)
                : CLI_PARSED;
}

int cli_predict_parse(int argc, char **argv, cli_predict_options *options) {
    cli_words words;
    memset(options, 0, sizeof *options);
    cbx_learn_defaults(&options->settings);
    options->settings.film = NULL;
    options->format = CLI_REPORT_UNSET;

    int code = cli_parse_words(argc, argv, &text, flags, options, &words);
    if (code == CLI_PARSED) {
        code = cli_settle_json(options->format, &options->json);
    }
    if (code != CLI_PARSED) {
        return code;
    }
    if (words.count == 0) {
        return cli_fail(CLI_USAGE, "predict wants a model, the file that 'clearbox learn --save' "
                                   "writes, and pictures");
    }
    options->model = words.values[0];
    options->pictures = (cli_words){words.values + 1, words.count - 1};
    if (options->pictures.count > 0 && options->settings.data) {
        return cli_fail(CLI_USAGE, "--data contradicts pictures; leave one out");
    }
    if (options->pictures.count == 0 && options->as_is) {
        return cli_fail(CLI_USAGE, "--as-is wants pictures");
    }
    code = check_output(options);
    if (code != CLI_PARSED) {
        return code;
    }
    if (!options->settings.device) {
        options->settings.device = cli_environment("CLEARBOX_DEVICE");
    }
    if (options->pictures.count > 0) {
        options->settings.schedule = CBX_SCHEDULE_STEPWISE; /* what cbx_network_predict() needs */
        return CLI_PARSED;
    }
    if (!options->settings.data) {
        options->settings.data = options->data_folder;
        return cli_default_data(options->data_folder, sizeof options->data_folder);
    }
    return CLI_PARSED;
}
