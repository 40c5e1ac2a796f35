/* SPDX-License-Identifier: MIT */
#include "support/learning.h"

#include <png.h>
#include <stdio.h>

#include "support/dataset.h"
#include "support/files.h"
#include "support/fixture.h"
#include "support/test.h"

void learning_open(learning *l, size_t train, size_t test) {
    assert_int_equal(scratch_make(l->data), 0);
    synthetic_write(l->data, train, test, 61);
    assert_int_equal(scratch_make(l->folder), 0);
    snprintf(l->film, sizeof l->film, "%s/film.mp4", l->folder);
    snprintf(l->picture, sizeof l->picture, "%s/picture.png", l->folder);
    snprintf(l->save, sizeof l->save, "%s/weights.safetensors", l->folder);
    snprintf(l->poster, sizeof l->poster, "%s/poster.png", l->folder);
    snprintf(l->report, sizeof l->report, "%s/report.html", l->folder);
    snprintf(l->second, sizeof l->second, "%s/second", l->folder);
}

void learning_close(learning *l) {
    assert_int_equal(scratch_remove(l->data), 0);
    assert_int_equal(scratch_remove(l->folder), 0);
}

const char *learning_encoder(int which) {
    const char *software = cbx_film_encoder(CBX_CODEC_H264);
    return which == LEARNING_SOFTWARE && software ? software : "device";
}

cbx_learn_settings learning_settings(const learning *l) {
    cbx_learn_settings settings;
    cbx_learn_defaults(&settings);
    settings.data = l->data;
    settings.device = fixture_spec();
    settings.hidden = 3;
    settings.epochs = 1;
    settings.batch = 7;
    settings.film = NULL;
    settings.workers = 1;
    return settings;
}

static cbx_status on_started(void *user, const cbx_learn_plan *plan) {
    learning_log *log = user;
    log->started++;
    log->plan = *plan;
    return CBX_OK;
}

static cbx_status on_progressed(void *user, uint64_t batches_done) {
    learning_log *log = user;
    log->disorder |= log->started != 1 || batches_done < log->progress;
    log->progress = batches_done;
    return CBX_OK;
}

static cbx_status on_evaluating(void *user, uint32_t epoch) {
    learning_log *log = user;
    log->disorder |= log->started != 1 || epoch != log->epochs + 1;
    log->evaluating = epoch;
    return CBX_OK;
}

static cbx_status on_finished_epoch(void *user, const cbx_epoch_report *report) {
    learning_log *log = user;
    log->disorder |=
        log->started != 1 || report->epoch != log->epochs + 1 || log->evaluating != report->epoch;
    if (log->epochs < LEARNING_EPOCHS) {
        log->reports[log->epochs] = *report;
    }
    log->epochs++;
    return CBX_OK;
}

static int on_should_stop(void *user) {
    learning_log *log = user;
    if (!log->started) {
        log->before++;
        return log->stop_before != 0 && log->before >= log->stop_before;
    }
    log->asked++;
    return log->stop_at != 0 && log->asked >= log->stop_at;
}

static cbx_status on_lost(void *user, cbx_learn_output output, const char *path, cbx_status why) {
    learning_log *log = user;
    assert_non_null(path);
    assert_int_not_equal(why, CBX_OK);
    assert_true(cbx_last_error()[0] != '\0');
    log->lost[output]++;
    return CBX_OK;
}

cbx_status learning_run(const cbx_learn_settings *settings, learning_log *log,
                        cbx_learn_result *result) {
    const cbx_learn_observer observer = {.started = on_started,
                                         .progressed = on_progressed,
                                         .evaluating = on_evaluating,
                                         .finished_epoch = on_finished_epoch,
                                         .lost = on_lost,
                                         .user = log};
    const cbx_learn_control control = {.should_stop = on_should_stop, .user = log};
    return cbx_learn(settings, &observer, 1, &control, result);
}

uint8_t *learning_read_png(const char *path, uint32_t *width, uint32_t *height) {
    png_image image = {.version = PNG_IMAGE_VERSION};
    uint8_t *rgb;
    if (!png_image_begin_read_from_file(&image, path)) {
        fail_msg("%s: %s", path, image.message);
    }
    image.format = PNG_FORMAT_RGB;
    *width = image.width;
    *height = image.height;
    TEST_NEW(rgb, PNG_IMAGE_SIZE(image));
    if (!png_image_finish_read(&image, NULL, rgb, 0, NULL)) {
        fail_msg("%s: %s", path, image.message);
    }
    return rgb;
}
