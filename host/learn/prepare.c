/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "data/dataset.h"
#include "check/check_drawing.h"
#include "film/plays.h"
#include "learn/hashes.h"
#include "learn/job.h"
#include "learn/drawing.h"
#include "learn/rates.h"

/* The dataset is read while the device starts and shows how well it encodes. */
typedef struct loading {
    const char *directory;
    char *sha256; /* where its hash is wanted; else NULL */
    cbx_dataset *dataset;
    cbx_fault fault;
    double seconds;
} loading;

static void *load(void *argument) {
    loading *this = argument;
    const double start = cbx_clock_seconds();
    cbx_status status = cbx_dataset_load(&this->dataset, this->directory);
    this->seconds = cbx_clock_seconds() - start;
    if (!status && this->sha256) {
        status = cbx_hash_dataset(this->dataset, this->sha256);
    }
    cbx_fault_take(&this->fault, status);
    return NULL;
}

static cbx_status load_and_start(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    const int told = settings->save || settings->report || settings->checkpoint || settings->resume;
    loading data = {.directory = job->settings->data, .sha256 = told ? job->data_sha256 : NULL};
    pthread_t thread;
    const double start = cbx_clock_seconds();
    const int threaded = pthread_create(&thread, NULL, load, &data) == 0;
    if (!threaded) {
        load(&data);
    }
    cbx_status status = cbx_job_start(job);
    if (!status) {
        status = cbx_job_choose_encoder(job);
    }
    job->result->times.start += cbx_clock_seconds() - start;
    if (threaded) {
        pthread_join(thread, NULL);
    }
    job->dataset = data.dataset;
    job->result->times.load = data.seconds;
    return data.fault.status ? cbx_fault_raise(&data.fault) : status;
}

/* As the images were that the network was trained on. */
static cbx_status normalise(cbx_job *job) {
    return cbx_dataset_normalise_by(job->dataset, job->mean, job->deviation);
}

void cbx_job_describe_device(cbx_job *job) {
    cbx_learn_plan *plan = &job->plan;
    plan->device = cbx_device_about(job->device);
    plan->owners = job->owners;
    plan->owner_count = job->owner_count;
    plan->passed_over = job->walk.passed_over;
    plan->passed_over_count = job->walk.count;
    plan->family = cbx_device_family(job->device);
    plan->fuses = cbx_device_fuses(job->device);
    plan->arithmetic = cbx_device_arithmetic(job->device);
}

cbx_status cbx_job_make_plan(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_learn_plan *plan = &job->plan;
    cbx_job_describe_device(job);
    plan->schedule = cbx_schedule_choose(settings->schedule, plan->family, job->dataset);
    plan->parameters =
        (uint64_t)CBX_W1_ROWS * settings->hidden + ((uint64_t)settings->hidden + 1) * CBX_CLASSES;
    plan->training_images = (uint32_t)cbx_dataset_images(job->dataset, CBX_TRAIN).count;
    plan->validation_images = (uint32_t)cbx_dataset_images(job->dataset, CBX_VALIDATION).count;
    plan->test_images = (uint32_t)cbx_dataset_images(job->dataset, CBX_TEST).count;
    plan->ink = cbx_dataset_ink_share(job->dataset);
    plan->batches_per_epoch = (plan->training_images + settings->batch - 1) / settings->batch;
    plan->batches = plan->batches_per_epoch * settings->epochs;
    const cbx_rates rates = cbx_rates_of_batch(settings, 0, plan->batches);
    plan->first_learning_rate_hidden = cbx_rate_as_written(rates.hidden);
    plan->first_learning_rate_output = cbx_rate_as_written(rates.output);
    if (settings->film) {
        job->timing = cbx_timing_of(settings, plan->batches);
        plan->frames = job->timing.moving + job->timing.held;
        if (!plan->caution[0]) {
            cbx_film_costs(&job->film, plan->frames, plan->caution, sizeof plan->caution);
        }
    }
    const cbx_drawing drawing = cbx_drawing_of(settings);
    const cbx_status status = cbx_grid_lay_out_as(&plan->grid, settings->hidden, &drawing);
    if (!status) {
        cbx_job_plan_page_film(job);
    }
    return status;
}

static cbx_status make_trainer(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    const cbx_trainer_settings trainer = {settings->hidden, settings->batch, settings->recipe,
                                          settings->schedule};
    cbx_random_seed(&job->position.random, settings->seed, CBX_STREAM_ORDER);
    cbx_status status = cbx_new(&job->order, job->plan.training_images);
    if (!status) {
        status = job->owner_count > 0
                     ? cbx_job_make_team(job, &trainer)
                     : cbx_trainer_create(&job->trainer, job->device, job->dataset, &trainer);
    }
    return status ? status : cbx_job_set_weights(job);
}

static cbx_status make_pictures(cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    cbx_status status = CBX_OK;
    if (settings->film || settings->picture) {
        const cbx_drawing drawing = cbx_drawing_of(settings);
        status = cbx_drawing_is_checked(settings) ? cbx_check_drawing(job->device) : CBX_OK;
        if (!status) {
            status = cbx_painter_init_as(&job->painter, job->device, &job->plan.grid, &drawing);
        }
        if (!status) {
            status = cbx_painter_expect(&job->painter, job->plan.frames);
        }
    }
    return !status && settings->film ? cbx_job_open_film(job) : status;
}

typedef cbx_status step(cbx_job *job);

/* Whether to stop is asked before each step: whoever stops a run during its start wants
 * the old files kept. */
static cbx_status take(cbx_job *job, step *const *steps, size_t count) {
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < count && !status; i++) {
        if (cbx_job_should_stop(job)) {
            return cbx_fail(CBX_INTERRUPTED, "stopped before the first batch");
        }
        const double start = cbx_clock_seconds();
        status = steps[i](job);
        if (steps[i] != load_and_start) { /* which has two times to tell */
            job->result->times.start += cbx_clock_seconds() - start;
        }
    }
    return status;
}

cbx_status cbx_job_prepare(cbx_job *job) {
    static step *const steps[] = {
        cbx_job_open_resumed, cbx_job_probe_outputs,       cbx_job_open_init,
        load_and_start,       cbx_job_make_plan,           cbx_job_check_resumed,
        cbx_job_check_memory, cbx_job_check_device_memory, make_trainer,
        cbx_job_open_checks,  cbx_job_keep_losses,         cbx_job_restore,
        make_pictures,        cbx_job_open_page_film,      cbx_job_begin_story,
        cbx_job_open_keeper};
    return take(job, steps, sizeof steps / sizeof *steps);
}

cbx_status cbx_job_prepare_training(cbx_job *job) {
    static step *const steps[] = {cbx_job_open_init, cbx_job_make_plan, cbx_job_check_memory,
                                  make_trainer};
    return take(job, steps, sizeof steps / sizeof *steps);
}

cbx_status cbx_job_prepare_look(cbx_job *job) {
    static step *const steps[] = {cbx_job_probe_outputs, load_and_start,       normalise,
                                  cbx_job_make_plan,     cbx_job_check_memory, make_trainer};
    return take(job, steps, sizeof steps / sizeof *steps);
}

void cbx_job_clear(cbx_job *job) {
    cbx_job_clear_keeper(job);
    cbx_reel_discard(job->reel);
    cbx_job_close_spool(job->settings->film,
                        job->result->kept[CBX_LEARN_FILM] && cbx_job_is_whole(job), &job->spool);
    cbx_job_clear_page_film(job);
    if (job->painter.device) {
        cbx_painter_clear(&job->painter);
    }
    cbx_job_clear_checks(job);
    if (job->team) {
        cbx_team_destroy(job->team);
    } else {
        cbx_trainer_destroy(job->trainer);
    }
    cbx_network_destroy(job->network);
    cbx_job_close_init(job);
    cbx_job_clear_devices(job);
    cbx_walk_clear(&job->walk);
    cbx_dataset_destroy(job->dataset);
    cbx_job_clear_story(job);
    cbx_job_clear_losses(job);
    cbx_job_clear_resumed(job);
    free(job->order);
    free(job->observers);
}
