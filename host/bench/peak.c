/* SPDX-License-Identifier: MIT */
#include "bench/peak.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "bench/statistics.h"

/* As in kernels/bench/peak.cl. */
enum { PEAK_CHAINS = 12, PEAK_STEPS = 8 };

/* How long one measurement of the peak runs. */
#define PEAK_SECONDS 0.12

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
        cbx_kernel_release(kernels[i]);
    }
    cbx_buffer_release(bench->out);
    if (bench->program) {
        clReleaseProgram(bench->program);
    }
    free(bench);
}

cbx_status cbx_meter_kernel(cbx_bench *bench, cl_kernel kernel, const cbx_argument *arguments,
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
    return cbx_meter_kernel(bench, bench->peak, arguments, CBX_COUNT(arguments), bench->items,
                            seconds);
}

cbx_status cbx_meter_peak(cbx_bench *bench, double *flops) {
    double seconds = 0.0;
    cbx_status status = CBX_OK;
    if (bench->rounds == 0) { /* the first run is the driver's warm-up */
        bench->rounds = 16;
        status = time_peak(bench, bench->rounds, &seconds);
        do {
            bench->rounds = (uint32_t)cbx_meter_scale(bench->rounds, seconds, PEAK_SECONDS);
            status = status ? status : time_peak(bench, bench->rounds, &seconds);
        } while (!status && seconds < 0.8 * PEAK_SECONDS && bench->rounds < 1u << 27);
    }
    if (!status) {
        status = time_peak(bench, bench->rounds, &seconds);
    }
    const unsigned width = bench->device->info.kind == CBX_KIND_CPU ? bench->floats : 1;
    *flops =
        2.0 * PEAK_CHAINS * PEAK_STEPS * width * (double)bench->items * bench->rounds / seconds;
    return status;
}
