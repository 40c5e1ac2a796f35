/* SPDX-License-Identifier: MIT */
#include "cli/verify_options.h"

#include <string.h>

#include "base/names.h"
#include "cli/cli.h"
#include "cli/output.h"
#include "cli/suggest.h"
#include "cli/terminal.h"

static const cli_command_text text = {
    "verify", "verify [NAME...] [FLAGS]",
    "Trains named runs, whose weights are known, and compares: with the SHA-256 that\n"
    "the list has of each, and at marks on the way. Without a name it takes the quick\n"
    "ones. Exits 0 when all are equal, 70 when a device computes something else.\n",
    "Environment: CLEARBOX_DEVICE and CLEARBOX_DATA stand in for --device and --data.\n"
    "The list is about the MNIST that comes with clearbox.\n",
    "clearbox verify\n"
    "clearbox verify --all --device gpu\n"
    "clearbox verify nll-100 --schedule stepwise\n"};

#define AT(member) offsetof(cli_verify_options, member)
#define SET(member) offsetof(cli_verify_options, settings.member)

static const cli_flag flags[] = {
    {.help = "What is trained"},
    {"all", 0, CLI_SWITCH, AT(all), 0, 0, 0, 0, "also the long runs"},
    {"device", 0, CLI_TEXT, SET(device), "SPEC", 0, 0, 0,
     "gpu, cpu, P:D as 'clearbox devices' lists it, or\n"
     "a part of the device's name; several, with commas\n"
     "between them, or all, train together [a GPU, else\n"
     "a CPU]"},
    {"schedule", 0, CLI_CHOICE, SET(schedule), 0, cbx_schedule_names, 0, 0,
     "as of 'clearbox learn'; all are equal [auto]"},
    {"family", 0, CLI_CHOICE, SET(family), 0, cbx_family_names, 0, 0,
     "kernels made for which kind of device [auto]"},
    {"data", 0, CLI_TEXT, SET(data), "DIR", 0, 0, 0,
     "folder of the four IDX files, gzipped or not\n"
     "[the MNIST that comes with clearbox]"},

    {.help = "What is printed"},
    {"list", 0, CLI_SWITCH, AT(list), 0, 0, 0, 0, "the named runs instead, and train nothing"},
    {"output", 'o', CLI_OUTPUT, AT(output), "FILE", 0, 0, 0, "write there [standard output]"},
    {"format", 0, CLI_CHOICE, AT(format), 0, cli_report_formats, 0, 0,
     "a table, or a JSON object [text]"},
    {"json", 0, CLI_SWITCH, AT(json), 0, 0, 0, 0, "the same as --format json"},
    {"no-clobber", 0, CLI_SWITCH, AT(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    {"print", 0, CLI_SWITCH, AT(print), 0, 0, 0, 0,
     "the runs as rows of host/cli/verify_list.c with\n"
     "the hashes that come out here; compares nothing"},
    CLI_HELP_FLAG,
    {0}};

/* The entry that ends the list has no name. */
static const char *name_of_run(size_t place) {
    return cli_named_runs[place].name;
}

const cli_syntax cli_verify_syntax = {&text, flags, "NAME", name_of_run};

static int fail_name(const char *name) {
    const char *names[CLI_MOST_NAMED_RUNS + 1] = {0};
    char shown[64];
    for (size_t i = 0; i < CLI_MOST_NAMED_RUNS && cli_named_runs[i].name; i++) {
        names[i] = cli_named_runs[i].name;
    }
    const char *nearest = cli_nearest(name, names);
    cli_shorten(shown, sizeof shown, name);
    return nearest ? cli_fail(CLI_USAGE, "there is no run '%s'; did you mean '%s'?", shown, nearest)
                   : cli_fail(CLI_USAGE, "there is no run '%s'; 'clearbox verify --list' has them",
                              shown);
}

static int choose_named(cli_verify_options *options, const cli_words *names) {
    if (names->count > CLI_MOST_VALUES) {
        return cli_fail(CLI_USAGE, "verify takes up to %d names, not %zu", CLI_MOST_VALUES,
                        names->count);
    }
    for (size_t i = 0; i < names->count; i++) {
        const cli_named_run *run = cli_named_runs;
        while (run->name && strcmp(run->name, names->values[i]) != 0) {
            run++;
        }
        if (!run->name) {
            return fail_name(names->values[i]);
        }
        options->runs[options->count++] = run;
    }
    return CLI_PARSED;
}

/* Without names the quick ones; --list shows them all. */
static int choose(cli_verify_options *options, const cli_words *names) {
    if (names->count > 0) {
        return options->all ? cli_fail(CLI_USAGE, "--all contradicts names; leave one out")
                            : choose_named(options, names);
    }
    for (const cli_named_run *run = cli_named_runs; run->name; run++) {
        if (run->quick || options->all || options->list) {
            options->runs[options->count++] = run;
        }
    }
    return CLI_PARSED;
}

int cli_verify_parse(int argc, char **argv, cli_verify_options *options) {
    cli_words names = {.count = 0};
    memset(options, 0, sizeof *options);
    cbx_learn_defaults(&options->settings);
    options->settings.film = NULL;
    options->format = CLI_REPORT_UNSET;

    int code = cli_parse_words(argc, argv, &text, flags, options, &names);
    if (code == CLI_PARSED) {
        code = cli_settle_json(options->format, &options->json);
    }
    if (code == CLI_PARSED && options->print && (options->json || options->list)) {
        code = cli_fail(CLI_USAGE, "--print contradicts --%s; leave one out",
                        options->json ? "json" : "list");
    }
    if (code == CLI_PARSED) {
        code = choose(options, &names);
    }
    if (code != CLI_PARSED || options->list) {
        return code;
    }
    if (!options->settings.device) {
        options->settings.device = cli_environment("CLEARBOX_DEVICE");
    }
    if (!options->settings.data) {
        options->settings.data = options->data_folder;
        return cli_default_data(options->data_folder, sizeof options->data_folder);
    }
    return CLI_PARSED;
}
