/* SPDX-License-Identifier: MIT */
/* Loss and answers over a part of the dataset: the trainer's share of Z2, then the judging. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/launch.h"

/* What came of the images so far, and room for what is read of those at hand. */
typedef struct tally {
    double loss;
    uint64_t verdicts[CBX_LANES_OUT * CBX_LANES_OUT]; /* [label][answer] */
    float *loss_of;                                   /* (judged) */
    uint8_t *verdict_of;                              /* (judged) */
} tally;

static cbx_status enqueue_judging(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    const uint32_t rows =
        trainer->way->evaluator->judges_blocks ? trainer->device->built.evaluate_rows : 1;
    const cbx_argument arguments[] = {ARG(trainer->outputs),
                                      ARG(trainer->w2),
                                      ARG(trainer->labels),
                                      ARG(first),
                                      ARG(count),
                                      ARG(rows),
                                      ARG(trainer->loss),
                                      ARG(trainer->verdicts)};
    return cbx_enqueue(trainer->device->queue, trainer->evaluation[CBX_JUDGE], arguments,
                       CBX_COUNT(arguments),
                       cbx_launch_range(trainer, (count + rows - 1) / rows, 1), NULL, NULL);
}

static cbx_status read_back(cbx_trainer *trainer, uint32_t count, tally *all) {
    cl_command_queue queue = trainer->device->queue;
    cbx_status status =
        cbx_cl_check(clEnqueueReadBuffer(queue, trainer->loss, CL_TRUE, 0,
                                         count * sizeof *all->loss_of, all->loss_of, 0, NULL, NULL),
                     "reading the losses");
    return status ? status
                  : cbx_cl_check(clEnqueueReadBuffer(queue, trainer->verdicts, CL_TRUE, 0, count,
                                                     all->verdict_of, 0, NULL, NULL),
                                 "evaluating");
}

/* In the order of the images. */
static void add_up(tally *all, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        all->loss += (double)all->loss_of[i];
        all->verdicts[all->verdict_of[i]]++;
    }
}

static cbx_status judge(cbx_trainer *trainer, uint32_t first, uint32_t count, tally *all) {
    const cbx_sums sums = {.buffer = trainer->outputs, .shares = 1, .stride = count, .rows = count};
    cbx_status status = trainer->way->evaluator->outputs(trainer, first, count);
    if (!status) {
        status = cbx_exchange_sums(&trainer->exchange, trainer->device, &sums);
    }
    if (!status) {
        status = enqueue_judging(trainer, first, count);
    }
    if (!status) {
        status = read_back(trainer, count, all);
    }
    if (!status) {
        add_up(all, count);
    }
    return status;
}

static cbx_status conclude(const tally *all, uint32_t count, cbx_evaluation *out) {
    memset(out, 0, sizeof *out);
    out->images = count;
    out->loss = all->loss / count;
    for (size_t label = 0; label < CBX_CLASSES; label++) {
        const uint64_t *answers = all->verdicts + label * CBX_LANES_OUT;
        memcpy(out->confusion[label], answers, sizeof out->confusion[label]);
        out->correct += answers[label];
    }
    return isfinite(out->loss)
               ? CBX_OK
               : cbx_fail(CBX_DIVERGED,
                          "the loss is no longer finite; choose a smaller learning rate");
}

cbx_status cbx_trainer_evaluate(cbx_trainer *trainer, cbx_part part, cbx_evaluation *out) {
    if ((unsigned)part > CBX_TEST) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a dataset has no part %d", (int)part);
    }
    const uint32_t count = trainer->images_of[part];
    uint32_t first = 0;
    tally all = {0};
    for (int before = 0; before < (int)part; before++) {
        first += trainer->images_of[before];
    }
    cbx_status status = cbx_new(&all.loss_of, trainer->judged);
    if (!status) {
        status = cbx_new(&all.verdict_of, trainer->judged);
    }
    if (!status) {
        status = cbx_trainer_check(trainer);
    }
    if (!status && trainer->way->evaluator->begin) {
        status = trainer->way->evaluator->begin(trainer);
    }
    for (uint32_t done = 0; done < count && !status; done += trainer->judged) {
        const uint32_t left = count - done;
        status =
            judge(trainer, first + done, left < trainer->judged ? left : trainer->judged, &all);
    }
    if (!status) {
        status = conclude(&all, count, out);
    }
    free(all.loss_of);
    free(all.verdict_of);
    return status;
}
