/* SPDX-License-Identifier: MIT */
#include "cli/report.h"

#include <string.h>

static const char *bold(const cli_terminal *terminal) {
    return terminal->colour ? "\033[1m" : "";
}

static const char *dim(const cli_terminal *terminal) {
    return terminal->colour ? "\033[2m" : "";
}

static const char *end(const cli_terminal *terminal) {
    return terminal->colour ? "\033[0m" : "";
}

static void label(const cli_terminal *terminal, const char *name) {
    fprintf(stderr, "  %s%-9s%s ", dim(terminal), name, end(terminal));
}

const char *cli_kind_name(cbx_device_kind kind) {
    switch (kind) {
    case CBX_KIND_CPU:
        return "CPU";
    case CBX_KIND_GPU:
        return "GPU";
    default:
        return "other";
    }
}

/* ---- before ---- */

static void report_passed_over(const cbx_learn_plan *plan, const char *margin) {
    for (size_t i = 0; i < plan->passed_over_count; i++) {
        const cbx_passed_over *one = &plan->passed_over[i];
        fprintf(stderr, "%spassed over %u:%u %s: %.*s\n", margin, one->device.platform_index,
                one->device.device_index, one->device.name, (int)strcspn(one->sentence, "\n"),
                one->sentence);
    }
}

void cli_report_device(const cbx_learn_plan *plan) {
    report_passed_over(plan, "");
    fprintf(stderr, "device %u:%u, %s\n", plan->device->platform_index, plan->device->device_index,
            plan->device->name);
}

static void report_film(const cli_terminal *terminal, const cbx_learn_settings *settings,
                        const cbx_learn_plan *plan) {
    char frames[CLI_NUMBER];
    if (!settings->film) {
        return;
    }
    label(terminal, "film");
    fprintf(stderr, "%u %s %u pixels, %s at %u a second, %s\n", plan->grid.width,
            terminal->utf8 ? "×" : "x", plan->grid.height,
            cli_counted(frames, plan->frames, "frame"), settings->fps,
            plan->encoder ? plan->encoder : "no encoder");
    if (plan->encoder_is_fallback) {
        label(terminal, "");
        fprintf(stderr, "as MPEG-4%s: the linked libavcodec has no H.264 encoder\n",
                settings->quality < 0 ? "" : " at its default quality");
    }
}

static void report_network(const cli_terminal *terminal, const cbx_learn_settings *settings,
                           const cbx_learn_plan *plan) {
    char weights[CLI_NUMBER];
    const char *dash = terminal->utf8 ? "–" : "-";
    label(terminal, "network");
    fprintf(stderr, "784%s%u%s10, %s weights, recipe %s, learning rate %g", dash, settings->hidden,
            dash, cli_count(weights, plan->parameters), cbx_recipe_name(settings->recipe),
            plan->first_learning_rate_hidden);
    if (plan->first_learning_rate_output < plan->first_learning_rate_hidden ||
        plan->first_learning_rate_output > plan->first_learning_rate_hidden) {
        fprintf(stderr, " and %g", plan->first_learning_rate_output);
    }
    fputc('\n', stderr);
}

void cli_report_plan(const cli_terminal *terminal, const cbx_learn_settings *settings,
                     const cbx_learn_plan *plan) {
    char train[CLI_NUMBER], validate[CLI_NUMBER], test[CLI_NUMBER], units[CLI_NUMBER];
    const cbx_device_info *device = plan->device;

    report_passed_over(plan, "  ");
    label(terminal, "device");
    fprintf(stderr, "%s%u:%u%s %s\n", bold(terminal), device->platform_index, device->device_index,
            end(terminal), device->name);
    label(terminal, "");
    fprintf(stderr, "%s, %s, %s, driver %.*s\n", cli_kind_name(device->kind),
            cli_counted(units, device->compute_units, "unit"), device->platform,
            (int)strcspn(device->driver, " "), device->driver);
    if (!plan->fuses) {
        label(terminal, "");
        fprintf(stderr, "slow or no fused multiply-add: multiplies, then adds\n");
    }
    report_network(terminal, settings, plan);
    label(terminal, "images");
    fprintf(stderr, "%s to train, %s to validate, %s to test\n",
            cli_count(train, plan->training_images), cli_count(validate, plan->validation_images),
            cli_count(test, plan->test_images));
    report_film(terminal, settings, plan);
}

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

static void print_epoch_head(cli_epochs *epochs, int table) {
    epochs->table = table;
    fputs(dim(epochs->terminal), stderr);
    print_cells(table, epoch_tables[table].heads);
    fprintf(stderr, "%s\n", end(epochs->terminal));
}

void cli_report_head(cli_epochs *epochs, cli_terminal *terminal) {
    epochs->terminal = terminal;
    fputc('\n', stderr);
    print_epoch_head(epochs, choose_epoch_table(terminal));
}

void cli_report_epoch(cli_epochs *epochs, const cbx_epoch_report *report) {
    char text[5][CLI_NUMBER];
    const char *const cells[] = {text[0], text[1], text[2], text[3], text[4]};
    const int table = choose_epoch_table(epochs->terminal);
    if (table > epochs->table) {
        print_epoch_head(epochs, table); /* the window has become too narrow for the rows so far */
    }
    snprintf(text[0], sizeof text[0], "%u", report->epoch);
    snprintf(text[1], sizeof text[1], "%.4f", report->train_loss);
    snprintf(text[2], sizeof text[2], "%.4f", report->validation_loss);
    snprintf(text[3], sizeof text[3], "%.2f %%", report->validation_accuracy * 100);
    snprintf(text[4], sizeof text[4], "%.2f", report->seconds);
    print_cells(epochs->table, cells);
    fputc('\n', stderr);
}

/* ---- after ---- */

static void report_file(const cli_terminal *terminal, const char *what, const char *path) {
    label(terminal, what);
    cli_print_printable(stderr, path, 0);
    fputc('\n', stderr);
}

static void report_outputs(const cli_terminal *terminal, const cbx_learn_settings *settings,
                           const char *metrics, const cbx_learn_result *result) {
    char frames[CLI_NUMBER], bytes[CLI_NUMBER];
    if (result->kept[CBX_LEARN_FILM]) {
        label(terminal, "film");
        fputs(bold(terminal), stderr);
        cli_print_printable(stderr, settings->film, 0);
        fprintf(stderr, "%s, %s, %.1f s, %s\n", end(terminal),
                cli_counted(frames, result->film.frames, "frame"),
                (double)result->film.frames / settings->fps, cli_bytes(bytes, result->film.bytes));
    }
    if (result->kept[CBX_LEARN_PICTURE]) {
        report_file(terminal, "picture", settings->picture);
    }
    if (result->kept[CBX_LEARN_WEIGHTS]) {
        report_file(terminal, "weights", settings->save);
    }
    if (metrics) {
        report_file(terminal, "metrics", metrics);
    }
}

/* Lines end before 80 columns; a narrower window has no room for the notes. */
static void time_row(const cli_terminal *terminal, const char *name, double seconds, double total,
                     const char *note) {
    double share = total > 0 ? seconds / total * 100 : 0;
    note = terminal->columns < 80 ? "" : note;
    fprintf(stderr, "  %-13s %9.2f s %7.1f %%%s%s\n", name, seconds, share, note[0] ? "   " : "",
            note);
}

static void report_times(const cli_terminal *terminal, const cbx_learn_settings *settings,
                         const cbx_learn_times *times) {
    double total = times->total;
    fprintf(stderr, "\n  %s%-13s %11s %9s%s\n", dim(terminal), "what took", "time", "share",
            end(terminal));
    time_row(terminal, "load", times->load, total, "images, alongside the start");
    time_row(terminal, "start", times->start, total, "device, kernels, self-test, upload");
    time_row(terminal, "train", times->train, total, "");
    if (settings->film) {
        time_row(terminal, "  draw", times->draw, total, "alongside, on the device");
        time_row(terminal, "  read back", times->read_back, total, "alongside");
        time_row(terminal, "  encode", times->encode, total, "alongside, processor time");
        time_row(terminal, "  held back", times->waited, total, "training waited for encoders");
    }
    time_row(terminal, "evaluate", times->evaluate, total, "");
    time_row(terminal, "finish", times->finish, total, "");
    time_row(terminal, "total", total, total, "");
}

void cli_report_result(const cli_terminal *terminal, const cbx_learn_settings *settings,
                       const char *metrics, const cbx_learn_result *result) {
    fputc('\n', stderr);
    label(terminal, "test");
    fprintf(stderr, "accuracy %s%.2f %%%s, loss %.4f\n", bold(terminal),
            result->test_accuracy * 100, end(terminal), result->test_loss);
    report_outputs(terminal, settings, metrics, result);
    report_times(terminal, settings, &result->times);
}

static void add_kept(int *kept, const char *path) {
    fputs((*kept)++ ? ", " : "; kept ", stderr);
    cli_print_printable(stderr, path, 0);
}

void cli_report_interrupted(uint64_t batches, const cbx_learn_result *result) {
    char done[CLI_NUMBER], all[CLI_NUMBER];
    if (result->batches == 0) {
        fputs("clearbox: interrupted before the first batch", stderr);
    } else {
        fprintf(stderr, "clearbox: interrupted after batch %s of %s",
                cli_count(done, result->batches), cli_count(all, batches));
    }
}

void cli_report_kept(const cbx_learn_settings *settings, const char *metrics,
                     const cbx_learn_result *result) {
    char frames[CLI_NUMBER];
    int kept = 0;
    if (result->kept[CBX_LEARN_FILM]) {
        add_kept(&kept, settings->film);
        fprintf(stderr, " (%s, %.1f s)", cli_counted(frames, result->film.frames, "frame"),
                (double)result->film.frames / settings->fps);
    }
    if (result->kept[CBX_LEARN_PICTURE]) {
        add_kept(&kept, settings->picture);
    }
    if (result->kept[CBX_LEARN_WEIGHTS]) {
        add_kept(&kept, settings->save);
    }
    if (metrics) {
        add_kept(&kept, metrics);
    }
    if (!kept) {
        fputs("; nothing was kept", stderr);
    } else if (settings->film && result->interrupted && result->film.frames == 0) {
        fputs("; no frame of the film was due yet", stderr);
    }
}
