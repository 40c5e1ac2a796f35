/* SPDX-License-Identifier: MIT */
/* Loss and answers over a part of the dataset: the trainer's share of Z2, then the judging. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "network/crew.h"
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

/* A1·W2[1:] of the images first … first + count, of all owners. */
static cbx_status sum_outputs(cbx_trainer *trainer, uint32_t first, uint32_t count) {
    const cbx_sums sums = {
        .buffer = trainer->outputs, .shares = trainer->node_count, .stride = count, .rows = count};
    cbx_status status = trainer->way->evaluator->outputs(trainer, first, count);
    return status ? status
                  : cbx_exchange_sums(&trainer->meeting, trainer->device, &sums, &sums, NULL);
}

static cbx_status judge(cbx_trainer *trainer, uint32_t first, uint32_t count, tally *all) {
    cbx_status status = sum_outputs(trainer, first, count);
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

/* Where the images of a part begin, and that there is such a part. */
static cbx_status find_part(const cbx_trainer *trainer, cbx_part part, uint32_t *first) {
    if ((unsigned)part > CBX_TEST) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a dataset has no part %d", (int)part);
    }
    *first = 0;
    for (int before = 0; before < (int)part; before++) {
        *first += trainer->images_of[before];
    }
    return CBX_OK;
}

/* Completes the training so far, for an evaluation of what came of it. */
static cbx_status begin(cbx_trainer *trainer, cbx_word word, cbx_part part) {
    cbx_status status = cbx_trainer_check(trainer);
    if (!status) {
        const cbx_command command = {.word = word, .count = (uint32_t)part};
        status = cbx_crew_tell(trainer, &command, NULL, 0);
    }
    return !status && trainer->way->evaluator->begin ? trainer->way->evaluator->begin(trainer)
                                                     : status;
}

cbx_status cbx_trainer_evaluate(cbx_trainer *trainer, cbx_part part, cbx_evaluation *out) {
    uint32_t first = 0, count = 0;
    tally all = {0};
    cbx_status status = find_part(trainer, part, &first);
    if (!status) {
        count = trainer->images_of[part];
        status = cbx_new(&all.loss_of, trainer->judged);
    }
    if (!status) {
        status = cbx_new(&all.verdict_of, trainer->judged);
    }
    if (!status) {
        status = begin(trainer, CBX_TELL_EVALUATE, part);
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

/* Adds the bias, W2[0], to what the kernels leave: the last step of Z2. */
static void take_sums(const float *lanes, const float *bias, uint32_t count, float *z2) {
    for (uint32_t i = 0; i < count; i++) {
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            z2[i * CBX_CLASSES + o] = bias[o] + lanes[i * CBX_LANES_OUT + o];
        }
    }
}

cbx_status cbx_trainer_outputs(cbx_trainer *trainer, cbx_part part, float *z2) {
    cl_command_queue queue = trainer->device->queue;
    float bias[CBX_LANES_OUT], *lanes = NULL;
    uint32_t first = 0, count = 0;
    cbx_status status = find_part(trainer, part, &first);
    if (!status) {
        count = trainer->images_of[part];
        status = cbx_new(&lanes, (size_t)trainer->judged * CBX_LANES_OUT);
    }
    if (!status) {
        status = begin(trainer, CBX_TELL_OUTPUTS, part);
    }
    if (!status) {
        status = cbx_cl_check(
            clEnqueueReadBuffer(queue, trainer->w2, CL_TRUE, 0, sizeof bias, bias, 0, NULL, NULL),
            "reading the output's bias");
    }
    for (uint32_t done = 0, now; done < count && !status; done += now) {
        now = count - done < trainer->judged ? count - done : trainer->judged;
        status = sum_outputs(trainer, first + done, now);
        if (!status) {
            status = cbx_cl_check(clEnqueueReadBuffer(queue, trainer->outputs, CL_TRUE, 0,
                                                      now * CBX_LANES_OUT * sizeof *lanes, lanes, 0,
                                                      NULL, NULL),
                                  "reading the outputs");
        }
        if (!status) {
            take_sums(lanes, bias, now, z2 + (size_t)done * CBX_CLASSES);
        }
    }
    free(lanes);
    return status;
}
