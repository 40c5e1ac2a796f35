/* SPDX-License-Identifier: MIT */
/* The self-test before a run sees the sizes and the divisions of that run: kernels that are wrong
 * there alone are refused, and only there. */
#include "support/test.h"

#include <stdio.h>
#include <string.h>

#include "check/self_test.h"
#include "check/specimen.h"
#include "device/device.h"
#include "support/fixture.h"
#include "support/mutant.h"

#define FORWARD_CPU "global const float *u = q + (size_t)start_rows * pitch + i * CBX_PANEL;"
#define FORWARD_GPU "add_slab_gpu(sum, slab == begin"

/* A kernel that is wrong with some networks and batches, and two runs: the first meets it. */
typedef struct fault {
    cbx_family family;
    edit edit;
    cbx_trainer_settings meets, passes;
} fault;

static const fault faults[] = {
    /* The hundredth row of a batch. */
    {CBX_FAMILY_CPU,
     {"train_cpu.cl", FORWARD_CPU,
      FORWARD_CPU "if (start_rows >= 100) { q[99 * pitch + i * CBX_PANEL] += 100.0f; }"},
     {64, 100, CBX_RECIPE_LESSON, CBX_SCHEDULE_AUTO},
     {64, 99, CBX_RECIPE_LESSON, CBX_SCHEDULE_AUTO}},
    /* Batches that end eight rows after a block. */
    {CBX_FAMILY_CPU,
     {"train_cpu.cl", FORWARD_CPU,
      FORWARD_CPU "if (start_rows % 64 == 8) { q[i * CBX_PANEL] += 100.0f; }"},
     {64, 1032, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED},
     {64, 1024, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED}},
    /* Chunks of four panels, with `fused` and the recipe `nll`. */
    {CBX_FAMILY_CPU,
     {"train_cpu.cl", FORWARD_CPU,
      FORWARD_CPU "if (launch.chunk_panels == 4 && launch.recipe == CBX_NLL && !by_pixels) {"
                  "  q[i * CBX_PANEL] += 100.0f; }"},
     {16384, 64, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED},
     {64, 64, CBX_RECIPE_NLL, CBX_SCHEDULE_FUSED}},
    /* As many rows, and one slice, in which D2 is made, too. */
    {CBX_FAMILY_GPU,
     {"train_gpu.cl", FORWARD_GPU,
      "if (slices == 1 && within && launch.rows == 64) { sum[0] += 100.0f; }" FORWARD_GPU},
     {64, 64, CBX_RECIPE_LESSON, CBX_SCHEDULE_FUSED},
     {16384, 64, CBX_RECIPE_LESSON, CBX_SCHEDULE_FUSED}},
};

enum { FAULTS = sizeof faults / sizeof *faults };

static void faults_of_a_run_are_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < FAULTS; i++) {
        const fault *f = &faults[i];
        cbx_device *device;
        (void)fixture_device(f->family);
        assert_ok(cbx_device_open(&device, fixture_spec(), f->family));
        mutate_all(device, &f->edit, 1);
        assert_ok(cbx_self_test_run(device, &f->passes));
        assert_fails(cbx_self_test_run(device, &f->meets), CBX_BAD_KERNEL, " computes wrongly on ");
        cbx_device_close(device);
    }
}

/* Of odd and of large sizes, by every way. */
static void healthy_devices_pass(void **state) {
    static const uint32_t sizes[][2] = {{1, 1},     {5, 3},     {6, 64},        {33, 65},
                                        {160, 128}, {161, 129}, {262144, 4096}, {100, 100}};
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            const cbx_trainer_settings settings = {sizes[i][0], sizes[i][1], (cbx_recipe)(i % 2),
                                                   fixture_ways[w].schedule};
            assert_ok(cbx_self_test_run(fixture_device(fixture_ways[w].family), &settings));
        }
    }
}

static uint32_t last_of(uint32_t value, uint32_t unit) {
    return (value - 1) % unit + 1;
}

/* What is last is as full as the run's. */
static void specimens_have_the_remainders_of_a_run(void **state) {
    (void)state;
    for (uint32_t n = 1; n < 400; n++) {
        const cbx_trainer_settings settings = {n, n, CBX_RECIPE_LESSON, CBX_SCHEDULE_AUTO};
        const cbx_specimen_sizes sizes = cbx_specimen_like(&settings);
        assert_int_equal(last_of(sizes.hidden, CBX_PANEL), last_of(n, CBX_PANEL));
        assert_int_equal(last_of(sizes.batch, CBX_ROW_BLOCK), last_of(n, CBX_ROW_BLOCK));
        assert_in_range(sizes.hidden, 6, 160);
        assert_in_range(sizes.batch, n < 128 ? n : 65, 128);
        assert_true(n > 160 || n < 6 || sizes.hidden == n);
        assert_true(sizes.training > 3 * sizes.batch && sizes.validation > 0);
        assert_int_equal((sizes.training + sizes.validation) / 6, sizes.validation);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(specimens_have_the_remainders_of_a_run),
        cmocka_unit_test(healthy_devices_pass),
        cmocka_unit_test(faults_of_a_run_are_refused),
    };
    return cmocka_run_group_tests_name("self-test of a run", tests, fixture_setup,
                                       fixture_teardown);
}
