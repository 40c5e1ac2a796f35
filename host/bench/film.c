/* SPDX-License-Identifier: MIT */
/* The whole job, film included. */
#include <limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/files.h"
#include "bench/meter.h"

/* When a film's job has to end. */
typedef struct deadline {
    double seconds; /* on the clock; 0: never */
    const cbx_bench_stop *stop;
    int stopped; /* by the latter */
    int begun;   /* there is something to film: before that time is not counted */
} deadline;

static cbx_status progressed(void *user, uint64_t batches_done) {
    deadline *end = user;
    end->begun = end->begun || batches_done > 0;
    return CBX_OK;
}

static int must_end(void *user) {
    deadline *end = user;
    const cbx_bench_stop *stop = end->stop;
    end->stopped = end->stopped || (stop && stop->asked && stop->asked(stop->user));
    return end->stopped ||
           (end->begun && end->seconds > 0.0 && cbx_clock_seconds() >= end->seconds);
}

/* A name of its own in the folder for temporary files, where nothing has it yet. */
static void name_film(char *path, size_t size) {
    static atomic_uint count;
    const char *folder = getenv("TMPDIR");
    snprintf(path, size, "%s/clearbox-bench-%ld-%llx-%u.mp4", folder && *folder ? folder : "/tmp",
             (long)getpid(), (unsigned long long)(1e6 * cbx_clock_seconds()),
             atomic_fetch_add(&count, 1u));
}

cbx_status cbx_bench_check_film(const char *encoder) {
    char path[PATH_MAX];
    cbx_learn_settings any;
    cbx_learn_defaults(&any);
    any.data = "";
    any.encoder = encoder;
    cbx_status status = cbx_learn_check(&any);
    name_film(path, sizeof path);
    return status ? status : cbx_output_probe(path, 1);
}

cbx_status cbx_bench_measure_film(const cbx_learn_settings *settings, double seconds,
                                  const cbx_bench_stop *stop, cbx_bench_film *out) {
    cbx_learn_settings job = *settings;
    deadline end = {.seconds = seconds > 0.0 ? cbx_clock_seconds() + seconds : 0.0, .stop = stop};
    const cbx_learn_observer observer = {.progressed = progressed, .user = &end};
    const cbx_learn_control control = {.should_stop = must_end, .user = &end};
    char path[PATH_MAX];
    memset(out, 0, sizeof *out);
    name_film(path, sizeof path);
    job.film = path;
    job.no_clobber = 1;
    job.device_times = 1;
    const double before = cbx_clock_process_seconds();
    cbx_status status = cbx_learn(&job, &observer, 1, &control, &out->job);
    out->processor_seconds = cbx_clock_process_seconds() - before;
    status = status == CBX_INTERRUPTED && !end.stopped ? CBX_OK : status;
    /* From the first batch to the finished film. */
    const double filmed = out->job.times.total - out->job.times.first_batch;
    if (!status && filmed > 0.0) {
        out->frames_per_second = (double)out->job.film.frames / filmed;
    }
    if (out->job.kept[CBX_LEARN_FILM]) {
        (void)unlink(path);
    }
    return status;
}
