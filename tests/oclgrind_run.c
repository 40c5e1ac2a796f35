/* SPDX-License-Identifier: MIT */
/* A small training for Oclgrind's device: `oclgrind_run cpu|gpu`. One whole job with the
 * schedule `fused` and a film, which includes a self-test on small specimens, and another, without a
 * film, with `sparse` where the family has it; then a few batches and an evaluation with the schedule
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
static int self_tests; /* that jobs asked for */

cbx_status __wrap_cbx_self_test_run(cbx_device *device, const cbx_trainer_settings *settings);

/* In two batches, the second a short one. On processors a run of two panels and a short one, and all
 * in one; on GPUs more than a block of rows, and so D2 and D1 apart. What is drawn, D2 in each
 * group and batches within a block the job itself has. */
static cbx_specimen_sizes trained(void) {
    cbx_specimen_sizes sizes = {
        .hidden = 69,
        .batch = 14,
        .training = 26,
        .validation = 5,
        .test = 7,
        .division = {
            {.chunks = 2, .slices = 7, .ink = CBX_BY_ROWS},
            {.chunks = 1, .slices = 1, .groups = CBX_NARROW_GROUPS, .ink = CBX_BY_PIXELS}}};
    if (family == CBX_FAMILY_GPU) {
        sizes.hidden = 37;
        sizes.batch = CBX_ROW_BLOCK + 2;
        sizes.training = sizes.batch + 3;
        sizes.validation = 13;
    }
    return sizes;
}

/* More images than either family takes at a time. */
static const cbx_specimen_sizes evaluated = {
    .hidden = 37, .batch = 1, .training = CBX_ROW_BLOCK + 2, .validation = 13, .test = 7};

static void check_training(cbx_device *device, cbx_schedule schedule) {
    const cbx_specimen_sizes sizes = trained();
    cbx_specimen specimen;
    assert_ok(cbx_specimen_init(&specimen, device, &sizes));
    assert_ok(cbx_check_fused(&specimen, schedule, CBX_RECIPE_LESSON));
    assert_ok(cbx_check_fused(&specimen, schedule, CBX_RECIPE_NLL));
    cbx_specimen_clear(&specimen);
}

/* In place of the library's, most of whose time goes into numbers that are wrong, which is not what
 * Oclgrind looks for; and what draws, and single kernels, test_oclgrind_kernels.sh has. */
cbx_status __wrap_cbx_self_test_run(cbx_device *device, const cbx_trainer_settings *settings) {
    cbx_specimen specimen;
    self_tests++;
    check_training(device, settings->schedule);
    assert_ok(cbx_specimen_init(&specimen, device, &evaluated));
    assert_ok(cbx_check_evaluation(&specimen, settings->schedule, CBX_RECIPE_LESSON));
    cbx_specimen_clear(&specimen);
    return CBX_OK;
}

cbx_status __wrap_cbx_avc_check(cbx_device *device);

/* Likewise: the kernels that it looks at encode this job's film. */
cbx_status __wrap_cbx_avc_check(cbx_device *device) {
    (void)device;
    return CBX_OK;
}

static void run_job(cbx_schedule schedule, int draws) {
    const int before = self_tests;
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
    settings.film = draws ? l.film : NULL;
    settings.encoder = draws ? "device" : NULL;
    settings.picture = draws ? l.picture : NULL;
    settings.save = l.save;
    settings.frame_every = 2;
    settings.batch_losses = 1;
    assert_ok(cbx_learn(&settings, NULL, 0, NULL, NULL));
    assert_int_equal(before + 1, self_tests); /* the one above, not the library's */
    learning_close(&l);
}

static void fused_job_succeeds(void **state) {
    (void)state;
    run_job(CBX_SCHEDULE_FUSED, 1);
}

static void sparse_job_succeeds(void **state) {
    (void)state;
    if (family == CBX_FAMILY_CPU) {
        run_job(CBX_SCHEDULE_SPARSE, 0);
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
