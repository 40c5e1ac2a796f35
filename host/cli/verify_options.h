/* SPDX-License-Identifier: MIT */
/* The flags of `clearbox verify`. */
#ifndef CBX_CLI_VERIFY_OPTIONS_H
#define CBX_CLI_VERIFY_OPTIONS_H

#include <limits.h>

#include "cli/options.h"
#include "cli/verify_list.h"

/* Strings belong to argv, the environment or `data_folder`. */
typedef struct cli_verify_options {
    const cli_named_run *runs[CLI_MOST_VALUES]; /* those to verify */
    size_t count;
    cbx_learn_settings settings; /* device, family, schedule and data */
    int all, list, print, json;
    int format, no_clobber; /* json tells the format after parsing */
    const char *output;     /* NULL: standard output */
    char data_folder[PATH_MAX];
} cli_verify_options;

/* As cli_parse(): CLI_PARSED, or the exit code. Reads CLEARBOX_DEVICE and
 * CLEARBOX_DATA where the flags are silent. */
int cli_verify_parse(int argc, char **argv, cli_verify_options *options);

#endif
