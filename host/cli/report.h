/* SPDX-License-Identifier: MIT */
/* The run in words and tables, on standard error. */
#ifndef CBX_CLI_REPORT_H
#define CBX_CLI_REPORT_H

#include "clearbox/learn.h"
#include "cli/terminal.h"

/* What is about to happen: device, network, images, film. */
void cli_report_plan(const cli_terminal *terminal, const cbx_learn_settings *settings,
                     const cbx_learn_plan *plan);

/* "device 0:0, NAME" alone; the choice is always told. */
void cli_report_device(const cbx_learn_plan *plan);

/* The table of epochs; narrow windows get fewer and narrower columns. */
typedef struct cli_epochs {
    cli_terminal *terminal; /* borrowed */
    int table;              /* which of the layouts the last head had */
} cli_epochs;

/* Its head, and a row, with a new head before it when the old one no longer fits. */
void cli_report_head(cli_epochs *epochs, cli_terminal *terminal);
void cli_report_epoch(cli_epochs *epochs, const cbx_epoch_report *report);

/* Test accuracy, what was written, what took the time. */
void cli_report_result(const cli_terminal *terminal, const cbx_learn_settings *settings,
                       const char *metrics, const cbx_learn_result *result);

/* After Ctrl-C: how far it came, without the line's end. */
void cli_report_interrupted(uint64_t batches, const cbx_learn_result *result);

/* "; kept learn.mp4 (20 frames, 0.3 s), w" or "; nothing was kept", for the line's end.
 * `metrics`: the file of --metrics if it was kept, else NULL. */
void cli_report_kept(const cbx_learn_settings *settings, const char *metrics,
                     const cbx_learn_result *result);

/* "CPU", "GPU", "other" */
const char *cli_kind_name(cbx_device_kind kind);

#endif
