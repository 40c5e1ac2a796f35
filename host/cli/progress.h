/* SPDX-License-Identifier: MIT */
/* How far the run is: a bar on a terminal, a line now and then elsewhere. */
#ifndef CBX_CLI_PROGRESS_H
#define CBX_CLI_PROGRESS_H

#include <stdint.h>

#include "clearbox/learn.h"
#include "cli/terminal.h"

typedef struct cli_progress {
    int bar; /* redraw one line; else write a new one every so often */
    cli_terminal *terminal;
    uint32_t epochs;
    uint64_t batches, batches_per_epoch; /* of the whole run */
    double images_per_batch;             /* on average */
    double evaluation_share;             /* of an epoch's training, as long as none was timed */
    double test_share;                   /* of an epoch's evaluation */
    double drawn;                        /* when something was last written */
    uint64_t epoch_first;                /* batches done when the epoch began */
    double epoch_begun;
    double rate; /* images a second, of this epoch or as long as none of it is done of the last */
    double evaluating; /* when evaluation began; NaN: training */
    double loss;       /* of the training images after the last epoch; NaN: none yet */
    uint32_t finished; /* epochs, evaluation included, and their seconds */
    double train_seconds, evaluate_seconds;
    double share;   /* of the run that was shown last, 0…1 */
    unsigned width; /* columns of the line on the screen */
} cli_progress;

/* Before anything is known: says on a terminal that work is under way. The terminal
 * must outlive the progress; its width is asked again for every line. */
void cli_progress_prepare(cli_progress *progress, cli_terminal *terminal, int bar);

/* Shows how far the run is: at most ten times a second as a bar, every ten seconds otherwise. */
cbx_learn_observer cli_progress_observer(cli_progress *progress);

/* Takes the bar off the screen, so that a line can be printed. */
void cli_progress_clear(cli_progress *progress);

#endif
