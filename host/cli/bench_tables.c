/* SPDX-License-Identifier: MIT */
/* What was measured, as Markdown for people. */
#include <string.h>

#include "cli/bench_columns.h"
#include "cli/bench_report.h"
#include "cli/table.h"
#include "cli/terminal.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* The page under way, and the bounds of its lines. */
typedef struct page {
    FILE *out;
    const cli_bench_report *report;
    unsigned width; /* 0: as wide as it is */
    size_t gone;    /* columns that did not fit */
} page;

static void end_table(page *to, cli_table *table) {
    to->gone += cli_table_end(table, to->out, to->width);
}

/* By cli_bench_form: digits of -1 are as many as the size needs. */
static const struct {
    double unit;
    int digits;
    const char *behind, *unknown; /* NULL: it is known */
} forms[] = {[CLI_AS_IT_IS] = {1.0, -1, "", "-"},   [CLI_AS_GIGA] = {1e-9, -1, "", "-"},
             [CLI_AS_MICRO] = {1e6, -1, "", "-"},   [CLI_AS_SHARE] = {100.0, 0, " %", "-"},
             [CLI_AS_SECONDS] = {1.0, 3, "", NULL}, [CLI_AS_COUNT] = {1.0, 0, "", NULL},
             [CLI_AS_TENTHS] = {1.0, 1, "", "-"},   [CLI_AS_HUNDREDTHS] = {1.0, 2, "", "-"},
             [CLI_AS_RATIO] = {1.0, 2, " ×", "-"}};

static int digits_for(double value) {
    return value < 1.0 ? 3 : value < 10.0 ? 2 : value < 1000.0 ? 1 : 0;
}

static void add_columns(cli_table *table, const cli_bench_column *columns, const void *record) {
    for (; columns->key; columns++) {
        const double value = forms[columns->form].unit * cli_bench_value(columns, record);
        const int digits = forms[columns->form].digits;
        if (columns->head && forms[columns->form].unknown && !(value > 0.0)) {
            cli_table_add(table, "%s", forms[columns->form].unknown);
        } else if (columns->head) {
            cli_table_add(table, "%.*f%s", digits < 0 ? digits_for(value) : digits, value,
                          forms[columns->form].behind);
        }
    }
}

/* Heads of its own, `fixed` of them, what was measured, and `last`, or NULL. 0: memory ran
 * out. */
static int begin_table(cli_table *table, const cli_column *own, size_t fixed,
                       const cli_bench_column *measured, const char *last, size_t rows) {
    cli_column columns[CLI_TABLE_COLUMNS + 1] = {{0}};
    size_t count = fixed;
    memcpy(columns, own, fixed * sizeof *own);
    for (; measured->key && count < CLI_TABLE_COLUMNS; measured++) {
        if (measured->head) {
            columns[count++] = (cli_column){measured->head, CLI_NUMBERS, measured->spare};
        }
    }
    columns[count].head = last;
    return cli_table_begin(table, columns, rows);
}

static void print_devices(page *to) {
    static const cli_column own[] = {{"device", CLI_WORDS, 0}, {"name", CLI_NAMES, 0},
                                     {"kind", CLI_WORDS, 3},   {"kernels", CLI_WORDS, 4},
                                     {"OpenCL", CLI_WORDS, 6}, {"driver", CLI_WORDS, 5}};
    cli_table table;
    if (to->report->device_count == 0 ||
        !begin_table(&table, own, COUNT(own), cli_bench_device_columns, NULL,
                     to->report->device_count)) {
        return;
    }
    for (size_t i = 0; i < to->report->device_count; i++) {
        const cli_bench_device *device = &to->report->devices[i];
        cli_table_add(&table, "%s", device->spec);
        cli_table_add(&table, "%s", device->info.name);
        cli_table_add(&table, "%s", cli_kind_name(device->info.kind));
        cli_table_add(&table, "%s", cbx_family_name(device->family));
        /* What PoCL puts behind a colon is its build. */
        cli_table_add(&table, "%.*s", (int)strcspn(device->info.version, ":"),
                      device->info.version);
        cli_table_add(&table, "%s", device->info.driver);
        add_columns(&table, cli_bench_device_columns, device);
    }
    end_table(to, &table);
}

/* Which row it is. */
static void add_place(cli_table *table, const cli_bench_report *report, const cli_bench_row *row) {
    cli_table_add(table, "%u", row->hidden);
    cli_table_add(table, "%s", cli_bench_device_name(report, row));
    cli_table_add(table, "%s", cli_bench_schedule_name(row));
}

static void print_rows(page *to) {
    /* One schedule alone is no news. */
    const unsigned schedule = to->report->options->schedules.count > 1 ? 0 : 5;
    const cli_column own[] = {{"H", CLI_NUMBERS, 0},
                              {"device", CLI_WORDS, 0},
                              {"schedule", CLI_WORDS, schedule},
                              {"epoch s", CLI_NUMBERS, 0},
                              {"±", CLI_NUMBERS, 2}};
    cli_table table;
    if (!begin_table(&table, own, COUNT(own), cli_bench_row_columns, NULL, to->report->row_count)) {
        return;
    }
    for (size_t i = 0; i < to->report->row_count; i++) {
        const cli_bench_row *row = &to->report->rows[i];
        if (!row->reason[0]) {
            add_place(&table, to->report, row);
            cli_table_add(&table, "%.4g%s", row->training.epoch_seconds.median,
                          row->training.whole_epochs ? "" : "*");
            cli_table_add(&table, "%.0f %%", 100.0 * cli_bench_scatter(row));
            add_columns(&table, cli_bench_row_columns, row);
        }
    }
    end_table(to, &table);
}

static void print_films(page *to) {
    static const cli_column own[] = {{"H", CLI_NUMBERS, 0},
                                     {"device", CLI_WORDS, 0},
                                     {"schedule", CLI_WORDS, 5},
                                     {"encoder", CLI_WORDS, 4}};
    const cli_bench_column *columns = cli_bench_film_columns();
    char size[CLI_NUMBER];
    cli_table table;
    if (!begin_table(&table, own, COUNT(own), columns, "film", to->report->row_count)) {
        return;
    }
    for (size_t i = 0; i < to->report->row_count; i++) {
        const cli_bench_row *row = &to->report->rows[i];
        const char *encoder = row->film.job.film.encoder;
        if (row->has_film) {
            add_place(&table, to->report, row);
            cli_table_add(&table, "%s", encoder ? encoder : "-");
            add_columns(&table, columns, row);
            cli_table_add(&table, "%s", cli_bytes(size, row->film.job.film.bytes));
        }
    }
    end_table(to, &table);
}

static void print_encoders(page *to) {
    /* One device alone is no news. */
    const unsigned device = to->report->device_count > 1 ? 0 : 5;
    const cli_column own[] = {
        {"H", CLI_NUMBERS, 0}, {"device", CLI_WORDS, device}, {"encoder", CLI_WORDS, 0}};
    cli_table table;
    if (!begin_table(&table, own, COUNT(own), cli_bench_encoder_columns, NULL,
                     to->report->row_count * CBX_BENCH_ENCODERS)) {
        return;
    }
    for (size_t i = 0; i < to->report->row_count; i++) {
        const cli_bench_row *row = &to->report->rows[i];
        for (int which = 0; which < CBX_BENCH_ENCODERS; which++) {
            const cbx_bench_encoder *each = &row->encoding.encoders[which];
            if (row->has_encoding && each->encoder) {
                cli_table_add(&table, "%u", row->hidden);
                cli_table_add(&table, "%s", cli_bench_device_name(to->report, row));
                cli_table_add(&table, "%s", cbx_bench_encoder_names[which]);
                add_columns(&table, cli_bench_encoder_columns, each);
            }
        }
    }
    end_table(to, &table);
}

/* ---- sentences ---- */

/* One after the other with dots between, in lines of the page's width. */
static void print_facts(const page *to, const char *const *facts, size_t count) {
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t length = strlen(facts[i]) + 3;
        if (!facts[i][0]) {
            continue;
        }
        if (used > 0) {
            const int full = to->width > 0 && used + length > to->width;
            fputs(full ? "\n" : " · ", to->out);
            used = full ? 0 : used;
        }
        fputs(facts[i], to->out);
        used += length;
    }
}

static void print_heads(const page *to) {
    const cli_bench_report *report = to->report;
    const cbx_bench_settings *settings = &report->options->settings;
    char processors[CLI_NUMBER], repetitions[CLI_NUMBER], threads[CLI_NUMBER];
    const cbx_arithmetic arithmetic = report->options->arithmetic;
    char host[300], recipe[80], batch[40], time[100];
    snprintf(host, sizeof host, "%s, %s", report->processor,
             cli_counted(processors, report->processors, "processor"));
    const char *const machine[] = {"clearbox " CBX_VERSION, report->date, report->system, host};
    print_facts(to, machine, COUNT(machine));
    fputs("  \n", to->out); /* two blanks: a new line in Markdown too */
    snprintf(recipe, sizeof recipe, "recipe %s", cbx_recipe_name(settings->recipe));
    if (arithmetic != CBX_ARITHMETIC_CANON) {
        const size_t used = strlen(recipe);
        snprintf(recipe + used, sizeof recipe - used, ", %s arithmetic",
                 cbx_arithmetic_name(arithmetic));
    }
    snprintf(batch, sizeof batch, "batch %u", settings->batch);
    snprintf(time, sizeof time, "%s in about %g s a row",
             cli_counted(repetitions, settings->repetitions, "repetition"), settings->seconds);
    cli_counted(threads, report->blas_threads, "thread");
    const char *const how[] = {recipe, batch, time, report->blas, report->blas[0] ? threads : ""};
    print_facts(to, how, COUNT(how));
    fputs("\n\n", to->out);
}

/* The row in which device `place` comes nearest to its peak, or goes farthest beyond it, over ink
 * alone or over all pixels; NULL: none. */
static const cli_bench_row *best_row(const cli_bench_report *report, size_t place, int sparse) {
    const cli_bench_row *best = NULL;
    for (size_t i = 0; i < report->row_count; i++) {
        const cli_bench_row *row = &report->rows[i];
        if (row->device == place && !row->reason[0] && row->training.share_of_peak > 0.0 &&
            (row->schedule == CBX_SCHEDULE_SPARSE) == sparse &&
            (!best || row->training.share_of_peak > best->training.share_of_peak)) {
            best = row;
        }
    }
    return best;
}

void cli_bench_summary(FILE *out, const cli_bench_report *report) {
    const int split = report->options->arithmetic == CBX_ARITHMETIC_SPLIT_BF16;
    char count[CLI_NUMBER];
    for (size_t place = 0; place < report->device_count; place++) {
        for (int sparse = 0; sparse < 2; sparse++) {
            const cli_bench_row *row = best_row(report, place, sparse);
            if (!row) {
                continue;
            }
            fprintf(out,
                    sparse ? "%s, sparse, trains H = %s as if at %.0f %% of its multiply-add peak"
                    : split
                        ? "%s, split-bf16, trains H = %s as if at %.0f %% of its multiply-add peak"
                        : "%s trains H = %s at %.0f %% of its multiply-add peak",
                    report->devices[place].spec, cli_count(count, row->hidden),
                    100.0 * row->training.share_of_peak);
            if (split) {
                fputs(":\ntensor cores multiply, whose peak is another and was not measured", out);
            }
            if (sparse) {
                fprintf(out, ":\n%.0f %% of the pixels are 0 and left out",
                        100.0 - 100.0 * report->ink);
            }
            if (row->speed_up > 0.0) {
                fprintf(out, ", %.1f × OpenBLAS", row->speed_up);
            }
            fputs(".\n", out);
        }
    }
}

static void print_reasons(const page *to) {
    for (size_t i = 0; i < to->report->row_count; i++) {
        const cli_bench_row *row = &to->report->rows[i];
        if (row->reason[0]) {
            fprintf(to->out, "\nH = %u on %s, %s, was not measured: %s.\n", row->hidden,
                    cli_bench_device_name(to->report, row), cli_bench_schedule_name(row),
                    row->reason);
        }
    }
}

static void print_encoding(page *to) {
    fputs("\nEncoding: processor time, bits with key frames, PSNR of luma, and x264 at the\n"
          "PSNR of the first, its time and bits interpolated between two whole quantisers.\n"
          "\"x264 film\" is at its own. Of job: of the job's processor time, with this one.\n\n",
          to->out);
    print_encoders(to);
    for (size_t i = 0; i < to->report->row_count; i++) {
        const cli_bench_row *row = &to->report->rows[i];
        if (row->has_encoding && row->encoding.reason[0]) {
            fprintf(to->out, "\nH = %u on %s is not encoded there: %s.\n", row->hidden,
                    cli_bench_device_name(to->report, row), row->encoding.reason);
        }
    }
}

static void print_warnings(const page *to) {
    char text[CLI_BENCH_WARNING];
    double most = 0.0;
    for (size_t i = 0; i < to->report->row_count; i++) {
        const double scatter = cli_bench_scatter(&to->report->rows[i]);
        most = scatter > most ? scatter : most;
    }
    if (cli_bench_warn_load(text, to->report)) {
        fprintf(to->out, "\nWarning: %s.\n", text);
    }
    if (cli_bench_warn_scatter(text, most)) {
        fprintf(to->out, "\nWarning: %s.\nMeasure again on a quiet machine.\n", text);
    }
}

void cli_bench_markdown(FILE *out, const cli_bench_report *report, unsigned width) {
    page to = {.out = out, .report = report, .width = width};
    int partial = 0;
    print_heads(&to);
    print_devices(&to);
    fputs("\n", out);
    print_rows(&to);
    for (size_t i = 0; i < report->row_count; i++) {
        partial |= !report->rows[i].reason[0] && !report->rows[i].training.whole_epochs;
    }
    if (partial) {
        fputs("\n\\* scaled from the batches that fit into the time\n", out);
    }
    if (report->options->film) {
        fputs("\nOne epoch of the whole job with its film, seconds:\n\n", out);
        print_films(&to);
        print_encoding(&to);
    }
    fputs("\n", out);
    cli_bench_summary(out, report);
    print_reasons(&to);
    print_warnings(&to);
    if (to.gone > 0) {
        fprintf(out,
                "\nNot all columns fit here; --output FILE and --format csv or json have all.\n");
    }
}
