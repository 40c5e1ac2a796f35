/* SPDX-License-Identifier: MIT */
/* Another dataset of the same format: Fashion-MNIST from Debian's package
 * dataset-fashion-mnist, or from the folder that CBX_TEST_FASHION names. */
#include "support/test.h"

#include <stdio.h>
#include <unistd.h>

#include "support/fixture.h"
#include "support/learning.h"

static const char *folder;

static void fashion_mnist_trains(void **state) {
    (void)state;
    fixture_device(CBX_FAMILY_AUTO);
    learning_log log = {0};
    cbx_learn_result result;
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.data = folder;
    settings.device = fixture_spec();
    settings.hidden = 16;
    settings.epochs = 1;
    settings.recipe = CBX_RECIPE_NLL;
    settings.film = NULL;
    assert_ok(learning_run(&settings, &log, &result));
    assert_int_equal(log.plan.training_images, 50000);
    assert_int_equal(log.plan.validation_images, 10000);
    assert_int_equal(log.plan.test_images, 10000);
    assert_true(log.reports[0].validation_accuracy > 0.7);
    assert_true(result.test_accuracy > 0.7);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fashion_mnist_trains),
    };
    folder = getenv("CBX_TEST_FASHION");
    if (folder == NULL) {
        folder = "/usr/share/datasets/fashion-mnist";
        if (access(folder, F_OK) != 0) {
            puts("left out: dataset-fashion-mnist is not installed");
            return TEST_LEFT_OUT;
        }
    }
    return cmocka_run_group_tests_name("fashion", tests, fixture_setup, fixture_teardown);
}
