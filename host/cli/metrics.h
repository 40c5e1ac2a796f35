/* SPDX-License-Identifier: MIT */
/* The run as JSON lines in a file: --metrics FILE. */
#ifndef CBX_CLI_METRICS_H
#define CBX_CLI_METRICS_H

#include <jansson.h>
#include <stdint.h>

#include "base/files.h"
#include "clearbox/learn.h"

/* The numbers of an epoch:
 *   epoch                1…
 *   train_loss           over the training images, after the epoch
 *   validation_loss      over the validation images
 *   validation_accuracy  0…1
 *   seconds              of the epoch's training, evaluation left out
 *   evaluate_seconds
 *   images_per_second    training images / seconds
 * A number that is not finite is null. NULL: no memory. */
json_t *cli_metrics_epoch(const cbx_epoch_report *report, uint32_t training_images);

/* What a run came to, in digits of SHA-256, or null:
 *   arithmetic      canon, plain or split-bf16, by which the next two came about
 *   weights_sha256  of the tensors' bytes in a safetensors file
 *   film_sha256     of the finished film */
json_t *cli_metrics_hashes(const cbx_learn_result *result, cbx_arithmetic arithmetic);

/* The file, an object per epoch and then one with the hashes; all zero: none. */
typedef struct cli_metrics {
    const char *path; /* NULL: none */
    const char *kept; /* the same once the file stands under its name */
    int no_clobber;
    int over; /* the run is: the file got its name, or never will */
    uint32_t training_images;
    cbx_arithmetic arithmetic;
    cbx_output output; /* opened at the first epoch */
} cli_metrics;

/* Whether the file can be created, before any work; it is opened at the first epoch.
 * `path` is borrowed, NULL: none. CBX_CANNOT_CREATE. */
cbx_status cli_metrics_prepare(cli_metrics *metrics, const char *path, int no_clobber);

/* Writes the file; for a `metrics` with a path. */
cbx_learn_observer cli_metrics_observer(cli_metrics *metrics);

#endif
