/* SPDX-License-Identifier: MIT */
/* clearbox recover: a film of the frames that a killed run has left. */
#include <stddef.h>
#include <stdio.h>

#include "clearbox/film.h"
#include "cli/cli.h"
#include "cli/options.h"
#include "cli/terminal.h"

typedef struct recover_options {
    const char *output; /* NULL: the film itself */
    int no_clobber;
} recover_options;

#define AT(member) offsetof(recover_options, member)

static const cli_command_text text = {
    "recover", "recover [FLAGS] [FILM]",
    "Makes a film of the frames that a run has left which was killed while it made\n"
    "FILM, learn.mp4 if none is named.\n",
    "A run with --checkpoint need not be recovered: 'clearbox learn --resume' goes on\n"
    "with it, and with its film.\n",
    "clearbox recover\n"
    "clearbox recover big.mp4 --output so-far.mp4\n"};

static const cli_flag flags[] = {
    {"output", 'o', CLI_OUTPUT, AT(output), "FILE", 0, 0, 0, "write the film there [FILM]"},
    {"no-clobber", 0, CLI_SWITCH, AT(no_clobber), 0, 0, 0, 0, "stop rather than replace a file"},
    CLI_HELP_FLAG,
    {0}};

const cli_syntax cli_recover_syntax = {&text, flags, "FILM", NULL};

static void report(const char *path, const cbx_film_result *film, int kept) {
    char frames[CLI_NUMBER], bytes[CLI_NUMBER];
    fputs("  ", stderr);
    cli_print_printable(stderr, path, 0);
    fprintf(stderr, ", %s, %.1f s, %s\n", cli_counted(frames, film->frames, "frame"), film->seconds,
            cli_bytes(bytes, film->bytes));
    if (kept) {
        fputs("  a checkpoint counts on the frames: they stay for --resume\n", stderr);
    }
}

int cli_recover(int argc, char **argv) {
    recover_options options = {0};
    cli_words films = {.count = 0};
    cbx_film_result result;
    int kept = 0;
    const int code = cli_parse_words(argc, argv, &text, flags, &options, &films);
    if (code != CLI_PARSED) {
        return code;
    }
    if (films.count > 1) {
        return cli_fail(CLI_USAGE, "recover makes one film at a time");
    }
    const char *film = films.count > 0 ? films.values[0] : "learn.mp4";
    const char *output = options.output ? options.output : film;
    const cbx_status status = cbx_film_recover(film, output, options.no_clobber, &result, &kept);
    if (status) {
        return cli_fail_status(status);
    }
    report(output, &result, kept);
    return CLI_DONE;
}
