/* SPDX-License-Identifier: MIT */
#include "device/device.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "layout.h"

cbx_status cbx_arithmetic_check_value(cbx_arithmetic arithmetic) {
    return cbx_arithmetic_name(arithmetic)
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT, "there is no arithmetic %d", (int)arithmetic);
}

static cbx_status open_queues(cbx_device *device, int timed) {
    cl_int error = CL_SUCCESS;
    device->context = clCreateContext(NULL, 1, &device->id, NULL, NULL, &error);
    const cbx_status status = cbx_cl_check(error, "creating an OpenCL context");
    return status ? status : cbx_device_time(device, timed);
}

/* The family is chosen; the arithmetic split-bf16 has kernels of that for GPUs alone. */
static cbx_status choose_family(cbx_device *device, const cbx_device_request *request) {
    const int split = request->arithmetic == CBX_ARITHMETIC_SPLIT_BF16;
    device->family = request->family != CBX_FAMILY_AUTO ? request->family
                     : split                            ? CBX_FAMILY_GPU
                                                        : cbx_device_usual_family(&device->info);
    if (split && device->family != CBX_FAMILY_GPU) {
        return cbx_fail(CBX_BAD_ARGUMENT, "the arithmetic %s has no kernels of the family %s",
                        cbx_arithmetic_name(request->arithmetic), cbx_family_name(device->family));
    }
    return split ? cbx_mma_find(device, &device->mma) : CBX_OK;
}

/* AUTO gives way where the compiled kernels turn out to be too large for the device. */
static cbx_status build(cbx_device *device, const cbx_device_request *request) {
    const int chosen =
        request->family != CBX_FAMILY_AUTO || request->arithmetic == CBX_ARITHMETIC_SPLIT_BF16;
    device->keeping = request->keeping;
    if (device->keeping == CBX_KEEP_USUAL) {
        const int kept = cbx_platform_traits(&device->info)->keeps_programs;
        device->keeping = kept ? CBX_KEEP_NOTHING : CBX_KEEP;
    }
    cbx_status status = choose_family(device, request);
    if (!status) {
        status = cbx_program_build(device, request);
    }
    if (!status && !chosen && cbx_family_check_kernels(device) == CBX_NO_DEVICE) {
        cbx_device_request again = *request;
        again.tunables = NULL;
        device->family = CBX_FAMILY_CPU;
        status = cbx_program_build(device, &again);
    }
    return status;
}

/* Counts programs that were kept and not compiled in *recalled, also where it fails. */
static cbx_status open_once(cbx_device **out, const cbx_device_request *request,
                            unsigned *recalled) {
    cbx_device *device = NULL;
    cl_bool unified = CL_FALSE;
    *out = NULL;
    *recalled = 0;
    cbx_status status = cbx_family_check_value(request->family);
    if (!status) {
        status = cbx_arithmetic_check_value(request->arithmetic);
    }
    if (!status) {
        status = cbx_new(&device, 1);
    }
    if (status) {
        return status;
    }
    status = cbx_device_select(request->spec, &device->id, &device->info);
    if (!status) {
        clGetDeviceInfo(device->id, CL_DEVICE_HOST_UNIFIED_MEMORY, sizeof unified, &unified, NULL);
        device->shares_memory = unified && device->info.kind == CBX_KIND_CPU;
        status = open_queues(device, request->timed);
    }
    if (!status) {
        status = build(device, request);
    }
    *recalled = device->recalled;
    if (status) {
        cbx_device_close(device);
        return status;
    }
    *out = device;
    return CBX_OK;
}

/* A program that was kept may build and yet be of no use to a driver that changed and did not say so:
 * without this every start would fail until the user removes it. */
cbx_status cbx_device_open_as(cbx_device **out, const cbx_device_request *request) {
    unsigned recalled = 0;
    cbx_status status = open_once(out, request, &recalled);
    if (status && recalled > 0) {
        cbx_device_request anew = *request;
        anew.keeping = CBX_KEEP_ANEW;
        status = open_once(out, &anew, &recalled);
    }
    return status;
}

cbx_status cbx_device_open(cbx_device **out, const char *spec, cbx_family family) {
    return cbx_device_open_with(out, spec, family, NULL);
}

cbx_status cbx_device_open_for(cbx_device **out, const char *spec, cbx_family family,
                               cbx_arithmetic arithmetic) {
    const cbx_device_request request = {.spec = spec, .family = family, .arithmetic = arithmetic};
    return cbx_device_open_as(out, &request);
}

cbx_status cbx_device_open_with(cbx_device **out, const char *spec, cbx_family family,
                                const cbx_tunables *chosen) {
    const cbx_device_request request = {.spec = spec, .family = family, .tunables = chosen};
    return cbx_device_open_as(out, &request);
}

void cbx_device_close(cbx_device *device) {
    if (!device) {
        return;
    }
    if (device->film) {
        clReleaseProgram(device->film);
    }
    if (device->wide) {
        clReleaseProgram(device->wide);
    }
    if (device->picture) {
        clReleaseProgram(device->picture);
    }
    if (device->program) {
        clReleaseProgram(device->program);
    }
    cbx_queue_release(device->transfers);
    cbx_queue_release(device->queue);
    if (device->context) {
        clReleaseContext(device->context);
    }
    free(device);
}

const cbx_device_info *cbx_device_about(const cbx_device *device) {
    return &device->info;
}

cbx_family cbx_device_family(const cbx_device *device) {
    return device->family;
}

int cbx_device_fuses(const cbx_device *device) {
    return device->fuses;
}

cbx_arithmetic cbx_device_arithmetic(const cbx_device *device) {
    return device->mma != CBX_MMA_NONE    ? CBX_ARITHMETIC_SPLIT_BF16
           : device->fma == CBX_FMA_PLAIN ? CBX_ARITHMETIC_PLAIN
                                          : CBX_ARITHMETIC_CANON;
}
