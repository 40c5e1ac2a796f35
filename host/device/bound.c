/* SPDX-License-Identifier: MIT */
#include "device/bound.h"

#include <string.h>

#include "device/device.h"

/* Whether argument i, whose bytes would begin at `at`, has this value already. */
static int is_set(const cbx_bound *bound, cl_uint i, size_t at, const cbx_argument *argument) {
    return i < bound->count && bound->ends[i] == at + argument->size &&
           memcmp(bound->values + at, argument->value, argument->size) == 0;
}

/* Those behind it stay known where it is as long as it was. */
static void note(cbx_bound *bound, cl_uint i, size_t at, const cbx_argument *argument) {
    const size_t end = at + argument->size;
    if (i >= bound->count || bound->ends[i] != end) {
        bound->count = i + 1;
    }
    bound->ends[i] = (uint16_t)end;
    memcpy(bound->values + at, argument->value, argument->size);
}

static cl_int set(cl_kernel kernel, cbx_bound *bound, const cbx_argument *arguments,
                  cl_uint count) {
    cl_int error = CL_SUCCESS;
    cl_uint room = CBX_BOUND_ARGUMENTS; /* arguments that fit */
    size_t at = 0;
    for (cl_uint i = 0; i < count && error == CL_SUCCESS; i++) {
        const cbx_argument *argument = &arguments[i];
        if (i < room && (!argument->value || at + argument->size > CBX_BOUND_BYTES)) {
            room = i;
        }
        if (i < room && is_set(bound, i, at, argument)) {
            at += argument->size;
            continue;
        }
        error = clSetKernelArg(kernel, i, argument->size, argument->value);
        if (i < room) {
            note(bound, i, at, argument);
            at += argument->size;
        }
    }
    return error;
}

cbx_status cbx_enqueue_bound(cl_command_queue queue, cl_kernel kernel, cbx_bound *bound,
                             const cbx_argument *arguments, cl_uint count, cbx_range range,
                             const cl_event *wait, cl_event *event) {
    const unsigned released = cbx_buffers_released();
    if (bound->released != released) {
        *bound = (cbx_bound){.released = released};
    }
    const cl_int error = set(kernel, bound, arguments, count);
    if (error != CL_SUCCESS) {
        bound->count = 0;
        return cbx_kernel_fail(kernel, error);
    }
    return cbx_enqueue_as_set(queue, kernel, range, wait, event);
}
