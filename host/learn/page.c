/* SPDX-License-Identifier: MIT */
/* The page of a run: what its epochs were, what came of it, and what made it. */
#include "learn/page.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "base/memory.h"
#include "learn/metadata.h"
#include "page/network.h"
#include "page/page.h"

/* A film beyond that is left out: a browser has to hold the page's text. */
#define MOST_FILM_BYTES ((uint64_t)64 << 20)

cbx_status cbx_job_begin_story(cbx_job *job) {
    return job->settings->report || job->settings->checkpoint
               ? cbx_new(&job->story.epochs, job->settings->epochs)
               : CBX_OK;
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
        cbx_json_append(&all,
                        json_pack("{s:I, s:o, s:o, s:f, s:f}", "epoch", (json_int_t)e->epoch,
                                  "train_loss", cbx_json_number(e->train_loss), "validation",
                                  cbx_page_evaluation(job->plan.validation_images,
                                                      e->validation_loss, e->validation_confusion),
                                  "seconds", e->seconds, "evaluate_seconds", e->evaluate_seconds));
    }
    return all;
}

static json_t *made_of(const cbx_job *job) {
    cbx_metadata metadata;
    json_t *all = json_object();
    cbx_job_metadata(job, &metadata);
    for (size_t i = 0; i < metadata.count; i++) {
        cbx_json_set(&all, metadata.settings[i].key, cbx_json_string(metadata.settings[i].value));
    }
    return all;
}

/* Without what was not measured. */
static json_t *times_of(const cbx_learn_times *times) {
    json_t *all = json_pack("{s:f, s:f, s:f, s:f}", "load", times->load, "start", times->start,
                            "train", times->train, "evaluate", times->evaluate);
    if (isfinite(times->encode)) {
        cbx_json_set(&all, "encode", json_real(times->encode));
    }
    return all;
}

/* The square that all neurons make. */
static json_t *square_of(uint32_t hidden) {
    cbx_grid grid;
    if (cbx_grid_lay_out(&grid, hidden, 1)) {
        return json_null();
    }
    return json_pack("{s:I, s:I}", "rows", (json_int_t)grid.rows, "columns",
                     (json_int_t)grid.columns);
}

/* What browsers call it; NULL: they do not play it as a film. */
static const char *film_type(const cbx_job *job) {
    return job->plan.container == CBX_CONTAINER_MP4    ? "video/mp4"
           : job->plan.container == CBX_CONTAINER_WEBM ? "video/webm"
                                                       : NULL;
}

/* The film that the page shows: the run's, or its own. */
typedef struct shown_film {
    const char *path, *type; /* NULL: there is none */
    const cbx_grid *grid;
    const cbx_timing *timing;
    uint64_t frames;
    uint32_t fps;
} shown_film;

static shown_film film_shown(const cbx_job *job) {
    const cbx_page_film *own = &job->page_film;
    const cbx_learn_result *result = job->result;
    if (own->frames > 0) {
        return (shown_film){own->path,    "video/mp4", &own->grid,
                            &own->timing, own->frames, own->film.fps};
    }
    if (own->wanted || !result->kept[CBX_LEARN_FILM] || !result->film_sha256[0] ||
        result->film.bytes > MOST_FILM_BYTES || !film_type(job)) {
        return (shown_film){.path = NULL};
    }
    return (shown_film){job->settings->film, film_type(job),      &job->plan.grid,
                        &job->timing,        result->film.frames, job->settings->fps};
}

static json_t *tiles_of(const cbx_grid *grid) {
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "tiles", (json_int_t)grid->tiles,
                     "rows", (json_int_t)grid->rows, "columns", (json_int_t)grid->columns, "tile",
                     (json_int_t)grid->tile, "pitch", (json_int_t)grid->pitch, "left",
                     (json_int_t)grid->left, "top", (json_int_t)grid->top);
}

static json_t *film_of(const cbx_job *job) {
    const shown_film film = film_shown(job);
    if (!film.path) {
        return json_null();
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:s, s:s, s:o}", "frames", (json_int_t)film.frames,
                     "fps", (json_int_t)film.fps, "width", (json_int_t)film.grid->width, "height",
                     (json_int_t)film.grid->height, "type", film.type, "tone",
                     cbx_tone_name(job->settings->tone), "grid", tiles_of(film.grid));
}

/* In whole sentences. */
static json_t *left_out_of(const cbx_job *job) {
    const cbx_page_film *own = &job->page_film;
    json_t *all = json_array();
    if (job->settings->hidden > CBX_PAGE_EXACT_HIDDEN) {
        cbx_json_append(
            &all,
            json_string("The incoming weights are rounded to 255 levels a neuron, so that the "
                        "page stays small; the file of the weights has them whole."));
    }
    if (own->frames > 0) {
        cbx_json_append(
            &all,
            json_sprintf("The film here is a smaller one, made for this page, of %u frames and "
                         "%u of the neurons; the film of the run is a file of its own.",
                         (unsigned)own->frames, own->grid.tiles));
    } else if (job->settings->film && !film_shown(job).path) {
        cbx_json_append(&all, json_string("The film is too large for a page, of a kind that "
                                          "a page does not play, or was not kept; it is a file "
                                          "of its own."));
    }
    return all;
}

/* What every page has. Takes `made`. */
static json_t *network_facts(const cbx_job *job, const char *kind, const cbx_evaluation *test,
                             json_t *made) {
    return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "kind", kind, "version",
                     CBX_VERSION, "hidden", (json_int_t)job->settings->hidden, "command",
                     cbx_json_string(job->settings->command), "normalisation",
                     cbx_page_normalisation(job->dataset), "grid", square_of(job->settings->hidden),
                     "test", cbx_page_evaluation(test->images, test->loss, test->confusion), "made",
                     made, "left_out", left_out_of(job));
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

/* With the batch, counted from 1, that each frame shows. */
static cbx_status write_film(const cbx_job *job, cbx_output *to) {
    const shown_film film = film_shown(job);
    uint32_t *batches = NULL;
    if (!film.path) {
        return CBX_OK;
    }
    cbx_status status = cbx_new(&batches, film.frames);
    for (uint64_t i = 0; i < film.frames && !status; i++) {
        const uint64_t batch = cbx_timing_batch(film.timing, i);
        batches[i] = (uint32_t)(batch < job->result->batches ? batch : job->result->batches);
    }
    if (!status) {
        status = cbx_page_array(to, "frame_batches", CBX_PAGE_U32, batches, film.frames);
    }
    free(batches);
    return status ? status : cbx_page_file(to, "film_file", film.path);
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
        if (more) {
            cbx_json_merge(&facts, json_incref(more));
        }
        status = cbx_page_facts(to, facts);
    }
    if (!status) {
        status = cbx_job_fetch_network(job);
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
    json_t *facts = run_facts(job);
    if (!facts) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for the facts of %s", to->path);
    }
    cbx_page_begin(to);
    cbx_status status = write_network(job, to, "learn", made_of(job), facts, &test);
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
