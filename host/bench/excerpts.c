/* SPDX-License-Identifier: MIT */
#include "bench/excerpts.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "bench/meter.h"
#include "bench/peak.h"
#include "network/trainer.h"

#define MOST_BYTES ((uint64_t)256 << 20)
enum { MOST_GROUPS = 2 };

/* Planes that are drawn before they are read. */
enum { STRIP_BYTES = 1 << 20, MOST_PLANES = 16, BLACK_LUMA = 16 };

/* Neurons · batches between two questions whether to stop: a moment. */
enum { BLOCK = 1 << 16 };

/* The run that is filmed. */
typedef struct run {
    cbx_bench *bench;
    const cbx_bench_settings *settings;
    cbx_excerpts *out;
    cbx_trainer *trainer;
    cbx_painter painter;
    cbx_easel easel;
    cl_mem strip;
    size_t picture;    /* bytes of a plane of the strip */
    uint32_t planes;   /* of the strip */
    uint32_t images;   /* of an epoch */
    uint32_t batches;  /* done */
    uint64_t captured; /* frames, of both excerpts */
} run;

/* ---- the strip as the trainer's easel ---- */

static uint32_t room(void *user) {
    const run *on = user;
    return on->planes;
}

static cbx_status canvas(void *user, cbx_canvas *out) {
    const run *on = user;
    *out = (cbx_canvas){.luma = on->strip};
    return CBX_OK;
}

/* Reads at once, so that the strip is always free. */
static cbx_status drawn(void *user, uint32_t pictures, cl_event done) {
    run *on = user;
    const size_t plane = on->out->plane;
    cl_int error = CL_SUCCESS;
    for (uint32_t i = 0; i < pictures && !error; i++) {
        error = clEnqueueReadBuffer(on->bench->device->queue, on->strip, CL_TRUE, i * on->picture,
                                    plane, on->out->luma + on->captured * plane, 1, &done, NULL);
        on->captured++;
    }
    cbx_event_release(&done);
    return cbx_cl_check(error, "drawing frames");
}

/* ---- training ---- */

static cbx_status train(run *on, uint32_t count, int drawing) {
    const uint32_t batch = on->settings->batch, whole = on->images / batch;
    const uint32_t block = on->settings->hidden < BLOCK ? BLOCK / on->settings->hidden : 1;
    const cbx_rates rates = cbx_bench_rates(on->settings);
    const uint32_t first = on->batches % whole, left = whole - first;
    count = count < left ? count : left;
    count = count < block ? count : block;
    cbx_trainer_draw_on(on->trainer, drawing ? &on->easel : NULL);
    cbx_status status = cbx_trainer_steps_drawing(on->trainer, first * batch, count, rates,
                                                  on->batches, (uint32_t)drawing);
    if (!status) {
        status = cbx_trainer_check(on->trainer);
    }
    on->batches += count;
    return status ? status : cbx_meter_ask(&on->settings->stop);
}

static cbx_status film(run *on, uint32_t excerpt) {
    const uint32_t end = on->batches + on->out->frames;
    cbx_status status = CBX_OK;
    on->out->first[excerpt] = on->batches;
    while (on->batches < end && !status) {
        status = train(on, end - on->batches, 1);
    }
    return status;
}

static cbx_status film_all(run *on) {
    const double patience = cbx_clock_seconds() + 2.0 * on->settings->seconds;
    const uint32_t middle = on->out->run / 2;
    cbx_status status = film(on, 0);
    while (on->batches < middle && !status && cbx_clock_seconds() < patience) {
        status = train(on, middle - on->batches, 0);
    }
    return status ? status : film(on, 1);
}

/* ---- the run's parts ---- */

/* Frames first, then rows: both count whole groups, of frames and of pixels. */
static void choose_part(cbx_excerpts *out, uint32_t group) {
    const uint64_t most = MOST_BYTES / CBX_EXCERPTS / group;
    const uint64_t picture = (uint64_t)out->width * out->height;
    const uint64_t tiles = most / out->width / CBX_IMAGE_SIDE;
    out->frames = group * (MOST_GROUPS * picture <= most ? MOST_GROUPS : 1);
    out->rows = picture <= most ? out->height : (uint32_t)(tiles < 1 ? 1 : tiles) * CBX_IMAGE_SIDE;
    out->plane = (size_t)out->width * out->rows;
}

static cbx_status lay_out(run *on, cbx_grid *grid, uint32_t group) {
    cbx_excerpts *out = on->out;
    cbx_learn_settings usual;
    cbx_status status = cbx_grid_lay_out(grid, on->settings->hidden, 1);
    if (status) {
        return status;
    }
    cbx_learn_defaults(&usual);
    out->run = on->images / on->settings->batch * usual.epochs;
    out->width = grid->width;
    out->height = grid->height;
    choose_part(out, group);
    on->picture = (size_t)grid->width * grid->height;
    const size_t strip = STRIP_BYTES / on->picture;
    on->planes = strip < 1 ? 1 : strip < MOST_PLANES ? (uint32_t)strip : MOST_PLANES;
    return cbx_new(&out->luma, CBX_EXCERPTS * out->frames * out->plane);
}

/* Those of whole pictures begin with those of the rows that are kept. */
static cbx_status draw_chroma(run *on) {
    cbx_excerpts *out = on->out;
    cbx_status status = cbx_new(&out->cb, on->picture / 4);
    if (!status) {
        status = cbx_new(&out->cr, on->picture / 4);
    }
    return status ? status : cbx_painter_chroma(&on->painter, out->cb, out->cr);
}

static cbx_status take_brushes(run *on, const cbx_grid *grid) {
    const size_t bytes = on->planes * on->picture;
    cbx_status status = cbx_painter_init(&on->painter, on->bench->device, grid, CBX_TONE_PEAK);
    if (!status) {
        status = draw_chroma(on);
    }
    if (!status) {
        status =
            cbx_buffer_create(on->bench->device, CL_MEM_READ_WRITE, bytes, "frames", &on->strip);
    }
    on->easel = (cbx_easel){&on->painter, room, canvas, drawn, on};
    return status ? status : cbx_painter_fill(&on->painter, on->strip, bytes, BLACK_LUMA);
}

cbx_status cbx_excerpts_draw(cbx_excerpts *out, cbx_bench *bench,
                             const cbx_bench_settings *settings, uint32_t group) {
    run on = {.bench = bench, .settings = settings, .out = out};
    cbx_grid grid;
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_meter_check(settings, bench->dataset);
    on.images = (uint32_t)cbx_dataset_images(bench->dataset, CBX_TRAIN).count;
    if (!status) {
        status = lay_out(&on, &grid, group);
    }
    if (!status) {
        status = cbx_meter_trainer(bench, settings, &on.trainer);
    }
    if (!status) {
        status = take_brushes(&on, &grid);
    }
    if (!status) {
        status = film_all(&on);
    }
    cbx_trainer_destroy(on.trainer);
    cbx_painter_clear(&on.painter);
    cbx_buffer_release(on.strip);
    return status;
}

double cbx_excerpts_share(const cbx_excerpts *excerpts, uint32_t excerpt, double film) {
    const double own = excerpts->frames;
    const double first = 2.0 * own < film ? own / film : 0.5;
    return excerpt == 0 ? first : 1.0 - first;
}

void cbx_excerpts_clear(cbx_excerpts *excerpts) {
    free(excerpts->luma);
    free(excerpts->cb);
    free(excerpts->cr);
    memset(excerpts, 0, sizeof *excerpts);
}

const uint8_t *cbx_excerpts_frame(const cbx_excerpts *excerpts, uint32_t excerpt, uint32_t frame) {
    return excerpts->luma + ((size_t)excerpt * excerpts->frames + frame) * excerpts->plane;
}
