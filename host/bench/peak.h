/* SPDX-License-Identifier: MIT */
/* A device with the kernels that measure it, and its peak. */
#ifndef CBX_BENCH_PEAK_H
#define CBX_BENCH_PEAK_H

#include <stddef.h>

#include "bench/bench.h"
#include "device/device.h"

struct cbx_bench {
    cbx_device *device;         /* borrowed */
    const cbx_dataset *dataset; /* borrowed */
    cl_program program;         /* kernels/bench */
    cl_kernel peak, copy, read, empty;
    cl_mem out;          /* a vector for each work-item */
    unsigned floats;     /* in the vectors of those kernels */
    size_t items, local; /* work-items in all, and in a group */
    uint32_t rounds;     /* of the multiply-add kernel, some CBX_PEAK_SECONDS; 0: unknown */
    double bandwidth;    /* bytes/s, 0: not measured */
};

/* One measurement of the device's multiply-add rate, FLOP/s. Waits. */
cbx_status cbx_meter_peak(cbx_bench *bench, double *flops);

/* Runs a kernel once over `items` work-items and times it, launch and end included. */
cbx_status cbx_meter_kernel(cbx_bench *bench, cl_kernel kernel, const cbx_argument *arguments,
                            cl_uint count, size_t items, double *seconds);

#endif
