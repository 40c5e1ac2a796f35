/* SPDX-License-Identifier: MIT */
/* The page of a run: what its epochs were, what came of it, and what made it. */
#include "learn/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "learn/metadata.h"
#include "page/network.h"
#include "page/page.h"

/* A film beyond that is left out: a browser has to hold the page's text. */
#define MOST_FILM_BYTES ((uint64_t)64 << 20)

cbx_status cbx_job_begin_story(cbx_job *job) {
    return job->settings->report ? cbx_new(&job->story.epochs, job->settings->epochs) : CBX_OK;
}

void cbx_job_note_epoch(cbx_job *job, const cbx_epoch_report *report) {
    if (job->story.epochs) {
        job->story.epochs[job->story.count++] = *report;
    }
}

void cbx_job_clear_story(cbx_job *job) {
    free(job->story.epochs);
}

/* ---- facts ---- */

static json_t *epochs_of(const cbx_job *job) {
    json_t *all = json_array();
    for (uint32_t i = 0; i < job->story.count; i++) {
        const cbx_epoch_report *e = &job->story.epochs[i];
        json_array_append_new(
            all, json_pack("{s:I, s:o, s:o, s:f, s:f}", "epoch", (json_int_t)e->epoch, "train_loss",
                           cbx_page_number(e->train_loss), "validation",
                           cbx_page_evaluation(job->plan.validation_images, e->validation_loss,
                                               e->validation_confusion),
                           "seconds", e->seconds, "evaluate_seconds", e->evaluate_seconds));
    }
    return all;
}

static json_t *made_of(const cbx_job *job) {
    cbx_metadata metadata;
    json_t *all = json_object();
    cbx_job_metadata(job, &metadata);
    for (size_t i = 0; i < metadata.count; i++) {
        json_object_set_new(all, metadata.settings[i].key,
                            cbx_page_string(metadata.settings[i].value));
    }
    return all;
}

static json_t *times_of(const cbx_learn_times *times) {
    return json_pack("{s:f, s:f, s:f, s:f, s:f}", "load", times->load, "start", times->start,
                     "train", times->train, "evaluate", times->evaluate, "encode", times->encode);
}

static json_t *grid_of(const cbx_grid *grid) {
    return json_pack("{s:I, s:I, s:I}", "rows", (json_int_t)grid->rows, "columns",
                     (json_int_t)grid->columns, "scale", (json_int_t)grid->scale);
}

/* What browsers call it; NULL: they do not play it as a film. */
static const char *film_type(const cbx_job *job) {
    return job->plan.container == CBX_CONTAINER_MP4    ? "video/mp4"
           : job->plan.container == CBX_CONTAINER_WEBM ? "video/webm"
                                                       : NULL;
}

static int has_film(const cbx_job *job) {
    return job->result->kept[CBX_LEARN_FILM] && job->result->film_sha256[0] &&
           job->result->film.bytes <= MOST_FILM_BYTES && film_type(job);
}

static json_t *film_of(const cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    if (!has_film(job)) {
        return json_null();
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:s}", "frames",
                     (json_int_t)job->result->film.frames, "fps", (json_int_t)settings->fps,
                     "width", (json_int_t)job->plan.grid.width, "height",
                     (json_int_t)job->plan.grid.height, "type", film_type(job), "tone",
                     cbx_tone_name(settings->tone));
}

/* In whole sentences. */
static json_t *left_out_of(const cbx_job *job) {
    json_t *all = json_array();
    if (job->settings->hidden > CBX_PAGE_EXACT_HIDDEN) {
        json_array_append_new(
            all, json_string("The incoming weights are rounded to 255 levels a neuron, so that the "
                             "page stays small; the file of the weights has them whole."));
    }
    if (job->settings->film && !has_film(job)) {
        json_array_append_new(all,
                              json_string("The film is too large for a page, of a kind that "
                                          "a page does not play, or was not kept; it is a file "
                                          "of its own."));
    }
    return all;
}

/* What every page has. Takes `made`. */
static json_t *network_facts(const cbx_job *job, const char *kind, const cbx_evaluation *test,
                             json_t *made) {
    const cbx_dataset *dataset = job->dataset;
    return json_pack(
        "{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", kind, "version", CBX_VERSION,
        "hidden", (json_int_t)job->settings->hidden, "command",
        cbx_page_string(job->settings->command), "normalisation",
        cbx_page_normalisation(cbx_dataset_mean(dataset), cbx_dataset_deviation(dataset)), "grid",
        grid_of(&job->plan.grid), "test",
        cbx_page_evaluation(test->images, test->loss, test->confusion), "made", made, "left_out",
        left_out_of(job));
}

/* What those of a run have besides. */
static json_t *run_facts(const cbx_job *job) {
    const cbx_learn_settings *settings = job->settings;
    return json_pack("{s:s, s:I, s:I, s:I, s:o, s:o, s:o}", "recipe",
                     cbx_recipe_name(settings->recipe), "batch", (json_int_t)settings->batch,
                     "batches", (json_int_t)job->result->batches, "batches_per_epoch",
                     (json_int_t)job->plan.batches_per_epoch, "film", film_of(job), "epochs",
                     epochs_of(job), "times", times_of(&job->result->times));
}

/* ---- arrays ---- */

/* Of every batch, from the first on, f32: the mean loss of its images. */
static cbx_status write_losses(const cbx_job *job, cbx_output *to) {
    const cbx_losses *losses = &job->losses;
    float *rounded = NULL;
    cbx_status status = cbx_new(&rounded, losses->count);
    for (uint64_t i = 0; i < losses->count && !status; i++) {
        rounded[i] = (float)losses->of_batches[i];
    }
    if (!status) {
        status = cbx_page_array(to, "batch_losses", CBX_PAGE_F32, rounded, losses->count);
    }
    free(rounded);
    return status;
}

/* The batch, counted from 1, that each frame shows. */
static cbx_status write_film(const cbx_job *job, cbx_output *to) {
    const cbx_learn_settings *settings = job->settings;
    const uint64_t frames = job->result->film.frames;
    uint32_t *batches = NULL;
    if (!has_film(job)) {
        return CBX_OK;
    }
    cbx_status status = cbx_new(&batches, frames);
    for (uint64_t i = 0; i < frames && !status; i++) {
        const uint64_t batch = cbx_timing_batch(&job->timing, i);
        batches[i] = (uint32_t)(batch < job->result->batches ? batch : job->result->batches);
    }
    if (!status) {
        status = cbx_page_array(to, "frame_batches", CBX_PAGE_U32, batches, frames);
    }
    free(batches);
    return status ? status : cbx_page_file(to, "film_file", settings->film);
}

/* What the network says of the test images, and with it the facts and arrays of every page; facts
 * of `more` besides. Takes `made` and `more`, which may be NULL. */
static cbx_status write_network(cbx_job *job, cbx_output *to, const char *kind, json_t *made,
                                json_t *more, cbx_evaluation *test) {
    float *sums = NULL;
    json_t *facts = NULL;
    cbx_status status = cbx_new(&sums, (size_t)job->plan.test_images * CBX_CLASSES);
    if (!status) {
        status = cbx_trainer_evaluate(job->trainer, CBX_TEST, test);
    }
    if (!status) {
        status = cbx_trainer_outputs(job->trainer, CBX_TEST, sums);
    }
    if (!status) {
        facts = network_facts(job, kind, test, json_incref(made));
        json_object_update(facts, more);
        status = cbx_page_facts(to, facts);
    }
    if (!status) {
        status = cbx_page_network(to, job->network, job->dataset, sums);
    }
    json_decref(made);
    json_decref(more);
    free(sums);
    return status;
}

cbx_status cbx_job_write_page(cbx_job *job, cbx_output *to) {
    cbx_evaluation test;
    cbx_page_begin(to);
    cbx_status status = write_network(job, to, "learn", made_of(job), run_facts(job), &test);
    if (!status) {
        status = write_losses(job, to);
    }
    if (!status) {
        status = write_film(job, to);
    }
    cbx_page_end(to);
    return status ? status : cbx_output_flush(to);
}

cbx_status cbx_job_write_look(cbx_job *job, cbx_output *to, json_t *made, cbx_evaluation *test) {
    cbx_page_begin(to);
    const cbx_status status = write_network(job, to, "look", made, NULL, test);
    cbx_page_end(to);
    return status ? status : cbx_output_flush(to);
}
