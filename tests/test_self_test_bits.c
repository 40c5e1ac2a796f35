/* SPDX-License-Identifier: MIT */
/* The self-test notices the last bit, wherever the canon is defined: of coefficients that are a
 * float off, and of sums in another order. Of other arithmetic it asks to be near. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "check/judge.h"
#include "check/self_test.h"
#include "support/fixture.h"
#include "support/mutant.h"

typedef cbx_status part(const cbx_specimen *specimen, cbx_schedule schedule, cbx_recipe recipe);

#define SLOPE "6.2499929714e-2f", "6.2499932945e-2f"
/* Sums in another order: of outputs, neurons, rows, and shares of panels. */
#define OUTPUTS "uint o = 0; o < CBX_OUTPUTS; o++", "uint o = CBX_OUTPUTS - 1; o < CBX_OUTPUTS; o--"
#define NEURONS "uint n = 0; n < CBX_PANEL; n += 4", "uint n = CBX_PANEL - 4; n < CBX_PANEL; n -= 4"
#define ROWS "sum += d1[b * CBX_PANEL", "sum += d1[(CBX_ROW_BLOCK - 1 - b) * CBX_PANEL"
#define SHARES "shares + min(i,", "shares + min(i * 3 % 8,"
#define EXP "CBX_EXP_0 0.5f", "CBX_EXP_0 0.50000006f"

static const struct last_bit {
    cbx_family family;
    cbx_schedule schedule;
    part *check;
    const char *kernel; /* that must be named */
    edit edit;
} last_bits[] = {
    {CBX_FAMILY_CPU, CBX_SCHEDULE_STEPWISE, cbx_check_sigmoid, "sigmoid", {"canon.h", EXP}},
    {CBX_FAMILY_CPU,
     CBX_SCHEDULE_STEPWISE,
     cbx_check_stepwise,
     "sigmoid_derivative",
     {"canon.h", SLOPE}},
    {CBX_FAMILY_CPU,
     CBX_SCHEDULE_STEPWISE,
     cbx_check_stepwise,
     "weight_update_output",
     {"weight_update.cl", "sum = fma((float16)(a[b * CBX_PANEL]), LOAD_OUT(d2 + b * CBX_LANES_OUT)",
      "const uint c = rows - 1 - b;"
      "sum = fma((float16)(a[c * CBX_PANEL]), LOAD_OUT(d2 + c * CBX_LANES_OUT)"}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_STEPWISE,
     cbx_check_stepwise,
     "biased_matmul_hidden",
     {"canon.h", EXP}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_STEPWISE,
     cbx_check_stepwise,
     "biased_matmul_hidden",
     {"layout.h", "CBX_SLAB 112", "CBX_SLAB 784"}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_STEPWISE,
     cbx_check_stepwise,
     "output_loss",
     {"loss.cl", OUTPUTS}},
    {CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, cbx_check_fused, "train_cpu", {"loss.cl", OUTPUTS}},
    {CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, cbx_check_fused, "train_cpu", {"canon.h", EXP}},
    {CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, cbx_check_fused, "train_cpu", {"canon.h", EXP}},
    {CBX_FAMILY_CPU, CBX_SCHEDULE_FUSED, cbx_check_evaluation, "evaluate_cpu", {"canon.h", EXP}},
    {CBX_FAMILY_CPU, CBX_SCHEDULE_SPARSE, cbx_check_evaluation, "judge", {"loss.cl", OUTPUTS}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_fused, "train_gpu_output", {"canon.h", EXP}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_FUSED,
     cbx_check_fused,
     "train_gpu_output",
     {"blocks_gpu.cl", NEURONS}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_fused, "train_gpu_hidden", {"canon.h", SLOPE}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_fused, "train_gpu_hidden", {"loss.cl", OUTPUTS}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_FUSED,
     cbx_check_fused,
     "train_gpu_hidden",
     {"batch_gpu.cl", ROWS}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_deltas, "train_gpu_delta", {"canon.h", SLOPE}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_deltas, "train_gpu_delta", {"loss.cl", OUTPUTS}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_FUSED,
     cbx_check_deltas,
     "train_gpu_delta",
     {"batch_gpu.cl", SHARES}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_FUSED,
     cbx_check_sums,
     "evaluate_gpu_sums",
     {"batch_gpu.cl", SHARES}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_evaluation, "evaluate_gpu", {"canon.h", EXP}},
    {CBX_FAMILY_GPU,
     CBX_SCHEDULE_FUSED,
     cbx_check_evaluation,
     "evaluate_gpu",
     {"blocks_gpu.cl", NEURONS}},
    {CBX_FAMILY_GPU, CBX_SCHEDULE_FUSED, cbx_check_evaluation, "judge", {"loss.cl", OUTPUTS}},
};

/* With both recipes, on all specimens. */
static cbx_status run_part(cbx_device *device, const struct last_bit *l) {
    cbx_status status = CBX_OK;
    for (int i = 0; i < 2 * CBX_SPECIMENS && !status; i++) {
        cbx_specimen_sizes sizes = cbx_specimens[i / 2];
        cbx_specimen specimen;
        sizes.division[i % 2].groups = CBX_NARROW_GROUPS; /* of the program that is broken */
        assert_ok(cbx_specimen_init(&specimen, device, &sizes));
        status = l->check(&specimen, l->schedule, (cbx_recipe)(i % 2));
        cbx_specimen_clear(&specimen);
    }
    return status;
}

static void a_last_bit_is_noticed(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof last_bits / sizeof *last_bits; i++) {
        const struct last_bit *l = &last_bits[i];
        char name[64];
        cbx_device *device;
        (void)fixture_device(l->family); /* skips where there is none */
        assert_ok(cbx_device_open(&device, fixture_spec(), l->family));
        mutate_all(device, &l->edit, 1);
        snprintf(name, sizeof name, "the kernel %s computes wrongly on ", l->kernel);
        assert_fails(run_part(device, l), CBX_BAD_KERNEL, name);
        assert_message(" to the bit; ");
        cbx_device_close(device);
    }
}

static cbx_status judge(double is, double should, double tolerance) {
    const cbx_specimen specimen = {.device = fixture_device(CBX_FAMILY_AUTO)};
    return cbx_judge(&specimen, (cbx_place){"a_kernel", "w1", 3, 4}, is, should, tolerance);
}

/* In decimal digits where they tell the numbers apart, else in hexadecimal ones. */
static void a_verdict_says_both_numbers(void **state) {
    (void)state;
    assert_ok(judge(1.5, 1.5, CBX_TO_THE_BIT));
    assert_ok(judge(1.5, 1.25, 0.25));
    assert_fails(judge(1.5, 1.25, 0.125), CBX_BAD_KERNEL,
                 "w1[3][4] is 1.5, should be 1.25 (tolerance 1.2e-01); ");
    assert_fails(judge(1.5, 1.25, CBX_TO_THE_BIT), CBX_BAD_KERNEL,
                 "w1[3][4] is 1.5, should be 1.25 to the bit; ");
    assert_fails(judge(0.0, -0.0, CBX_TO_THE_BIT), CBX_BAD_KERNEL, "is 0, should be -0 to");
    assert_fails(judge(1.0, 1.0 + 0x1p-40, CBX_TO_THE_BIT), CBX_BAD_KERNEL,
                 "is 0x1p+0, should be 0x1.0000000001p+0 to");
    assert_fails(judge((double)NAN, 1.0, 1.0), CBX_BAD_KERNEL, "is nan, should be 1 (");
}

static void check_arithmetic(const cbx_device_request *request) {
    cbx_device *device;
    (void)fixture_device(request->family);
    assert_ok(cbx_device_open_as(&device, request));
    assert_ok(cbx_device_self_test(device));
    cbx_device_close(device);
}

static void other_arithmetic_passes(void **state) {
    (void)state;
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        check_arithmetic(&(cbx_device_request){
            .spec = fixture_spec(), .family = family, .arithmetic = CBX_ARITHMETIC_PLAIN});
        check_arithmetic(
            &(cbx_device_request){.spec = fixture_spec(), .family = family, .exact_fma = 1});
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_last_bit_is_noticed),
        cmocka_unit_test(a_verdict_says_both_numbers),
        cmocka_unit_test(other_arithmetic_passes),
    };
    return cmocka_run_group_tests_name("self-test: bits", tests, fixture_setup, fixture_teardown);
}
