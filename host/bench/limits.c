/* SPDX-License-Identifier: MIT */
/* What the device can do at best: kernels/bench. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
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

/* Runs a task once to warm up, then again and again. */
static cbx_status rate(const cbx_task *task, const cbx_bench_settings *settings,
                       cbx_spread *seconds) {
    cbx_rating rating;
    double warm_up = 0.0;
    cbx_status status = task->run(task->user, &warm_up);
    if (!status) {
        status = cbx_meter_rate(NULL, task, settings->repetitions, &settings->stop, &rating);
        *seconds = rating.seconds;
    }
    return status;
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

static cbx_status measure_bandwidth(cbx_bench *bench, const cbx_bench_settings *settings,
                                    uint64_t most_bytes, cbx_bench_limits *out) {
    const uint64_t bytes = choose_bytes(bench, most_bytes);
    const cl_float one = 1.0f;
    const double moved = (double)bytes;
    cbx_spread seconds;
    bandwidth job = {.bench = bench, .count = bytes / (bench->floats * sizeof(float))};
    const cbx_task task = {.run = time_bandwidth, .user = &job};
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
        status = rate(&task, settings, &seconds);
    }
    if (!status) {
        out->read = cbx_spread_rate(moved, &seconds);
        job.copies = 1;
        status = rate(&task, settings, &seconds);
    }
    if (!status) {
        out->copy = cbx_spread_rate(2.0 * moved, &seconds);
        out->buffer_bytes = bytes;
        out->bandwidth = out->copy.median > out->read.median ? out->copy.median : out->read.median;
        bench->bandwidth = out->bandwidth;
    }
    cbx_buffer_release(job.from);
    cbx_buffer_release(job.to);
    return status;
}

/* Launches in a row, then one wait. */
typedef struct row {
    cbx_bench *bench;
    unsigned launches;
} row;

static cbx_status time_launches(void *user, double *seconds) {
    const row *job = user;
    const cl_command_queue queue = job->bench->device->queue;
    const cl_float value = 1.0f;
    const cbx_argument arguments[] = {CBX_ARGUMENT(value), CBX_ARGUMENT(job->bench->out)};
    const cbx_range range = {{1, 1}, {1, 1}};
    cbx_status status = CBX_OK;
    const double begun = cbx_clock_seconds();
    for (unsigned i = 0; i < job->launches && !status; i++) {
        status = cbx_enqueue(queue, job->bench->empty, arguments, CBX_COUNT(arguments), range, NULL,
                             NULL);
    }
    if (!status) {
        status = cbx_cl_check(clFinish(queue), "launching kernels");
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status measure_launches(cbx_bench *bench, const cbx_bench_settings *settings,
                                   cbx_bench_limits *out) {
    row job = {.bench = bench, .launches = LAUNCHES};
    const cbx_task task = {.run = time_launches, .user = &job};
    cbx_spread seconds;
    cbx_status status = rate(&task, settings, &seconds);
    if (!status) {
        out->launch_seconds = seconds.median / LAUNCHES;
        job.launches = 1;
        status = rate(&task, settings, &seconds);
    }
    if (!status) {
        out->round_trip_seconds = seconds.median;
    }
    return status;
}

cbx_status cbx_bench_measure_limits(cbx_bench *bench, const cbx_bench_settings *settings,
                                    uint64_t most_bytes, cbx_bench_limits *out) {
    const uint32_t repetitions = settings->repetitions;
    double *peaks = NULL;
    cbx_status status = cbx_bench_check(settings);
    status = status ? status : cbx_new(&peaks, repetitions);
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
