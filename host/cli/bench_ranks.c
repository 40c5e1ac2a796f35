/* SPDX-License-Identifier: MIT */
/* Measured: T(k, H), a batch of H neurons on k ranks.
 *
 *   efficiency at fixed H          T(1, H) / (k · T(k, H))
 *   efficiency at fixed H a rank   T(1, H/k) / T(k, H)
 *
 * The model of R ranks, each on a machine of its own: a rank's computing, measured of one rank with so many
 * panels; what ranks lose at every batch beside the exchange, o, the least that T(k, H) − T(1, H/k) − exchange(k)
 * was of the most ranks at any H, since at others they take memory from each other; and what they wait for in an
 * exchange: T(R, H) = T(1, H/R) + o + exchange(R). Two ranks with as many panels tell how long they work for later
 * batches once their sums are on their way, p: so much of the way does not count. */
#include "cli/bench_ranks.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "bench/statistics.h"
#include "cli/cli.h"
#include "cli/device_trial.h"
#include "cli/json.h"
#include "cli/output.h"
#include "cli/ranks.h"
#include "cli/report.h"
#include "cli/stop.h"
#include "cli/table.h"
#include "cli/terminal.h"
#include "layout.h"
#include "learn/trace.h"
#include "team/team.h"

enum { LEAST_MODELLED = 8, MOST_MODELLED = 1024, MOST_ROWS = 40 /* powers of two, and all */ };

typedef struct row {
    uint32_t hidden, ranks, share; /* of the largest, in neurons */
    cbx_ranks_timed timed;         /* modelled: what it comes to */
    double alone, share_alone;     /* seconds a batch of all neurons, and of a share, on one rank */
} row;

typedef struct session {
    const cli_bench_options *options;
    cbx_tracer *tracer;
    cbx_dataset *dataset;
    row *measured, *modelled;
    size_t measured_count, modelled_count;
} session;

/* Of so many ranks that are alike; 0: no memory. */
static uint32_t largest_share(uint32_t hidden, uint32_t ranks) {
    uint32_t most = 0;
    cbx_span *spans = NULL;
    if (!cbx_new(&spans, ranks)) {
        cbx_team_share_out(CBX_PANELS_OF(hidden), NULL, ranks, spans);
    }
    for (uint32_t i = 0; i < ranks && spans; i++) {
        const uint32_t neurons = cbx_share_of(spans[i], hidden).count;
        most = neurons > most ? neurons : most;
    }
    free(spans);
    return most;
}

/* ---- measuring ---- */

static cbx_status time_it(const session *s, uint32_t hidden, uint32_t ranks, cbx_ranks_timed *out) {
    const cbx_bench_settings *bench = &s->options->settings;
    const cbx_trainer_settings settings = {hidden, bench->batch, bench->recipe, CBX_SCHEDULE_AUTO};
    if (cli_stop_requested()) {
        return cbx_fail(CBX_INTERRUPTED, "interrupted; nothing was written");
    }
    fprintf(stderr, "H = %u on %u rank%s\n", hidden, ranks, ranks > 1 ? "s" : "");
    return cbx_tracer_time_ranks(s->tracer, &settings, ranks, bench->seconds / bench->repetitions,
                                 out);
}

static cbx_status measure_row(session *s, uint32_t hidden, uint32_t ranks, double alone) {
    row *r = &s->measured[s->measured_count];
    cbx_ranks_timed part;
    *r = (row){.hidden = hidden, .ranks = ranks, .share = largest_share(hidden, ranks)};
    cbx_status status = r->share ? time_it(s, hidden, ranks, &r->timed) : CBX_NO_MEMORY;
    part = r->timed;
    if (!status && ranks > 1) {
        status = time_it(s, r->share, 1, &part);
    }
    r->alone = alone > 0.0 ? alone : r->timed.batch_seconds;
    r->share_alone = status ? 0.0 : part.batch_seconds;
    s->measured_count += !status;
    return status;
}

/* 1, 2, 4 … and all of them, as far as each has a panel. */
static cbx_status measure_hidden(session *s, uint32_t hidden) {
    const uint32_t count = cli_ranks()->count, panels = CBX_PANELS_OF(hidden);
    const size_t first = s->measured_count;
    cbx_status status = CBX_OK;
    for (uint32_t ranks = 1; ranks <= count && ranks <= panels && !status;) {
        const double alone = ranks > 1 ? s->measured[first].timed.batch_seconds : 0.0;
        status = measure_row(s, hidden, ranks, alone);
        ranks = ranks < count && 2 * ranks > count ? count : 2 * ranks;
    }
    return status;
}

/* ---- the model ---- */

/* What a further message at once took, in the middle of all rows. */
static double message_seconds(const session *s) {
    double found[CLI_MOST_VALUES * MOST_ROWS];
    size_t count = 0;
    for (size_t i = 0; i < s->measured_count; i++) {
        if (s->measured[i].ranks > 1) {
            found[count++] = s->measured[i].timed.message_seconds;
        }
    }
    return count > 0 ? cbx_spread_of(found, count).median : 0.0;
}

/* By pairs there are log2 N messages one after the other; directly one to each of the others, which leave
 * one after the other and are on their way together. Each way is as ranks/bond.h has it. While the first are
 * on their way there is something else to do. */
static double exchange_of(const session *s, uint32_t ranks, double prepare) {
    const cli_bench_options *options = s->options;
    const double bytes = (double)options->settings.batch * CBX_CLASSES * sizeof(float);
    const double latency = 1e-6 * options->latency_us;
    const double wire = 8.0 * bytes / (1e9 * options->bandwidth_gbit);
    const double pairs =
        fmax(0.0, latency + wire - prepare) + (ceil(log2(ranks)) - 1) * (latency + wire);
    const double direct =
        fmax(0.0, latency + (ranks - 1) * wire - prepare) + (ranks - 1) * message_seconds(s);
    return ranks <= CBX_MOST_SWAPS ? fmin(pairs, direct) : pairs;
}

/* What ranks lose at every batch beside their exchange. */
static double least_overhead(const session *s) {
    double least = INFINITY;
    for (size_t i = 0; i < s->measured_count; i++) {
        const row *r = &s->measured[i];
        const double over = r->timed.batch_seconds - r->share_alone - r->timed.exchange_seconds;
        const int is_last = i + 1 == s->measured_count || r[1].ranks == 1;
        least = is_last && r->ranks > 1 ? fmin(least, over) : least;
    }
    return isfinite(least) ? fmax(0.0, least) : 0.0;
}

/* `alone`: seconds a batch of all neurons on one rank. */
static cbx_status model_hidden(session *s, uint32_t hidden, double alone) {
    const double overhead = least_overhead(s);
    cbx_status status = CBX_OK;
    for (uint32_t ranks = LEAST_MODELLED;
         ranks <= MOST_MODELLED && ranks <= CBX_PANELS_OF(hidden) && !status; ranks *= 2) {
        row *r = &s->modelled[s->modelled_count];
        cbx_ranks_timed part, pair;
        *r = (row){.hidden = hidden, .ranks = ranks, .share = largest_share(hidden, ranks)};
        status = r->share ? time_it(s, r->share, 1, &part) : CBX_NO_MEMORY;
        if (!status) {
            status = time_it(s, 2 * r->share, 2, &pair);
        }
        if (!status) {
            r->alone = alone;
            r->share_alone = part.batch_seconds;
            r->timed.prepare_seconds = pair.prepare_seconds;
            r->timed.exchange_seconds = exchange_of(s, ranks, pair.prepare_seconds);
            r->timed.batch_seconds = r->share_alone + overhead + r->timed.exchange_seconds;
            s->modelled_count++;
        }
    }
    return status;
}

/* ---- report ---- */

static double of_all(const row *r) {
    return r->alone / (r->ranks * r->timed.batch_seconds);
}

static double of_share(const row *r) {
    return r->share_alone / r->timed.batch_seconds;
}

static int print_rows(const row *rows, size_t count) {
    static const cli_column columns[] = {{"H", CLI_NUMBERS, 0},
                                         {"ranks", CLI_NUMBERS, 0},
                                         {"neurons a rank", CLI_NUMBERS, 3},
                                         {"µs a batch", CLI_NUMBERS, 0},
                                         {"exchange", CLI_NUMBERS, 0},
                                         {"its share", CLI_NUMBERS, 2},
                                         {"at fixed H", CLI_NUMBERS, 0},
                                         {"at fixed H a rank", CLI_NUMBERS, 1},
                                         {0}};
    cli_terminal terminal;
    cli_table table;
    cli_terminal_look(&terminal, stdout);
    if (!cli_table_begin(&table, columns, count)) {
        return cli_fail(CLI_SOFTWARE, "no memory for the table");
    }
    for (size_t i = 0; i < count; i++) {
        const row *r = &rows[i];
        cli_table_add(&table, "%u", r->hidden);
        cli_table_add(&table, "%u", r->ranks);
        cli_table_add(&table, "%u", r->share);
        cli_table_add(&table, "%.1f", 1e6 * r->timed.batch_seconds);
        cli_table_add(&table, "%.1f", 1e6 * r->timed.exchange_seconds);
        cli_table_add(&table, "%.1f %%",
                      100.0 * r->timed.exchange_seconds / r->timed.batch_seconds);
        cli_table_add(&table, "%.0f %%", 100.0 * of_all(r));
        cli_table_add(&table, "%.0f %%", 100.0 * of_share(r));
    }
    cli_table_end(&table, stdout, terminal.is_terminal ? terminal.columns : 0);
    return CLI_DONE;
}

static int print_tables(const session *s) {
    printf("Measured, %u ranks, batches of %u:\n\n", cli_ranks()->count,
           s->options->settings.batch);
    int code = print_rows(s->measured, s->measured_count);
    if (code == CLI_DONE && s->modelled_count > 0) {
        printf(
            "\nA model, not measured: such ranks on a network of %g µs and %g Gbit/s, where each\n"
            "message beside others takes %.2f µs more, as it does here, less what they do for the\n"
            "next batch meanwhile:\n\n",
            s->options->latency_us, s->options->bandwidth_gbit, 1e6 * message_seconds(s));
        code = print_rows(s->modelled, s->modelled_count);
    }
    return code == CLI_DONE ? cli_flush(code) : code;
}

static json_t *rows_array(const row *rows, size_t count) {
    json_t *array = json_array();
    for (size_t i = 0; i < count; i++) {
        const row *r = &rows[i];
        cbx_json_append(&array, json_pack("{s:I, s:I, s:I, s:f, s:f, s:f, s:f, s:f}", "hidden",
                                          (json_int_t)r->hidden, "ranks", (json_int_t)r->ranks,
                                          "neurons_a_rank", (json_int_t)r->share, "batch_seconds",
                                          r->timed.batch_seconds, "exchange_seconds",
                                          r->timed.exchange_seconds, "prepare_seconds",
                                          r->timed.prepare_seconds, "efficiency_fixed_hidden",
                                          of_all(r), "efficiency_fixed_share", of_share(r)));
    }
    return array;
}

static int print_json(const session *s) {
    const int printed = cli_json_line(
        stdout,
        json_pack("{s:I, s:I, s:o, s:{s:f, s:f, s:f, s:o}}", "ranks",
                  (json_int_t)cli_ranks()->count, "batch", (json_int_t)s->options->settings.batch,
                  "measured", rows_array(s->measured, s->measured_count), "model", "latency_us",
                  s->options->latency_us, "bandwidth_gbit", s->options->bandwidth_gbit,
                  "message_us", 1e6 * message_seconds(s), "rows",
                  rows_array(s->modelled, s->modelled_count)));
    return printed ? cli_flush(CLI_DONE)
                   : cli_fail(CLI_CANNOT_WRITE, "cannot write to standard output");
}

/* ---- all of it ---- */

static cbx_status open_session(session *s, const cbx_learn_settings *settings,
                               const cbx_learn_control *control) {
    const size_t rows = s->options->hidden.count * MOST_ROWS;
    cbx_status status = cbx_new(&s->measured, rows);
    if (!status) {
        status = cbx_new(&s->modelled, rows);
    }
    if (!status) {
        status = cbx_dataset_load(&s->dataset, s->options->data);
    }
    return status ? status : cbx_tracer_open(&s->tracer, settings, s->dataset, control);
}

static cbx_status measure_all(session *s) {
    const cli_list *hidden = &s->options->hidden;
    cbx_status status = CBX_OK;
    cli_report_device(cbx_tracer_plan(s->tracer));
    for (size_t i = 0; i < hidden->count && !status; i++) {
        status = measure_hidden(s, hidden->values[i]);
    }
    for (size_t i = 0; i < s->measured_count && !status; i++) {
        const row *r = &s->measured[i];
        status = r->ranks == 1 ? model_hidden(s, r->hidden, r->alone) : CBX_OK;
    }
    return status;
}

int cli_bench_ranks(const cli_bench_options *options) {
    session s = {.options = options};
    cbx_learn_settings settings;
    cli_output output;
    if (!cli_ranks() || cli_ranks()->count < 2) {
        return cli_fail(CLI_USAGE, "--ranks wants ranks: mpirun -n 2 clearbox-mpi bench --ranks");
    }
    int code = cli_output_begin(&output, options->output, options->no_clobber);
    if (code != CLI_PARSED) {
        return code;
    }
    cbx_learn_defaults(&settings);
    settings.data = options->data;
    settings.film = NULL;
    settings.family = options->family;
    settings.arithmetic = options->arithmetic;
    settings.batch = options->settings.batch;
    settings.recipe = options->settings.recipe;
    settings.device = options->devices.count > 0 ? options->devices.values[0] : NULL;
    const cbx_learn_control control = {.should_stop = cli_should_stop,
                                       .try_device = cli_try_device,
                                       .user = &settings,
                                       .ranks = cli_ranks()};
    cli_stop_listen("stopping; Ctrl-C again stops at once\n");
    cli_guard_begin();
    cbx_status status = open_session(&s, &settings, &control);
    if (!status) {
        status = measure_all(&s);
    }
    cli_guard_end();
    code = status                               ? cli_fail_status(status)
           : options->format == CLI_FORMAT_JSON ? print_json(&s)
                                                : print_tables(&s);
    cbx_tracer_close(s.tracer);
    cbx_dataset_destroy(s.dataset);
    free(s.measured);
    free(s.modelled);
    return cli_output_end(&output, code);
}
