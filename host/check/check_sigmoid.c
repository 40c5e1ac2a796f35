/* SPDX-License-Identifier: MIT */
/* σ over its whole range and at its ends, which no training reaches: the kernel alone. */
#include <math.h>
#include <string.h>

#include "check/judge.h"
#include "reference/canon_scalar.h"

enum { COUNT = 1024 };

static cbx_status run(cbx_device *device, cl_kernel kernel, cl_mem buffer) {
    const cl_uint vectors = COUNT / device->built.vector;
    const cbx_argument arguments[] = {CBX_ARGUMENT(buffer), CBX_ARGUMENT(vectors)};
    const cbx_range range = {{vectors, 1}, {device->built.local, 1}};
    return cbx_enqueue(device->queue, kernel, arguments, CBX_COUNT(arguments), range, NULL, NULL);
}

/* a[i] = σ(z[i]), as the device computes it. */
static cbx_status sigmoid_of(cbx_device *device, const float *z, float *a) {
    cl_kernel kernel = NULL;
    cl_mem buffer = NULL;
    cbx_status status = cbx_kernel_create(device, "sigmoid", &kernel);
    if (!status) {
        status = cbx_buffer_create(device, CL_MEM_READ_WRITE, COUNT * sizeof *z, "the self-test",
                                   &buffer);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueWriteBuffer(device->queue, buffer, CL_TRUE, 0,
                                                   COUNT * sizeof *z, z, 0, NULL, NULL),
                              "starting the self-test");
    }
    if (!status) {
        status = run(device, kernel, buffer);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(device->queue, buffer, CL_TRUE, 0,
                                                  COUNT * sizeof *a, a, 0, NULL, NULL),
                              "the kernel sigmoid");
    }
    cbx_buffer_release(buffer);
    cbx_kernel_release(kernel);
    return status;
}

cbx_status cbx_check_sigmoid(const cbx_specimen *specimen, cbx_schedule schedule,
                             cbx_recipe recipe) {
    static const float ends[] = {0.0f, -0.0f, 1e-30f, 1e30f, -1e30f, INFINITY, -INFINITY, NAN};
    const cbx_arithmetic arithmetic = cbx_device_arithmetic(specimen->device);
    /* 1e-6 is some ten units in the last place of a. */
    const double tolerance = arithmetic == CBX_ARITHMETIC_CANON ? CBX_TO_THE_BIT : 1e-6;
    float z[COUNT], a[COUNT];
    (void)schedule;
    (void)recipe;
    for (size_t i = 0; i < COUNT; i++) {
        z[i] = ((float)i - COUNT / 2) * 0.2f;
    }
    memcpy(z, ends, sizeof ends);
    cbx_status status = sigmoid_of(specimen->device, z, a);
    for (size_t i = 0; i < COUNT && !status; i++) {
        /* Training notices by NaN that it has left the finite numbers. */
        const double is = !isfinite(z[i]) && isnan(a[i]) ? 0.0 : (double)a[i];
        const double should = !isfinite(z[i]) ? 0.0 : (double)cbx_canon_sigmoid(z[i]);
        status = cbx_judge(specimen, (cbx_place){"sigmoid", "a", 0, i}, is, should, tolerance);
    }
    return status;
}
