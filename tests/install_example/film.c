/* SPDX-License-Identifier: MIT */
/* film DATA: trains 256 hidden neurons for two epochs and films them. */
#include <stdio.h>

#include <clearbox/learn.h>

static cbx_status started(void *user, const cbx_learn_plan *plan) {
    (void)user;
    printf("%s, %llu frames of %u × %u\n", plan->device->name, (unsigned long long)plan->frames,
           plan->grid.width, plan->grid.height);
    return CBX_OK;
}

static cbx_status finished_epoch(void *user, const cbx_epoch_report *report) {
    (void)user;
    printf("epoch %u: loss %.4f, validation accuracy %.2f %%, %.2f s\n", report->epoch,
           report->train_loss, 100.0 * report->validation_accuracy, report->seconds);
    return CBX_OK;
}

int main(int argc, char **argv) {
    const cbx_learn_observer observer = {.started = started, .finished_epoch = finished_epoch};
    cbx_learn_settings settings;
    cbx_learn_result result;

    cbx_learn_defaults(&settings);
    settings.data = argc > 1 ? argv[1] : "data/mnist";
    settings.hidden = 256;
    settings.epochs = 2;
    settings.recipe = CBX_RECIPE_NLL;
    settings.film = "film.mp4";
    settings.save = "weights.safetensors";

    if (cbx_learn(&settings, &observer, 1, NULL, &result) != CBX_OK) {
        fprintf(stderr, "film: %s\n", cbx_last_error());
        return 1;
    }
    printf("test accuracy %.2f %%, film of %llu frames, %.1f s in all\n",
           100.0 * result.test_accuracy, (unsigned long long)result.film.frames,
           result.times.total);
    return 0;
}
