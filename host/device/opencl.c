/* SPDX-License-Identifier: MIT */
#include "device/opencl.h"

#include "base/error.h"

#define NAME(code)                                                                                 \
    case code:                                                                                     \
        return #code

const char *cbx_cl_name(cl_int error) {
    switch (error) {
        NAME(CL_SUCCESS);
        NAME(CL_DEVICE_NOT_FOUND);
        NAME(CL_DEVICE_NOT_AVAILABLE);
        NAME(CL_COMPILER_NOT_AVAILABLE);
        NAME(CL_MEM_OBJECT_ALLOCATION_FAILURE);
        NAME(CL_OUT_OF_RESOURCES);
        NAME(CL_OUT_OF_HOST_MEMORY);
        NAME(CL_PROFILING_INFO_NOT_AVAILABLE);
        NAME(CL_BUILD_PROGRAM_FAILURE);
        NAME(CL_MAP_FAILURE);
        NAME(CL_EXEC_STATUS_ERROR_FOR_EVENTS_IN_WAIT_LIST);
        NAME(CL_COMPILE_PROGRAM_FAILURE);
        NAME(CL_LINKER_NOT_AVAILABLE);
        NAME(CL_LINK_PROGRAM_FAILURE);
        NAME(CL_INVALID_VALUE);
        NAME(CL_INVALID_DEVICE_TYPE);
        NAME(CL_INVALID_PLATFORM);
        NAME(CL_INVALID_DEVICE);
        NAME(CL_INVALID_CONTEXT);
        NAME(CL_INVALID_QUEUE_PROPERTIES);
        NAME(CL_INVALID_COMMAND_QUEUE);
        NAME(CL_INVALID_HOST_PTR);
        NAME(CL_INVALID_MEM_OBJECT);
        NAME(CL_INVALID_BINARY);
        NAME(CL_INVALID_BUILD_OPTIONS);
        NAME(CL_INVALID_PROGRAM);
        NAME(CL_INVALID_PROGRAM_EXECUTABLE);
        NAME(CL_INVALID_KERNEL_NAME);
        NAME(CL_INVALID_KERNEL_DEFINITION);
        NAME(CL_INVALID_KERNEL);
        NAME(CL_INVALID_ARG_INDEX);
        NAME(CL_INVALID_ARG_VALUE);
        NAME(CL_INVALID_ARG_SIZE);
        NAME(CL_INVALID_KERNEL_ARGS);
        NAME(CL_INVALID_WORK_DIMENSION);
        NAME(CL_INVALID_WORK_GROUP_SIZE);
        NAME(CL_INVALID_WORK_ITEM_SIZE);
        NAME(CL_INVALID_GLOBAL_OFFSET);
        NAME(CL_INVALID_EVENT_WAIT_LIST);
        NAME(CL_INVALID_EVENT);
        NAME(CL_INVALID_OPERATION);
        NAME(CL_INVALID_BUFFER_SIZE);
        NAME(CL_INVALID_GLOBAL_WORK_SIZE);
    case -1001:
        return "CL_PLATFORM_NOT_FOUND_KHR";
    default:
        return "unknown OpenCL error";
    }
}

cbx_status cbx_cl_check(cl_int error, const char *what) {
    if (error == CL_SUCCESS) {
        return CBX_OK;
    }
    return cbx_fail(CBX_DEVICE_FAULT, "%s failed on the device: %s (%d)", what, cbx_cl_name(error),
                    (int)error);
}

static size_t round_up(size_t value, size_t unit) {
    return (value + unit - 1) / unit * unit;
}

cbx_status cbx_kernel_fail(cl_kernel kernel, cl_int error) {
    char name[64] = "a kernel";
    clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name, name, NULL);
    return cbx_cl_check(error, name);
}

cbx_status cbx_enqueue_as_set(cl_command_queue queue, cl_kernel kernel, cbx_range range,
                              const cl_event *wait, cl_event *event) {
    const size_t global[2] = {round_up(range.global[0], range.local[0]),
                              round_up(range.global[1], range.local[1])};
    const cl_int error = clEnqueueNDRangeKernel(queue, kernel, 2, NULL, global, range.local,
                                                wait ? 1 : 0, wait, event);
    return error == CL_SUCCESS ? CBX_OK : cbx_kernel_fail(kernel, error);
}

cbx_status cbx_enqueue(cl_command_queue queue, cl_kernel kernel, const cbx_argument *arguments,
                       cl_uint count, cbx_range range, const cl_event *wait, cl_event *event) {
    cl_int error = CL_SUCCESS;
    for (cl_uint i = 0; i < count && error == CL_SUCCESS; i++) {
        error = clSetKernelArg(kernel, i, arguments[i].size, arguments[i].value);
    }
    return error == CL_SUCCESS ? cbx_enqueue_as_set(queue, kernel, range, wait, event)
                               : cbx_kernel_fail(kernel, error);
}
