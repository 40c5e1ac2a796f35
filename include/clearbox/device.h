/* SPDX-License-Identifier: MIT */
/* OpenCL devices: list, choose, open, check.
 *
 * Threads may list and open devices at the same time. An open device, with the trainers
 * made on it, belongs to one thread at a time.
 */
#ifndef CLEARBOX_DEVICE_H
#define CLEARBOX_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cbx_device cbx_device;

/* What the driver says; OTHER also where it says several things at once. */
typedef enum cbx_device_kind { CBX_KIND_CPU, CBX_KIND_GPU, CBX_KIND_OTHER } cbx_device_kind;

/* Which family of the kernels a device gets: for processors with explicit vectors and
 * work-groups of one, or for GPUs with local memory and work-groups of up to 256. AUTO
 * decides by what the device is: cbx_device_usual_family(). */
typedef enum cbx_family { CBX_FAMILY_AUTO, CBX_FAMILY_CPU, CBX_FAMILY_GPU } cbx_family;

/* "auto", "cpu" or "gpu", static; NULL: there is no such family. */
CBX_API const char *cbx_family_name(cbx_family family);

typedef struct cbx_device_info {
    unsigned platform_index; /* P of the spec "P:D" */
    unsigned device_index;   /* D of the spec "P:D", counted within its platform */
    cbx_device_kind kind;
    char platform[128];
    char name[256];
    char vendor[128];
    char version[128]; /* OpenCL version string of the device */
    char driver[128];
    unsigned compute_units;
    unsigned clock_mhz;
    uint64_t global_memory_bytes;
    uint64_t largest_buffer_bytes;
    uint64_t local_memory_bytes;
    size_t largest_group;   /* work-items in a work-group */
    unsigned vector_floats; /* in a vector of the hardware, as the driver says */
} cbx_device_info;

/* A device that would have been the default, but does not work. */
typedef struct cbx_passed_over {
    cbx_device_info device;
    char *sentence; /* why; several lines for a kernel's build log */
} cbx_passed_over;

/* Lists every device of every platform, in the drivers' order; those that do not
 * answer are left out. *out is one block, the caller's, freed with
 * cbx_device_list_free(). CBX_NO_DEVICE: no platform is installed (the message
 * names packages), or none has a device that answers. */
CBX_API cbx_status cbx_device_list(cbx_device_info **out, size_t *count);
CBX_API void cbx_device_list_free(cbx_device_info *list);

/* Opens the device that `spec` names: NULL or "" (a GPU, else a CPU, else
 * whatever there is), "gpu", "cpu", "P:D" as listed, or a part of a device's
 * name in any case. CBX_NO_DEVICE: nothing or more than one fits, and the message
 * lists the candidates; or what fits does not answer; or the family that was asked for is
 * not for this device. The kernels are built here with the family's options:
 * CBX_BAD_KERNEL carries the whole build log. *out is the caller's, to be given
 * to cbx_device_close(). */
CBX_API cbx_status cbx_device_open(cbx_device **out, const char *spec, cbx_family family);
CBX_API void cbx_device_close(cbx_device *device);

CBX_API const cbx_device_info *cbx_device_about(const cbx_device *device);

/* The family that suits a device of this description, which AUTO takes: of a processor
 * that of processors, but where the driver makes the vectors itself, out of work-items, and
 * says so with a vector of one float, that of GPUs; of all others that of GPUs; and that of
 * processors where work-groups or local memory are too small. */
CBX_API cbx_family cbx_device_usual_family(const cbx_device_info *info);

/* The family that was chosen, never AUTO. */
CBX_API cbx_family cbx_device_family(const cbx_device *device);

/* Whether a fused multiply-add, which rounds once, is a fast instruction of the device, as was
 * found by measuring. */
CBX_API int cbx_device_fuses(const cbx_device *device);

/* CANON: every float as kernels/canon.h defines it, on every device the same bits; where a fused
 * multiply-add is no instruction it is worked out, which may take many times as long. PLAIN: a
 * product and a sum, rounded each. Fast everywhere, but its bits are the device's own. SPLIT_BF16:
 * while training, products with pixels on the tensor cores of NVIDIA's GPUs from compute
 * capability 8.0 on, with weights as sums of three bf16; all else as the canon says. About as
 * exact as the canon, but its bits are the device's own; kernels of the family GPU and the schedule
 * FUSED. */
typedef enum cbx_arithmetic {
    CBX_ARITHMETIC_CANON,
    CBX_ARITHMETIC_PLAIN,
    CBX_ARITHMETIC_SPLIT_BF16
} cbx_arithmetic;

/* "canon", "plain" or "split-bf16": static. NULL: there is no such value. */
CBX_API const char *cbx_arithmetic_name(cbx_arithmetic arithmetic);

/* cbx_device_open() for an arithmetic other than the canon. CBX_NO_DEVICE also where the device
 * lacks what it needs, CBX_BAD_ARGUMENT where the family has no kernels for it. */
CBX_API cbx_status cbx_device_open_for(cbx_device **out, const char *spec, cbx_family family,
                                       cbx_arithmetic arithmetic);

/* What its kernels were built for. */
CBX_API cbx_arithmetic cbx_device_arithmetic(const cbx_device *device);

/* Runs every kernel on small odd shapes and compares with the host: to the bit where the canon
 * is defined for it, else nearly. CBX_BAD_KERNEL: the message names the kernel and the deviation. */
CBX_API cbx_status cbx_device_self_test(cbx_device *device);

#ifdef __cplusplus
}
#endif
#endif
