#include "cli/progress.h"

#include <string.h>

#include "base/clock.h"

enum { LEAST_BAR = 8, MOST_BAR = 40, MOST_LINE = 512 };

static const double bar_seconds = 0.1, plain_seconds = 10;

void cli_progress_prepare(cli_progress *progress, const cli_terminal *terminal, int bar) {
    memset(progress, 0, sizeof *progress);
    progress->terminal = terminal;
    progress->bar = bar;
    cli_progress_wait(progress, "  preparing: images, device, kernels ...");
}

void cli_progress_wait(cli_progress *progress, const char *line) {
    if (progress->bar) {
        cli_progress_clear(progress);
        fputs(line, stderr);
        fflush(stderr);
        progress->width = (int)strlen(line);
    }
}

void cli_progress_begin(cli_progress *progress, const cbx_learn_plan *plan) {
    progress->batches = plan->batches;
    progress->batches_per_epoch = plan->batches_per_epoch ? plan->batches_per_epoch : 1;
    progress->epochs = (uint32_t)(plan->batches / progress->batches_per_epoch);
    progress->images_per_batch =
        (double)plan->training_images / (double)progress->batches_per_epoch;
    progress->begun = progress->epoch_begun = progress->drawn = cbx_clock_seconds();
}

void cli_progress_clear(cli_progress *progress) {
    if (progress->width > 0) {
        /* Blanks rather than an escape sequence: every terminal knows them. */
        fprintf(stderr, "\r%*s\r", progress->width, "");
        progress->width = 0;
    }
}

void cli_progress_mark(cli_progress *progress, uint32_t epoch) {
    progress->epoch_first = epoch * progress->batches_per_epoch;
    progress->epoch_begun = cbx_clock_seconds();
    if (!progress->bar) {
        progress->drawn = progress->epoch_begun; /* the row of the table told enough */
    }
}

/* What stands right of the bar; a narrow window does without the rate. */
static void describe(const cli_progress *progress, uint64_t done, double now, int with_rate,
                     char *out, size_t size) {
    char count[CLI_NUMBER], left[CLI_NUMBER], rate[CLI_NUMBER + 16] = "";
    double elapsed = now - progress->epoch_begun;
    double images = 0;
    double remaining = -1;
    if (done > progress->epoch_first && elapsed > 0) {
        images = (double)(done - progress->epoch_first) * progress->images_per_batch / elapsed;
    }
    if (done > 0) {
        remaining = (now - progress->begun) * (double)(progress->batches - done) / (double)done;
    }
    if (with_rate) {
        snprintf(rate, sizeof rate, "%s images/s  ", cli_count(count, (uint64_t)images));
    }
    snprintf(out, size, "%3u %%  %s%s left", (unsigned)(done * 100 / progress->batches), rate,
             cli_clock(left, remaining));
}

/* `cells` columns of which `full` are done. Returns the bytes written to `out`. */
static size_t fill_bar(const cli_terminal *terminal, unsigned full, unsigned cells, char *out,
                       size_t size) {
    const char *ink = terminal->utf8 ? "━" : "#";
    const char *rest = terminal->utf8 ? (terminal->colour ? "━" : "─") : ".";
    size_t used = 0;
    out[0] = '\0';
    if (terminal->colour) {
        used += (size_t)snprintf(out + used, size - used, "\033[36m");
    }
    for (unsigned i = 0; i < cells; i++) {
        if (i == full && terminal->colour) {
            used += (size_t)snprintf(out + used, size - used, "\033[90m");
        }
        used += (size_t)snprintf(out + used, size - used, "%s", i < full ? ink : rest);
    }
    if (terminal->colour) {
        used += (size_t)snprintf(out + used, size - used, "\033[0m");
    }
    return used;
}

static void draw(cli_progress *progress, uint64_t done, uint32_t epoch, double now) {
    char left[64], right[128], bar[MOST_LINE], line[MOST_LINE + 256];
    int columns = progress->terminal->columns > 80 ? 80 : (int)progress->terminal->columns;
    int left_width = snprintf(left, sizeof left, "  epoch %u/%u  ", epoch, progress->epochs);
    describe(progress, done, now, 1, right, sizeof right);
    int cells = columns - 1 - left_width - 2 - (int)strlen(right);
    if (cells < 0) {
        describe(progress, done, now, 0, right, sizeof right);
        cells = columns - 1 - left_width - 2 - (int)strlen(right);
    }
    cells = cells > MOST_BAR ? MOST_BAR : cells < LEAST_BAR ? 0 : cells;
    unsigned full = (unsigned)((double)done / (double)progress->batches * cells);
    fill_bar(progress->terminal, full, (unsigned)cells, bar, sizeof bar);
    snprintf(line, sizeof line, "%s%s%s%s", left, cells ? bar : "", cells ? "  " : "", right);

    int width = left_width + cells + (cells ? 2 : 0) + (int)strlen(right);
    if (!cells && width >= columns) {
        line[columns - 1] = '\0'; /* what fits: every byte is a column here */
        width = columns - 1;
    }
    int blanks = progress->width > width ? progress->width - width : 0;
    fprintf(stderr, "\r%s%*s", line, blanks, "");
    fflush(stderr);
    progress->width = width;
}

void cli_progress_show(cli_progress *progress, uint64_t done) {
    char right[128];
    double now = cbx_clock_seconds();
    if (done > progress->batches || !progress->batches ||
        now - progress->drawn < (progress->bar ? bar_seconds : plain_seconds)) {
        return;
    }
    progress->drawn = now;
    uint64_t epoch = done / progress->batches_per_epoch + 1;
    if (epoch > progress->epochs) {
        epoch = progress->epochs;
    }
    if (progress->bar) {
        draw(progress, done, (uint32_t)epoch, now);
    } else {
        describe(progress, done, now, 1, right, sizeof right);
        fprintf(stderr, "  epoch %u/%u  %s\n", (unsigned)epoch, progress->epochs, right);
    }
}
