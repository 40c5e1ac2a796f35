/* SPDX-License-Identifier: MIT */
/* What the device can do at best: kernels/bench. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "bench/meter.h"
#include "bench/peak.h"
#include "bench/statistics.h"

/* Launches in a row when one launch is timed. */
enum { LAUNCHES = 500 };

/* Bytes of a buffer that no cache holds, within what the device can spare. */
static uint64_t choose_bytes(const cbx_bench *bench, uint64_t most_bytes) {
    const cbx_device_info *info = &bench->device->info;
    const uint64_t least = 256u << 20, most = 2048u * (uint64_t)(1u << 20);
    cl_ulong cache = 0;
    clGetDeviceInfo(bench->device->id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof cache, &cache, NULL);
    uint64_t bytes = 4 * (uint64_t)cache;
    bytes = bytes < least ? least : bytes > most ? most : bytes;
    bytes = bytes > info->global_memory_bytes / 8 ? info->global_memory_bytes / 8 : bytes;
    bytes = bytes > info->largest_buffer_bytes ? info->largest_buffer_bytes : bytes;
    bytes = most_bytes && bytes > most_bytes ? most_bytes : bytes;
    return bytes / 4096 * 4096;
}

typedef struct bandwidth {
    cbx_bench *bench;
    cl_mem from, to;
    cl_ulong count; /* vectors */
    int copies;     /* else only reads */
} bandwidth;

static cbx_status time_bandwidth(void *user, double *seconds) {
    bandwidth *job = user;
    cbx_bench *bench = job->bench;
    const cbx_argument copy[] = {CBX_ARGUMENT(job->from), CBX_ARGUMENT(job->to),
                                 CBX_ARGUMENT(job->count)};
    const cbx_argument read[] = {CBX_ARGUMENT(job->from), CBX_ARGUMENT(job->count),
                                 CBX_ARGUMENT(bench->out)};
    return cbx_meter_kernel(bench, job->copies ? bench->copy : bench->read,
                            job->copies ? copy : read, CBX_COUNT(copy), bench->items, seconds);
}

/* Bytes/s out of `bytes` moved a run. */
static cbx_status rate_bandwidth(bandwidth *job, double bytes, const cbx_bench_settings *settings,
                                 cbx_spread *out) {
    const cbx_task task = {.run = time_bandwidth, .user = job};
    cbx_rating rating;
    double warm_up = 0.0;
    cbx_status status = time_bandwidth(job, &warm_up);
    if (!status) {
        status = cbx_meter_rate(NULL, &task, settings->repetitions, &settings->stop, &rating);
    }
    if (!status) {
        out->median = bytes / rating.seconds.median;
        out->least = bytes / rating.seconds.most;
        out->most = bytes / rating.seconds.least;
    }
    return status;
}

static cbx_status measure_bandwidth(cbx_bench *bench, const cbx_bench_settings *settings,
                                    uint64_t most_bytes, cbx_bench_limits *out) {
    const uint64_t bytes = choose_bytes(bench, most_bytes);
    const cl_float one = 1.0f;
    bandwidth job = {.bench = bench, .count = bytes / (bench->floats * sizeof(float))};
    cbx_status status =
        cbx_buffer_create(bench->device, CL_MEM_READ_WRITE, bytes, "the bandwidth", &job.from);
    if (!status) {
        status =
            cbx_buffer_create(bench->device, CL_MEM_READ_WRITE, bytes, "the bandwidth", &job.to);
    }
    if (!status) { /* memory that was never written may be one page, shown many times */
        status = cbx_cl_check(clEnqueueFillBuffer(bench->device->queue, job.from, &one, sizeof one,
                                                  0, (size_t)bytes, 0, NULL, NULL),
                              "filling a buffer");
    }
    if (!status) {
        status = rate_bandwidth(&job, (double)bytes, settings, &out->read);
    }
    if (!status) {
        job.copies = 1;
        status = rate_bandwidth(&job, 2.0 * (double)bytes, settings, &out->copy);
    }
    if (!status) {
        out->buffer_bytes = bytes;
        out->bandwidth = out->copy.median > out->read.median ? out->copy.median : out->read.median;
        bench->bandwidth = out->bandwidth;
    }
    if (job.from) {
        clReleaseMemObject(job.from);
    }
    if (job.to) {
        clReleaseMemObject(job.to);
    }
    return status;
}

/* Seconds for `count` launches, then one wait. */
static cbx_status time_launches(cbx_bench *bench, unsigned count, double *seconds) {
    const cl_float value = 1.0f;
    const cbx_argument arguments[] = {CBX_ARGUMENT(value), CBX_ARGUMENT(bench->out)};
    const cbx_range range = {{1, 1}, {1, 1}};
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    for (unsigned i = 0; i < count && !status; i++) {
        status = cbx_enqueue(bench->device->queue, bench->empty, arguments, CBX_COUNT(arguments),
                             range, NULL, NULL);
    }
    if (!status) {
        status = cbx_cl_check(clFinish(bench->device->queue), "launching kernels");
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status measure_launches(cbx_bench *bench, const cbx_bench_settings *settings,
                                   cbx_bench_limits *out) {
    const uint32_t repetitions = settings->repetitions;
    double *many = NULL, *one = NULL, warm_up = 0.0;
    cbx_status status = cbx_new(&many, repetitions);
    if (!status) {
        status = cbx_new(&one, repetitions);
    }
    if (!status) {
        status = time_launches(bench, LAUNCHES, &warm_up);
    }
    for (uint32_t i = 0; i < repetitions && !status; i++) {
        status = cbx_meter_ask(&settings->stop);
        status = status ? status : time_launches(bench, LAUNCHES, &many[i]);
        if (!status) {
            status = time_launches(bench, 1, &one[i]);
        }
    }
    if (!status) {
        out->launch_seconds = cbx_spread_of(many, repetitions).median / LAUNCHES;
        out->round_trip_seconds = cbx_spread_of(one, repetitions).median;
    }
    free(many);
    free(one);
    return status;
}

cbx_status cbx_bench_measure_limits(cbx_bench *bench, const cbx_bench_settings *settings,
                                    uint64_t most_bytes, cbx_bench_limits *out) {
    const uint32_t repetitions = settings->repetitions;
    double *peaks = NULL;
    if (repetitions < 1 || repetitions > CBX_BENCH_MOST_REPETITIONS) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a measurement has 1 to %u repetitions, not %u",
                        CBX_BENCH_MOST_REPETITIONS, repetitions);
    }
    cbx_status status = cbx_new(&peaks, repetitions);
    for (uint32_t i = 0; i < repetitions && !status; i++) {
        status = cbx_meter_ask(&settings->stop);
        status = status ? status : cbx_meter_peak(bench, &peaks[i]);
    }
    if (!status) {
        out->peak = cbx_spread_of(peaks, repetitions);
        status = measure_bandwidth(bench, settings, most_bytes, out);
    }
    if (!status) {
        status = measure_launches(bench, settings, out);
    }
    free(peaks);
    return status;
}
