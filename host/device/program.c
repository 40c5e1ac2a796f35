#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/sources.h"

enum { MAX_SOURCES = 32 };

unsigned cbx_device_vector(const cbx_device *device) {
    cl_uint width = 0;
    clGetDeviceInfo(device->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof width, &width, NULL);
    return width >= 16 ? 16 : width >= 8 ? 8 : 4;
}

/* What the rest of the program has to know of the choice. */
static void set_tunables(cbx_device *device, const cbx_tunables *chosen) {
    device->tunables = *chosen;
    device->step_rows = 8;
    if (device->family == CBX_FAMILY_GPU) {
        device->local = 64;
        device->vector = 4;
        device->forward_rows = 1;
        device->evaluate_rows = 64;
    } else {
        device->local = 1;
        device->vector = chosen->vector;
        device->forward_rows = chosen->forward_rows;
        device->evaluate_rows = 8 * chosen->forward_rows;
    }
}

/* Keeps the whole log in the message. */
static cbx_status report_build(cbx_device *device, cl_program program, cl_int error) {
    size_t size = 0;
    char *log = NULL;
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, 0, NULL, &size);
    if (cbx_allocate(&log, size + 1, 1) != CBX_OK) {
        return CBX_NO_MEMORY;
    }
    clGetProgramBuildInfo(program, device->id, CL_PROGRAM_BUILD_LOG, size, log, NULL);
    cbx_status status =
        cbx_fail(CBX_BAD_KERNEL, "the kernels do not build on %s: %s (%d); the compiler says:\n%s",
                 device->info.name, cbx_cl_name(error), (int)error, log);
    free(log);
    return status;
}

int cbx_source_belongs(const cbx_source *source, int bench) {
    return strcmp(source->name, "layout.h") == 0 ||
           (strncmp(source->name, "bench_", 6) == 0) == (bench != 0);
}

cbx_status cbx_program_create(cbx_device *device, int bench, const char *options, cl_program *out) {
    const char *texts[MAX_SOURCES];
    size_t sizes[MAX_SOURCES];
    cl_uint count = 0;
    cl_int error = CL_SUCCESS;
    for (const cbx_source *source = cbx_sources; source->name && count < MAX_SOURCES; source++) {
        if (cbx_source_belongs(source, bench)) {
            texts[count] = source->text;
            sizes[count] = source->size;
            count++;
        }
    }
    *out = clCreateProgramWithSource(device->context, count, texts, sizes, &error);
    cbx_status status = cbx_cl_check(error, "creating the program");
    if (status) {
        return status;
    }
    /* -w in the options: what a compiler thinks of kernels that work is no user's concern,
     * and PoCL counts its warnings on stderr. */
    error = clBuildProgram(*out, 1, &device->id, options, NULL, NULL);
    return error == CL_SUCCESS ? CBX_OK : report_build(device, *out, error);
}

static cbx_status build_with(cbx_device *device, const cbx_tunables *chosen) {
    char options[512];
    const char *extra = getenv("CLEARBOX_BUILD_OPTIONS");
    set_tunables(device, chosen);
    snprintf(options, sizeof options,
             "-w -cl-std=CL1.2 -D%s=1 -DCBX_VECTOR=%u -DCBX_STEP_ROWS=%u -DCBX_FORWARD_ROWS=%u "
             "-DCBX_%s_ROWS=%u -DCBX_PREFETCH=%d %.200s",
             device->family == CBX_FAMILY_CPU ? "CBX_FAMILY_CPU" : "CBX_FAMILY_GPU", device->vector,
             device->step_rows, device->forward_rows,
             device->family == CBX_FAMILY_CPU ? "UPDATE" : "GPU", chosen->update_rows,
             strcmp(device->info.platform, "Portable Computing Language") == 0, extra ? extra : "");
    return cbx_program_create(device, 0, options, &device->program);
}

cbx_status cbx_program_build(cbx_device *device, const cbx_tunables *chosen) {
    const cbx_tunables usual = cbx_tunables_usual(device);
    cbx_tunables kept;
    if (chosen) {
        return build_with(device, chosen);
    }
    if (cbx_tunables_recall(device, &kept)) {
        if (build_with(device, &kept) == CBX_OK) {
            return CBX_OK;
        }
        if (device->program) { /* what was kept does not fit after all */
            clReleaseProgram(device->program);
            device->program = NULL;
        }
    }
    return build_with(device, &usual);
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
