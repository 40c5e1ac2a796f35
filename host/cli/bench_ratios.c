/* SPDX-License-Identifier: MIT */
#include "cli/bench_ratios.h"

#include "bench/bench.h"

const cli_bench_quantity cli_bench_device_quantities[] = {
    {"peak_flop_per_second", NULL, NULL, "peak", 0},
    {"copy_bytes_per_second", NULL, NULL, "copy", 0},
    {"read_bytes_per_second", NULL, NULL, "read", 0},
    {"launch_seconds", NULL, NULL, "launch time", 1},
    {"round_trip_seconds", NULL, NULL, NULL, 0},
    {0}};

const cli_bench_quantity cli_bench_row_quantities[] = {
    {"epoch_seconds", NULL, NULL, "epoch time", 0},
    {"flop_per_second", NULL, NULL, "GFLOP/s", 4},
    {"share_of_peak", NULL, NULL, "of peak", 5},
    {"flop_per_processor_second", NULL, NULL, NULL, 0},
    {"evaluate_flop_per_second", NULL, "evaluate_seconds", "evaluate", 1},
    {"draw_frames_per_second", NULL, NULL, "frames/s", 2},
    {"frames_per_second", "film_job", NULL, "film frames/s", 3},
    {0}};

/* Extremes of 0: they are not known. One repetition has none. */
static cbx_spread spread_of(const json_t *value) {
    const json_t *median = json_is_object(value) ? json_object_get(value, "median") : value;
    const cbx_spread spread = {.median = json_number_value(median),
                               .least = json_number_value(json_object_get(value, "min")),
                               .most = json_number_value(json_object_get(value, "max"))};
    const int known = spread.least > 0.0 && spread.most > spread.least;
    return known ? spread : (cbx_spread){.median = spread.median};
}

static cbx_spread find(const cli_bench_quantity *quantity, const json_t *record) {
    const json_t *in = quantity->inside ? json_object_get(record, quantity->inside) : record;
    cbx_spread found = spread_of(json_object_get(in, quantity->key));
    if (quantity->times) {
        const cbx_spread seconds = spread_of(json_object_get(in, quantity->times));
        if (seconds.least > 0.0) {
            found.least = found.median * seconds.median / seconds.most;
            found.most = found.median * seconds.median / seconds.least;
        }
    }
    return found;
}

static json_t *ratio(const cbx_spread *a, const cbx_spread *b) {
    const int known = a->least > 0.0 && b->least > 0.0;
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "a", cbx_json_number(a->median), "b",
                     cbx_json_number(b->median), "ratio", cbx_json_number(b->median / a->median),
                     "least", known ? cbx_json_number(b->least / a->most) : json_null(), "most",
                     known ? cbx_json_number(b->most / a->least) : json_null());
}

json_t *cli_bench_ratios(const cli_bench_quantity *quantities, const json_t *a, const json_t *b) {
    json_t *all = json_object();
    int failed = 0;
    for (; quantities->key; quantities++) {
        const cbx_spread in_a = find(quantities, a), in_b = find(quantities, b);
        if (in_a.median > 0.0 && in_b.median > 0.0) {
            failed |= json_object_set_new(all, quantities->key, ratio(&in_a, &in_b));
        }
    }
    if (failed) {
        json_decref(all);
        return NULL;
    }
    return all;
}
