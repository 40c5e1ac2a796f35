/* SPDX-License-Identifier: MIT */
/* What the modules above need of an open device. */
#ifndef CBX_DEVICE_DEVICE_H
#define CBX_DEVICE_DEVICE_H

#include <CL/cl.h>

#include "clearbox/device.h"
#include "device/opencl.h"
#include "device/sources.h"
#include "device/tunables.h"

/* What is known of drivers by the name of their platform, and cannot be asked. */
typedef struct cbx_traits {
    const char *platform;
    int keeps_programs; /* does so itself, or compiles so little that it is not worth a file */
    int prefetches;     /* prefetch() is an instruction: CBX_PREFETCH */
    int inlines;        /* functions have to be inlined: CBX_INLINE */
} cbx_traits;

const cbx_traits *cbx_platform_traits(const cbx_device_info *info);

/* Whether built programs are kept in the cache folder. */
typedef enum cbx_keeping {
    CBX_KEEP_USUAL,   /* where the driver keeps none */
    CBX_KEEP,         /* in any case */
    CBX_KEEP_ANEW,    /* but what was kept is not taken */
    CBX_KEEP_NOTHING, /* neither written nor read */
} cbx_keeping;

/* What a built program has fixed: facts for those who launch its kernels. */
typedef struct cbx_built {
    cbx_tunables tunables;
    unsigned vector;        /* floats in the vectors of kernels that fix no type */
    size_t local;           /* work-items in a group of the kernels that fix no size */
    unsigned row_unit;      /* batches are padded to a multiple: a forward block, or a tile */
    unsigned panel_unit;    /* and networks to one of so many panels */
    unsigned evaluate_rows; /* images of one work-group of the evaluation */
    size_t output_group;    /* work-items in a group of train_gpu_output */
} cbx_built;

struct cbx_device {
    cbx_device_info info;
    cbx_family family;
    cbx_keeping keeping; /* never USUAL */
    unsigned recalled;   /* programs that were kept and not compiled */
    cl_device_id id;
    cl_context context;
    cl_command_queue queue;     /* in order: all computing */
    cl_command_queue transfers; /* in order: frames on their way to the host */
    cl_program program;
    cl_program film;    /* avc/: NULL until it is needed */
    cl_program picture; /* picture/: likewise */
    cl_program wide;    /* small layers on GPUs: likewise */
    cbx_built built;
    unsigned fma;      /* CBX_FMA_DRIVER … */
    unsigned mma;      /* CBX_MMA_NONE …: by the arithmetic split-bf16 alone something else */
    int fuses;         /* as cbx_device_fuses() says */
    int shares_memory; /* device and host use the same memory: map, do not copy */
};

/* CBX_BAD_ARGUMENT when there is no such family. */
cbx_status cbx_family_check_value(cbx_family family);
/* The same of an arithmetic. */
cbx_status cbx_arithmetic_check_value(cbx_arithmetic arithmetic);

/* CBX_NO_DEVICE: says whether no driver is installed, or one that cannot be loaded. */
cbx_status cbx_fail_without_platform(void);

/* cbx_device_list(), and in *mute what it leaves out: devices that do not answer, of which nothing is
 * known but their indices, their platform, and what they still tell of name and kind. Both are for
 * cbx_device_list_free(). */
cbx_status cbx_device_list_apart(cbx_device_info **out, size_t *count, cbx_device_info **mute,
                                 size_t *mutes);

/* Finds the device that `spec` names, as cbx_device_open() says. */
cbx_status cbx_device_select(const char *spec, cl_device_id *id, cbx_device_info *info);

/* Everything that can be asked of an open device; zeroed is cbx_device_open() without
 * wishes. */
typedef struct cbx_device_request {
    const char *spec; /* as of cbx_device_open() */
    cbx_family family;
    const cbx_tunables *tunables; /* NULL: those that were kept, else the usual */
    cbx_keeping keeping;
    cbx_arithmetic arithmetic;
    int exact_fma; /* by exact arithmetic in any case, for tests */
    int timed;     /* as cbx_device_time() */
} cbx_device_request;

/* Where it fails with programs that were kept, they are built anew, once. */
cbx_status cbx_device_open_as(cbx_device **out, const cbx_device_request *request);

/* Whether the device notes when what is enqueued from now on begins and ends, for
 * cbx_event_seconds(); it may take longer for that. Both queues are replaced; nothing may be
 * enqueued. After a failure they are what they were. */
cbx_status cbx_device_time(cbx_device *device, int timed);

/* A queue in order, such as those; cbx_queue_release() in every case. NULL is none. */
cbx_status cbx_queue_create(cbx_device *device, int timed, cl_command_queue *out);
void cbx_queue_release(cl_command_queue queue);

/* cbx_device_open() with these tunables. */
cbx_status cbx_device_open_with(cbx_device **out, const char *spec, cbx_family family,
                                const cbx_tunables *chosen);

/* Builds every kernel for device->family, as the request wants; sets program, fma, fuses and
 * `built`. CBX_NO_DEVICE where the family does not suit the device. */
cbx_status cbx_program_build(cbx_device *device, const cbx_device_request *request);

/* CBX_NO_DEVICE, saying what is missing, where the device is too small for device->family
 * with these tunables: as its description says, and as the compiled fused kernels do. */
cbx_status cbx_family_check(const cbx_device *device);
cbx_status cbx_family_check_kernels(const cbx_device *device);

/* CBX_NO_DEVICE where the source fixes a work-group that is too large for the compiled
 * kernel: its registers and local memory may leave less room than the device allows. */
cbx_status cbx_kernel_check_group(const cbx_device *device, cl_kernel kernel, const char *name);

/* Seconds that a multiply-add of the program takes in a chain of them, and whether that is
 * much longer than a product and a sum. Takes a millisecond or two where it is not. */
cbx_status cbx_fma_measure(cbx_device *device, double *seconds, int *slow);

/* Builds a program of kernels/sources.cmake. *out, also after a failure, is the caller's to
 * release. */
cbx_status cbx_program_create(cbx_device *device, const char *name, const char *options,
                              cl_program *out);

/* The same with what every program has to be told, once for a device: *program stays, and is
 * released with it. */
cbx_status cbx_program_create_once(cbx_device *device, const char *name, cl_program *program);

/* Who multiplies by the arithmetic split-bf16: CBX_MMA_PTX, or with CLEARBOX_EMULATE_MMA in the
 * environment, for tests, CBX_MMA_EMULATED. CBX_NO_DEVICE where nobody does. */
cbx_status cbx_mma_find(const cbx_device *device, unsigned *out);

/* Floats in the natural vector of the device: 4, 8 or 16. */
unsigned cbx_device_vector(const cbx_device *device);

/* A kernel of the device's program, or of another, by its name; the caller releases it. */
cbx_status cbx_kernel_create(cbx_device *device, const char *name, cl_kernel *out);
cbx_status cbx_kernel_create_in(cl_program program, const char *name, cl_kernel *out);

/* The largest power of two of work-items, `most` at most, that may be a group of such a kernel, which
 * fixes none; 0: the device has not the local memory for any. */
size_t cbx_kernel_group(const cbx_device *device, cl_kernel kernel, size_t most);

/* Device memory. CBX_TOO_LARGE, naming `what`, when it exceeds the largest buffer;
 * checked before asking. `host` is copied when flags say CL_MEM_COPY_HOST_PTR. */
cbx_status cbx_buffer_create(cbx_device *device, cl_mem_flags flags, uint64_t bytes,
                             const char *what, cl_mem *out);

/* Such memory with a copy of what is at `from`; waits. */
cbx_status cbx_buffer_copy(cbx_device *device, const void *from, uint64_t bytes, const char *what,
                           cl_mem *out);

/* Whether what an event marks the end of has happened, without or with waiting for it; a failure
 * of that is one of `what`. */
cbx_status cbx_event_look(cl_event event, int wait, int *there, const char *what);

/* From the start of what `first` marks to the end of what `last` does, which may be the same.
 * 0: there is no such event; NaN: the device was not asked to note it, or does not. */
double cbx_event_seconds(cl_event first, cl_event last);

/* Of those; NULL is none. An event is forgotten, too: *event becomes NULL. */
void cbx_kernel_release(cl_kernel kernel);
void cbx_buffer_release(cl_mem buffer);
void cbx_event_release(cl_event *event);

/* How many buffers cbx_buffer_release() was given in this process; it begins again at 0 sometime.
 * Every buffer that is an argument of a kernel is released by it. */
unsigned cbx_buffers_released(void);

#endif
