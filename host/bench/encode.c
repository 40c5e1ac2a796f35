/* SPDX-License-Identifier: MIT */
#include "bench/encode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "avc/check.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "bench/coder.h"
#include "bench/meter.h"
#include "bench/peak.h"
#include "bench/statistics.h"
#include "film/film.h"
#include "reel/samples.h"

const char *const cbx_bench_encoder_names[CBX_BENCH_ENCODERS] = {
    "device", "x264 ultrafast", "x264 superfast", "x264 medium", "x264 film"};

#define X264 "libx264"

/* How each is asked for. */
static const struct {
    const char *encoder, *preset;
} kinds[CBX_BENCH_ENCODERS] = {{CBX_DEVICE_ENCODER, NULL},
                               {X264, "ultrafast"},
                               {X264, "superfast"},
                               {X264, "medium"},
                               {X264, "ultrafast"}};

/* Encoding is repeated until it took so long, or settings->repetitions times. */
#define ENOUGH_SECONDS 0.25

enum { FINEST_QP = 1, COARSEST_QP = 51 };

/* A comparison under way. */
typedef struct contest {
    const cbx_bench_settings *settings;
    cbx_bench *bench;
    cbx_excerpts excerpts;
    cbx_bench_encoding *out;
} contest;

/* A film, `rows` pixels high. */
static cbx_film_settings film_of(const contest *on, cbx_bench_encoder_name which, uint32_t rows,
                                 int quality) {
    cbx_learn_settings usual;
    cbx_learn_defaults(&usual);
    return (cbx_film_settings){.width = on->excerpts.width,
                               .height = rows,
                               .fps = usual.fps,
                               .encoder = kinds[which].encoder,
                               .preset = kinds[which].preset,
                               .quality = quality};
}

/* ---- one encoder at one quantiser ---- */

/* Both excerpts by one coder. */
typedef struct pass {
    cbx_tally of[CBX_EXCERPTS];
} pass;

static double seconds_of(const pass *run) {
    double sum = 0.0;
    for (int i = 0; i < CBX_EXCERPTS; i++) {
        sum += run->of[i].processor_seconds[0] + run->of[i].processor_seconds[1];
    }
    return sum;
}

/* Gives `first` the times of the run in the middle. */
static cbx_status take_median(pass *first, const pass *runs, uint32_t count) {
    double *seconds = NULL;
    const pass *nearest = runs;
    cbx_status status = cbx_new(&seconds, count);
    if (status) {
        return status;
    }
    for (uint32_t i = 0; i < count; i++) {
        seconds[i] = seconds_of(&runs[i]);
    }
    const double median = cbx_spread_of(seconds, count).median;
    for (uint32_t i = 1; i < count; i++) {
        if (fabs(seconds_of(&runs[i]) - median) < fabs(seconds_of(nearest) - median)) {
            nearest = &runs[i];
        }
    }
    for (int i = 0; i < CBX_EXCERPTS; i++) {
        cbx_tally *to = &first->of[i];
        memcpy(to->processor_seconds, nearest->of[i].processor_seconds,
               sizeof to->processor_seconds);
        memcpy(to->device_seconds, nearest->of[i].device_seconds, sizeof to->device_seconds);
    }
    free(seconds);
    return CBX_OK;
}

/* More runs, for their times; those of `first` are kept where it is `timed`, and began then. */
static cbx_status repeat(const contest *on, cbx_coder *coder, int timed, double begun,
                         pass *first) {
    const uint32_t most = on->settings->repetitions;
    uint32_t count = timed ? 1 : 0;
    pass *runs = NULL;
    cbx_status status = cbx_new(&runs, most);
    if (!status && timed) {
        runs[0] = *first;
    }
    while (!status && count < most &&
           (count == 0 || cbx_clock_seconds() - begun < ENOUGH_SECONDS)) {
        status = coder->run(coder, 0, &on->settings->stop, runs[count++].of);
    }
    status = status ? status : take_median(first, runs, count);
    free(runs);
    return status;
}

static cbx_status try_quality(const contest *on, cbx_bench_encoder_name which, int quality,
                              cbx_bench_encoded *out) {
    const cbx_film_settings film = film_of(on, which, on->excerpts.rows, quality);
    const uint32_t group = (uint32_t)on->out->encoders[which].group;
    const int on_device = which == CBX_BENCH_DEVICE;
    cbx_coder *coder = NULL;
    pass first;
    cbx_status status = on_device
                            ? cbx_coder_on_device(&coder, on->bench->device, &on->excerpts, &film)
                            : cbx_coder_by_libav(&coder, &on->excerpts, &film, group);
    const double begun = cbx_clock_seconds();
    if (!status) {
        status = coder->run(coder, 1, &on->settings->stop, first.of);
    }
    if (!status) { /* the device has only warmed up */
        status = repeat(on, coder, !on_device, begun, &first);
    }
    if (!status) {
        *out = cbx_tally_encoded(first.of, cbx_film_quality_of(&film), &on->excerpts, group);
    }
    if (coder) {
        coder->destroy(coder);
    }
    return status;
}

/* ---- at a given PSNR ---- */

/* The next quantiser to try: beside the one that is known, as far as a step of it usually changes
 * the PSNR, about 0.8 dB; or between two. */
static int next_quality(const cbx_bench_encoded *finer, const cbx_bench_encoded *coarser,
                        double psnr) {
    const double dB_a_step = 0.8;
    if (finer->qp > 0.0 && coarser->qp > 0.0) {
        return ((int)finer->qp + (int)coarser->qp) / 2;
    }
    if (finer->qp > 0.0) {
        const int steps = (int)((finer->psnr - psnr) / dB_a_step + 0.5);
        const int next = (int)finer->qp + (steps < 1 ? 1 : steps);
        return next > COARSEST_QP ? COARSEST_QP : next;
    }
    const int steps = (int)((psnr - coarser->psnr) / dB_a_step + 0.5);
    const int next = (int)coarser->qp - (steps < 1 ? 1 : steps);
    return next < FINEST_QP ? FINEST_QP : next;
}

/* Two neighbours with the PSNR between them; what is beyond the last quantiser stays 0. No error at
 * all is better than any. */
static cbx_status find_neighbours(const contest *on, cbx_bench_encoder_name which, double psnr,
                                  int first, cbx_bench_encoder *out) {
    cbx_bench_encoded *finer = &out->finer, *coarser = &out->coarser;
    cbx_status status = CBX_OK;
    int next = first, sought = 1;
    while (!status && sought) {
        cbx_bench_encoded found;
        status = try_quality(on, which, next, &found);
        if (status) {
            break;
        }
        *(found.psnr >= psnr || found.psnr <= 0.0 ? finer : coarser) = found;
        sought = finer->qp > 0.0 && coarser->qp > 0.0 ? coarser->qp - finer->qp > 1.0
                 : finer->qp > 0.0                    ? finer->qp < COARSEST_QP
                                                      : coarser->qp > FINEST_QP;
        next = next_quality(finer, coarser, psnr);
    }
    return status;
}

/* `first` is where the search starts. */
static cbx_status match(const contest *on, cbx_bench_encoder_name which,
                        const cbx_bench_encoded *meant, int first) {
    cbx_bench_encoder *out = &on->out->encoders[which];
    cbx_status status = find_neighbours(on, which, meant->psnr, first, out);
    if (!status && out->finer.psnr > 0.0 && out->coarser.psnr > 0.0) {
        out->at = cbx_encoded_between(&out->finer, &out->coarser, meant->psnr);
        out->size = out->at.bits / meant->bits;
    }
    return status;
}

/* ---- all of them ---- */

/* As of the device's films; why not, says out->reason. */
static void look_at_device(const contest *on) {
    const cbx_film_settings film = film_of(on, CBX_BENCH_DEVICE, on->excerpts.height, -1);
    cbx_status status = cbx_film_check_wishes(&film);
    if (!status) {
        status = cbx_samples_check(on->bench->device, &film);
    }
    if (!status) {
        status = cbx_avc_check(on->bench->device);
    }
    on->out->encoders[CBX_BENCH_DEVICE].encoder = status ? NULL : CBX_DEVICE_ENCODER;
    if (status) {
        snprintf(on->out->reason, sizeof on->out->reason, "%s", cbx_last_error());
    }
}

static void look_at_all(const contest *on) {
    look_at_device(on);
    for (int which = 0; which < CBX_BENCH_ENCODERS; which++) {
        const cbx_film_settings film =
            film_of(on, (cbx_bench_encoder_name)which, on->excerpts.height, -1);
        cbx_bench_encoder *each = &on->out->encoders[which];
        if (which != CBX_BENCH_DEVICE && cbx_film_check(&film) == CBX_OK) {
            each->encoder = kinds[which].encoder;
            each->preset = kinds[which].preset;
        }
        if (each->encoder) {
            each->group = which == CBX_BENCH_FILM ? cbx_film_group_of(&film) : CBX_CODER_GROUP;
        }
    }
}

static cbx_status measure_usual(const contest *on, int which) {
    cbx_bench_encoder *each = &on->out->encoders[which];
    return try_quality(on, (cbx_bench_encoder_name)which, -1, &each->at);
}

/* The first that is there is measured as it is, and sets the PSNR of the others. */
static cbx_status measure_all(const contest *on) {
    cbx_bench_encoder *all = on->out->encoders;
    const cbx_bench_encoded *meant = NULL;
    cbx_status status = CBX_OK;
    int first = 0;
    for (int which = 0; which < CBX_BENCH_FILM && !status; which++) {
        if (!all[which].encoder) {
            continue;
        }
        if (!meant) {
            status = measure_usual(on, which);
            meant = &all[which].at;
            all[which].size = status ? 0.0 : 1.0;
            first = (int)meant->qp;
        } else if (meant->psnr > 0.0) {
            status = match(on, (cbx_bench_encoder_name)which, meant, first);
            first = all[which].finer.qp > 0.0 ? (int)all[which].finer.qp : first;
        }
    }
    return status || !all[CBX_BENCH_FILM].encoder ? status : measure_usual(on, CBX_BENCH_FILM);
}

/* Processor seconds of encoding the job's film, which may be shorter than the usual one. */
static double seconds_for(const contest *on, const cbx_bench_encoded *encoded,
                          const cbx_bench_film *film) {
    const double frames = (double)film->job.film.frames;
    double ns = 0.0;
    for (uint32_t i = 0; i < CBX_EXCERPTS; i++) {
        ns += cbx_excerpts_share(&on->excerpts, i, frames) * encoded->excerpt_ns[i];
    }
    return 1e-9 * ns * frames * (double)on->excerpts.width * (double)on->excerpts.height;
}

/* Of a job: its processor time without encoding is known, and what each encoder would add to it. */
static void tell_shares(const contest *on, const cbx_bench_film *film) {
    cbx_bench_encoder *all = on->out->encoders;
    const int by_device = cbx_film_is_by_device(film->job.film.encoder);
    const double own =
        by_device ? seconds_for(on, &all[CBX_BENCH_DEVICE].at, film) : film->job.times.encode;
    const double rest = film->processor_seconds > own ? film->processor_seconds - own : 0.0;
    for (int which = 0; which < CBX_BENCH_ENCODERS; which++) {
        const double added = seconds_for(on, &all[which].at, film);
        all[which].share = added > 0.0 ? added / (rest + added) : 0.0;
    }
}

cbx_status cbx_bench_measure_encoding(cbx_bench *bench, const cbx_bench_settings *settings,
                                      const cbx_bench_film *film, cbx_bench_encoding *out) {
    contest on = {.settings = settings, .bench = bench, .out = out};
    memset(out, 0, sizeof *out);
    cbx_status status = cbx_excerpts_draw(&on.excerpts, bench, settings, CBX_CODER_GROUP);
    if (!status) {
        out->width = on.excerpts.width;
        out->height = on.excerpts.height;
        out->rows = on.excerpts.rows;
        out->frames = (uint64_t)CBX_EXCERPTS * on.excerpts.frames;
        out->second = on.excerpts.first[1];
        look_at_all(&on);
        status = measure_all(&on);
    }
    if (!status && film) {
        tell_shares(&on, film);
    }
    cbx_excerpts_clear(&on.excerpts);
    return status;
}
