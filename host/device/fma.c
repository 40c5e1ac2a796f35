/* SPDX-License-Identifier: MIT */
/* How fast the device's fused multiply-add is. Where it is no instruction it is worked out
 * in many others, 20 to 600 times slower than a product and a sum, and nothing that a
 * device says of itself can be relied on: PoCL claims it everywhere. So it is measured. */
#include "base/clock.h"
#include "device/device.h"

enum {
    FIRST_STEPS = 1 << 12,
    MOST_STEPS = 1 << 20,
    LEAST_ROUNDS = 3,
    MOST_ROUNDS = 25,
    SLOW = 3 /* times as long as a product and a sum */
};

/* A launch that takes less than this says more about launching … */
static const double least_seconds = 50e-6;
/* … and this is enough for a device that is found to be slow. */
static const double most_seconds = 50e-3;

typedef struct chains {
    cl_command_queue queue; /* with a clock */
    cl_kernel fused, muladd;
    cl_mem out;
} chains;

/* The device's own clock leaves out the time until a thread is awake; where the driver has
 * none, the wall's does. */
static cbx_status time_chain(const chains *chain, cl_kernel kernel, cl_uint steps,
                             double *seconds) {
    const cl_float factor = 0.5f, term = 1.0f;
    const cbx_argument arguments[] = {CBX_ARGUMENT(steps), CBX_ARGUMENT(factor), CBX_ARGUMENT(term),
                                      CBX_ARGUMENT(chain->out)};
    const cbx_range range = {{1, 1}, {1, 1}};
    cl_event done = NULL;
    const double begun = cbx_clock_seconds();
    cbx_status status =
        cbx_enqueue(chain->queue, kernel, arguments, CBX_COUNT(arguments), range, NULL, &done);
    if (status) {
        return status;
    }
    status = cbx_cl_check(clWaitForEvents(1, &done), "timing a multiply-add");
    *seconds = cbx_clock_seconds() - begun;
    const double told = cbx_event_seconds(done, done);
    *seconds = told > 0.0 ? told : *seconds;
    clReleaseEvent(done);
    return status;
}

/* Both chains once; the best times so far stay. */
static cbx_status time_both(const chains *chain, cl_uint steps, double *fused, double *muladd) {
    double seconds = 0.0;
    cbx_status status = time_chain(chain, chain->muladd, steps, &seconds);
    *muladd = seconds < *muladd ? seconds : *muladd;
    if (!status) {
        status = time_chain(chain, chain->fused, steps, &seconds);
        *fused = seconds < *fused ? seconds : *fused;
    }
    return status;
}

/* One quiet moment in many is enough to show that an instruction is fast, and a slow one
 * must be slow each time: other programs on the machine do not change the answer. */
static cbx_status compare(const chains *chain, double *seconds, int *slow) {
    const double never = 1e9;
    double fused = never, muladd = never;
    cl_uint steps = FIRST_STEPS;
    cbx_status status = time_both(chain, steps, &fused, &muladd); /* warms up */
    fused = muladd = never;
    for (;;) {
        status = status ? status : time_both(chain, steps, &fused, &muladd);
        if (status || muladd >= least_seconds || steps >= MOST_STEPS) {
            break;
        }
        steps *= 4;
        fused = muladd = never;
    }
    double spent = fused;
    for (int round = 1; round < MOST_ROUNDS && !status; round++) {
        if (round >= LEAST_ROUNDS && (fused <= SLOW * muladd || spent > most_seconds)) {
            break;
        }
        status = time_both(chain, steps, &fused, &muladd);
        spent += fused;
    }
    *seconds = fused / steps;
    *slow = fused > SLOW * muladd;
    return status;
}

cbx_status cbx_fma_measure(cbx_device *device, double *seconds, int *slow) {
    chains chain = {.out = NULL};
    *seconds = 0.0;
    *slow = 0;
    cbx_status status = cbx_queue_create(device, 1, &chain.queue);
    if (!status) {
        status = cbx_kernel_create(device, "fused_speed", &chain.fused);
    }
    if (!status) {
        status = cbx_kernel_create(device, "muladd_speed", &chain.muladd);
    }
    if (!status) {
        status = cbx_buffer_create(device, CL_MEM_WRITE_ONLY, device->built.vector * sizeof(float),
                                   "timing a multiply-add", &chain.out);
    }
    if (!status) {
        status = compare(&chain, seconds, slow);
    }
    cbx_buffer_release(chain.out);
    cbx_kernel_release(chain.muladd);
    cbx_kernel_release(chain.fused);
    cbx_queue_release(chain.queue);
    return status;
}
