/* SPDX-License-Identifier: MIT */
/* A comparison of two results as Markdown. */
#include <string.h>

#include "cli/bench_compare.h"
#include "cli/bench_ratios.h"
#include "cli/cut.h"
#include "cli/table.h"

enum { CELL = CLI_TABLE_CELL };

/* A value of JSON in a cell. */
static const char *cell_of(char out[CELL], const json_t *value) {
    if (json_is_string(value)) {
        snprintf(out, CELL, "%s", json_string_value(value));
    } else if (json_is_array(value)) {
        size_t used = 0;
        out[0] = '\0';
        for (size_t i = 0; i < json_array_size(value) && used < CELL; i++) {
            char part[CELL];
            used += (size_t)snprintf(out + used, CELL - used, "%s%s", i ? "," : "",
                                     cell_of(part, json_array_get(value, i)));
        }
    } else if (json_is_number(value)) {
        snprintf(out, CELL, "%.10g", json_number_value(value));
    } else {
        snprintf(out, CELL, "%s", json_is_true(value) ? "yes" : json_is_false(value) ? "no" : "-");
    }
    return out;
}

/* ---- facts ---- */

/* What is told also where it is the same: a name or driver of a device, the version. */
static int is_always_told(const char *what) {
    const char *blank = strrchr(what, ' ');
    const char *last = blank ? blank + 1 : what;
    return strcmp(last, "name") == 0 || strcmp(last, "driver") == 0 ||
           strcmp(what, "clearbox") == 0;
}

static void add_fact(cli_table *table, const char *what, const json_t *a, const json_t *b) {
    char text[CELL];
    cli_table_add(table, "%s", what);
    cli_table_add(table, "%s", cell_of(text, a));
    cli_table_add(table, "%s", cell_of(text, b));
}

static void print_facts(FILE *out, const json_t *comparison, unsigned width) {
    static const cli_column columns[] = {
        {"", CLI_WORDS, 0}, {"A", CLI_NAMES, 0}, {"B", CLI_NAMES, 0}, {0}};
    const json_t *facts = json_object_get(comparison, "facts"), *fact;
    const json_t *a = json_object_get(comparison, "a"), *b = json_object_get(comparison, "b");
    cli_table table;
    size_t i;
    if (!cli_table_begin(&table, columns, json_array_size(facts) + 2)) {
        return;
    }
    add_fact(&table, "file", json_object_get(a, "file"), json_object_get(b, "file"));
    add_fact(&table, "date", json_object_get(a, "date"), json_object_get(b, "date"));
    json_array_foreach(facts, i, fact) {
        const char *what = cli_bench_result_text(fact, "what");
        if (is_always_told(what) || json_is_true(json_object_get(fact, "differs"))) {
            add_fact(&table, what, json_object_get(fact, "a"), json_object_get(fact, "b"));
        }
    }
    cli_table_end(&table, out, width);
}

/* ---- ratios ---- */

static int is_known(const json_t *list, const cli_bench_quantity *quantity) {
    size_t i;
    json_t *record;
    int found = 0;
    json_array_foreach(list, i, record) {
        found |= json_object_get(json_object_get(record, "ratios"), quantity->key) != NULL;
    }
    return found;
}

/* "1.23 ± 4 %", in brackets where it may as well be 1. */
static void add_ratio(cli_table *table, const json_t *of) {
    const double ratio = json_number_value(json_object_get(of, "ratio"));
    const double least = json_number_value(json_object_get(of, "least"));
    const double most = json_number_value(json_object_get(of, "most"));
    const int within = least > 0.0 && least <= 1.0 && most >= 1.0;
    const int digits = ratio < 0.1 ? 3 : ratio < 100.0 ? 2 : 0;
    if (!(ratio > 0.0)) {
        cli_table_add(table, "-");
    } else if (!(least > 0.0)) {
        cli_table_add(table, "%.*f", digits, ratio);
    } else {
        cli_table_add(table, "%s%.*f ± %.0f %%%s", within ? "(" : "", digits, ratio,
                      50.0 * (most - least) / ratio, within ? ")" : "");
    }
}

/* Behind the columns in `own`, which end with a zeroed entry, one for each quantity that some
 * record has. 0: memory ran out. */
static int begin_ratios(cli_table *table, const cli_column *own,
                        const cli_bench_quantity *quantities, const json_t *list) {
    cli_column columns[CLI_TABLE_COLUMNS + 1] = {{0}};
    size_t count = 0;
    for (; own[count].head; count++) {
        columns[count] = own[count];
    }
    for (; quantities->key && count < CLI_TABLE_COLUMNS; quantities++) {
        if (quantities->head && is_known(list, quantities)) {
            columns[count++] = (cli_column){quantities->head, CLI_NUMBERS, quantities->spare};
        }
    }
    return cli_table_begin(table, columns, json_array_size(list));
}

static void add_ratios(cli_table *table, const cli_bench_quantity *quantities, const json_t *list,
                       const json_t *record) {
    for (; quantities->key; quantities++) {
        if (quantities->head && is_known(list, quantities)) {
            add_ratio(table, json_object_get(json_object_get(record, "ratios"), quantities->key));
        }
    }
}

/* Both names of a device, once where they are the same. */
static void add_device(cli_table *table, const json_t *record) {
    const char *a = cli_bench_result_text(record, "a"), *b = cli_bench_result_text(record, "b");
    if (strcmp(a, b) == 0) {
        cli_table_add(table, "%s", a);
    } else {
        cli_table_add(table, "%s, %s", a, b);
    }
}

static size_t print_devices(FILE *out, const json_t *devices, unsigned width) {
    static const cli_column own[] = {{"device", CLI_WORDS, 0}, {0}};
    cli_table table;
    size_t i;
    json_t *device;
    if (json_array_size(devices) == 0 ||
        !begin_ratios(&table, own, cli_bench_device_quantities, devices)) {
        return 0;
    }
    json_array_foreach(devices, i, device) {
        add_device(&table, device);
        add_ratios(&table, cli_bench_device_quantities, devices, device);
    }
    const size_t gone = cli_table_end(&table, out, width);
    fputc('\n', out);
    return gone;
}

static void add_seconds(cli_table *table, const json_t *row, const char *side) {
    const json_t *ratios = json_object_get(row, "ratios");
    const json_t *epoch = json_object_get(ratios, cli_bench_row_quantities[0].key);
    const double seconds = json_number_value(json_object_get(epoch, side));
    if (seconds > 0.0) {
        cli_table_add(table, "%.4g", seconds);
    } else {
        cli_table_add(table, "-");
    }
}

static size_t print_rows(FILE *out, const json_t *rows, unsigned width) {
    static const cli_column own[] = {{"H", CLI_NUMBERS, 0},         {"device", CLI_WORDS, 8},
                                     {"schedule", CLI_WORDS, 0},    {"A epoch s", CLI_NUMBERS, 6},
                                     {"B epoch s", CLI_NUMBERS, 6}, {0}};
    cli_table table;
    size_t i;
    json_t *row;
    if (!begin_ratios(&table, own, cli_bench_row_quantities, rows)) {
        return 0;
    }
    json_array_foreach(rows, i, row) {
        char hidden[CELL];
        cli_table_add(&table, "%s", cell_of(hidden, json_object_get(row, "hidden")));
        add_device(&table, row);
        cli_table_add(&table, "%s", cli_bench_result_text(row, "schedule"));
        add_seconds(&table, row, "a");
        add_seconds(&table, row, "b");
        add_ratios(&table, cli_bench_row_quantities, rows, row);
    }
    return cli_table_end(&table, out, width);
}

/* ---- sentences ---- */

/* Begins a paragraph, and breaks its lines where there is a blank. */
static void print_wrapped(FILE *out, const char *text) {
    enum { COLUMNS = 80 };
    int column = 0;
    fputc('\n', out);
    while (*text) {
        char word[256];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(text, " "), text);
        const int width = cli_width(word);
        const int breaks = column > 0 && column + 1 + width > COLUMNS;
        fprintf(out, "%s%s", breaks ? "\n" : column > 0 ? " " : "", word);
        column = breaks || column == 0 ? width : column + 1 + width;
        text += strlen(word);
        text += strspn(text, " ");
    }
    fputc('\n', out);
}

static void print_means(FILE *out, const json_t *devices) {
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device) {
        const json_t *mean = json_object_get(device, "epoch");
        const json_int_t rows = json_integer_value(json_object_get(mean, "rows"));
        if (rows > 0) {
            fprintf(out, "%s: an epoch takes B %.2f of A's time",
                    cli_bench_result_text(device, "a"),
                    json_number_value(json_object_get(mean, "ratio")));
        }
        if (rows > 1) {
            fprintf(out, ",\nthe geometric mean of %lld rows from %.2f to %.2f", (long long)rows,
                    json_number_value(json_object_get(mean, "least")),
                    json_number_value(json_object_get(mean, "most")));
        }
        fputs(rows > 0 ? ".\n" : "", out);
    }
}

static void print_lonely(FILE *out, const json_t *rows, const char *in, const char *other) {
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        char hidden[CELL], text[1024];
        const char *reason = cli_bench_result_text(row, "reason");
        snprintf(text, sizeof text, "Only in %s: H = %s on %s, %s%s%s%s%s.", in,
                 cell_of(hidden, json_object_get(row, "hidden")),
                 cli_bench_result_text(row, "device"), cli_bench_result_text(row, "schedule"),
                 reason[0] ? "; in " : "", reason[0] ? other : "",
                 reason[0] ? " it was not measured: " : "", reason);
        print_wrapped(out, text);
    }
}

static void print_warnings(FILE *out, const json_t *file, const char *side) {
    size_t i;
    json_t *warning;
    json_array_foreach(json_object_get(file, "warnings"), i, warning) {
        char text[1024];
        snprintf(text, sizeof text, "Warning, %s: %s.", side, json_string_value(warning));
        print_wrapped(out, text);
    }
}

void cli_bench_comparison_print(FILE *out, const json_t *comparison, unsigned width) {
    const json_t *devices = json_object_get(comparison, "devices");
    print_facts(out, comparison, width);
    fputs("\nNumbers are B's over A's, ± what the repetitions leave open; in brackets where\n"
          "that includes 1.\n\n",
          out);
    size_t gone = print_devices(out, devices, width);
    gone += print_rows(out, json_object_get(comparison, "rows"), width);
    fputc('\n', out);
    print_means(out, devices);
    print_lonely(out, json_object_get(comparison, "only_in_a"), "A", "B");
    print_lonely(out, json_object_get(comparison, "only_in_b"), "B", "A");
    print_warnings(out, json_object_get(comparison, "a"), "A");
    print_warnings(out, json_object_get(comparison, "b"), "B");
    if (gone > 0) {
        fputs("\nNot all columns fit here; --output FILE and --json have all.\n", out);
    }
}
