/* SPDX-License-Identifier: MIT */
/* What made a network, as strings: the metadata of its weights, and told by its page. */
#ifndef CBX_LEARN_METADATA_H
#define CBX_LEARN_METADATA_H

#include "learn/job.h"

enum { CBX_MOST_METADATA = 32, CBX_METADATA_BYTES = 32 };

typedef struct cbx_metadata {
    cbx_setting settings[CBX_MOST_METADATA];
    size_t count;
    char numbers[CBX_MOST_METADATA][CBX_METADATA_BYTES]; /* what some values point to */
} cbx_metadata;

/* Of a job whose training is over; points into `job` and into *out itself. */
void cbx_job_metadata(const cbx_job *job, cbx_metadata *out);

#endif
