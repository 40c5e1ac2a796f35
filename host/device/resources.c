/* SPDX-License-Identifier: MIT */
/* Queues, kernels, memory and events of an open device. */
#include <inttypes.h>
#include <math.h>
#include <stdatomic.h>

#include "base/error.h"
#include "device/device.h"

cbx_status cbx_queue_create(cbx_device *device, int timed, cl_command_queue *out) {
    cl_int error = CL_SUCCESS;
    *out = clCreateCommandQueue(device->context, device->id, timed ? CL_QUEUE_PROFILING_ENABLE : 0,
                                &error);
    return cbx_cl_check(error, "creating a command queue");
}

void cbx_queue_release(cl_command_queue queue) {
    if (queue) {
        clReleaseCommandQueue(queue);
    }
}

cbx_status cbx_device_time(cbx_device *device, int timed) {
    cl_command_queue queue = NULL, transfers = NULL;
    cbx_status status = cbx_queue_create(device, timed, &queue);
    if (!status) {
        status = cbx_queue_create(device, timed, &transfers);
    }
    if (status) {
        cbx_queue_release(queue);
        return status;
    }
    cbx_queue_release(device->transfers);
    cbx_queue_release(device->queue);
    device->queue = queue;
    device->transfers = transfers;
    return CBX_OK;
}

cbx_status cbx_kernel_create(cbx_device *device, const char *name, cl_kernel *out) {
    return cbx_kernel_create_in(device->program, name, out);
}

cbx_status cbx_kernel_create_in(cl_program program, const char *name, cl_kernel *out) {
    cl_int error = CL_SUCCESS;
    *out = clCreateKernel(program, name, &error);
    if (error != CL_SUCCESS) {
        return cbx_fail(CBX_BAD_KERNEL, "the kernel %s cannot be used: %s (%d)", name,
                        cbx_cl_name(error), (int)error);
    }
    return CBX_OK;
}

size_t cbx_kernel_group(const cbx_device *device, cl_kernel kernel, size_t most) {
    size_t has = device->info.largest_group, group = 1;
    cl_ulong bytes = 0;
    /* What a driver does not answer is left to the self-test. */
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_LOCAL_MEM_SIZE, sizeof bytes, &bytes,
                             NULL);
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof has, &has, NULL);
    has = has < device->info.largest_group ? has : device->info.largest_group;
    has = has < most ? has : most;
    while (2 * group <= has) {
        group *= 2;
    }
    return bytes > device->info.local_memory_bytes ? 0 : group;
}

/* Begun ones count: a small buffer is not of 0 MiB. */
static uint64_t mib(uint64_t bytes) {
    return (bytes >> 20) + (bytes % (1 << 20) > 0);
}

cbx_status cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                             const char *what, cl_mem *out) {
    cl_int error = CL_SUCCESS;
    *out = NULL;
    if (bytes > device->info.largest_buffer_bytes) {
        return cbx_fail(CBX_TOO_LARGE,
                        "%s needs a buffer of %" PRIu64 " MiB, but %s allows at most %" PRIu64
                        " MiB; choose fewer neurons, a smaller batch or another device",
                        what, mib(bytes), device->info.name,
                        device->info.largest_buffer_bytes >> 20);
    }
    *out = clCreateBuffer(device->context, flags, (size_t)bytes, NULL, &error);
    if (error != CL_SUCCESS) {
        return cbx_fail(CBX_TOO_LARGE, "%s: the device gives no buffer of %" PRIu64 " MiB: %s (%d)",
                        what, mib(bytes), cbx_cl_name(error), (int)error);
    }
    return CBX_OK;
}

cbx_status cbx_buffer_copy(cbx_device *device, const void *from, uint64_t bytes, const char *what,
                           cl_mem *out) {
    cbx_status status = cbx_buffer_create(device, CL_MEM_READ_ONLY, bytes, what, out);
    return status ? status
                  : cbx_cl_check(clEnqueueWriteBuffer(device->queue, *out, CL_TRUE, 0,
                                                      (size_t)bytes, from, 0, NULL, NULL),
                                 what);
}

cbx_status cbx_event_look(cl_event event, int wait, int *there, const char *what) {
    cl_int state = CL_QUEUED;
    cl_int error = wait ? clWaitForEvents(1, &event) : CL_SUCCESS;
    if (error == CL_SUCCESS) {
        error =
            clGetEventInfo(event, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    }
    if (error == CL_SUCCESS && state < 0) {
        error = state;
    }
    *there = state == CL_COMPLETE;
    return cbx_cl_check(error, what);
}

double cbx_event_seconds(cl_event first, cl_event last) {
    cl_ulong start = 0, end = 0;
    if (!first || !last) {
        return 0.0;
    }
    if (clGetEventProfilingInfo(first, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL) ||
        clGetEventProfilingInfo(last, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL)) {
        return NAN;
    }
    return end > start ? (double)(end - start) * 1e-9 : 0.0;
}

void cbx_kernel_release(cl_kernel kernel) {
    if (kernel) {
        clReleaseKernel(kernel);
    }
}

/* Of all devices: whoever counts one release too many only sets an argument again. */
static atomic_uint released;

unsigned cbx_buffers_released(void) {
    return atomic_load(&released);
}

void cbx_buffer_release(cl_mem buffer) {
    if (buffer) {
        clReleaseMemObject(buffer);
        atomic_fetch_add(&released, 1);
    }
}

void cbx_event_release(cl_event *event) {
    if (*event) {
        clReleaseEvent(*event);
        *event = NULL;
    }
}
