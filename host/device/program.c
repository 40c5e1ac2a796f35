/* SPDX-License-Identifier: MIT */
#include "device/device.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "device/kept.h"
#include "device/sources.h"
#include "layout.h"

/* The largest that divides the work of a panel. */
static size_t output_group(size_t largest) {
    return largest >= 256 ? 256 : largest >= 128 ? 128 : CBX_GROUP;
}

static cbx_built choose_shapes(const cbx_device *device, const cbx_tunables *chosen) {
    const size_t largest = device->info.largest_group;
    const unsigned forward_rows = chosen->values[CBX_CPU_FORWARD_ROWS];
    const cbx_built cpu = {.tunables = *chosen,
                           .vector = chosen->values[CBX_CPU_VECTOR],
                           .local = 1,
                           .row_unit = forward_rows,
                           .panel_unit = 1,
                           .evaluate_rows = CBX_EVALUATE_BLOCKS * forward_rows};
    const cbx_built gpu = {.tunables = *chosen,
                           .vector = CBX_VECTOR,
                           .local = largest < CBX_GROUP ? largest : CBX_GROUP,
                           .row_unit = CBX_ROW_BLOCK,
                           .panel_unit = 1,
                           .evaluate_rows = CBX_ROW_BLOCK,
                           .output_group = output_group(largest)};
    return device->family == CBX_FAMILY_GPU ? gpu : cpu;
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

static cbx_status compile(cbx_device *device, const cbx_sources *sources, const char *options,
                          cl_program *out) {
    cl_int error = CL_SUCCESS;
    *out = clCreateProgramWithSource(device->context, sources->count, sources->texts,
                                     sources->sizes, &error);
    cbx_status status = cbx_cl_check(error, "creating the program");
    if (status) {
        return status;
    }
    /* -w in the options: what a compiler thinks of kernels that work is no user's concern,
     * and PoCL counts its warnings on stderr. */
    error = clBuildProgram(*out, 1, &device->id, options, NULL, NULL);
    return error == CL_SUCCESS ? CBX_OK : report_build(device, *out, error);
}

cbx_status cbx_program_create(cbx_device *device, const char *name, const char *options,
                              cl_program *out) {
    const cbx_sources *sources = cbx_sources_of(name);
    *out = NULL;
    if (!sources) {
        return cbx_fail(CBX_BAD_ARGUMENT, "there is no program of kernels \"%s\"", name);
    }
    if (device->keeping == CBX_KEEP) {
        *out = cbx_kept_recall(device, sources, options);
        device->recalled += *out != NULL;
    }
    if (*out) {
        return CBX_OK;
    }
    cbx_status status = compile(device, sources, options, out);
    if (!status && device->keeping != CBX_KEEP_NOTHING) {
        cbx_kept_store(device, sources, options, *out);
    }
    return status;
}

cbx_status cbx_program_create_once(cbx_device *device, const char *name, cl_program *program) {
    char options[200];
    if (*program) {
        return CBX_OK;
    }
    const int cpu = device->family == CBX_FAMILY_CPU;
    const cbx_traits *traits = cbx_platform_traits(&device->info);
    snprintf(options, sizeof options,
             "-w -cl-std=CL1.2 -D%s=1 -DCBX_PREFETCH=%d -DCBX_INLINE=%d -DCBX_FMA=%u",
             cpu ? "CBX_FAMILY_CPU" : "CBX_FAMILY_GPU", traits->prefetches, traits->inlines,
             device->fma);
    return cbx_program_create(device, name, options, program);
}

/* What the compiler is told, for free(); CLEARBOX_BUILD_OPTIONS may be of any length. */
static cbx_status write_options(const cbx_device *device, char **out) {
    const int cpu = device->family == CBX_FAMILY_CPU;
    const char *extra = getenv("CLEARBOX_BUILD_OPTIONS");
    extra = extra ? extra : "";
    const cbx_traits *traits = cbx_platform_traits(&device->info);
    const cbx_tunable *row = cbx_tunables_of(device->family);
    char sizes[64 * CBX_MOST_TUNABLES] = "";
    for (const unsigned *value = device->built.tunables.values; row->key; row++, value++) {
        const size_t used = strlen(sizes);
        snprintf(sizes + used, sizeof sizes - used, " -D%s=%u", row->macro, *value);
    }
    if (!cpu) {
        const size_t used = strlen(sizes);
        snprintf(sizes + used, sizeof sizes - used, " -DCBX_OUTPUT_GROUP=%zu",
                 device->built.output_group);
    }
    if (device->mma != CBX_MMA_NONE) {
        const size_t used = strlen(sizes);
        snprintf(sizes + used, sizeof sizes - used, " -DCBX_MMA=%u", device->mma);
    }
    const size_t room = 256 + sizeof sizes + strlen(extra);
    cbx_status status = cbx_allocate(out, room, 1);
    if (!status) {
        snprintf(*out, room,
                 "-w -cl-std=CL1.2 -D%s=1%s -DCBX_PREFETCH=%d -DCBX_INLINE=%d -DCBX_FMA=%u %s",
                 cpu ? "CBX_FAMILY_CPU" : "CBX_FAMILY_GPU", sizes, traits->prefetches,
                 traits->inlines, device->fma, extra);
    }
    return status;
}

static void drop_program(cbx_device *device) {
    if (device->program) {
        clReleaseProgram(device->program);
        device->program = NULL;
    }
}

static cbx_status build(cbx_device *device, unsigned fma) {
    char *options = NULL;
    drop_program(device);
    device->fma = fma;
    cbx_status status = write_options(device, &options);
    if (!status) {
        status = cbx_program_create(device, "train", options, &device->program);
    }
    free(options);
    return status;
}

static int has_doubles(const cbx_device *device) {
    cl_device_fp_config config = 0;
    return clGetDeviceInfo(device->id, CL_DEVICE_DOUBLE_FP_CONFIG, sizeof config, &config, NULL) ==
               CL_SUCCESS &&
           config != 0;
}

/* Takes exact arithmetic in double precision if that is the quicker; the driver's fma() takes
 * `seconds`. Where it cannot be had the driver's does. */
static cbx_status try_exact(cbx_device *device, double seconds) {
    double exact = 0.0;
    int slow = 0;
    if (!has_doubles(device)) {
        return CBX_OK;
    }
    cbx_status status = build(device, CBX_FMA_EXACT);
    if (!status) {
        status = cbx_fma_measure(device, &exact, &slow);
    }
    return status == CBX_BAD_KERNEL || (!status && exact > seconds) ? build(device, CBX_FMA_DRIVER)
                                                                    : status;
}

/* Where the compiler lacks fma() only ours can be had. When nothing builds, the first log is
 * the one to show: it is about what was meant. */
static cbx_status build_without(cbx_device *device) {
    char *log = strdup(cbx_last_error());
    cbx_status status = has_doubles(device) ? build(device, CBX_FMA_EXACT) : CBX_BAD_KERNEL;
    status = status && log ? cbx_fail(status, "%s", log) : status;
    free(log);
    return status;
}

/* The canon, however long it takes: with the device's fma() if that is fast. */
static cbx_status build_canon(cbx_device *device) {
    double seconds = 0.0;
    int slow = 0;
    cbx_status status = build(device, CBX_FMA_DRIVER);
    if (status == CBX_BAD_KERNEL) {
        return build_without(device);
    }
    if (!status) {
        status = cbx_fma_measure(device, &seconds, &slow);
    }
    device->fuses = !status && !slow;
    return slow && !status ? try_exact(device, seconds) : status;
}

static cbx_status build_with(cbx_device *device, const cbx_device_request *request,
                             const cbx_tunables *chosen) {
    device->built = choose_shapes(device, chosen);
    device->fuses = 0;
    cbx_status status = cbx_family_check(device);
    if (status) {
        return status;
    }
    return request->arithmetic == CBX_ARITHMETIC_PLAIN ? build(device, CBX_FMA_PLAIN)
           : request->exact_fma                        ? build(device, CBX_FMA_EXACT)
                                                       : build_canon(device);
}

cbx_status cbx_program_build(cbx_device *device, const cbx_device_request *request) {
    const cbx_tunables usual = cbx_tunables_usual(device);
    cbx_tunables kept;
    if (request->tunables) {
        return build_with(device, request, request->tunables);
    }
    if (cbx_tunables_recall(device, &kept) && build_with(device, request, &kept) == CBX_OK) {
        return CBX_OK;
    }
    return build_with(device, request, &usual); /* what was kept may not fit after all */
}
