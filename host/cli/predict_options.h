/* SPDX-License-Identifier: MIT */
/* The flags of `clearbox predict`. */
#ifndef CBX_CLI_PREDICT_OPTIONS_H
#define CBX_CLI_PREDICT_OPTIONS_H

#include <limits.h>

#include "clearbox/learn.h"
#include "cli/options.h"

/* Strings belong to argv, the environment or `data_folder`. */
typedef struct cli_predict_options {
    const char *model;
    cli_words pictures; /* none: the test images of the dataset */
    cbx_learn_settings
        settings;       /* device, family, schedule, and data where there are no pictures */
    int as_is;          /* pictures are 28×28 already */
    const char *output; /* NULL: standard output */
    int format, json, no_clobber;
    char data_folder[PATH_MAX];
} cli_predict_options;

/* As cli_parse(): CLI_PARSED, or the exit code. Reads CLEARBOX_DEVICE and CLEARBOX_DATA where the
 * flags are silent. */
int cli_predict_parse(int argc, char **argv, cli_predict_options *options);

#endif
