/* SPDX-License-Identifier: MIT */
#include "cli/learn_options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/path.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "cli/options.h"
#include "cli/terminal.h"
#include "data/dataset.h"
#include "film/containers.h"
#include "film/film.h"
#include "learn/checkpoint.h"
#include "network/weights_file.h"

/* The library sees to the other outputs, and does not know this one. */
static int check_metrics(const cli_learn_options *options) {
    const cbx_learn_settings *settings = &options->settings;
    const char *metrics = options->metrics;
    char input[PATH_MAX];
    if (!metrics) {
        return CLI_PARSED;
    }
    int same = (settings->init && cbx_files_same(metrics, settings->init)) ||
               (settings->resume && cbx_files_same(metrics, settings->resume));
    for (size_t i = 0; !same && cbx_dataset_file(settings->data, i, input, sizeof input); i++) {
        same = cbx_files_same(metrics, input);
    }
    if (same) {
        return cli_fail(CLI_USAGE, "--metrics %s is an input of the run; choose another name",
                        metrics);
    }
    char *previous = settings->checkpoint ? cbx_checkpoint_previous(settings->checkpoint) : NULL;
    same = previous && cbx_files_same(metrics, previous);
    free(previous);
    return same ? cli_fail(CLI_USAGE,
                           "--metrics %s is where the checkpoint before the last is kept; choose "
                           "another name",
                           metrics)
                : CLI_PARSED;
}

/* The file that the flag of an output names; NULL: none, or another flag. */
static const char *output_of(const cli_learn_options *options, const cli_flag *flag) {
    const char *path = NULL;
    if (flag->kind == CLI_OUTPUT || (flag->kind == CLI_STREAM && !options->streams)) {
        memcpy(&path, (const char *)options + flag->offset, sizeof path);
    }
    return path;
}

/* Two outputs that are one file would replace each other. */
static int check_outputs(const cli_learn_options *options) {
    for (const cli_flag *flag = cli_learn_syntax.flags; flag->help; flag++) {
        const char *path = output_of(options, flag);
        for (const cli_flag *next = flag + 1; path && next->help; next++) {
            const char *other = output_of(options, next);
            if (other && cbx_files_same(path, other)) {
                return cli_fail(CLI_USAGE, "--%s and --%s name the same file; choose two",
                                flag->name, next->name);
            }
        }
    }
    return check_metrics(options);
}

/* Within what --help says, but too coarse for this codec. */
static int check_quality(const cbx_film_settings *film) {
    int best, coarsest;
    cbx_film_quality(film, &best, &coarsest);
    if (coarsest < 0 && film->quality >= 0) {
        return cli_fail(CLI_USAGE, "--quality is nothing that %s has; leave it out",
                        cbx_codec_name(cbx_film_codec_of(film)));
    }
    return film->quality <= coarsest
               ? CLI_PARSED
               : cli_fail(CLI_USAGE,
                          "--quality wants a whole number from 1 to %d with %s, not '%d'", coarsest,
                          cbx_codec_name(cbx_film_codec_of(film)), film->quality);
}

/* A codec that is given is that of an encoder that is named. */
static int settle_codec(cli_learn_options *options) {
    cbx_learn_settings *settings = &options->settings;
    cbx_film_settings film = {.encoder = settings->encoder, .quality = settings->quality};
    if (settings->film &&
        cbx_film_container(&film.container, options->streams ? NULL : settings->film,
                           settings->container)) {
        return cli_fail_status(CBX_BAD_ARGUMENT);
    }
    if (options->codec != CLI_NO_CODEC) {
        film.codec = settings->codec = (cbx_codec)options->codec;
        if (!cbx_film_is_encoder_named(film.encoder) && cbx_film_codec_of(&film) != film.codec) {
            return cli_fail(CLI_USAGE, "--codec %s: a film in %s cannot hold it; leave one out",
                            cbx_codec_name(film.codec), cbx_container_name(film.container));
        }
        if (cbx_film_codec_of(&film) != film.codec) {
            return cli_fail(CLI_USAGE, "--codec %s contradicts --encoder %s; leave one out",
                            cbx_codec_name(film.codec), film.encoder);
        }
    }
    return check_quality(&film);
}

/* Weights to start from say how many neurons there are. */
static int settle_hidden(cbx_learn_settings *settings, uint32_t usual) {
    uint32_t hidden = usual;
    const cbx_status status =
        settings->init && !settings->resume ? cbx_network_measure(&hidden, settings->init) : CBX_OK;
    if (status) {
        return cli_fail_status(status);
    }
    if (settings->hidden == 0) {
        settings->hidden = hidden;
    }
    return settings->init && !settings->resume && settings->hidden != hidden
               ? cli_fail(CLI_USAGE,
                          "--hidden %u contradicts --init %s, which has %u neurons; "
                          "leave --hidden out",
                          settings->hidden, settings->init, hidden)
               : CLI_PARSED;
}

/* Those of a style. */
static void set_defaults(cli_learn_options *options, cbx_style style) {
    memset(options, 0, sizeof *options);
    cbx_learn_defaults(&options->settings);
    (void)cbx_learn_set_style(&options->settings, style);
    options->codec = CLI_NO_CODEC;
}

/* Behind `command`, which is freed or given back: a name whose ending makes a film of this kind, where
 * it is not the usual one. NULL: no memory. */
static char *add_output(char *command, const cli_learn_options *options) {
    const cbx_learn_settings *settings = &options->settings;
    cbx_container container = CBX_CONTAINER_MP4;
    if (!command || !settings->film ||
        cbx_film_container(&container, options->streams ? NULL : settings->film,
                           settings->container) ||
        container == CBX_CONTAINER_MP4) {
        return command;
    }
    static const char flag[] = " --output learn";
    const char *ending = cbx_container_kind_of(container)->endings[0];
    const size_t length = strlen(command), more = sizeof flag + strlen(ending);
    char *longer = realloc(command, length + more);
    if (!longer) {
        free(command);
        return NULL;
    }
    snprintf(longer + length, more, "%s%s", flag, ending);
    return longer;
}

char *cli_learn_film_command(const cli_learn_options *options) {
    /* What is equal whatever they say; --data is told by the weights. */
    static const char *const left_out[] = {
        "device",           "schedule", "family",     "data",     "format",
        "no-video",         "workers",  "no-clobber", "no-check", "progress",
        "checkpoint-every", "resume",   "overwrite",  NULL};
    cli_learn_options defaults;
    set_defaults(&defaults, options->style);
    return add_output(
        cli_command_changes("learn", cli_learn_syntax.flags, options, &defaults, left_out),
        options);
}

/* "-" is standard output, which only one can have. */
static int settle_stream(cli_learn_options *options) {
    const char *film = options->settings.film;
    options->streams = film && strcmp(film, "-") == 0;
    if (!options->streams) {
        return CLI_PARSED;
    }
    options->settings.film = "standard output";
    if (options->progress == CLI_PROGRESS_JSON) {
        return cli_fail(CLI_USAGE,
                        "--progress json contradicts --output -: both are standard output; "
                        "leave one out");
    }
    return isatty(STDOUT_FILENO)
               ? cli_fail(CLI_USAGE, "a film is nothing for a terminal; send it into a player, "
                                     "clearbox learn --output - | ffplay -")
               : CLI_PARSED;
}

/* What the flags say over a style. */
static int parse_over(int argc, char **argv, cbx_style style, cli_learn_options *options) {
    set_defaults(options, style);
    options->settings.hidden = 0; /* it was not given */
    return cli_parse(argc, argv, cli_learn_syntax.text, cli_learn_syntax.flags, options);
}

/* What the flags say over the settings of the run that goes on. */
static int parse_over_resumed(int argc, char **argv, cli_learn_options *options) {
    const char *path = options->settings.resume;
    cbx_resumed *resumed = NULL;
    char batches[CLI_NUMBER];
    if (options->style != CBX_STYLE_LESSON) {
        return cli_fail(CLI_USAGE, "--style contradicts --resume; leave one out");
    }
    const cbx_status status = cbx_resumed_open(&resumed, path);
    if (status) {
        return cli_fail_status(status);
    }
    if (cbx_resumed_is_finished(resumed)) {
        fprintf(stderr, "  the run of %s is over, after %s batches; nothing is left to do\n", path,
                cli_count(batches, cbx_resumed_batches(resumed)));
        cbx_resumed_close(resumed);
        return CLI_DONE;
    }
    set_defaults(options, CBX_STYLE_LESSON);
    options->settings = *cbx_resumed_settings(resumed);
    options->metrics = options->settings.kept_text;
    options->resumed = resumed;
    return cli_parse(argc, argv, cli_learn_syntax.text, cli_learn_syntax.flags, options);
}

int cli_learn_parse(int argc, char **argv, cli_learn_options *options) {
    cli_learn_options defaults;
    set_defaults(&defaults, CBX_STYLE_LESSON);
    const char *usual_film = defaults.settings.film;
    const uint32_t default_hidden = defaults.settings.hidden;
    int code = parse_over(argc, argv, CBX_STYLE_LESSON, options);
    if (code == CLI_PARSED && options->style != CBX_STYLE_LESSON) {
        /* Wherever it stood among them. */
        code = parse_over(argc, argv, options->style, options);
    }
    if (code == CLI_PARSED && options->settings.resume) {
        code = parse_over_resumed(argc, argv, options);
        usual_film = options->resumed ? cbx_resumed_settings(options->resumed)->film : usual_film;
    }
    if (code != CLI_PARSED) {
        return code;
    }
    if (options->no_video) {
        if (options->settings.film != usual_film) {
            return cli_fail(CLI_USAGE, "--no-video contradicts --output; leave one out");
        }
        options->settings.film = NULL;
    }
    code = settle_stream(options);
    if (code != CLI_PARSED) {
        return code;
    }
    if (!options->settings.device) {
        options->settings.device = cli_environment("CLEARBOX_DEVICE");
    }
    if (!options->settings.data) {
        code = cli_default_data(options->data_folder, sizeof options->data_folder);
        options->settings.data = options->data_folder;
    }
    options->settings.kept_text = options->metrics;
    options->settings.hash_film = options->metrics || options->progress == CLI_PROGRESS_JSON;
    options->settings.device_times = options->progress != CLI_PROGRESS_NONE;
    if (code == CLI_PARSED) {
        code = settle_codec(options);
    }
    if (code == CLI_PARSED) {
        code = check_outputs(options);
    }
    return code == CLI_PARSED ? settle_hidden(&options->settings, default_hidden) : code;
}
