/* SPDX-License-Identifier: MIT */
/* The self-test looks at every row, panel and group of work-items of the fused kernels: each
 * group is broken in turn. One program holds all faults of a family, and each fault is awake
 * only where the lowest bits of a learning rate name it, so that nothing is compiled twice. */
#include <stdio.h>
#include <string.h>

#include "check/specimen.h"
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

static const site sites_gpu[] = {
    {"train_gpu_hidden",
     "one of a work-item's eight sums of X·W1",
     8,
     {"train_gpu.cl", "*(global float4 *)at = sum[i][0];",
      "*(global float4 *)at = " BROKEN(1, "i",
                                       "launch.rate.hidden") " ? (float4)(0.0f) : sum[i][0];"}},
    {"train_gpu_hidden",
     "D1 of eight rows",
     10,
     {"train_gpu.cl", "if (k == 0 && recipe == CBX_NLL) {",
      "for (uint i = 0; i < CBX_TILE; i++) {"
      "  if (" BROKEN(2, "(row + i) / 8",
                      "rate") ") {"
                              "    delta[i * CBX_TILE + get_local_id(0)] = 0.0f;"
                              "  }"
                              "}"
                              "if (k == 0 && recipe == CBX_NLL) {"}},
    {"train_gpu_hidden",
     "XᵀD1 of eight rows, by low blocks alone",
     10,
     {"train_gpu.cl", "sum[i][1] = fma(pixel, d8, sum[i][1]);",
      "sum[i][1] = fma(pixel, HEIGHT == 2 && " BROKEN(
          3, "(row + b) / 8", "rate") " ? (float4)(0.0f) : d8, sum[i][1]);"}},
    {"train_gpu_hidden",
     "one of a work-item's rows of W1",
     7,
     {"train_gpu.cl", "*w8 = stepped(*w8, sum[i][1], (float4)(rate));",
      "*w8 = stepped(*w8, sum[i][1], (float4)(" BROKEN(4, "i", "rate") " ? 0.0f : rate));"}},
    {"train_gpu_output",
     "a quarter of A1",
     4,
     {"train_gpu.cl", "/* A work-item takes 4 outputs of one row. */",
      "if (" BROKEN(
          5, "me / CBX_TILE",
          "launch.rate.hidden") ") {"
                                "  a1[at + me / CBX_TILE * CBX_QUARTER * CBX_PANEL] += 1.0f;"
                                "}"}},
    {"train_gpu_output",
     "the sums of eight rows",
     10,
     {"train_gpu.cl", "*to = sum;",
      "*to = " BROKEN(6, "(row + b) / 8", "launch.rate.hidden") " ? (float4)(0.0f) : sum;"}},
    {"train_gpu_output",
     "a quarter of W2's sums",
     4,
     {"train_gpu.cl", "gradient += quarters[q",
      "gradient += " BROKEN(7, "q", "rate") " ? 0.0f : quarters[q"}},
    {"train_gpu_sums",
     "eight rows of the sums of helpers",
     10,
     {"train_gpu.cl", "+ chunk) * of_share + i] = sum;",
      "+ chunk) * of_share + i] = " BROKEN(8, "(uint)(i / CBX_LANES_OUT / 8)",
                                           "launch.rate.hidden") " ? 0.0f : sum;"}},
};

/* The rate with other lowest bits. */
static float marked(float rate, uint32_t mark) {
    uint32_t bits;
    memcpy(&bits, &rate, sizeof bits);
    bits = bits / MARKS * MARKS + mark;
    memcpy(&rate, &bits, sizeof bits);
    return rate;
}

static cbx_status check_marked(cbx_device *device, cbx_schedule schedule, uint32_t mark) {
    cbx_status status = CBX_OK;
    for (int i = 0; i < 2 * CBX_SPECIMENS && !status; i++) {
        cbx_specimen specimen;
        assert_ok(cbx_specimen_init(&specimen, device, &cbx_specimens[i / 2]));
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

static void every_group_is_looked_at(cbx_family family, cbx_schedule schedule, const site *sites,
                                     size_t count) {
    edit edits[MARKS / GROUPS];
    size_t unseen = 0, used = 0;
    cbx_device *device;
    (void)fixture_device(family); /* skips where there is none */
    for (size_t i = 0; i < count; i++) {
        if (sites[i].edit.file != NULL) {
            edits[used++] = sites[i].edit;
        }
    }
    assert_ok(cbx_device_open(&device, fixture_spec(), family));
    mutate_all(device, edits, used);
    assert_ok(check_marked(device, schedule, 0)); /* with every fault asleep */
    for (size_t i = 0; i < count; i++) {
        unseen += missed(device, schedule, &sites[i], (uint32_t)i + 1);
    }
    cbx_device_close(device);
    assert_int_equal(0, unseen);
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

static void the_gpu_family(void **state) {
    (void)state;
    every_group_is_looked_at(CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, ALL(sites_gpu));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cpu_family),
        cmocka_unit_test(the_cpu_family_over_ink),
        cmocka_unit_test(the_gpu_family),
    };
    return cmocka_run_group_tests_name("self-test: rows", tests, fixture_setup, fixture_teardown);
}
