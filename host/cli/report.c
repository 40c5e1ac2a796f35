/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/command.h"
#include "cli/times.h"
#include "film/film.h"

/* ---- epochs ---- */

/* The widest that fits is taken. Columns: epoch, training loss, validation loss,
 * validation accuracy, seconds; a width of 0 leaves one out. */
static const struct {
    unsigned columns;
    int widths[5];
    const char *heads[5];
} epoch_tables[] = {
    {74,
     {5, 15, 17, 21, 9},
     {"epoch", "training loss", "validation loss", "validation accuracy", "seconds"}},
    {50, {5, 9, 11, 10, 8}, {"epoch", "loss", "validation", "accuracy", "seconds"}},
    {0, {5, 8, 0, 10, 0}, {"epoch", "loss", "", "accuracy", ""}},
};

static int choose_epoch_table(cli_terminal *terminal) {
    const unsigned columns = cli_terminal_measure(terminal);
    int choice = 0;
    while (epoch_tables[choice].columns > columns) {
        choice++;
    }
    return choice;
}

static void print_cells(int table, const char *const *cells) {
    fputs(" ", stderr);
    for (int i = 0; i < 5; i++) {
        const int width = epoch_tables[table].widths[i];
        if (width > 0) {
            fprintf(stderr, " %*s", width, cells[i]);
        }
    }
}

static void print_epoch_head(cli_report *report, int table) {
    report->layout = table;
    fputs(cli_dim(report->terminal), stderr);
    print_cells(table, epoch_tables[table].heads);
    fprintf(stderr, "%s\n", cli_plain(report->terminal));
}

/* A row, with a new head before it when the window has become too narrow for the old one. */
static void report_epoch(cli_report *report, const cbx_epoch_report *epoch) {
    char text[5][CLI_NUMBER];
    const char *const cells[] = {text[0], text[1], text[2], text[3], text[4]};
    const int table = choose_epoch_table(report->terminal);
    if (table > report->layout) {
        print_epoch_head(report, table);
    }
    snprintf(text[0], sizeof text[0], "%u", epoch->epoch);
    snprintf(text[1], sizeof text[1], "%.4f", epoch->train_loss);
    snprintf(text[2], sizeof text[2], "%.4f", epoch->validation_loss);
    snprintf(text[3], sizeof text[3], "%.2f %%", epoch->validation_accuracy * 100);
    snprintf(text[4], sizeof text[4], "%.2f", epoch->seconds);
    print_cells(report->layout, cells);
    fputc('\n', stderr);
}

/* ---- after ---- */

/* The film comes first, and the others from the last to the first. */
static void report_outputs(const cli_report *report, const cbx_learn_result *result) {
    const cli_terminal *terminal = report->terminal;
    char frames[CLI_NUMBER], bytes[CLI_NUMBER];
    if (result->kept[CBX_LEARN_FILM]) {
        cli_label(terminal, cbx_learn_output_name(CBX_LEARN_FILM));
        fputs(cli_bold(terminal), stderr);
        cli_print_printable(stderr, report->settings->film, 0);
        fprintf(stderr, "%s, %s, %.1f s, %s\n", cli_plain(terminal),
                cli_counted(frames, result->film.frames, "frame"), result->film.seconds,
                cli_bytes(bytes, result->film.bytes));
    }
    for (unsigned i = CBX_LEARN_OUTPUTS; --i > CBX_LEARN_FILM;) {
        if (result->kept[i]) {
            cli_label_path(terminal, cbx_learn_output_name(i),
                           cbx_learn_output_path(report->settings, i));
        }
    }
    if (report->metrics->kept) {
        cli_label_path(terminal, "metrics", report->metrics->kept);
    }
}

/* Lines end before 80 columns; a narrower window has no room for the notes. */
static const char *note_of(const cli_report *report, const cli_time *time) {
    const int of_encoding = time->at == offsetof(cbx_learn_times, encode);
    if (report->terminal->columns < 80) {
        return "";
    }
    return of_encoding && cbx_film_is_by_device(report->encoder) ? "on the device, between batches"
                                                                 : time->note;
}

static void time_row(const cli_report *report, const cli_time *time, const cbx_learn_times *times) {
    const double seconds = cli_time_seconds(time, times), total = times->total;
    const double share = total > 0 ? seconds / total * 100 : 0;
    const char *note = note_of(report, time);
    fprintf(stderr, "  %-13s %9.2f s %7.1f %%%s%s\n", time->name, seconds, share,
            note[0] ? "   " : "", note);
}

/* Those within `within` that were measured; each is followed by what there is within it of the film. */
static void time_rows(const cli_report *report, const cbx_learn_times *times, const char *within) {
    for (size_t i = 0; i < CLI_TIMES; i++) {
        if (cli_times[i].name && strcmp(cli_times[i].within, within) == 0 &&
            isfinite(cli_time_seconds(&cli_times[i], times))) {
            time_row(report, &cli_times[i], times);
            if (report->encoder) {
                time_rows(report, times, cli_times[i].key);
            }
        }
    }
}

static void report_result(const cli_report *report, const cbx_learn_result *result) {
    const cli_terminal *terminal = report->terminal;
    fputc('\n', stderr);
    cli_label(terminal, "test");
    fprintf(stderr, "accuracy %s%.2f %%%s, loss %.4f\n", cli_bold(terminal),
            result->test_accuracy * 100, cli_plain(terminal), result->test_loss);
    if (result->weights_sha256[0]) {
        cli_label(terminal, "sha256");
        fprintf(stderr, "%.*s of the weights", CLI_HASH_DIGITS, result->weights_sha256);
        if (report->settings->arithmetic != CBX_ARITHMETIC_CANON) {
            fprintf(stderr, ", by %s arithmetic",
                    cbx_arithmetic_name(report->settings->arithmetic));
        }
        fputc('\n', stderr);
    }
    report_outputs(report, result);
    fprintf(stderr, "\n  %s%-13s %11s %9s%s\n", cli_dim(terminal), "what took", "time", "share",
            cli_plain(terminal));
    time_rows(report, &result->times, "");
}

/* ---- as an observer ---- */

static cbx_status started(void *user, const cbx_learn_plan *plan) {
    cli_report *report = user;
    report->batches = plan->batches;
    report->encoder = plan->encoder;
    cli_progress_clear(report->progress);
    if (report->tables) {
        cli_report_plan(report, plan);
        fputc('\n', stderr);
        print_epoch_head(report, choose_epoch_table(report->terminal));
    } else {
        cli_report_device(plan);
    }
    return CBX_OK;
}

static cbx_status finished_epoch(void *user, const cbx_epoch_report *epoch) {
    cli_report *report = user;
    if (report->tables) {
        cli_progress_clear(report->progress);
        report_epoch(report, epoch);
    }
    report->trained = epoch->epoch == report->settings->epochs;
    return CBX_OK;
}

/* Said at once where the run goes on, or where the last line will tell another. */
static cbx_status lost(void *user, cbx_learn_output output, const char *path, cbx_status why) {
    cli_report *report = user;
    const int over = output == CBX_LEARN_OUTPUTS ? report->metrics->over : report->trained;
    (void)why;
    if (path && (report->lost || !over)) {
        cli_progress_clear(report->progress);
        fputs("  ", stderr);
        cli_print_printable(stderr, cbx_last_error(), 0);
        fputc('\n', stderr);
    }
    report->lost++;
    return CBX_OK;
}

static cbx_status found(void *user, cbx_learn_output output, const char *path) {
    cli_report *report = user;
    (void)output;
    cli_progress_clear(report->progress);
    fputs("  ", stderr);
    cli_print_printable(stderr, path, 0);
    fputs(" is written again\n", stderr);
    report->lost--;
    return CBX_OK;
}

static cbx_status ended(void *user, const cbx_learn_result *result) {
    cli_report *report = user;
    cli_progress_clear(report->progress);
    if (report->tables && result->epochs == report->settings->epochs) {
        report_result(report, result);
    }
    return CBX_OK;
}

cbx_learn_observer cli_report_observer(cli_report *report) {
    return (cbx_learn_observer){.started = started,
                                .finished_epoch = finished_epoch,
                                .lost = lost,
                                .found = found,
                                .ended = ended,
                                .user = report};
}

/* ---- the last line ---- */

static void report_interrupted(uint64_t batches, const cbx_learn_result *result) {
    char done[CLI_NUMBER], all[CLI_NUMBER];
    if (result->batches == 0) {
        fputs("clearbox: interrupted before the first batch", stderr);
    } else {
        fprintf(stderr, "clearbox: interrupted after batch %s of %s",
                cli_count(done, result->batches), cli_count(all, batches));
    }
}

static void add_kept(int *kept, const char *path) {
    fputs((*kept)++ ? ", " : "; kept ", stderr);
    cli_print_printable(stderr, path, 0);
}

/* "; kept learn.mp4 (20 frames, 0.3 s), w" or "; nothing was kept", in the order of the report. */
static void report_kept(const cli_report *report, const cbx_learn_result *result) {
    const cbx_learn_settings *settings = report->settings;
    char frames[CLI_NUMBER];
    int kept = 0;
    if (result->kept[CBX_LEARN_FILM]) {
        add_kept(&kept, settings->film);
        fprintf(stderr, " (%s, %.1f s)", cli_counted(frames, result->film.frames, "frame"),
                result->film.seconds);
    }
    for (unsigned i = CBX_LEARN_OUTPUTS; --i > CBX_LEARN_FILM;) {
        if (result->kept[i]) {
            add_kept(&kept, cbx_learn_output_path(settings, i));
        }
    }
    if (report->metrics->kept) {
        add_kept(&kept, report->metrics->kept);
    }
    if (!kept) {
        fputs("; nothing was kept", stderr);
    } else if (settings->film && !report->lost && result->interrupted && result->film.frames == 0) {
        fputs("; no frame of the film was due yet", stderr);
    }
    if (result->kept[CBX_LEARN_CHECKPOINT]) {
        const char *const words[] = {"learn", "--resume", settings->checkpoint};
        fputs("; ", stderr);
        cli_print_command_line(sizeof words / sizeof *words, words);
        fputs(" goes on", stderr);
    }
}

int cli_report_end(const cli_report *report, cbx_status status, const cbx_learn_result *result) {
    int code = CLI_INTERRUPTED;
    if (!status) {
        return CLI_DONE;
    }
    if (status == CBX_INTERRUPTED && !report->lost) {
        report_interrupted(report->batches, result);
    } else {
        code = cli_begin_failure(status, cbx_last_error());
    }
    if (code == CLI_INTERRUPTED || result->batches > 0) {
        report_kept(report, result);
    }
    fputc('\n', stderr);
    return code;
}
