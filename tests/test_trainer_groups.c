/* SPDX-License-Identifier: MIT */
/* A device whose work-groups are smaller than the fused kernels for GPUs need: they are
 * refused with a sentence, and everything else runs. PoCL can be made such a device. */
#include <stdio.h>
#include <string.h>

#include "check/self_test.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/test.h"
#include "support/training.h"

enum { LARGEST = 128, IMAGES = 30, TRAIN = 25, HIDDEN = 37, BATCH = 7 };

static cbx_device *small_device(cbx_family family) {
    cbx_device *device = fixture_device(family);
    if (cbx_device_about(device)->largest_group != LARGEST) {
        print_message("%s takes no limit on its work-groups\n", cbx_device_about(device)->name);
        skip();
    }
    return device;
}

static void fused_kernels_for_gpus_are_refused(void **state) {
    cbx_device *device = small_device(CBX_FAMILY_GPU);
    cbx_trainer *trainer = NULL;
    cbx_dataset *dataset = synthetic_dataset(IMAGES, 3, 1);
    const cbx_trainer_settings settings = {HIDDEN, BATCH, CBX_RECIPE_LESSON, CBX_SCHEDULE_FUSED};
    (void)state;
    assert_fails(cbx_trainer_create(&trainer, device, dataset, &settings), CBX_NO_DEVICE, "");
    assert_null(trainer);
    assert_non_null(strstr(cbx_last_error(), "train_gpu_output needs work-groups of 256 "
                                             "work-items, but "));
    assert_non_null(strstr(cbx_last_error(), " allows at most 128; "));
    assert_fails(cbx_device_self_test(device), CBX_NO_DEVICE, "");
    cbx_dataset_destroy(dataset);
}

static void everything_else_runs(void **state) {
    (void)state;
    assert_ok(cbx_self_test_schedule(small_device(CBX_FAMILY_GPU), CBX_SCHEDULE_STEPWISE));
    assert_ok(cbx_device_self_test(small_device(CBX_FAMILY_CPU)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_kernels_for_gpus_are_refused),
        cmocka_unit_test(everything_else_runs),
    };
    char limit[8];
    snprintf(limit, sizeof limit, "%d", LARGEST);
    if (setenv("POCL_MAX_WORK_GROUP_SIZE", limit, 1) != 0) {
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests_name("trainer: work-groups", tests, fixture_setup,
                                       fixture_teardown);
}
