/* SPDX-License-Identifier: MIT */
/* The arithmetic split-bf16 as a whole: who gets it and who does not, what the self-test makes of it,
 * and that a network learns by it as by the canon. */
#include <math.h>

#include "check/specimen.h"
#include "clearbox/learn.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/refused.h"
#include "support/split.h"
#include "support/test.h"

/* ---- who gets it ---- */

static cbx_status open_as(cbx_family family) {
    cbx_device *device = NULL;
    const cbx_status status =
        cbx_device_open_for(&device, fixture_spec(), family, CBX_ARITHMETIC_SPLIT_BF16);
    if (!status) {
        assert_int_equal(CBX_ARITHMETIC_SPLIT_BF16, cbx_device_arithmetic(device));
        assert_int_equal(CBX_FAMILY_GPU, cbx_device_family(device));
    }
    cbx_device_close(device);
    return status;
}

static void devices_without_tensor_cores_are_refused(void **state) {
    (void)state;
    if (cbx_device_about(fixture_device(CBX_FAMILY_AUTO))->kind == CBX_KIND_GPU) {
        skip(); /* which may have them */
    }
    assert_fails(open_as(CBX_FAMILY_AUTO), CBX_NO_DEVICE,
                 "the arithmetic split-bf16 needs the tensor cores of an NVIDIA GPU");
    assert_fails(open_as(CBX_FAMILY_GPU), CBX_NO_DEVICE, "choose the canon, or another device");
}

static void the_family_is_that_of_gpus(void **state) {
    (void)state;
    (void)fixture_device(CBX_FAMILY_AUTO);
    split_emulate(1);
    assert_ok(open_as(CBX_FAMILY_AUTO));
    assert_ok(open_as(CBX_FAMILY_GPU));
    assert_fails(open_as(CBX_FAMILY_CPU), CBX_BAD_ARGUMENT,
                 "the arithmetic split-bf16 has no kernels of the family cpu");
    split_emulate(0);
}

/* With the emulation asked for, the canon stays the canon. */
static void others_do_not_notice(void **state) {
    cbx_device *device;
    (void)state;
    (void)fixture_device(CBX_FAMILY_AUTO);
    split_emulate(1);
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_GPU));
    split_emulate(0);
    assert_int_equal(CBX_ARITHMETIC_CANON, cbx_device_arithmetic(device));
    assert_int_equal(CBX_MMA_NONE, device->mma);
    cbx_device_close(device);
}

static void the_schedule_is_fused(void **state) {
    cbx_trainer *trainer;
    (void)state;
    cbx_device *device = split_open();
    cbx_dataset *dataset = synthetic_dataset(20, 10, 1);
    for (cbx_schedule schedule = 0; cbx_schedule_name(schedule); schedule++) {
        const cbx_trainer_settings settings = {
            .hidden = 3, .batch = 7, .recipe = CBX_RECIPE_NLL, .schedule = schedule};
        if (schedule == CBX_SCHEDULE_AUTO || schedule == CBX_SCHEDULE_FUSED) {
            assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
            cbx_trainer_destroy(trainer);
        } else {
            assert_fails(cbx_trainer_create(&trainer, device, dataset, &settings), CBX_BAD_ARGUMENT,
                         "has no kernels of the arithmetic split-bf16");
        }
    }
    cbx_dataset_destroy(dataset);
    cbx_device_close(device);
}

/* ---- the self-test ---- */

static void the_self_test_passes(void **state) {
    (void)state;
    cbx_device *device = split_open();
    assert_ok(cbx_device_self_test(device));
    cbx_device_close(device);
}

static const mutation broken[] = {
    {"split_gpu_errors", "split_gpu.cl", "slopes + panel * of_panel + row * CBX_PANEL, delta",
     "slopes + panel * of_panel, delta"},
    {"split_gpu_errors", "split_gpu.cl", "fetch_deltas_gpu(d2, row, rows",
     "fetch_deltas_gpu(d2, 0, rows"},
    {"split_gpu_hidden", "split_gpu.cl", "CBX_UPPER_SUMS(sum[0]), errors",
     "CBX_UPPER_SUMS(sum[0]), 0.0f * errors"},
    {"split_gpu_hidden", "split_gpu.cl", "rows > CBX_ROW_BLOCK", "false"},
    {"split_gpu_hidden", "split_gpu.cl", "*columns += v + u;", "*columns += v;"},
    {"split_gpu_hidden", "split_gpu.cl", "uint g = 1; g < 8", "uint g = 1; g < 7"},
    {"split_gpu_hidden", "split_gpu.cl", "launch.pending_slot * blocks", "launch.slot * blocks"},
    {"split_gpu_hidden", "split_gpu.cl", "first < count;", "first + CBX_STEP <= count;"},
    {"split_gpu_hidden", "mma.cl", "b[0][part] = (uint2)(words[0][part], words[1][part]);",
     "b[0][part] = (uint2)(words[1][part], words[0][part]);"},
};

static void kernels_that_are_broken_are_named(void **state) {
    (void)state;
    assert_refused_split(REFUSED_ALL(broken), cbx_check_fused);
}

/* ---- learning ---- */

static cbx_learn_result learn(cbx_recipe recipe, cbx_arithmetic arithmetic, uint32_t epochs) {
    cbx_learn_settings settings;
    cbx_learn_result result;
    cbx_learn_defaults(&settings);
    settings.device = fixture_spec();
    settings.data = getenv("CBX_TEST_DATA");
    settings.film = NULL;
    settings.hidden = 16;
    settings.epochs = epochs;
    settings.recipe = recipe;
    settings.arithmetic = arithmetic;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, &result));
    return result;
}

/* The same accuracy as the canon's, within 0.2 %, after as many batches. */
static void learns_like_the_canon(cbx_recipe recipe, uint32_t epochs, double least) {
    cbx_device_close(split_open()); /* skips */
    split_emulate(1);
    const cbx_learn_result is = learn(recipe, CBX_ARITHMETIC_SPLIT_BF16, epochs);
    split_emulate(0);
    const cbx_learn_result canon = learn(recipe, CBX_ARITHMETIC_CANON, epochs);
    assert_true(is.test_accuracy >= least);
    assert_true(fabs(is.test_accuracy - canon.test_accuracy) <= 0.002);
    assert_true(fabs(is.test_loss - canon.test_loss) <= 0.005 * canon.test_loss);
    assert_string_not_equal(is.weights_sha256, canon.weights_sha256);
}

static void the_lesson_is_learnt(void **state) {
    (void)state;
    learns_like_the_canon(CBX_RECIPE_LESSON, 1, 0.77);
}

static void nll_is_learnt(void **state) {
    (void)state;
    learns_like_the_canon(CBX_RECIPE_NLL, 1, 0.90);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(devices_without_tensor_cores_are_refused),
        cmocka_unit_test(the_family_is_that_of_gpus),
        cmocka_unit_test(others_do_not_notice),
        cmocka_unit_test(the_schedule_is_fused),
        cmocka_unit_test(the_self_test_passes),
        cmocka_unit_test(kernels_that_are_broken_are_named),
        cmocka_unit_test(the_lesson_is_learnt),
        cmocka_unit_test(nll_is_learnt),
    };
    return cmocka_run_group_tests_name("split-bf16", tests, fixture_setup, fixture_teardown);
}
