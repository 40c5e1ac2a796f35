/* A small training run for Oclgrind's device: `oclgrind_run cpu|gpu fused|stepwise`.
 * Both recipes, odd sizes, a short last batch, tiles drawn plainly and scaled, and the
 * self-test, so that every kernel meets its edges. Not a test by itself:
 * test_oclgrind.sh starts it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/learning.h"
#include "support/test.h"

static cbx_schedule schedule;
static cbx_family family;

static void run(const learning *l, cbx_recipe recipe, cbx_tone tone, uint32_t scale) {
    cbx_learn_settings settings = learning_settings(l);
    settings.device = NULL;
    settings.family = family;
    settings.schedule = schedule;
    settings.recipe = recipe;
    settings.tone = tone;
    settings.scale = scale;
    settings.hidden = 37;
    settings.film = l->film;
    settings.picture = l->picture;
    settings.save = l->save;
    settings.frame_every = 2;
    assert_ok(cbx_learn(&settings, NULL, NULL));
}

static void small_run_succeeds(void **state) {
    (void)state;
    learning l;
    learning_open(&l, 36, 5);
    run(&l, CBX_RECIPE_LESSON, CBX_TONE_PEAK, 1);
    run(&l, CBX_RECIPE_NLL, CBX_TONE_RANGE, 3);
    learning_close(&l);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_run_succeeds),
    };
    if (argc != 3) {
        fprintf(stderr, "usage: oclgrind_run cpu|gpu fused|stepwise\n");
        return EXIT_FAILURE;
    }
    family = strcmp(argv[1], "gpu") == 0 ? CBX_FAMILY_GPU : CBX_FAMILY_CPU;
    schedule = strcmp(argv[2], "stepwise") == 0 ? CBX_SCHEDULE_STEPWISE : CBX_SCHEDULE_FUSED;
    return cmocka_run_group_tests_name("oclgrind", tests, NULL, NULL);
}
