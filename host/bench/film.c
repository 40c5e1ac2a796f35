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

static int too_late(void *user) {
    const double *end = user;
    return cbx_clock_seconds() >= *end;
}

cbx_status cbx_bench_measure_film(const cbx_learn_settings *settings, double seconds,
                                  cbx_bench_film *out) {
    cbx_learn_settings job = *settings;
    double end = cbx_clock_seconds() + seconds;
    const cbx_learn_observer observer = {.should_stop = seconds > 0.0 ? too_late : NULL,
                                         .user = &end};
    const char *parent = getenv("TMPDIR");
    char folder[PATH_MAX], path[PATH_MAX + 16];
    memset(out, 0, sizeof *out);
    const int length = snprintf(folder, sizeof folder, "%s/clearbox-bench-XXXXXX",
                                parent && *parent ? parent : "/tmp");
    if (length < 0 || (size_t)length >= sizeof folder || !mkdtemp(folder)) {
        return cbx_fail(CBX_CANNOT_CREATE, "cannot create a folder for the film in %s: %s",
                        parent && *parent ? parent : "/tmp", strerror(errno));
    }
    snprintf(path, sizeof path, "%s/learn.mp4", folder);
    job.film = path;
    const double before = cbx_clock_process_seconds();
    cbx_status status = cbx_learn(&job, &observer, &out->job);
    out->processor_seconds = cbx_clock_process_seconds() - before;
    status = status == CBX_INTERRUPTED ? CBX_OK : status;
    /* From the first batch to the finished film. */
    const double filmed = out->job.times.total - out->job.times.first_batch;
    if (!status && filmed > 0.0) {
        out->frames_per_second = (double)out->job.film.frames / filmed;
    }
    (void)unlink(path); /* what a failed job left behind is gone already */
    (void)rmdir(folder);
    return status;
}
