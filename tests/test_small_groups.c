/* A device whose work-groups are small: PoCL, told so in the environment of this test. */
#include <string.h>

#include "device/device.h"
#include "network/trainer.h"
#include "support/fixture.h"
#include "support/synthetic.h"
#include "support/test.h"

enum { IMAGES = 120, TRAIN = 100, HIDDEN = 37, BATCH = 20 };

/* Skips where the limit is not PoCL's. */
static void need_small_groups(void) {
    if (cbx_device_about(fixture_device(CBX_FAMILY_AUTO))->largest_group >= 256) {
        skip();
    }
}

static void the_family_for_gpus_is_refused(void **state) {
    cbx_device *device;
    (void)state;
    need_small_groups();
    assert_status(CBX_NO_DEVICE, cbx_device_open(&device, fixture_spec(), CBX_FAMILY_GPU));
    assert_non_null(strstr(cbx_last_error(), "work-groups of 256 work-items"));
    assert_null(device);
}

/* All that `stepwise` needs is there: the weights are those of the other family. */
static void stepwise_runs(void **state) {
    const cbx_trainer_settings settings = {HIDDEN, BATCH, CBX_RECIPE_NLL, CBX_SCHEDULE_STEPWISE};
    const cbx_rates rates = {0.005f, 0.005f};
    cbx_evaluation evaluations[2];
    (void)state;
    need_small_groups();
    cbx_dataset *dataset = synthetic_dataset(IMAGES, 12, 1);
    cbx_network *network = synthetic_network(HIDDEN, 2);
    uint32_t *order = synthetic_order(TRAIN, 3);
    for (int i = 0; i < 2; i++) {
        const cbx_device_request request = {
            .spec = fixture_spec(), .family = i ? CBX_FAMILY_GPU : CBX_FAMILY_CPU, .stepwise = 1};
        cbx_device *device = NULL;
        cbx_trainer *trainer = NULL;
        assert_ok(cbx_device_open_as(&device, &request));
        assert_ok(cbx_trainer_create(&trainer, device, dataset, &settings));
        assert_ok(cbx_trainer_set_weights(trainer, network));
        assert_ok(cbx_trainer_set_order(trainer, order, TRAIN));
        assert_ok(cbx_trainer_steps(trainer, 0, TRAIN / BATCH, rates, 0));
        assert_ok(cbx_trainer_check(trainer));
        assert_ok(cbx_trainer_evaluate(trainer, CBX_TRAIN, &evaluations[i]));
        cbx_trainer_destroy(trainer);
        cbx_device_close(device);
    }
    assert_true(evaluations[0].loss > 0.0);
    assert_true(evaluations[1].loss - evaluations[0].loss < 1e-4 * evaluations[0].loss);
    assert_true(evaluations[0].loss - evaluations[1].loss < 1e-4 * evaluations[0].loss);
    cbx_network_destroy(network);
    cbx_dataset_destroy(dataset);
    free(order);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_family_for_gpus_is_refused),
        cmocka_unit_test(stepwise_runs),
    };
    return cmocka_run_group_tests_name("small groups", tests, fixture_setup, fixture_teardown);
}
