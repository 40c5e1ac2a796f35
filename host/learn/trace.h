/* SPDX-License-Identifier: MIT */
/* Training of which nothing is drawn, judged or written: only what the weights are on the way,
 * in hashes. */
#ifndef CBX_LEARN_TRACE_H
#define CBX_LEARN_TRACE_H

#include "base/digest.h"
#include "clearbox/learn.h"

/* At the start, after every power of two of batches, and at the end. */
enum { CBX_MOST_MARKS = 66 };

typedef struct cbx_mark {
    uint64_t batches; /* trained so far */
    char sha256[CBX_DIGEST_TEXT];
} cbx_mark;

typedef struct cbx_trace {
    cbx_mark marks[CBX_MOST_MARKS];
    size_t count; /* the last of them is the end */
} cbx_trace;

/* A device that is open and tested, and data, for one run after another. One thread uses it. */
typedef struct cbx_tracer cbx_tracer;

/* The device, family and schedule are those of the settings, which have no outputs; whether to
 * stop is asked as in cbx_learn(). `settings`, `dataset` and `control` (or NULL) are borrowed.
 * *out is the caller's, to be given to cbx_tracer_close(). Statuses of cbx_learn(). */
cbx_status cbx_tracer_open(cbx_tracer **out, const cbx_learn_settings *settings,
                           cbx_dataset *dataset, const cbx_learn_control *control);

/* NULL is allowed. */
void cbx_tracer_close(cbx_tracer *tracer);

/* Device, passed_over, family and fuses hold for all runs. */
const cbx_learn_plan *cbx_tracer_plan(const cbx_tracer *tracer);

/* The first `batches` batches of the run that the settings describe, or all if it has fewer.
 * They may differ from those above in what concerns the training. Statuses of cbx_learn();
 * the marks that were reached stand in every case. */
cbx_status cbx_tracer_run(cbx_tracer *tracer, const cbx_learn_settings *settings, uint64_t batches,
                          cbx_trace *out);

/* What ranks take for a batch. */
typedef struct cbx_ranks_timed {
    double batch_seconds;
    double exchange_seconds; /* of them, between ranks that wait for nothing else; 0: of one */
    double
        message_seconds; /* what each further message at once takes of the processor; 0: of one rank */
    double
        prepare_seconds; /* that a rank works for later batches while its sums are on their way */
} cbx_ranks_timed;

/* Trains `settings` on the first `count` ranks of a tracer whose control has ranks, evenly shared, for so many
 * seconds, about. */
cbx_status cbx_tracer_time_ranks(cbx_tracer *tracer, const cbx_trainer_settings *settings,
                                 uint32_t count, double seconds, cbx_ranks_timed *out);

#endif
