/* SPDX-License-Identifier: MIT */
#include "cli/verify_report.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/events.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/terminal.h"

/* ---- tables ---- */

static const cli_column list_columns[] = {{"run", CLI_WORDS, 0},      {"recipe", CLI_WORDS, 2},
                                          {"hidden", CLI_NUMBERS, 3}, {"batch", CLI_NUMBERS, 3},
                                          {"epochs", CLI_NUMBERS, 5}, {"batches", CLI_NUMBERS, 1},
                                          {"seed", CLI_NUMBERS, 4},   {"quick", CLI_WORDS, 0},
                                          {"sha256", CLI_WORDS, 0},   {0}};

static const cli_column report_columns[] = {{"run", CLI_WORDS, 0},
                                            {"recipe", CLI_WORDS, 3},
                                            {"hidden", CLI_NUMBERS, 4},
                                            {"batch", CLI_NUMBERS, 4},
                                            {"epochs", CLI_NUMBERS, 6},
                                            {"batches", CLI_NUMBERS, 2},
                                            {"seed", CLI_NUMBERS, 5},
                                            {"seconds", CLI_NUMBERS, 1},
                                            {"sha256", CLI_WORDS, 0},
                                            {"verdict", CLI_WORDS, 0},
                                            {0}};

static void add_settings(cli_table *table, const cli_named_run *run) {
    cli_table_add(table, "%s", run->name);
    cli_table_add(table, "%s", cbx_recipe_name(run->recipe));
    cli_table_add(table, "%u", run->hidden);
    cli_table_add(table, "%u", run->batch);
    cli_table_add(table, "%u", run->epochs);
    cli_table_add(table, "%" PRIu64, cli_named_run_batches(run));
    cli_table_add(table, "%" PRIu64, run->seed);
}

static int end_table(cli_table *table, const cli_terminal *terminal) {
    cli_table_end(table, stdout, terminal->is_terminal ? terminal->columns : 0);
    return cli_flush(CLI_DONE);
}

static int list_table(const cli_verify_options *options) {
    cli_terminal terminal;
    cli_table table;
    cli_terminal_look(&terminal, stdout);
    if (!cli_table_begin(&table, list_columns, options->count)) {
        return cli_fail(CLI_SOFTWARE, "no memory for the list of runs");
    }
    for (size_t i = 0; i < options->count; i++) {
        const cli_named_run *run = options->runs[i];
        add_settings(&table, run);
        cli_table_add(&table, "%s", run->quick ? "yes" : "no");
        cli_table_add(&table, "%.*s", CLI_HASH_DIGITS, run->sha256);
    }
    return end_table(&table, &terminal);
}

static int report_table(const cli_verified *verified, size_t count) {
    cli_terminal terminal;
    cli_table table;
    char text[CLI_COMPARISON];
    cli_terminal_look(&terminal, stdout);
    if (!cli_table_begin(&table, report_columns, count)) {
        return cli_fail(CLI_SOFTWARE, "no memory for the table");
    }
    for (size_t i = 0; i < count; i++) {
        const cbx_trace *trace = &verified[i].trace;
        add_settings(&table, verified[i].run);
        cli_table_add(&table, "%.2f", verified[i].seconds);
        cli_table_add(&table, "%.*s", CLI_HASH_DIGITS, trace->marks[trace->count - 1].sha256);
        cli_table_add(&table, "%s", cli_comparison_text(text, &verified[i].found, terminal.utf8));
    }
    return end_table(&table, &terminal);
}

/* ---- rows of the list ---- */

static void print_row(const cli_named_run *run, const cbx_trace *trace) {
    enum { MARKS_A_LINE = 7 };
    printf("    {\"%s\", %u, %u, CBX_RECIPE_", run->name, run->hidden, run->batch);
    for (const char *letter = cbx_recipe_name(run->recipe); *letter; letter++) {
        putchar(toupper((unsigned char)*letter));
    }
    printf(", %u, %" PRIu64 ", %" PRIu64 ", %s,", run->epochs, run->batches, run->seed,
           run->quick ? "QUICK" : "LONG");
    for (size_t i = 0; i + 1 < trace->count; i++) {
        fputs(i == 0 ? "\n     \"" : i % MARKS_A_LINE == 0 ? " \"\n     \"" : " ", stdout);
        printf("%.*s", CLI_MARK - 1, trace->marks[i].sha256);
    }
    printf("\",\n     \"%s\"},\n", trace->marks[trace->count - 1].sha256);
}

/* ---- JSON ---- */

static json_t *run_object(const cli_named_run *run) {
    char seed[CLI_NUMBER]; /* JSON numbers hold 53 bits everywhere */
    snprintf(seed, sizeof seed, "%" PRIu64, run->seed);
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:b, s:s}", "name", run->name, "recipe",
                     cbx_recipe_name(run->recipe), "hidden", (json_int_t)run->hidden, "batch",
                     (json_int_t)run->batch, "epochs", (json_int_t)run->epochs, "batches",
                     (json_int_t)cli_named_run_batches(run), "seed", seed, "quick", run->quick,
                     "expected_sha256", run->sha256);
}

/* An array that lacks one for want of memory is none; frees it. */
static json_t *whole(json_t *array, size_t count) {
    if (json_array_size(array) == count) {
        return array;
    }
    json_decref(array);
    return NULL;
}

static json_t *marks_array(const cli_verified *one) {
    json_t *array = json_array();
    for (size_t i = 0; i < one->trace.count; i++) {
        const cbx_mark *mark = &one->trace.marks[i];
        json_array_append_new(
            array, json_pack("{s:I, s:s, s:b}", "batches", (json_int_t)mark->batches, "sha256",
                             mark->sha256, "equal", cli_mark_is_equal(one->run, &one->trace, i)));
    }
    return whole(array, one->trace.count);
}

static json_t *verified_object(const cli_verified *one) {
    const cli_comparison *found = &one->found;
    json_t *object = run_object(one->run);
    json_t *more = json_pack(
        "{s:s, s:b, s:o, s:o, s:o, s:o}", "weights_sha256",
        one->trace.marks[one->trace.count - 1].sha256, "equal", found->equal, "equal_until",
        found->equal || found->by == 0 ? json_null() : json_integer((json_int_t)found->until),
        "differs_by", found->equal ? json_null() : json_integer((json_int_t)found->by), "seconds",
        cbx_json_number(one->seconds), "marks", marks_array(one));
    if (json_object_update(object, more) != 0) {
        json_decref(object);
        object = NULL;
    }
    json_decref(more);
    return object;
}

static int print_json(json_t *value) {
    const int failed =
        !value || json_dumpf(value, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(6)) != 0;
    json_decref(value);
    putchar('\n');
    return failed && !ferror(stdout) ? cli_fail(CLI_SOFTWARE, "no memory for the report")
                                     : cli_flush(CLI_DONE);
}

static int list_json(const cli_verify_options *options) {
    json_t *array = json_array();
    for (size_t i = 0; i < options->count; i++) {
        json_array_append_new(array, run_object(options->runs[i]));
    }
    return print_json(whole(array, options->count));
}

static int report_json(const cbx_learn_plan *plan, const cli_verified *verified, size_t count) {
    json_t *array = json_array();
    int equal = 1;
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(array, verified_object(&verified[i]));
        equal &= verified[i].found.equal;
    }
    return print_json(json_pack(
        "{s:s, s:o, s:o, s:s, s:s, s:s, s:b, s:o}", "version", CBX_VERSION, "device",
        cli_events_device(plan), "passed_over", cli_events_passed_over(plan), "family",
        cbx_family_name(plan->family), "schedule", cbx_schedule_name(plan->schedule), "data_sha256",
        cli_named_data_sha256, "equal", equal, "runs", whole(array, count)));
}

/* ---- */

int cli_verify_list(const cli_verify_options *options) {
    return options->json ? list_json(options) : list_table(options);
}

int cli_verify_report(const cli_verify_options *options, const cbx_learn_plan *plan,
                      const cli_verified *verified, size_t count) {
    if (options->json) {
        return report_json(plan, verified, count);
    }
    if (!options->print) {
        return report_table(verified, count);
    }
    for (size_t i = 0; i < count; i++) {
        print_row(verified[i].run, &verified[i].trace);
    }
    return cli_flush(CLI_DONE);
}
