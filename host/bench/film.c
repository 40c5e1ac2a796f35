/* The whole job, film included. */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <errno.h>

#include "base/clock.h"
#include "base/error.h"
#include "bench/meter.h"

/* When a film's job has to end. */
typedef struct deadline {
    double seconds; /* on the clock; 0: never */
    const cbx_bench_stop *stop;
    int stopped; /* by the latter */
} deadline;

static int must_end(void *user) {
    deadline *end = user;
    const cbx_bench_stop *stop = end->stop;
    end->stopped = end->stopped || (stop && stop->asked && stop->asked(stop->user));
    return end->stopped || (end->seconds > 0.0 && cbx_clock_seconds() >= end->seconds);
}

static cbx_status make_folder(char *folder, size_t size) {
    const char *parent = getenv("TMPDIR");
    parent = parent && *parent ? parent : "/tmp";
    const int length = snprintf(folder, size, "%s/clearbox-bench-XXXXXX", parent);
    if (length < 0 || (size_t)length >= size || !mkdtemp(folder)) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create a folder for the film in %s: %s", parent,
                        strerror(errno));
    }
    return CBX_OK;
}

cbx_status cbx_bench_check_film(void) {
    char folder[PATH_MAX];
    cbx_status status = make_folder(folder, sizeof folder);
    if (!status) {
        (void)rmdir(folder);
    }
    return status;
}

cbx_status cbx_bench_measure_film(const cbx_learn_settings *settings, double seconds,
                                  const cbx_bench_stop *stop, cbx_bench_film *out) {
    cbx_learn_settings job = *settings;
    deadline end = {.seconds = seconds > 0.0 ? cbx_clock_seconds() + seconds : 0.0, .stop = stop};
    const cbx_learn_observer observer = {.should_stop = must_end, .user = &end};
    char folder[PATH_MAX], path[PATH_MAX + 16];
    memset(out, 0, sizeof *out);
    cbx_status status = make_folder(folder, sizeof folder);
    if (status) {
        return status;
    }
    snprintf(path, sizeof path, "%s/learn.mp4", folder);
    job.film = path;
    const double before = cbx_clock_process_seconds();
    status = cbx_learn(&job, &observer, &out->job);
    out->processor_seconds = cbx_clock_process_seconds() - before;
    status = status == CBX_INTERRUPTED && !end.stopped ? CBX_OK : status;
    /* From the first batch to the finished film. */
    const double filmed = out->job.times.total - out->job.times.first_batch;
    if (!status && filmed > 0.0) {
        out->frames_per_second = (double)out->job.film.frames / filmed;
    }
    (void)unlink(path); /* what a failed job left behind is gone already */
    (void)rmdir(folder);
    return status;
}
