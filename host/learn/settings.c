#include <math.h>
#include <string.h>

#include "base/error.h"
#include "clearbox/learn.h"
#include "film/ending.h"

void cbx_learn_defaults(cbx_learn_settings *settings) {
    memset(settings, 0, sizeof *settings);
    settings->family = CBX_FAMILY_AUTO;
    settings->hidden = 64;
    settings->epochs = 5;
    settings->batch = 64;
    settings->recipe = CBX_RECIPE_LESSON;
    settings->schedule = CBX_SCHEDULE_FUSED;
    settings->frame_every = 1;
    settings->scale = 1;
    settings->tone = CBX_TONE_PEAK;
    settings->film = "learn.mp4";
    settings->fps = 70;
    settings->codec = CBX_CODEC_H264;
    settings->quality = -1;
}

cbx_status cbx_learn_check(const cbx_learn_settings *settings) {
    cbx_grid grid;
    if (!settings->data) {
        return cbx_fail(CBX_BAD_ARGUMENT, "no data folder was given");
    }
    if (settings->hidden < 1 || settings->hidden > CBX_MAX_HIDDEN) {
        return cbx_fail(CBX_BAD_ARGUMENT, "hidden is %u, but must be 1 to %u", settings->hidden,
                        CBX_MAX_HIDDEN);
    }
    if (settings->batch < 1 || settings->batch > CBX_MAX_BATCH) {
        return cbx_fail(CBX_BAD_ARGUMENT, "batch is %u, but must be 1 to %u", settings->batch,
                        CBX_MAX_BATCH);
    }
    if (settings->epochs < 1 || settings->frame_every < 1) {
        return cbx_fail(CBX_BAD_ARGUMENT, "epochs and frame_every must be at least 1");
    }
    if (!isfinite(settings->learning_rate) || settings->learning_rate < 0.0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "the learning rate must be a positive number");
    }
    if (settings->fps < 1 || settings->fps > 1000) {
        return cbx_fail(CBX_BAD_ARGUMENT, "fps is %u, but must be 1 to 1000", settings->fps);
    }
    const int coarsest = settings->codec == CBX_CODEC_H264 ? 51 : 31;
    if (settings->quality < -1 || settings->quality > coarsest) {
        return cbx_fail(CBX_BAD_ARGUMENT,
                        "quality is %d, but must be 0 to %d, or -1 for the default",
                        settings->quality, coarsest);
    }
    cbx_status status = cbx_grid_lay_out(&grid, settings->hidden, settings->scale);
    if (!status && settings->film) {
        status = cbx_film_check_ending(settings->film);
    }
    return status;
}
