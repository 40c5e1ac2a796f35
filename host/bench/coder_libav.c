/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bench/coder.h"
#include "bench/meter.h"
#include "film/trial.h"

typedef struct libav_coder {
    cbx_coder calls;
    const cbx_excerpts *excerpts;
    cbx_film_trial *trial;
    uint32_t group;
    uint8_t *decoded; /* a picture */
} libav_coder;

/* The frames `first` … of an excerpt that are under way. */
typedef struct libav_group {
    uint32_t excerpt, first, count;
} libav_group;

/* What it takes until the first frame is out is the key frame's. */
static cbx_status encode(libav_coder *coder, const libav_group *group, const cbx_bench_stop *stop,
                         cbx_tally *out) {
    double before = cbx_clock_thread_seconds();
    cbx_status status = cbx_film_trial_begin(coder->trial);
    for (uint32_t i = 0; i < group->count && !status; i++) {
        const int later = cbx_film_trial_frames(coder->trial) > 0;
        status = cbx_film_trial_push(
            coder->trial, cbx_excerpts_frame(coder->excerpts, group->excerpt, group->first + i));
        const double now = cbx_clock_thread_seconds();
        out->processor_seconds[later] += now - before;
        before = now;
        status = status ? status : cbx_meter_ask(stop);
    }
    if (!status) {
        const int later = cbx_film_trial_frames(coder->trial) > 0;
        status = cbx_film_trial_end(coder->trial);
        out->processor_seconds[later] += cbx_clock_thread_seconds() - before;
    }
    return status;
}

static cbx_status judge(libav_coder *coder, const libav_group *group, const cbx_bench_stop *stop,
                        cbx_tally *out) {
    cbx_status status = CBX_OK;
    for (uint32_t i = 0; i < group->count && !status; i++) {
        const uint8_t *meant =
            cbx_excerpts_frame(coder->excerpts, group->excerpt, group->first + i);
        status = cbx_film_trial_decode(coder->trial, i, coder->decoded);
        if (!status) {
            out->error[i > 0] += cbx_squared_error(meant, coder->decoded, coder->excerpts->plane);
            status = cbx_meter_ask(stop);
        }
    }
    return status;
}

static cbx_status run_group(libav_coder *coder, const libav_group *group, int judged,
                            const cbx_bench_stop *stop, cbx_tally *out) {
    cbx_status status = encode(coder, group, stop, out);
    for (uint32_t i = 0; i < group->count && !status; i++) {
        out->bytes[i > 0] += (double)cbx_film_trial_bytes(coder->trial, i);
        out->frames[i > 0]++;
    }
    return status || !judged ? status : judge(coder, group, stop, out);
}

static cbx_status run(cbx_coder *calls, int judged, const cbx_bench_stop *stop,
                      cbx_tally out[CBX_EXCERPTS]) {
    libav_coder *coder = (libav_coder *)calls;
    const uint32_t frames = coder->excerpts->frames;
    cbx_status status = CBX_OK;
    for (uint32_t excerpt = 0; excerpt < CBX_EXCERPTS && !status; excerpt++) {
        out[excerpt] = (cbx_tally){0};
        for (uint32_t first = 0; first < frames && !status; first += coder->group) {
            const uint32_t left = frames - first;
            const libav_group group = {excerpt, first, left < coder->group ? left : coder->group};
            status = run_group(coder, &group, judged, stop, &out[excerpt]);
        }
    }
    return status;
}

static void destroy(cbx_coder *calls) {
    libav_coder *coder = (libav_coder *)calls;
    cbx_film_trial_destroy(coder->trial);
    free(coder->decoded);
    free(coder);
}

cbx_status cbx_coder_by_libav(cbx_coder **out, const cbx_excerpts *excerpts,
                              const cbx_film_settings *film, uint32_t group) {
    libav_coder *coder = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&coder, 1);
    if (status) {
        return status;
    }
    *coder = (libav_coder){.calls = {run, destroy}, .excerpts = excerpts, .group = group};
    *out = &coder->calls;
    status = cbx_new(&coder->decoded, excerpts->plane * 3 / 2);
    return status ? status
                  : cbx_film_trial_create(&coder->trial, film, group, excerpts->cb, excerpts->cr);
}
