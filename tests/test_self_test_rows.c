/* SPDX-License-Identifier: MIT */
/* The self-test looks at every row, panel and group of work-items of the fused kernels: each
 * group is broken in turn. One program holds all faults of a family, and each fault is awake
 * only where the lowest bits of a learning rate name it, so that nothing is compiled twice. */
#include <stdio.h>
#include <string.h>

#include "check/specimen.h"
#include "device/device.h"
#include "support/fixture.h"
#include "support/mutant.h"
#include "support/test.h"

/* Bits of a rate that name a fault: 16 groups of each site. None is named where they are 0. */
enum { GROUPS = 16, MARKS = 16 * GROUPS };

#define BROKEN(site, group, rate) "(as_uint(" rate ") % 256 == " #site " * 16 + (" group "))"

typedef struct site {
    const char *kernel; /* that must be named */
    const char *what;
    uint32_t groups;
    edit edit;
} site;

#define U_OF_A_PANEL "global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;"

/* Groups of eight rows, where nothing else is said: 0…7 of the first tile, 8 and 9 of the
 * second. Sites count from 1. */
static const site sites_cpu[] = {
    {"train_cpu",
     "X·W1 of eight rows",
     10,
     {"train_cpu.cl", U_OF_A_PANEL,
      U_OF_A_PANEL
      "for (uint b = 0; b < start_rows; b++) {"
      "  if (" BROKEN(
          1, "b / 8",
          "launch.rate.hidden") ") { q[b * pitch] += 100.0f; }"
                                "  if (b == 76 && " BROKEN(
                                    5, "panel",
                                    "launch.rate.hidden") ") { q[b * pitch] += 100.0f; }"
                                                          "}"}},
    {"train_cpu",
     "D1 of eight rows",
     10,
     {"train_cpu.cl", "update_output_cpu(a + i * of_panel,",
      "for (uint b = 0; b < finish_rows; b++) {"
      "  if (" BROKEN(2, "b / 8", "rate.hidden") ") { d1[b * pitch + 31] = 0.0f; }"
                                                 "}"
                                                 "update_output_cpu(a + i * of_panel,"}},
    {"train_cpu",
     "XᵀD1 of eight rows",
     10,
     {"blocks_cpu.cl", "sum[i][0] = fma(pixel, d0, sum[i][0]);",
      "sum[i][0] = fma(pixel, " BROKEN(3, "b / 8",
                                       "rate.hidden") " ? (floatv)(0.0f) : d0, sum[i][0]);"}},
    {"train_cpu",
     "a block of W1",
     7,
     {"blocks_cpu.cl", "x + k, rows, d + part, errors + part,",
      "x + k, " BROKEN(4, "k / 16", "rate.hidden") " ? 0u : rows, d + part, errors + part,"}},
    {"train_cpu", "the 77th row of a panel", 5, {NULL, NULL, NULL}}, /* above */
    {"train_cpu",
     "the sums of eight rows",
     10,
     {"train_cpu.cl", "            mem_fence(CLK_GLOBAL_MEM_FENCE);\n            atomic_inc",
      "for (uint b = 0; b < start_rows; b++) {"
      "  if (" BROKEN(6, "b / 8", "launch.rate.hidden") ") { share[b * CBX_LANES_OUT] += 1.0f; }"
                                                        "}"
                                                        "mem_fence(CLK_GLOBAL_MEM_FENCE);"
                                                        "atomic_inc"}},
    {"train_cpu",
     "W2, by eight rows",
     10,
     {"batch_cpu.cl", "sum[i] = fma((float16)(a1[b * CBX_PANEL + lane + i]), d, sum[i]);",
      "sum[i] = fma((float16)(" BROKEN(
          7, "b / 8", "rate") " ? 0.0f : a1[b * CBX_PANEL + lane + i]), d, sum[i]);"}},
};

/* What is another loop over ink; panels together have one row of marks. */
static const site sites_ink[] = {
    {"train_cpu",
     "levels·W1 of eight rows",
     10,
     {"train_cpu.cl", U_OF_A_PANEL,
      U_OF_A_PANEL
      "for (uint b = 0; b < start_rows; b++) {"
      "  if (" BROKEN(1, "b / 8",
                      "launch.rate.hidden") ") { q[b * pitch + i * CBX_PANEL] += 100.0f; }"
                                            "  if (b == 76 && " BROKEN(
                                                2, "panel + i",
                                                "launch.rate.hidden") ") { q[b * pitch + i * "
                                                                      "CBX_PANEL] += 100.0f; }"
                                                                      "}"}},
    {"train_cpu", "the 77th row of a panel", 5, {NULL, NULL, NULL}}, /* above */
    {"train_cpu",
     "the marks of eight rows",
     10,
     {"ink_cpu.cl", "sum[i] = fma(level, LOAD(row + i * CBX_VECTOR), sum[i]);",
      "sum[i] = fma(level, " BROKEN(
          3, "batch.marks[n].at / CBX_INK_PITCH / 8",
          "rate.hidden") " ? (floatv)(0.0f) : LOAD(row + i * CBX_VECTOR), sum[i]);"}},
    {"train_cpu",
     "the ink of eight rows",
     10,
     {"ink_cpu.cl", "STORE(sum + i, fma(level, LOAD(d + i), LOAD(sum + i)));",
      "STORE(sum + i, fma(level, " BROKEN(
          4, "b / 8", "rate.hidden") " ? (floatv)(0.0f) : LOAD(d + i), LOAD(sum + i)));"}},
    {"train_cpu",
     "a slab of W1, by either way",
     7,
     {"train_cpu.cl", "CBX_JOIN(forward_, NAME)(w, start, slab, q);",
      "if (finish.rows > 0 && " BROKEN(
          5, "slab", "rate.hidden") ") { w[slab * CBX_SLAB * CBX_PANEL] += 1.0f; } "
                                    "CBX_JOIN(forward_, NAME)(w, start, slab, q);"}},
};

#define FORWARD "launch.rate.hidden"
#define BACKWARD "launch.pending_rate.hidden"

/* train_gpu_hidden has no rate where it updates pixels: it is taken along as `mark`. */
static const site sites_gpu_hidden[] = {
    {"train_gpu_hidden",
     "one of eight rows of Q",
     8,
     {"train_gpu.cl", "add_slab_gpu(sum, slab == begin",
      "for (uint i = 0; i < CBX_ITEM_ROWS; i++) {"
      "  const uint at_row = block * CBX_ROW_BLOCK + place_of_sum(i, CBX_ITEM_ROWS);"
      "  if (" BROKEN(1, "at_row % 8", FORWARD) " || " BROKEN(
          2, "at_row / 8",
          FORWARD) "      || " BROKEN(3, "lane_x()",
                                      FORWARD) " || " BROKEN(4, "slab",
                                                             FORWARD) ") {"
                                                                      "    sum[i] += 100.0f;"
                                                                      "  }"
                                                                      "}"
                                                                      "add_slab_gpu(sum, slab == "
                                                                      "begin"}},
    {"train_gpu_hidden", "Q of eight rows", 10, {NULL, NULL, NULL}},  /* above */
    {"train_gpu_hidden", "Q of four neurons", 8, {NULL, NULL, NULL}}, /* above */
    {"train_gpu_hidden", "Q of a slab", 7, {NULL, NULL, NULL}},       /* above */
    {"train_gpu_hidden",
     "U of a slab",
     7,
     {"train_gpu.cl", "columns += of_slab;",
      "columns += of_slab + (" BROKEN(5, "slab", FORWARD) " ? 1.0f : 0.0f);"}},
    {"train_gpu_hidden",
     "D1 of eight rows",
     10,
     {"train_gpu.cl", "add_errors_gpu(delta, errors);",
      "for (uint b = 0; b < CBX_ROW_BLOCK && me < CBX_PANEL; b++) {"
      "  if (" BROKEN(6, "(row + b) / 8", BACKWARD) ") { delta[b * CBX_PANEL + me] = 0.0f; }"
                                                    "}"
                                                    "barrier(CLK_LOCAL_MEM_FENCE);"
                                                    "add_errors_gpu(delta, errors);"}},
    {"train_gpu_hidden",
     "one of eight pixels, in tall blocks",
     8,
     {"train_gpu.cl", "GLOBAL4(at), sum[i], errors",
      "GLOBAL4(at), (HEIGHT == CBX_TALL_ROWS && " BROKEN(
          7, "place % 8",
          "from.mark") ") || (HEIGHT == "
                       "CBX_LOW_ROWS "
                       "&& " BROKEN(8, "place % 8", "from.mark") ") || " BROKEN(
                           9, "place / 8",
                           "from.mark") " ||"
                                        " " BROKEN(
                                            10, "lane_x()",
                                            "from.mark") " ? (float4)(0.0f) : sum[i], errors"}},
    {"train_gpu_hidden", "one of eight pixels, in low blocks", 8, {NULL, NULL, NULL}}, /* above */
    {"train_gpu_hidden", "eight pixels of a list", 14, {NULL, NULL, NULL}},            /* above */
    {"train_gpu_hidden", "the pixels of four neurons", 8, {NULL, NULL, NULL}},         /* above */
    {"train_gpu_hidden",
     "eight pixels of the background",
     14,
     {"train_gpu.cl", "(float4)(0.0f), s,",
      "(float4)(0.0f), " BROKEN(11, "(first + i * CBX_GROUP / 8) / 8",
                                "from.mark") " ? (float4)(0.0f) : s,"}},
    {"train_gpu_hidden",
     "the update of a slab",
     7,
     {"train_gpu.cl", "update_slab_gpu(pending, (local",
      "pending.rows = " BROKEN(12, "slab", BACKWARD) " ? 0 : rows;"
                                                     "update_slab_gpu(pending, (local"}},
    {"train_gpu_hidden",
     "D2 of eight rows, in a group that is not the first",
     8,
     {"batch_gpu.cl", "LOCAL4(d2 + i * 4) = is_row ?",
      "LOCAL4(d2 + i * 4) = is_row && !(get_group_id(0) > 0 && " BROKEN(13, "i / 32",
                                                                        BACKWARD) ") ?"}},
    {"train_gpu_hidden",
     "D2 of eight rows, from a launch of its own",
     10,
     {"train_gpu.cl", "fetch_deltas_gpu(d2, row, rows, CBX_GROUP, stage);",
      "fetch_deltas_gpu(d2, row, rows, CBX_GROUP, stage);"
      "for (uint i = me; i < CBX_ROW_BLOCK * 4; i += CBX_GROUP) {"
      "  if (" BROKEN(14, "(row + i / 4) / 8",
                      BACKWARD) ") {"
                                "    LOCAL4(stage + i * 4) = (float4)(0.0f);"
                                "  }"
                                "}"}},
    {"train_gpu_hidden",
     "the losses of eight rows",
     8,
     {"batch_gpu.cl", "losses[row] = row_loss(",
      "losses[row] = " BROKEN(15, "row / 8", BACKWARD) " ? 0.0f : row_loss("}},
};

static const edit marks_gpu[] = {
    {"train_gpu.cl", "float rate_scale, rate_shift;", "float rate_scale, rate_shift, mark;"},
    {"train_gpu.cl", "pending.rows = rows;", "pending.rows = rows; pending.mark = " BACKWARD ";"},
};

static const site sites_gpu[] = {
    {"train_gpu_output",
     "A1 of eight rows",
     10,
     {"train_gpu.cl", "share_of_panel_gpu(act, weights, CBX_OUTPUT_GROUP,",
      "barrier(CLK_GLOBAL_MEM_FENCE);"
      "for (uint b = 0; b < CBX_ROW_BLOCK && me < CBX_PANEL; b++) {"
      "  if (" BROKEN(1, "(row + b) / 8", FORWARD) " || " BROKEN(
          2, "me / 4", FORWARD) ") {"
                                "    a1[panel * of_panel + (row + b) * CBX_PANEL + me] += 1.0f;"
                                "  }"
                                "}"
                                "share_of_panel_gpu(act, weights, CBX_OUTPUT_GROUP,"}},
    {"train_gpu_output", "A1 of four neurons", 8, {NULL, NULL, NULL}}, /* above */
    {"train_gpu_output",
     "the share of eight rows",
     10,
     {"train_gpu.cl", "for (uint i = me; i < CBX_ROW_BLOCK * CBX_LANES_OUT && panel == 0;",
      "barrier(CLK_GLOBAL_MEM_FENCE);"
      "for (uint i = me; i < CBX_ROW_BLOCK * CBX_LANES_OUT; i += CBX_OUTPUT_GROUP) {"
      "  const uint of_row = row + i / CBX_LANES_OUT;"
      "  if (" BROKEN(3, "of_row / 8", FORWARD) "      || (of_row == 76 && " BROKEN(
          4, "panel",
          FORWARD) ")) {"
                   "    sums[panel * of_share + row * CBX_LANES_OUT + i] += 1.0f;"
                   "  }"
                   "}"
                   "for (uint i = me; i < CBX_ROW_BLOCK * CBX_LANES_OUT && panel == 0;"}},
    {"train_gpu_output", "the 77th row of a panel", 5, {NULL, NULL, NULL}}, /* above */
    {"train_gpu_output",
     "W2, by eight rows",
     10,
     {"train_gpu.cl", "(float2)(act[b * CBX_ACT_PITCH",
      "(float2)(" BROKEN(5, "(row + b) / 8", "rate") " ? 0.0f : act[b * CBX_ACT_PITCH"}},
    {"train_gpu_output",
     "W2 of four neurons",
     8,
     {"train_gpu.cl", "if (rows > 0 && pair < CBX_PAIRS) {",
      "if (rows > 0 && pair < CBX_PAIRS && !" BROKEN(6, "to / CBX_LANES_OUT / 4", "rate") ") {"}},
    {"train_gpu_output",
     "the outputs' biases, by eight rows",
     10,
     {"train_gpu.cl", "sum += d2[b * CBX_LANES_OUT",
      "sum += " BROKEN(7, "b / 8", "rate") " ? 0.0f : d2[b * CBX_LANES_OUT"}},
    {"train_gpu_output",
     "the outputs' biases for eight rows",
     10,
     {"train_gpu.cl", "= w2[i % CBX_LANES_OUT];",
      "= w2[i % CBX_LANES_OUT] + (" BROKEN(8, "(row + i / CBX_LANES_OUT) / 8",
                                           FORWARD) " ? 1.0f : 0.0f);"}},
    {"train_gpu_delta",
     "D2 of eight rows",
     10,
     {"train_gpu.cl", "output_delta_gpu(z, label, quarter",
      "output_delta_gpu(z + (" BROKEN(9, "row / 8", BACKWARD) " || " BROKEN(
          10, "quarter", BACKWARD) " ? 1.0f : 0.0f), label, quarter"}},
    {"train_gpu_delta", "four outputs of D2", 3, {NULL, NULL, NULL}}, /* above */
    {"train_gpu_delta",
     "the losses of eight rows",
     10,
     {"train_gpu.cl", "row_loss((float16)(outputs[0]",
      BROKEN(11, "row / 8", BACKWARD) " ? 0.0f : row_loss((float16)(outputs[0]"}},
    {"train_gpu_delta",
     "a panel's share",
     5,
     {"train_gpu.cl", "CBX_GROUP, i, shares[i * 4 + me]",
      "CBX_GROUP, i, shares[i * 4 + me] + (" BROKEN(12, "i", BACKWARD) " ? 1.0f : 0.0f)"}},
};

/* The rate with other lowest bits. */
static float marked(float rate, uint32_t mark) {
    uint32_t bits;
    memcpy(&bits, &rate, sizeof bits);
    bits = bits / MARKS * MARKS + mark;
    memcpy(&rate, &bits, sizeof bits);
    return rate;
}

/* Where the program for large groups was built, they are. */
static cbx_status check_marked(cbx_device *device, cbx_schedule schedule, uint32_t mark) {
    cbx_status status = CBX_OK;
    for (int i = 0; i < 2 * CBX_SPECIMENS && !status; i++) {
        cbx_specimen_sizes sizes = cbx_specimens[i / 2];
        cbx_specimen specimen;
        sizes.division[i % 2].groups = device->wide ? CBX_WIDE_GROUPS : CBX_NARROW_GROUPS;
        assert_ok(cbx_specimen_init(&specimen, device, &sizes));
        specimen.rates.hidden = marked(specimen.rates.hidden, mark);
        specimen.rates.output = marked(specimen.rates.output, mark);
        status = cbx_check_fused(&specimen, schedule, (cbx_recipe)(i % 2));
        cbx_specimen_clear(&specimen);
    }
    return status;
}

/* How many groups of a site the self-test does not notice, or not as those of its kernel. */
static size_t missed(cbx_device *device, cbx_schedule schedule, const site *s, uint32_t number) {
    size_t count = 0;
    char name[64];
    snprintf(name, sizeof name, "the kernel %s computes wrongly on ", s->kernel);
    for (uint32_t group = 0; group < s->groups; group++) {
        const cbx_status status = check_marked(device, schedule, number * GROUPS + group);
        if (status != CBX_BAD_KERNEL || strncmp(cbx_last_error(), name, strlen(name)) != 0) {
            print_error("%s, group %u of %u: %s\n", s->what, group, s->groups,
                        status ? cbx_last_error() : "not noticed");
            count++;
        }
    }
    return count;
}

typedef void mutate_several(cbx_device *device, const edit *edits, size_t count);

/* `others`: edits that those of the sites need. */
static void every_group_of_is_looked_at(cbx_family family, cbx_schedule schedule, const site *sites,
                                        size_t count, const edit *others, size_t other_count,
                                        mutate_several *break_it) {
    edit edits[2 * MARKS / GROUPS];
    size_t unseen = 0, used = 0;
    cbx_device *device;
    (void)fixture_device(family); /* skips where there is none */
    assert_true(count < MARKS / GROUPS);
    for (; used < other_count; used++) {
        edits[used] = others[used];
    }
    for (size_t i = 0; i < count; i++) {
        if (sites[i].edit.file != NULL) {
            edits[used++] = sites[i].edit;
        }
    }
    assert_ok(cbx_device_open(&device, fixture_spec(), family));
    break_it(device, edits, used);
    assert_ok(check_marked(device, schedule, 0)); /* with every fault asleep */
    for (size_t i = 0; i < count; i++) {
        unseen += missed(device, schedule, &sites[i], (uint32_t)i + 1);
    }
    cbx_device_close(device);
    assert_int_equal(0, unseen);
}

static void every_group_is_looked_at(cbx_family family, cbx_schedule schedule, const site *sites,
                                     size_t count) {
    every_group_of_is_looked_at(family, schedule, sites, count, NULL, 0, mutate_all);
}

#define ALL(sites) (sites), sizeof(sites) / sizeof *(sites)

static void the_cpu_family(void **state) {
    (void)state;
    every_group_is_looked_at(CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, ALL(sites_cpu));
}

static void the_cpu_family_over_ink(void **state) {
    (void)state;
    every_group_is_looked_at(CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, ALL(sites_ink));
}

static void the_gpu_family_over_pixels(void **state) {
    (void)state;
    every_group_of_is_looked_at(CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, ALL(sites_gpu_hidden),
                                ALL(marks_gpu), mutate_all);
}

static void the_gpu_family_over_pixels_in_large_groups(void **state) {
    (void)state;
    every_group_of_is_looked_at(CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, ALL(sites_gpu_hidden),
                                ALL(marks_gpu), mutate_wide_all);
}

static void the_gpu_family(void **state) {
    (void)state;
    every_group_is_looked_at(CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, ALL(sites_gpu));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cpu_family),
        cmocka_unit_test(the_cpu_family_over_ink),
        cmocka_unit_test(the_gpu_family_over_pixels),
        cmocka_unit_test(the_gpu_family_over_pixels_in_large_groups),
        cmocka_unit_test(the_gpu_family),
    };
    return cmocka_run_group_tests_name("self-test: rows", tests, fixture_setup, fixture_teardown);
}
