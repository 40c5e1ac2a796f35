/* SPDX-License-Identifier: MIT */
/* Which family of kernels suits a device, and whether it is large enough for it. */
#include <limits.h>

#include "base/error.h"
#include "device/device.h"
#include "layout.h"

cbx_status cbx_family_check_value(cbx_family family) {
    return cbx_family_name(family)
               ? CBX_OK
               : cbx_fail(CBX_BAD_ARGUMENT, "there is no kernel family %d", (int)family);
}

/* The first that fits a device decides, where it is large enough. */
static const struct {
    cbx_device_kind kind;
    unsigned most_floats; /* of its vectors */
    cbx_family family;
} rules[] = {
    /* llvmpipe: fills the processor's vectors with work-items, as a GPU does */
    {CBX_KIND_CPU, 1, CBX_FAMILY_GPU},
    {CBX_KIND_CPU, UINT_MAX, CBX_FAMILY_CPU},
    {CBX_KIND_GPU, UINT_MAX, CBX_FAMILY_GPU},
    {CBX_KIND_OTHER, UINT_MAX, CBX_FAMILY_GPU},
};

cbx_family cbx_device_usual_family(const cbx_device_info *info) {
    const unsigned depth = cbx_tunables_of(CBX_FAMILY_GPU)[CBX_GPU_FORWARD_DEPTH].usual[0];
    const int large =
        info->largest_group >= CBX_GROUP && info->local_memory_bytes >= CBX_GPU_LOCAL_BYTES(depth);
    for (size_t i = 0; i < CBX_COUNT(rules); i++) {
        if (rules[i].kind == info->kind && info->vector_floats <= rules[i].most_floats) {
            return large ? rules[i].family : CBX_FAMILY_CPU;
        }
    }
    return CBX_FAMILY_CPU;
}

static cbx_status refuse_group(const cbx_device *device, size_t has, size_t needs,
                               const char *what) {
    return cbx_fail(CBX_NO_DEVICE,
                    "%s needs work-groups of %zu work-items, but %s allows at most %zu; choose the "
                    "kernels for processors, or another device",
                    what, needs, device->info.name, has);
}

cbx_status cbx_family_check(const cbx_device *device) {
    if (device->family != CBX_FAMILY_GPU) {
        return CBX_OK;
    }
    const unsigned depth = device->built.tunables.values[CBX_GPU_FORWARD_DEPTH];
    const uint64_t bytes = CBX_GPU_LOCAL_BYTES((uint64_t)depth);
    if (device->info.largest_group < CBX_GROUP) {
        return refuse_group(device, device->info.largest_group, CBX_GROUP, "the family for GPUs");
    }
    if (device->info.local_memory_bytes < bytes) {
        return cbx_fail(CBX_NO_DEVICE,
                        "the family for GPUs needs %llu bytes of local memory, but %s has %llu; "
                        "choose the kernels for processors, or another device",
                        (unsigned long long)bytes, device->info.name,
                        (unsigned long long)device->info.local_memory_bytes);
    }
    return CBX_OK;
}

cbx_status cbx_kernel_check_group(const cbx_device *device, cl_kernel kernel, const char *name) {
    size_t needs[3] = {0, 0, 0}, has = SIZE_MAX;
    /* A driver that does not answer is not asked again: the self-test will tell. */
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_COMPILE_WORK_GROUP_SIZE, sizeof needs,
                             needs, NULL);
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof has, &has, NULL);
    return needs[0] > has ? refuse_group(device, has, needs[0], name) : CBX_OK;
}

static cbx_status check_kernel(const cbx_device *device, const char *name) {
    cl_kernel kernel = NULL;
    cbx_status status = cbx_kernel_create_in(device->program, name, &kernel);
    if (status) {
        return status;
    }
    status = cbx_kernel_check_group(device, kernel, name);
    clReleaseKernel(kernel);
    return status;
}

cbx_status cbx_family_check_kernels(const cbx_device *device) {
    static const char *const kernels[] = {"turn_batches",      "evaluate_gpu",
                                          "evaluate_gpu_sums", "train_gpu_hidden",
                                          "train_gpu_output",  "train_gpu_delta"};
    cbx_status status = CBX_OK;
    for (size_t i = 0; device->family == CBX_FAMILY_GPU && i < CBX_COUNT(kernels) && !status; i++) {
        status = check_kernel(device, kernels[i]);
    }
    return status;
}
