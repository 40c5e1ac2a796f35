/* SPDX-License-Identifier: MIT */
/* What the device can do at best: kernels/bench. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/memory.h"
#include "bench/meter.h"

/* As in kernels/bench/peak.cl. */
enum { PEAK_CHAINS = 12, PEAK_STEPS = 8 };

/* Launches in a row when one launch is timed. */
enum { LAUNCHES = 500 };

static cbx_status create_kernels(cbx_bench *bench) {
    const struct {
        const char *name;
        cl_kernel *kernel;
    } table[] = {{"bench_peak", &bench->peak},
                 {"bench_copy", &bench->copy},
                 {"bench_read", &bench->read},
                 {"bench_empty", &bench->empty}};
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < CBX_COUNT(table) && !status; i++) {
        status = cbx_kernel_create_in(bench->program, table[i].name, table[i].kernel);
    }
    return status;
}

cbx_status cbx_bench_open(cbx_bench **out, cbx_device *device, const cbx_dataset *dataset) {
    cbx_bench *bench = NULL;
    char options[200];
    const int cpu = device->info.kind == CBX_KIND_CPU;
    *out = NULL;
    cbx_status status = cbx_new(&bench, 1);
    if (status) {
        return status;
    }
    bench->device = device;
    bench->dataset = dataset;
    /* Its own vector, whichever family trains: the peak is the device's. */
    bench->floats = cpu ? cbx_device_vector(device) : 4;
    bench->local = cpu ? 1 : device->info.largest_group < 256 ? device->info.largest_group : 256;
    bench->items = bench->local * device->info.compute_units * (cpu ? 16 : 8);
    snprintf(options, sizeof options,
             "-w -cl-std=CL1.2 -DCBX_VECTOR=%u -DCBX_BENCH_CPU=%d -DCBX_PEAK_CHAINS=%d "
             "-DCBX_PEAK_STEPS=%d",
             bench->floats, cpu, PEAK_CHAINS, PEAK_STEPS);
    status = cbx_program_create(device, "bench", options, &bench->program);
    if (!status) {
        status = create_kernels(bench);
    }
    if (!status) {
        status = cbx_buffer_create(device, CL_MEM_READ_WRITE,
                                   bench->items * bench->floats * sizeof(float), "measuring",
                                   &bench->out);
    }
    if (status) {
        cbx_bench_close(bench);
        return status;
    }
    *out = bench;
    return CBX_OK;
}

void cbx_bench_close(cbx_bench *bench) {
    if (!bench) {
        return;
    }
    cl_kernel kernels[] = {bench->peak, bench->copy, bench->read, bench->empty};
    for (size_t i = 0; i < CBX_COUNT(kernels); i++) {
        if (kernels[i]) {
            clReleaseKernel(kernels[i]);
        }
    }
    if (bench->out) {
        clReleaseMemObject(bench->out);
    }
    if (bench->program) {
        clReleaseProgram(bench->program);
    }
    free(bench);
}

/* Runs a kernel once and times it, launch and end included. */
static cbx_status time_kernel(cbx_bench *bench, cl_kernel kernel, const cbx_argument *arguments,
                              cl_uint count, size_t items, double *seconds) {
    const cbx_range range = {{items, 1}, {items < bench->local ? items : bench->local, 1}};
    const double begun = cbx_clock_seconds();
    cbx_status status =
        cbx_enqueue(bench->device->queue, kernel, arguments, count, range, NULL, NULL);
    if (!status) {
        status = cbx_cl_check(clFinish(bench->device->queue), "measuring");
    }
    *seconds = cbx_clock_seconds() - begun;
    return status;
}

static cbx_status time_peak(cbx_bench *bench, cl_uint rounds, double *seconds) {
    const cl_float factor = 0.5f, term = 1.0f;
    const cbx_argument arguments[] = {CBX_ARGUMENT(rounds), CBX_ARGUMENT(factor),
                                      CBX_ARGUMENT(term), CBX_ARGUMENT(bench->out)};
    return time_kernel(bench, bench->peak, arguments, CBX_COUNT(arguments), bench->items, seconds);
}

cbx_status cbx_meter_peak(cbx_bench *bench, double *flops) {
    double seconds = 0.0;
    cbx_status status = CBX_OK;
    if (bench->rounds == 0) { /* the first run is the driver's warm-up */
        bench->rounds = 16;
        status = time_peak(bench, bench->rounds, &seconds);
        do {
            bench->rounds = (uint32_t)cbx_meter_scale(bench->rounds, seconds, CBX_PEAK_SECONDS);
            status = status ? status : time_peak(bench, bench->rounds, &seconds);
        } while (!status && seconds < 0.8 * CBX_PEAK_SECONDS && bench->rounds < 1u << 27);
    }
    if (!status) {
        status = time_peak(bench, bench->rounds, &seconds);
    }
    const unsigned width = bench->device->info.kind == CBX_KIND_CPU ? bench->floats : 1;
    *flops =
        2.0 * PEAK_CHAINS * PEAK_STEPS * width * (double)bench->items * bench->rounds / seconds;
    return status;
}

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
    return time_kernel(bench, job->copies ? bench->copy : bench->read, job->copies ? copy : read,
                       CBX_COUNT(copy), bench->items, seconds);
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
