/* SPDX-License-Identifier: MIT */
/* The page of a network that comes from a file. */
#ifndef CBX_LEARN_PAGE_H
#define CBX_LEARN_PAGE_H

#include <jansson.h>

#include "learn/job.h"

/* For a job with a trainer that holds the weights. `made`: what the file's metadata say, an object,
 * which it takes; fills *test. CBX_NO_MEMORY, CBX_CANNOT_WRITE, those of an evaluation. */
cbx_status cbx_job_write_look(cbx_job *job, cbx_output *to, json_t *made, cbx_evaluation *test);

#endif
