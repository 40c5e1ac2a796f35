/* SPDX-License-Identifier: MIT */
#include "cli/progress.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "bench/meter.h"

enum { LEAST_BAR = 8, MOST_BAR = 40, MOST_COLUMNS = 80, MOST_LINE = 512 };

static const double bar_seconds = 0.1, plain_seconds = 10;

/* What stands right of the bar; a narrow window does without some of it. */
typedef enum detail { WITH_LOSS, WITH_RATE, BARE } detail;

/* By the multiply-adds of an image, see cbx_train_flop(). The first epoch has nothing better
 * to go by. */
static double evaluation_share(const cbx_learn_plan *plan) {
    const double trained = plan->training_images, checked = trained + plan->validation_images;
    const cbx_bench_settings any = {.hidden = 1};
    return trained > 0 ? checked * cbx_evaluate_flop(&any, 1) / (trained * cbx_train_flop(&any, 1))
                       : 0;
}

/* ---- the line on the screen ---- */

/* Leaves the cursor where the line begins. From there a terminal that broke the line
 * when its window became narrower can erase all of its rows. */
static void put_line(cli_progress *progress, const char *line, unsigned width) {
    const unsigned columns = cli_terminal_measure(progress->terminal);
    unsigned blanks = progress->width > width ? progress->width - width : 0;
    if (progress->terminal->is_terminal && progress->width > 0 && columns <= progress->width) {
        fputs("\r\033[J", stderr);
        blanks = 0;
    }
    /* Blanks rather than an escape sequence: every terminal knows them. */
    fprintf(stderr, "\r%s%*s\r", line, (int)blanks, "");
    fflush(stderr);
    progress->width = width + blanks;
}

/* Where there is a bar, shows `line` (ASCII) in its place until the next call. */
static void show_instead(cli_progress *progress, const char *line) {
    char fitting[MOST_LINE];
    if (progress->bar) {
        const unsigned columns = cli_terminal_measure(progress->terminal);
        const int length = snprintf(fitting, sizeof fitting, "%.*s", (int)columns - 1, line);
        put_line(progress, fitting, length > 0 ? (unsigned)length : 0);
    }
}

void cli_progress_clear(cli_progress *progress) {
    if (progress->width > 0) {
        put_line(progress, "", 0);
        progress->width = 0;
    }
}

void cli_progress_prepare(cli_progress *progress, cli_terminal *terminal, int bar) {
    memset(progress, 0, sizeof *progress);
    progress->terminal = terminal;
    progress->bar = bar;
    show_instead(progress, "  preparing: images, device, kernels ...");
}

/* ---- how far it is ---- */

/* Of the epoch under way, 0…1. */
static double epoch_share(const cli_progress *progress, uint64_t done) {
    return (double)(done - progress->epoch_first) / (double)progress->batches_per_epoch;
}

/* Seconds of an epoch's training, and of its evaluation, by what was seen so far; 0: not
 * known yet. */
static void pace(const cli_progress *progress, uint64_t done, double now, double *training,
                 double *evaluation) {
    const double until = isnan(progress->evaluating) ? now : progress->evaluating;
    const double epochs = progress->finished + epoch_share(progress, done);
    const double seconds = progress->train_seconds + until - progress->epoch_begun;
    *training = epochs > 0 ? seconds / epochs : 0;
    *evaluation = progress->finished > 0 ? progress->evaluate_seconds / progress->finished
                                         : progress->evaluation_share * *training;
}

typedef struct estimate {
    double left;  /* seconds; NaN: nobody knows */
    double share; /* of the whole run's time that is over, 0…1 */
} estimate;

static estimate look_ahead(const cli_progress *progress, uint64_t done, double now) {
    double training, evaluation;
    pace(progress, done, now, &training, &evaluation);
    const double checked = isnan(progress->evaluating) ? 0 : now - progress->evaluating;
    const double trained = progress->finished + epoch_share(progress, done);
    const double over = trained * training + progress->finished * evaluation +
                        (checked < evaluation ? checked : evaluation);
    const double all =
        progress->epochs * (training + evaluation) + progress->test_share * evaluation;
    const estimate known = {all - over, over / all}, unknown = {NAN, 0};
    return all > 0 ? known : unknown;
}

static void describe(cli_progress *progress, uint64_t done, double now, detail how, char *out,
                     size_t size) {
    char count[CLI_NUMBER], left[CLI_NUMBER], doing[CLI_NUMBER + 16] = "", loss[32] = "";
    const double elapsed = now - progress->epoch_begun;
    const estimate ahead = look_ahead(progress, done, now);
    if (done > progress->epoch_first && elapsed > 0) {
        progress->rate =
            (double)(done - progress->epoch_first) * progress->images_per_batch / elapsed;
    }
    if (!isnan(progress->evaluating)) {
        snprintf(doing, sizeof doing, "evaluating");
    } else if (how != BARE && progress->rate > 0) {
        snprintf(doing, sizeof doing, "%s images/s", cli_count(count, (uint64_t)progress->rate));
    }
    if (how == WITH_LOSS && !isnan(progress->loss)) {
        snprintf(loss, sizeof loss, "loss %.4f  ", progress->loss);
    }
    /* The first epoch's guess of the evaluation may have been too low: never go back. */
    progress->share = ahead.share > progress->share ? ahead.share : progress->share;
    /* As wide as "999,999 images/s" for all there is, so that the bar keeps its length. */
    snprintf(out, size, "%3u %%  %*s%s%s%s left", (unsigned)(progress->share * 100),
             how == BARE ? 0 : 16, doing, doing[0] ? "  " : "", loss, cli_clock(left, ahead.left));
}

static const char *const bars[][2] = {
    {"########################################", "........................................"},
    {"━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━", "────────────────────────────────────────"}};

/* `cells` columns of which `full` are done; the rest looks different without colours too. */
static void fill_bar(const cli_terminal *terminal, int full, int cells, char *out, size_t size) {
    const char *const *ink = bars[terminal->utf8 != 0];
    const int bytes = (int)strlen(ink[0]) / MOST_BAR; /* of a cell */
    const int colour = terminal->colour;
    snprintf(out, size, "%s%.*s%s%.*s%s", colour ? "\033[36m" : "", full * bytes, ink[0],
             colour && full < cells ? "\033[90m" : "", (cells - full) * bytes, ink[1],
             colour ? "\033[0m" : "");
}

static void draw(cli_progress *progress, uint64_t done, uint32_t epoch, double now) {
    char left[64], right[128], bar[MOST_LINE], line[MOST_LINE + 256];
    int columns = (int)cli_terminal_measure(progress->terminal);
    columns = columns > MOST_COLUMNS ? MOST_COLUMNS : columns;
    const int left_width = snprintf(left, sizeof left, "  epoch %u/%u  ", epoch, progress->epochs);
    int cells = -1;
    for (int how = WITH_LOSS; how <= BARE && cells < (how <= WITH_RATE ? LEAST_BAR : 0); how++) {
        describe(progress, done, now, (detail)how, right, sizeof right);
        cells = columns - 1 - left_width - 2 - (int)strlen(right);
    }
    cells = cells > MOST_BAR ? MOST_BAR : cells < LEAST_BAR ? 0 : cells;
    fill_bar(progress->terminal, (int)(progress->share * cells), cells, bar, sizeof bar);
    snprintf(line, sizeof line, "%s%s%s%s", left, cells ? bar : "", cells ? "  " : "", right);

    int width = left_width + cells + (cells ? 2 : 0) + (int)strlen(right);
    if (!cells && width >= columns) {
        line[columns - 1] = '\0'; /* what fits: every byte is a column here */
        width = columns - 1;
    }
    put_line(progress, line, (unsigned)width);
}

static void write_down(cli_progress *progress, uint64_t done, double now) {
    char right[128];
    const uint32_t next = progress->finished + 1;
    const uint32_t epoch = next > progress->epochs ? progress->epochs : next;
    progress->drawn = now;
    if (progress->bar) {
        draw(progress, done, epoch, now);
    } else {
        describe(progress, done, now, WITH_LOSS, right, sizeof right);
        fprintf(stderr, "  epoch %u/%u  %s\n", epoch, progress->epochs, right);
    }
}

/* ---- as an observer ---- */

static cbx_status started(void *user, const cbx_learn_plan *plan) {
    cli_progress *progress = user;
    const double checked = (double)plan->training_images + plan->validation_images;
    progress->batches = plan->batches;
    progress->batches_per_epoch = plan->batches_per_epoch ? plan->batches_per_epoch : 1;
    progress->epochs = (uint32_t)(plan->batches / progress->batches_per_epoch);
    progress->images_per_batch =
        (double)plan->training_images / (double)progress->batches_per_epoch;
    progress->evaluation_share = evaluation_share(plan);
    progress->test_share = checked > 0 ? plan->test_images / checked : 0;
    progress->epoch_begun = progress->drawn = cbx_clock_seconds();
    progress->evaluating = progress->loss = NAN;
    return CBX_OK;
}

static cbx_status progressed(void *user, uint64_t done) {
    cli_progress *progress = user;
    const double now = cbx_clock_seconds();
    if (done <= progress->batches && progress->batches &&
        now - progress->drawn >= (progress->bar ? bar_seconds : plain_seconds)) {
        write_down(progress, done, now);
    }
    return CBX_OK;
}

static cbx_status evaluating(void *user, uint32_t epoch) {
    cli_progress *progress = user;
    const double now = cbx_clock_seconds();
    const uint64_t done = epoch * progress->batches_per_epoch;
    double training, evaluation;
    progress->evaluating = now;
    pace(progress, done, now, &training, &evaluation);
    /* What takes long is announced at once: nothing else is drawn before it is over. */
    if (evaluation >= bar_seconds && progress->bar && done <= progress->batches) {
        write_down(progress, done, now);
    }
    return CBX_OK;
}

/* The next rate is measured from here. */
static cbx_status finished_epoch(void *user, const cbx_epoch_report *report) {
    cli_progress *progress = user;
    progress->epoch_first = report->epoch * progress->batches_per_epoch;
    progress->finished = report->epoch;
    progress->train_seconds += report->seconds;
    progress->evaluate_seconds += report->evaluate_seconds;
    progress->loss = report->train_loss;
    progress->evaluating = NAN;
    progress->epoch_begun = cbx_clock_seconds();
    if (!progress->bar) {
        progress->drawn = progress->epoch_begun; /* the row of the table told enough */
    }
    if (report->epoch == progress->epochs) {
        show_instead(progress, "  finishing: test images, film ...");
    }
    return CBX_OK;
}

static cbx_status finishing(void *user, uint64_t frames_left) {
    char line[80], count[CLI_NUMBER];
    snprintf(line, sizeof line, "  finishing: %s frames left to encode",
             cli_count(count, frames_left));
    show_instead(user, line);
    return CBX_OK;
}

cbx_learn_observer cli_progress_observer(cli_progress *progress) {
    return (cbx_learn_observer){.started = started,
                                .progressed = progressed,
                                .evaluating = evaluating,
                                .finished_epoch = finished_epoch,
                                .finishing = finishing,
                                .user = progress};
}
