/* SPDX-License-Identifier: MIT */
/* What a network said, in words or as JSON, on standard output. */
#ifndef CBX_CLI_PREDICT_REPORT_H
#define CBX_CLI_PREDICT_REPORT_H

#include "clearbox/network.h"
#include "clearbox/trainer.h"
#include "cli/terminal.h"
#include "data/digit.h"

/* About one picture. */
typedef struct cli_answer {
    const char *file;
    uint32_t width, height;
    cbx_digit_look look;
    const cbx_network *network;
    const float *activations; /* (H) */
    const float *sums;        /* (10) */
    const float *outputs;     /* (10) */
} cli_answer;

/* The exit code: CLI_DONE unless it could not be printed. */
int cli_answer_print(const cli_answer *answer, const cli_terminal *terminal);
int cli_answer_json(const cli_answer *answer);

/* The same about the test images of the dataset in `data`. */
int cli_evaluation_print(const cbx_evaluation *evaluation, const char *data,
                         const cli_terminal *terminal);
int cli_evaluation_json(const cbx_evaluation *evaluation, const char *data);

#endif
