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
                           .row_unit = CBX_TILE,
                           .panel_unit = CBX_TILE / CBX_PANEL,
                           .evaluate_rows = CBX_TILE};
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
    const size_t room = 256 + sizeof sizes + strlen(extra);
    cbx_status status = cbx_allocate(out, room, 1);
    if (!status) {
        snprintf(*out, room,
                 "-w -cl-std=CL1.2 -D%s=1%s -DCBX_PREFETCH=%d -DCBX_INLINE=%d -DCBX_MULADD=%d %s",
                 cpu ? "CBX_FAMILY_CPU" : "CBX_FAMILY_GPU", sizes, traits->prefetches,
                 traits->inlines, !device->fuses, extra);
    }
    return status;
}

static void drop_program(cbx_device *device) {
    if (device->program) {
        clReleaseProgram(device->program);
        device->program = NULL;
    }
}

static cbx_status build(cbx_device *device, int fuses) {
    char *options = NULL;
    drop_program(device);
    device->fuses = fuses;
    cbx_status status = write_options(device, &options);
    if (!status) {
        status = cbx_program_create(device, "train", options, &device->program);
    }
    free(options);
    return status;
}

/* With fused multiply-adds, unless these are slow or the compiler lacks them. When nothing
 * builds, the first log is the one to show: it is about what was meant. */
static cbx_status build_with(cbx_device *device, const cbx_tunables *chosen) {
    int slow = 0;
    device->built = choose_shapes(device, chosen);
    cbx_status status = cbx_family_check(device);
    if (status) {
        return status;
    }
    status = build(device, 1);
    if (status == CBX_BAD_KERNEL) {
        char *log = strdup(cbx_last_error());
        const cbx_status again = build(device, 0);
        status = again && log ? cbx_fail(status, "%s", log) : again;
        free(log);
    } else if (!status) {
        status = cbx_fma_measure(device, &slow);
    }
    return slow && !status ? build(device, 0) : status;
}

cbx_status cbx_program_build(cbx_device *device, const cbx_tunables *chosen) {
    const cbx_tunables usual = cbx_tunables_usual(device);
    cbx_tunables kept;
    if (chosen) {
        return build_with(device, chosen);
    }
    if (cbx_tunables_recall(device, &kept) && build_with(device, &kept) == CBX_OK) {
        return CBX_OK;
    }
    return build_with(device, &usual); /* what was kept may not fit after all */
}
