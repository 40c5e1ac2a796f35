/* SPDX-License-Identifier: MIT */
/* A small training for Oclgrind's device: `oclgrind_run cpu|gpu`. One whole job with the
 * schedule `fused` and a film, which includes the self-test on its first specimen, and another
 * with `sparse` where the family has it; then a few batches and an evaluation with the schedule
 * `stepwise`; odd sizes, a short last batch.
 * Not a test by itself: test_oclgrind.sh starts it. Oclgrind interprets every work-item
 * and GPU kernels have many, so everything is as small as it can be. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avc/check.h"
#include "check/self_test.h"
#include "check/specimen.h"
#include "support/dataset.h"
#include "support/fixture.h"
#include "support/learning.h"
#include "support/synthetic.h"
#include "support/test.h"
#include "support/training.h"

enum { IMAGES = 18, TRAIN = 15, BATCH = 7, HIDDEN = 37 };

static cbx_family family;

cbx_status __wrap_cbx_self_test_schedule(cbx_device *device, cbx_schedule schedule);

/* In place of the library's: its specimens take Oclgrind a quarter of an hour, and
 * what they are for, numbers that are wrong, is not what it looks for. */
cbx_status __wrap_cbx_self_test_schedule(cbx_device *device, cbx_schedule schedule) {
    static const cbx_specimen_sizes sizes = {
        .hidden = 37,
        .batch = 17,
        .training = 97,
        .validation = 19,
        .test = 7,
        .division = {{.slices = 7, .deltas = CBX_DELTAS_WITHIN, .ink = CBX_BY_ROWS},
                     {.slices = 1, .deltas = CBX_DELTAS_APART, .ink = CBX_BY_PIXELS}}};
    cbx_specimen specimen;
    assert_ok(cbx_specimen_init(&specimen, device, &sizes));
    assert_ok(cbx_check_sigmoid(&specimen, schedule, CBX_RECIPE_LESSON));
    assert_ok(cbx_check_pictures(&specimen, schedule, CBX_RECIPE_LESSON));
    assert_ok(cbx_check_deltas(&specimen, schedule, CBX_RECIPE_LESSON));
    assert_ok(cbx_check_fused(&specimen, schedule, CBX_RECIPE_LESSON));
    assert_ok(cbx_check_fused(&specimen, schedule, CBX_RECIPE_NLL));
    assert_ok(cbx_check_sums(&specimen, schedule, CBX_RECIPE_LESSON));
    assert_ok(cbx_check_evaluation(&specimen, schedule, CBX_RECIPE_LESSON));
    cbx_specimen_clear(&specimen);
    return CBX_OK;
}

cbx_status __wrap_cbx_avc_check(cbx_device *device);

/* Likewise: the kernels that it looks at encode this job's film. */
cbx_status __wrap_cbx_avc_check(cbx_device *device) {
    (void)device;
    return CBX_OK;
}

static void run_job(cbx_schedule schedule) {
    learning l;
    learning_open(&l, IMAGES, 3);
    cbx_learn_settings settings = learning_settings(&l);
    settings.device = NULL;
    settings.family = family;
    settings.schedule = schedule;
    settings.recipe = CBX_RECIPE_NLL;
    settings.tone = CBX_TONE_RANGE;
    settings.hidden = HIDDEN;
    settings.batch = BATCH;
    settings.film = l.film;
    settings.encoder = "device";
    settings.picture = l.picture;
    settings.save = l.save;
    settings.frame_every = 2;
    settings.batch_losses = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    learning_close(&l);
}

static void fused_job_succeeds(void **state) {
    (void)state;
    run_job(CBX_SCHEDULE_FUSED);
}

static void sparse_job_succeeds(void **state) {
    (void)state;
    if (family == CBX_FAMILY_CPU) {
        run_job(CBX_SCHEDULE_SPARSE);
    }
}

static void stepwise_batches_succeed(void **state) {
    (void)state;
    const cbx_rates rates = {0.005f, 0.005f};
    const fixture_way way = {CBX_SCHEDULE_STEPWISE, family, "stepwise"};
    cbx_evaluation evaluation;
    cbx_dataset *dataset = synthetic_dataset(IMAGES, 3, 1);
    cbx_network *start = synthetic_network(HIDDEN, 2);
    uint32_t *order = synthetic_order(TRAIN, 3);
    cbx_trainer *trainer =
        training_start(way, CBX_RECIPE_LESSON, dataset, start, BATCH, order, TRAIN);
    cbx_trainer_keep_losses(trainer);
    assert_ok(cbx_trainer_steps(trainer, 0, TRAIN / BATCH, rates, 0));
    assert_ok(cbx_trainer_step(trainer, TRAIN - 1, 1, rates, 2));
    assert_ok(cbx_trainer_check(trainer));
    assert_ok(cbx_trainer_evaluate(trainer, CBX_TEST, &evaluation));
    cbx_trainer_destroy(trainer);
    cbx_network_destroy(start);
    cbx_dataset_destroy(dataset);
    free(order);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_job_succeeds),
        cmocka_unit_test(sparse_job_succeeds),
        cmocka_unit_test(stepwise_batches_succeed),
    };
    if (argc != 2) {
        fprintf(stderr, "usage: oclgrind_run cpu|gpu\n");
        return EXIT_FAILURE;
    }
    family = strcmp(argv[1], "gpu") == 0 ? CBX_FAMILY_GPU : CBX_FAMILY_CPU;
    return cmocka_run_group_tests_name("oclgrind", tests, NULL, fixture_teardown);
}
