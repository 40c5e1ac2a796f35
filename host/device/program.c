#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/sources.h"

enum { MAX_SOURCES = 32 };

/* Register blocks that fit the vector registers: 32 of 64 bytes with AVX-512, 16 of
 * 32 bytes with AVX, 32 of 16 bytes with NEON. */
static void choose_tunables(cbx_device *device)
{
    cl_uint width = 0;
    device->step_rows = 8;
    device->local = 64;
    device->vector = 4;
    device->forward_rows = 1;
    device->evaluate_rows = 64;
    if (device->family == CBX_FAMILY_GPU) {
        return;
    }
    clGetDeviceInfo(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL);
    device->local = 1;
    device->vector = width >= 16 ? 16 : width >= 8 ? 8 : 4;
    device->forward_rows = width >= 16 ? 13 : width >= 8 ? 5 : 8;
    device->evaluate_rows = 4 * device->forward_rows;
}

/* Keeps the whole log in the message. */
static cbx_status report_build(cbx_device *device, cl_int error)
{
    size_t size = 0;
    char *log = NULL;
    clGetProgramBuildInfo(device->program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (cbx_allocate(&log, size + 1, 1) != CBX_OK) {
        return CBX_NO_MEMORY;
    }
    clGetProgramBuildInfo(device->program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    cbx_status status =
        cbx_fail(CBX_BAD_KERNEL, "the kernels do not build on %s: %s (%d); the compiler says:\n%s",
                 device->info.name, cbx_cl_name(error), (int)error, log);
    free(log);
    return status;
}

cbx_status cbx_program_build(cbx_device *device)
{
    const char *texts[MAX_SOURCES];
    size_t sizes[MAX_SOURCES];
    cl_uint count = 0;
    char options[512];
    cl_int error = CL_SUCCESS;
    choose_tunables(device);
    while (cbx_sources[count].name && count < MAX_SOURCES) {
        texts[count] = cbx_sources[count].text;
        sizes[count] = cbx_sources[count].size;
        count++;
    }
    const char *extra = getenv("CLEARBOX_BUILD_OPTIONS");
    snprintf(options, sizeof options,
             "-cl-std=CL1.2 -D%s=1 -DCBX_VECTOR=%u -DCBX_STEP_ROWS=%u -DCBX_FORWARD_ROWS=%u "
             "-DCBX_UPDATE_ROWS=%u %.200s",
             device->family == CBX_FAMILY_CPU ? "CBX_FAMILY_CPU" : "CBX_FAMILY_GPU", device->vector,
             device->step_rows, device->forward_rows,
             device->vector == 16  ? 14u
             : device->vector == 8 ? 4u
                                   : 8u,
             extra ? extra : "");
    device->program =
        clCreateProgramWithSource(device->context, count, texts, sizes, &error);
    cbx_status status = cbx_cl_check(error, "creating the program");
    if (status) {
        return status;
    }
    error = clBuildProgram(device->program, 1, &device->id, options, NULL, NULL);
    return error == CL_SUCCESS ? CBX_OK : report_build(device, error);
}

cbx_status cbx_kernel_create(cbx_device *device, const char *name, cl_kernel *out)
{
    cl_int error = CL_SUCCESS;
    *out = clCreateKernel(device->program, name, &error);
    if (error != CL_SUCCESS) {
        return cbx_fail(CBX_BAD_KERNEL, "the kernel %s cannot be used: %s (%d)", name,
                        cbx_cl_name(error), (int)error);
    }
    return CBX_OK;
}
