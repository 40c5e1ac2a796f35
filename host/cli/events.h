/* SPDX-License-Identifier: MIT */
/* The run as JSON lines on standard output: --progress json. */
#ifndef CBX_CLI_EVENTS_H
#define CBX_CLI_EVENTS_H

#include <stdint.h>

#include "cli/metrics.h"
#include "clearbox/learn.h"

typedef struct cli_events {
    const cbx_learn_settings *settings; /* both borrowed */
    const cli_metrics *metrics;
    uint32_t training_images;
    uint64_t batches;
    double told; /* when the last progress event was written */
} cli_events;

/* Parts of the first event, the device that was taken and those that were not. */
json_t *cli_events_device(const cbx_learn_plan *plan);
json_t *cli_events_passed_over(const cbx_learn_plan *plan);

/* Each event has its "type": "start", "progress", "epoch" (with the fields of --metrics), "lost",
 * "found", "result". The metrics' observer comes behind this one. */
cbx_learn_observer cli_events_observer(cli_events *events);

#endif
