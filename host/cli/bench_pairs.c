/* SPDX-License-Identifier: MIT */
#include "cli/bench_pairs.h"

#include <string.h>

#include "base/memory.h"

static int is_equal(const json_t *a, const json_t *b, const char *key) {
    return strcmp(cli_bench_result_text(a, key), cli_bench_result_text(b, key)) == 0;
}

static int same_platform(const json_t *a, const json_t *b) {
    return is_equal(a, b, "name") && is_equal(a, b, "platform");
}

static int same_name(const json_t *a, const json_t *b) {
    return is_equal(a, b, "name");
}

static int is_paired(const cli_bench_pairs *pairs, const json_t *device) {
    int found = 0;
    for (size_t i = 0; i < pairs->count; i++) {
        found |= pairs->devices[i].a == device || pairs->devices[i].b == device;
    }
    return found;
}

/* The first that has no partner and is the same as `like`, NULL: as any. */
static const json_t *find_single(const cli_bench_pairs *pairs, const cli_bench_result *in,
                                 const json_t *like,
                                 int (*same)(const json_t *a, const json_t *b)) {
    for (size_t i = 0; i < json_array_size(in->devices); i++) {
        const json_t *device = json_array_get(in->devices, i);
        if (!is_paired(pairs, device) && (!like || same(like, device))) {
            return device;
        }
    }
    return NULL;
}

static void pair_same(cli_bench_pairs *pairs, const cli_bench_result *a, const cli_bench_result *b,
                      int (*same)(const json_t *a, const json_t *b)) {
    for (size_t i = 0; i < json_array_size(a->devices); i++) {
        const json_t *device = json_array_get(a->devices, i);
        const json_t *other = is_paired(pairs, device) ? NULL : find_single(pairs, b, device, same);
        if (other) {
            pairs->devices[pairs->count++] = (cli_bench_pair){device, other};
        }
    }
}

cbx_status cli_bench_pair_devices(cli_bench_pairs *pairs, const cli_bench_result *a,
                                  const cli_bench_result *b) {
    *pairs = (cli_bench_pairs){0};
    cbx_status status = cbx_new(&pairs->devices, json_array_size(a->devices) + 1);
    if (status) {
        return status;
    }
    pair_same(pairs, a, b, same_platform);
    pair_same(pairs, a, b, same_name);
    if (json_array_size(a->devices) == pairs->count + 1 &&
        json_array_size(b->devices) == pairs->count + 1) {
        const cli_bench_pair last = {find_single(pairs, a, NULL, NULL),
                                     find_single(pairs, b, NULL, NULL)};
        pairs->devices[pairs->count++] = last;
    }
    return CBX_OK;
}

/* What the row's device is called in the other result; NULL: it is not there. */
static const char *other_device(const cli_bench_pairs *pairs, const json_t *row, int to_b) {
    const char *spec = cli_bench_result_text(row, "device");
    for (size_t i = 0; i < pairs->count; i++) {
        const cli_bench_pair *pair = &pairs->devices[i];
        if (strcmp(spec, cli_bench_result_text(to_b ? pair->a : pair->b, "device")) == 0) {
            return cli_bench_result_text(to_b ? pair->b : pair->a, "device");
        }
    }
    return strcmp(spec, CLI_BENCH_BASELINE) == 0 ? spec : NULL;
}

const json_t *cli_bench_pair_row(const cli_bench_pairs *pairs, const json_t *row,
                                 const cli_bench_result *other, int to_b) {
    const char *device = other_device(pairs, row, to_b);
    for (size_t i = 0; i < json_array_size(other->rows) && device; i++) {
        const json_t *each = json_array_get(other->rows, i);
        if (strcmp(device, cli_bench_result_text(each, "device")) == 0 &&
            is_equal(row, each, "schedule") &&
            json_equal(json_object_get(row, "hidden"), json_object_get(each, "hidden"))) {
            return each;
        }
    }
    return NULL;
}
