/* SPDX-License-Identifier: MIT */
#include "cli/bench_options.h"

#include <stdio.h>
#include <string.h>

#include "base/choice.h"
#include "base/path.h"
#include "base/names.h"
#include "cli/cli.h"
#include "cli/terminal.h"
#include "film/film.h"

_Static_assert(sizeof(cli_format) == sizeof(int), "a CLI_CHOICE is stored as an int");

static const char *const format_names[] = {"md", "csv", "json", "jsonl", NULL};

static const cli_command_text text = {
    "bench",
    "bench [FLAGS]\n"
    "       clearbox bench --compare A.json B.json",
    "Measures how fast devices train, evaluate and draw, beside what each could do at\n"
    "best: its multiply-add rate and memory bandwidth, measured in the same run.\n"
    "Or compares what two runs measured.\n",
    "The table goes to standard output, what is going on to standard error.\n"
    "Environment: CLEARBOX_DEVICE and CLEARBOX_DATA stand in for --device and --data,\n"
    "CLEARBOX_OPENBLAS names the library of the baseline.\n",
    "clearbox bench\n"
    "clearbox bench --hidden 64,1024,16384 --device gpu --plot bench.svg\n"
    "clearbox bench --film --format json --output bench.json\n"
    "clearbox bench --compare before.json after.json\n"};

#define AT(member) offsetof(cli_bench_options, member)

static const cli_flag flags[] = {
    {.help = "What is measured"},
    {"hidden", 0, CLI_WHOLES, AT(hidden), "N,...", 0, 1, CBX_MAX_HIDDEN,
     "neurons in the hidden layer [64,256,1024]"},
    {"device", 0, CLI_TEXTS, AT(devices), "SPEC,...", 0, 0, 0,
     "gpu, cpu, P:D as 'clearbox devices' lists it, or\n"
     "a part of the device's name [every device]"},
    {"schedule", 0, CLI_CHOICES, AT(schedules), "NAME,...", cbx_schedule_names, 0, 0,
     "fused, over all pixels: the device; sparse, over\n"
     "those that are not 0; auto, what learn takes;\n"
     "stepwise [fused,auto]"},
    {"family", 0, CLI_CHOICE, AT(family), 0, cbx_family_names, 0, 0,
     "kernels made for which kind of device [auto]"},
    {"arithmetic", 0, CLI_CHOICE, AT(arithmetic), 0, cbx_arithmetic_names, 0, 0,
     "as of 'clearbox learn' [canon]"},
    {"batch", 0, CLI_WHOLE, AT(settings.batch), "N", 0, 1, CBX_MAX_BATCH, "images in a batch [64]"},
    {"recipe", 0, CLI_CHOICE, AT(settings.recipe), 0, cbx_recipe_names, 0, 0,
     "what is computed: the lesson's code, or its\n"
     "cost done right [lesson]"},
    {"data", 0, CLI_TEXT, AT(data), "DIR", 0, 0, 0,
     "folder of the four IDX files, gzipped or not\n"
     "[the MNIST that comes with clearbox]"},
    {"film", 0, CLI_SWITCH, AT(film), 0, 0, 0, 0,
     "also one epoch of the whole job with a film,\n"
     "split into its parts; long ones are cut short;\n"
     "and what device and x264 make of its frames"},
    {"encoder", 0, CLI_CHOICE_TEXT, AT(encoder), "NAME", cbx_film_encoder_names, 0, 0,
     "who encodes it, as of 'clearbox learn' [auto]"},
    {"no-baseline", 0, CLI_SWITCH, AT(no_baseline), 0, 0, 0, 0,
     "leave out the host's CPU through OpenBLAS"},
    {"tune", 0, CLI_SWITCH, AT(tune), 0, 0, 0, 0,
     "first try variants of the kernels, and keep the\n"
     "best for this device from now on"},

    {.help = "Ranks, of clearbox-mpi"},
    {"ranks", 0, CLI_SWITCH, AT(ranks), 0, 0, 0, 0,
     "how ranks train together, and nothing else: what\n"
     "was measured of these, and a model of 8 to 1,024"},
    {"latency", 0, CLI_POSITIVE, AT(latency_us), "US", 0, 0, 0,
     "microseconds of a message in that model [10]"},
    {"bandwidth", 0, CLI_POSITIVE, AT(bandwidth_gbit), "GBIT", 0, 0, 0,
     "and gigabits a second [100]"},

    {.help = "How"},
    {"repetitions", 0, CLI_WHOLE, AT(settings.repetitions), "N", 0, 1, CBX_BENCH_MOST_REPETITIONS,
     "measurements of each row; medians are shown [5]"},
    {"seconds", 0, CLI_POSITIVE, AT(settings.seconds), "X", 0, 0, 0,
     "time to train for a row, about; whole epochs\n"
     "where they fit [3]"},

    {.help = "Comparing"},
    {"compare", 0, CLI_SWITCH, AT(compare), 0, 0, 0, 0,
     "measure nothing; say what differs between two\n"
     "files that --json wrote, and the ratios"},

    {.help = "Output"},
    {"output", 'o', CLI_OUTPUT, AT(output), "FILE", 0, 0, 0, "write there [standard output]"},
    {"format", 0, CLI_CHOICE, AT(format), 0, format_names, 0, 0,
     "Markdown, or all there is for programs [md];\n"
     "on a terminal md shows what fits its width"},
    {"json", 0, CLI_SWITCH, AT(json), 0, 0, 0, 0, "the same as --format json"},
    {"plot", 0, CLI_OUTPUT, AT(plot), "FILE", 0, 0, 0, "also draw a chart, SVG (needs gnuplot)"},
    {"no-clobber", 0, CLI_SWITCH, AT(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    CLI_HELP_FLAG,
    {0}};

const cli_syntax cli_bench_syntax = {&text, flags, "FILE", NULL};

/* Those that also a comparison has. */
static const char *const of_comparing[] = {"compare", "output",     "format",
                                           "json",    "no-clobber", NULL};

/* --json is --format json, and no other. */
static int settle_format(cli_bench_options *options) {
    if (options->json && options->format != CLI_FORMAT_UNSET &&
        options->format != CLI_FORMAT_JSON) {
        return cli_fail(CLI_USAGE, "--json contradicts --format %s; leave one out",
                        format_names[options->format]);
    }
    if (options->format == CLI_FORMAT_UNSET) {
        options->format = options->json ? CLI_FORMAT_JSON : CLI_FORMAT_MD;
    }
    return CLI_PARSED;
}

static void set_defaults(cli_bench_options *options) {
    memset(options, 0, sizeof *options);
    cbx_bench_defaults(&options->settings);
    options->hidden = (cli_list){.values = {64, 256, 1024}, .count = 3};
    options->latency_us = 10.0;
    options->bandwidth_gbit = 100.0;
    options->format = CLI_FORMAT_UNSET;
    options->schedules = (cli_list){.values = {CBX_SCHEDULE_FUSED, CBX_SCHEDULE_AUTO}, .count = 2};
}

/* Of the member that a flag stores. */
static size_t size_of(cli_kind kind) {
    switch (kind) {
    case CLI_WHOLE64:
    case CLI_POSITIVE:
    case CLI_SECONDS:
        return sizeof(double);
    case CLI_TEXT:
    case CLI_OUTPUT:
    case CLI_STREAM:
    case CLI_CHOICE_TEXT:
        return sizeof(const char *);
    case CLI_WHOLES:
    case CLI_CHOICES:
        return sizeof(cli_list);
    case CLI_TEXTS:
        return sizeof(cli_texts);
    default:
        return sizeof(int);
    }
}

/* A flag that says how to measure, and is not as it comes; NULL: none. */
static const char *find_measuring(const cli_bench_options *options) {
    cli_bench_options usual;
    set_defaults(&usual);
    for (const cli_flag *flag = flags; flag->help; flag++) {
        if (flag->name && flag->kind != CLI_HELP && cbx_choice_find(of_comparing, flag->name) < 0 &&
            memcmp((const char *)options + flag->offset, (const char *)&usual + flag->offset,
                   size_of(flag->kind)) != 0) {
            return flag->name;
        }
    }
    return NULL;
}

/* What a comparison needs, and what it cannot have. */
static int settle_comparison(const cli_bench_options *options) {
    const char *measuring = find_measuring(options);
    if (options->files.count != 2) {
        return cli_fail(CLI_USAGE,
                        "--compare wants two files that 'clearbox bench --json' wrote, not %zu",
                        options->files.count);
    }
    if (measuring) {
        return cli_fail(CLI_USAGE, "--%s is for measuring, which --compare does not; leave one out",
                        measuring);
    }
    if (options->format == CLI_FORMAT_CSV || options->format == CLI_FORMAT_JSONL) {
        return cli_fail(CLI_USAGE, "--compare has the formats md and json, not %s",
                        format_names[options->format]);
    }
    for (size_t i = 0; i < options->files.count && options->output; i++) {
        if (cbx_files_same(options->output, options->files.values[i])) {
            return cli_fail(CLI_USAGE, "--output %s is an input; choose another name",
                            options->output);
        }
    }
    return CLI_PARSED;
}

static int fail_word(const char *word) {
    char shown[64];
    cli_shorten(shown, sizeof shown, word);
    return cli_fail(CLI_USAGE, "bench takes flags only, not '%s'; files are for --compare", shown);
}

/* What the ranks are measured with is what learn would take. */
static int settle_ranks(const cli_bench_options *options) {
    if (options->format != CLI_FORMAT_MD && options->format != CLI_FORMAT_JSON) {
        return cli_fail(CLI_USAGE, "--ranks has the formats md and json, not %s",
                        format_names[options->format]);
    }
    if (options->film || options->tune || options->plot || options->devices.count > 1) {
        return cli_fail(CLI_USAGE,
                        "--ranks measures the training of one device a rank alone; leave "
                        "out --film, --tune, --plot and lists of devices");
    }
    return CLI_PARSED;
}

int cli_bench_parse(int argc, char **argv, cli_bench_options *options) {
    set_defaults(options);
    int code = cli_parse_words(argc, argv, &text, flags, options, &options->files);
    if (code == CLI_PARSED) {
        code = settle_format(options);
    }
    if (code == CLI_PARSED && options->compare) {
        return settle_comparison(options);
    }
    if (code == CLI_PARSED && options->files.count > 0) {
        code = fail_word(options->files.values[0]);
    }
    if (code != CLI_PARSED) {
        return code;
    }
    cbx_status status = cbx_bench_check(&options->settings);
    if (status) {
        return cli_fail_status(status);
    }
    if (options->encoder && !options->film) {
        return cli_fail(CLI_USAGE, "--encoder is for the film of --film; add that");
    }
    if (options->output && options->plot && cbx_files_same(options->output, options->plot)) {
        return cli_fail(CLI_USAGE, "--output and --plot name the same file; choose two");
    }
    code = options->ranks ? settle_ranks(options) : CLI_PARSED;
    if (code != CLI_PARSED) {
        return code;
    }
    const char *device = cli_environment("CLEARBOX_DEVICE");
    if (options->devices.count == 0 && device) {
        snprintf(options->devices.values[0], CLI_MOST_TEXT, "%s", device);
        options->devices.count = 1;
    }
    if (!options->data) {
        options->data = options->data_folder;
        return cli_default_data(options->data_folder, sizeof options->data_folder);
    }
    return CLI_PARSED;
}
