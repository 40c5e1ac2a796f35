/* SPDX-License-Identifier: MIT */
/* What two results have in common, and what they do not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cli/bench_compare.h"
#include "cli/bench_pairs.h"
#include "cli/bench_ratios.h"

/* Both files, and what is made of them. */
typedef struct sides {
    const cli_bench_result *a, *b;
    cli_bench_pairs pairs;
} sides;

/* ---- facts ---- */

static const char *const host_facts[] = {"clearbox",   "commit",   "system",           "processor",
                                         "processors", "openblas", "openblas_threads", NULL};
static const char *const device_facts[] = {"name",
                                           "driver",
                                           "platform",
                                           "vendor",
                                           "opencl",
                                           "kind",
                                           "family",
                                           "fuses",
                                           "compute_units",
                                           "clock_mhz",
                                           "global_memory_bytes",
                                           NULL};

static json_t *value_of(const json_t *object, const char *key) {
    json_t *value = json_object_get(object, key);
    return value ? json_incref(value) : json_null();
}

/* A fact that neither has is none. */
static int add_fact(json_t *facts, const char *of, const char *key, const json_t *a,
                    const json_t *b) {
    char what[80];
    json_t *in_a = value_of(a, key), *in_b = value_of(b, key);
    snprintf(what, sizeof what, "%s%s%s", of, of[0] ? " " : "", key);
    return json_array_append_new(facts, json_pack("{s:s, s:o, s:o, s:b}", "what", what, "a", in_a,
                                                  "b", in_b, "differs", !json_equal(in_a, in_b)));
}

static int add_facts(json_t *facts, const char *of, const char *const *keys, const json_t *a,
                     const json_t *b) {
    int failed = 0;
    for (; *keys; keys++) {
        failed |= add_fact(facts, of, *keys, a, b);
    }
    return failed;
}

/* Those of A, and then those that only B has. */
static int add_settings(json_t *facts, json_t *a, json_t *b) {
    const char *key;
    json_t *value;
    int failed = 0;
    json_object_foreach(a, key, value) {
        failed |= add_fact(facts, "setting", key, a, b);
    }
    json_object_foreach(b, key, value) {
        failed |= json_object_get(a, key) ? 0 : add_fact(facts, "setting", key, a, b);
    }
    return failed;
}

static json_t *make_facts(const sides *of) {
    json_t *facts = json_array();
    int failed = add_facts(facts, "", host_facts, of->a->root, of->b->root);
    for (size_t i = 0; i < of->pairs.count; i++) {
        const cli_bench_pair *pair = &of->pairs.devices[i];
        failed |= add_facts(facts, cli_bench_result_text(pair->a, "device"), device_facts, pair->a,
                            pair->b);
    }
    failed |= add_settings(facts, of->a->settings, of->b->settings);
    if (failed) {
        json_decref(facts);
        return NULL;
    }
    return facts;
}

/* ---- what was measured ---- */

static json_t *make_row(const json_t *a, const json_t *b) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "hidden", value_of(a, "hidden"), "schedule",
                     value_of(a, "schedule"), "a", value_of(a, "device"), "b",
                     value_of(b, "device"), "ratios",
                     cli_bench_ratios(cli_bench_row_quantities, a, b));
}

static json_t *make_rows(const sides *of) {
    json_t *rows = json_array(), *row;
    size_t i;
    json_array_foreach(of->a->rows, i, row) {
        const json_t *other = cli_bench_pair_row(&of->pairs, row, of->b, 1);
        if (other && cli_bench_result_is_measured(row) && cli_bench_result_is_measured(other)) {
            json_array_append_new(rows, make_row(row, other));
        }
    }
    return rows;
}

/* Rows that were measured in one, and in the other not; `to_b`: that one is A. */
static json_t *make_lonely(const sides *of, int to_b) {
    json_t *lonely = json_array(), *row;
    size_t i;
    json_array_foreach((to_b ? of->a : of->b)->rows, i, row) {
        const json_t *other = cli_bench_pair_row(&of->pairs, row, to_b ? of->b : of->a, to_b);
        if (cli_bench_result_is_measured(row) && !(other && cli_bench_result_is_measured(other))) {
            json_array_append_new(
                lonely, json_pack("{s:o, s:o, s:o, s:o}", "hidden", value_of(row, "hidden"),
                                  "schedule", value_of(row, "schedule"), "device",
                                  value_of(row, "device"), "reason", value_of(other, "reason")));
        }
    }
    return lonely;
}

/* Of the rows of one device. */
static json_t *make_mean(const json_t *rows, const char *device) {
    double logarithms = 0.0, least = INFINITY, most = 0.0;
    json_int_t count = 0;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row) {
        const json_t *ratios = json_object_get(row, "ratios");
        const json_t *epoch = json_object_get(ratios, cli_bench_row_quantities[0].key);
        const double ratio = json_number_value(json_object_get(epoch, "ratio"));
        if (ratio > 0.0 && strcmp(cli_bench_result_text(row, "a"), device) == 0) {
            logarithms += log(ratio);
            least = fmin(least, ratio);
            most = fmax(most, ratio);
            count++;
        }
    }
    return count == 0
               ? json_null()
               : json_pack("{s:o, s:o, s:o, s:I}", "ratio",
                           cbx_json_number(exp(logarithms / (double)count)), "least",
                           cbx_json_number(least), "most", cbx_json_number(most), "rows", count);
}

static json_t *make_devices(const sides *of, const json_t *rows) {
    json_t *devices = json_array();
    for (size_t i = 0; i < of->pairs.count; i++) {
        const cli_bench_pair *pair = &of->pairs.devices[i];
        json_array_append_new(
            devices, json_pack("{s:o, s:o, s:o, s:o}", "a", value_of(pair->a, "device"), "b",
                               value_of(pair->b, "device"), "ratios",
                               cli_bench_ratios(cli_bench_device_quantities, pair->a, pair->b),
                               "epoch", make_mean(rows, cli_bench_result_text(pair->a, "device"))));
    }
    return devices;
}

/* ---- the files ---- */

/* The sentences of a result that say it may have been disturbed. */
static json_t *make_warnings(const cli_bench_result *result) {
    json_t *warnings = json_array(), *row;
    size_t i;
    if (cli_bench_result_text(result->root, "warning")[0]) {
        json_array_append(warnings, json_object_get(result->root, "warning"));
    }
    json_array_foreach(result->rows, i, row) {
        if (cli_bench_result_text(row, "warning")[0]) {
            json_array_append_new(warnings, json_sprintf("H = %lld on %s, %s: %s",
                                                         (long long)json_integer_value(
                                                             json_object_get(row, "hidden")),
                                                         cli_bench_result_text(row, "device"),
                                                         cli_bench_result_text(row, "schedule"),
                                                         cli_bench_result_text(row, "warning")));
        }
    }
    return warnings;
}

static json_t *make_file(const cli_bench_result *result) {
    return json_pack("{s:o, s:o, s:o}", "file", cbx_json_string(result->path), "date",
                     value_of(result->root, "date"), "warnings", make_warnings(result));
}

json_t *cli_bench_comparison(const cli_bench_result *a, const cli_bench_result *b) {
    sides of = {.a = a, .b = b};
    json_t *comparison = NULL;
    if (cli_bench_pair_devices(&of.pairs, a, b) == CBX_OK) {
        json_t *rows = make_rows(&of), *devices = make_devices(&of, rows);
        comparison =
            json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "a", make_file(a), "b", make_file(b),
                      "facts", make_facts(&of), "devices", devices, "rows", rows, "only_in_a",
                      make_lonely(&of, 1), "only_in_b", make_lonely(&of, 0));
    }
    free(of.pairs.devices);
    return comparison;
}
