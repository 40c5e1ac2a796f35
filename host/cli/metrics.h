/* SPDX-License-Identifier: MIT */
/* The run as JSON lines: --metrics FILE and --progress json. */
#ifndef CBX_CLI_METRICS_H
#define CBX_CLI_METRICS_H

#include <stdint.h>

#include "base/error.h"
#include "base/files.h"
#include "clearbox/learn.h"

/* The file of --metrics; all zero: none. One object per epoch:
 *   epoch                1…
 *   train_loss           over the training images, after the epoch
 *   validation_loss      over the validation images
 *   validation_accuracy  0…1
 *   seconds              of the epoch's training, evaluation left out
 *   evaluate_seconds
 *   images_per_second    training images / seconds
 * A number that is not finite is null. */
typedef struct cli_metrics {
    const char *path; /* NULL: none */
    int no_clobber;
    int begun; /* the file is open: an epoch was written */
    int kept;  /* it stands under its name */
    cbx_output output;
    cbx_fault fault; /* of the first failure; nothing is written from then on */
} cli_metrics;

/* Whether the file can be created, before any work; it is opened at the first epoch.
 * `path` is borrowed, NULL: none. CBX_CANNOT_CREATE. */
cbx_status cli_metrics_prepare(cli_metrics *metrics, const char *path, int no_clobber);

/* A failure is kept in `fault`. */
void cli_metrics_epoch(cli_metrics *metrics, const cbx_epoch_report *report,
                       uint32_t training_images);

/* Gives the file its name, if there was an epoch. */
void cli_metrics_close(cli_metrics *metrics);

/* Events on standard output, each a line with its "type": "start", "progress", "epoch" (the
 * fields above), "lost", "result". `metrics`: the file above if it was kept, else NULL. They
 * return 0 when writing failed, and cbx_last_error() says why. */
int cli_event_start(const cbx_learn_settings *settings, const cbx_learn_plan *plan);
int cli_event_progress(uint64_t batches_done, uint64_t batches);
int cli_event_epoch(const cbx_epoch_report *report, uint32_t training_images);
int cli_event_lost(const char *path, const char *reason);
int cli_event_result(const cbx_learn_settings *settings, const char *metrics,
                     const cbx_learn_result *result);

#endif
