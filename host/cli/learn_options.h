/* SPDX-License-Identifier: MIT */
/* The flags of `clearbox learn`. */
#ifndef CBX_CLI_LEARN_OPTIONS_H
#define CBX_CLI_LEARN_OPTIONS_H

#include <limits.h>

#include "clearbox/learn.h"

typedef enum cli_progress_way {
    CLI_PROGRESS_AUTO, /* a bar on a terminal, else plain */
    CLI_PROGRESS_BAR,
    CLI_PROGRESS_PLAIN,
    CLI_PROGRESS_JSON, /* JSON lines on standard output, nothing else */
    CLI_PROGRESS_NONE  /* the device and faults only */
} cli_progress_way;

enum { CLI_NO_CODEC = -1 };

/* Strings belong to argv, the environment or `data_folder`. */
typedef struct cli_learn_options {
    cbx_learn_settings settings;
    cli_progress_way progress;
    cbx_style style;
    int codec;           /* a cbx_codec; CLI_NO_CODEC: it was not given */
    const char *metrics; /* NULL: none */
    cbx_resumed *resumed; /* what the run goes on from, the caller's to close; NULL: it begins */
    int no_video;
    int streams; /* the film goes to standard output */
    char data_folder[PATH_MAX];
} cli_learn_options;

/* As cli_parse(): CLI_PARSED, or the exit code. Reads CLEARBOX_DEVICE and
 * CLEARBOX_DATA where the flags are silent. */
int cli_learn_parse(int argc, char **argv, cli_learn_options *options);

/* The command that makes the same film: what differs from the defaults, without what makes no
 * difference to it, like the device and the names of files. For free(); NULL: no memory. */
char *cli_learn_film_command(const cli_learn_options *options);

#endif
