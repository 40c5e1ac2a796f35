/* SPDX-License-Identifier: MIT */
/* Launches that set only the arguments which changed since the kernel's last one: each costs a
 * call of the driver, and between one batch and the next most stay. */
#ifndef CBX_DEVICE_BOUND_H
#define CBX_DEVICE_BOUND_H

#include <stdint.h>

#include "device/opencl.h"

enum { CBX_BOUND_ARGUMENTS = 32, CBX_BOUND_BYTES = 512 };

/* What a kernel's arguments are, as far as is known; zeroed: nothing is. It lies beside its kernel,
 * lives no longer, and every launch of that kernel has to go through it. When any buffer has been
 * released since, it is forgotten: a new buffer may have the handle of an old one, and has to be
 * set. What is beyond its room is set at each launch, and so is local memory. */
typedef struct cbx_bound {
    unsigned released;                  /* cbx_buffers_released() at that time */
    cl_uint count;                      /* arguments that are known, from the first on */
    uint16_t ends[CBX_BOUND_ARGUMENTS]; /* of each, in … */
    unsigned char values[CBX_BOUND_BYTES];
} cbx_bound;

/* As cbx_enqueue(). */
cbx_status cbx_enqueue_bound(cl_command_queue queue, cl_kernel kernel, cbx_bound *bound,
                             const cbx_argument *arguments, cl_uint count, cbx_range range,
                             const cl_event *wait, cl_event *event);

#endif
