/* SPDX-License-Identifier: MIT */
/* Local memory and registers of a compute unit are no business of OpenCL's; vendors tell what
 * leads to them, each by an extension of its own. What drivers say is not trusted: where a number
 * is missing or cannot be, the next row of `vendors` is asked, and the last asks OpenCL alone.
 *
 * Sources: NVIDIA's CUDA C++ Programming Guide, "Compute Capabilities", and its occupancy
 * calculator; LLVM's AMDGPU backend (AMDGPUBaseInfo.cpp); Intel's GPU Occupancy Calculator.
 * bench/target_units.py has the same numbers of the targets that it compiles for. */
#include "device/residency.h"

#include <limits.h>
#include <string.h>

/* Not in every copy of OpenCL's headers. */
enum {
    NV_COMPUTE_CAPABILITY_MAJOR = 0x4000,
    NV_COMPUTE_CAPABILITY_MINOR = 0x4001,
    NV_REGISTERS_PER_BLOCK = 0x4002,
    NV_WARP_SIZE = 0x4003,
    AMD_SIMD_PER_COMPUTE_UNIT = 0x4040,
    AMD_WAVEFRONT_WIDTH = 0x4043,
    AMD_LOCAL_MEM_SIZE_PER_COMPUTE_UNIT = 0x4047,
    INTEL_NUM_SLICES = 0x4252,
    INTEL_NUM_SUB_SLICES_PER_SLICE = 0x4253,
    INTEL_NUM_EUS_PER_SUB_SLICE = 0x4254,
    INTEL_NUM_THREADS_PER_EU = 0x4255,
};

enum { KIB = 1024, MOST_UNITS = 1 << 16, MOST_LOCAL = 1 << 20 };

/* What a group of the kernel takes. */
typedef struct needs {
    unsigned group, largest_group; /* work-items: of this group, and of the largest there can be */
    unsigned lanes;                /* the driver's idea of a warp */
    unsigned registers;            /* of a work-item; 0: unknown */
    uint64_t local_bytes;
} needs;

/* What a compute unit has: it holds warps of work-items, each in one of its parts (schedulers,
 * SIMDs, EUs). */
typedef struct unit {
    unsigned units;          /* on the device */
    unsigned groups;         /* that a unit holds at most */
    unsigned parts;          /* of a unit */
    unsigned warps;          /* that a part holds at most */
    unsigned lanes;          /* work-items of a warp */
    unsigned registers;      /* of a part, each of one work-item; 0: no limit */
    unsigned register_step;  /* a work-item gets a multiple of so many */
    uint64_t local_bytes;    /* local memory of a unit */
    uint64_t local_step;     /* a group gets a multiple of so much; 0: a power of two */
    uint64_t local_reserved; /* and so much is the driver's, for each group */
} unit;

static uint64_t round_up(uint64_t value, uint64_t step) {
    return (value + step - 1) / step * step;
}

static uint64_t power_of_two(uint64_t value) {
    uint64_t power = KIB;
    while (power < value) {
        power *= 2;
    }
    return value == 0 ? 0 : power;
}

static unsigned smaller(uint64_t a, uint64_t b) {
    return (unsigned)(a < b ? a : b);
}

/* Whether the driver answers, with a number that can be. */
static int ask(const cbx_device *device, cl_device_info what, unsigned least, unsigned most,
               unsigned *out) {
    cl_uint value = 0;
    if (clGetDeviceInfo(device->id, what, sizeof value, &value, NULL) != CL_SUCCESS ||
        value < least || value > most) {
        return 0;
    }
    *out = value;
    return 1;
}

/* Whether `word` is one of the words of `text`. */
static int has_word(const char *text, const char *word) {
    const size_t length = strlen(word);
    while (*text) {
        const size_t n = strcspn(text, " ");
        if (n == length && memcmp(text, word, n) == 0) {
            return 1;
        }
        text += n + (text[n] == ' ');
    }
    return 0;
}

static int has_extension(const cbx_device *device, const char *name) {
    char extensions[16 * KIB] = "";
    return clGetDeviceInfo(device->id, CL_DEVICE_EXTENSIONS, sizeof extensions - 1, extensions,
                           NULL) == CL_SUCCESS &&
           has_word(extensions, name);
}

/* ---- NVIDIA: a streaming multiprocessor of four schedulers ---- */

static const struct {
    unsigned capability;               /* 100 × major + minor, and later ones up to the next row */
    unsigned local_kib, warps, groups; /* of a multiprocessor */
    unsigned reserved;                 /* bytes of local memory for each group */
} multiprocessors[] = {
    {500, 64, 64, 32, 0},     {700, 96, 64, 32, 0},    {705, 64, 32, 16, 0},
    {800, 164, 64, 32, KIB},  {806, 100, 48, 16, KIB}, {807, 164, 48, 16, KIB},
    {809, 100, 48, 24, KIB},  {900, 228, 64, 32, KIB}, {1000, 228, 64, 32, KIB},
    {1200, 100, 48, 24, KIB},
};

static const char OF_NVIDIA[] = "cl_nv_device_attribute_query";

unsigned cbx_device_capability(const cbx_device *device) {
    unsigned major = 0, minor = 0;
    return has_extension(device, OF_NVIDIA) &&
                   ask(device, NV_COMPUTE_CAPABILITY_MAJOR, 1, 99, &major) &&
                   ask(device, NV_COMPUTE_CAPABILITY_MINOR, 0, 99, &minor)
               ? 100 * major + minor
               : 0;
}

static int nvidia(const cbx_device *device, const needs *kernel, unit *out) {
    enum { SCHEDULERS = 4, REGISTERS = 1 << 16 };
    const unsigned capability = cbx_device_capability(device);
    unsigned registers = REGISTERS, lanes = 32;
    size_t row = CBX_COUNT(multiprocessors);
    (void)kernel;
    while (row > 0 && multiprocessors[row - 1].capability > capability) {
        row--;
    }
    if (row == 0) {
        return 0;
    }
    ask(device, NV_REGISTERS_PER_BLOCK, REGISTERS / 4, 4 * REGISTERS, &registers);
    ask(device, NV_WARP_SIZE, 32, 64, &lanes);
    *out = (unit){.units = device->info.compute_units,
                  .groups = multiprocessors[row - 1].groups,
                  .parts = SCHEDULERS,
                  .warps = multiprocessors[row - 1].warps / SCHEDULERS,
                  .lanes = lanes,
                  .registers = registers / SCHEDULERS,
                  .register_step = 8,
                  .local_bytes = multiprocessors[row - 1].local_kib * (uint64_t)KIB,
                  .local_step = 256,
                  .local_reserved = multiprocessors[row - 1].reserved};
    return 1;
}

/* ---- AMD: a compute unit, or where the driver couples two of them, a work-group processor ---- */

static const struct {
    const char *name; /* how the device's begins; the first that fits */
    unsigned simds;   /* that share the local memory that is told: of one compute unit */
    unsigned registers, register_step, waves, groups;
} generations[] = {
    {"gfx90a", 4, 512 * 64, 8, 8, 32},     {"gfx94", 4, 512 * 64, 8, 8, 32},
    {"gfx95", 4, 512 * 64, 8, 8, 32},      {"gfx1100", 2, 1536 * 32, 24, 16, 32},
    {"gfx1101", 2, 1536 * 32, 24, 16, 32}, {"gfx120", 2, 1536 * 32, 24, 16, 32},
    {"gfx1", 2, 1024 * 32, 16, 16, 32},    {"", 4, 256 * 64, 4, 10, 40},
};

static int amd(const cbx_device *device, const needs *kernel, unit *out) {
    unsigned simds = 0, lanes = 0, local = 0;
    size_t row = 0;
    (void)kernel;
    if (!ask(device, AMD_SIMD_PER_COMPUTE_UNIT, 1, 16, &simds) ||
        !ask(device, AMD_WAVEFRONT_WIDTH, 16, 64, &lanes)) {
        return 0;
    }
    if (!ask(device, AMD_LOCAL_MEM_SIZE_PER_COMPUTE_UNIT, 16 * KIB, MOST_LOCAL, &local)) {
        local = smaller(device->info.local_memory_bytes, MOST_LOCAL);
    }
    while (strncmp(device->info.name, generations[row].name, strlen(generations[row].name)) != 0) {
        row++;
    }
    const unsigned coupled = simds > generations[row].simds ? simds / generations[row].simds : 1;
    *out = (unit){.units = device->info.compute_units,
                  .groups = generations[row].groups,
                  .parts = simds,
                  .warps = generations[row].waves,
                  .lanes = lanes,
                  .registers = generations[row].registers,
                  .register_step = generations[row].register_step,
                  .local_bytes = (uint64_t)local * coupled,
                  .local_step = 512};
    return 1;
}

/* ---- Intel: a sub-slice, now called Xe core; OpenCL's compute units are its EUs. ---- */

/* Registers are the EU's threads', as many whatever the kernel takes. */
static int intel(const cbx_device *device, const needs *kernel, unit *out) {
    unsigned slices = 0, each = 0, eus = 0, threads = 0;
    if (!ask(device, INTEL_NUM_SLICES, 1, 256, &slices) ||
        !ask(device, INTEL_NUM_SUB_SLICES_PER_SLICE, 1, 256, &each) ||
        !ask(device, INTEL_NUM_EUS_PER_SUB_SLICE, 1, 64, &eus) ||
        !ask(device, INTEL_NUM_THREADS_PER_EU, 1, 64, &threads)) {
        return 0;
    }
    /* Some sub-slices of the design may be missing on this chip: the EUs are those it has. */
    const unsigned told = device->info.compute_units;
    const int large = eus >= 16 || threads >= 8; /* Xe; before, half as much */
    *out = (unit){.units = told > slices * each ? told / eus : told,
                  .groups = large ? 32 : 16, /* barriers */
                  .parts = eus,
                  .warps = threads,
                  .lanes = kernel->lanes >= 8 && kernel->lanes <= 32 ? kernel->lanes : 8,
                  .local_bytes = (large ? 128 : 64) * (uint64_t)KIB};
    return 1;
}

/* ---- OpenCL alone ---- */

/* A kernel of which a larger group may run leaves room for as many small ones; a processor's
 * thread has one group at a time. */
static int opencl(const cbx_device *device, const needs *kernel, unit *out) {
    enum { USUAL = 4 };
    const int cpu = device->info.kind == CBX_KIND_CPU;
    *out = (unit){.units = device->info.compute_units,
                  .groups = cpu ? 1 : smaller(USUAL, kernel->largest_group / kernel->group),
                  .parts = 1,
                  .warps = UINT_MAX,
                  .lanes = 1,
                  .local_bytes = device->info.local_memory_bytes,
                  .local_step = 1};
    return 1;
}

static const struct {
    const char *extension; /* "": whatever it has */
    int (*describe)(const cbx_device *device, const needs *kernel, unit *out);
} vendors[] = {
    {OF_NVIDIA, nvidia},
    {"cl_amd_device_attribute_query", amd},
    {"cl_intel_device_attribute_query", intel},
    {"", opencl},
};

static unit describe(const cbx_device *device, const needs *kernel) {
    const int cpu = device->info.kind == CBX_KIND_CPU;
    size_t row = 0;
    unit found = {0};
    while ((*vendors[row].extension && (cpu || !has_extension(device, vendors[row].extension))) ||
           !vendors[row].describe(device, kernel, &found)) {
        row++;
    }
    return found;
}

static needs ask_kernel(const cbx_device *device, cl_kernel kernel, size_t group,
                        unsigned registers) {
    size_t largest = 0, lanes = 0;
    cl_ulong local = 0;
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_WORK_GROUP_SIZE, sizeof largest,
                             &largest, NULL);
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE,
                             sizeof lanes, &lanes, NULL);
    clGetKernelWorkGroupInfo(kernel, device->id, CL_KERNEL_LOCAL_MEM_SIZE, sizeof local, &local,
                             NULL);
    return (needs){.group = group > 0 ? smaller(group, INT_MAX) : 1,
                   .largest_group = smaller(largest, INT_MAX),
                   .lanes = smaller(lanes, INT_MAX),
                   .registers = registers,
                   .local_bytes = smaller(local, MOST_LOCAL)};
}

static unsigned by_local_memory(const unit *of, const needs *kernel) {
    const uint64_t asked = kernel->local_bytes;
    const uint64_t given = of->local_step ? round_up(asked, of->local_step) : power_of_two(asked);
    const uint64_t each = given + of->local_reserved;
    return each ? smaller(of->local_bytes / each, of->groups) : of->groups;
}

/* A warp's registers are its part's, and are not split over parts. */
static unsigned by_registers(const unit *of, const needs *kernel) {
    const uint64_t warps_of_group = (kernel->group + of->lanes - 1) / of->lanes;
    uint64_t warps = of->warps;
    if (of->registers && kernel->registers) {
        const uint64_t each = round_up(kernel->registers, of->register_step) * of->lanes;
        warps = smaller(of->registers / each, warps);
    }
    return smaller(warps * of->parts / warps_of_group, of->groups);
}

static unsigned resident(const cbx_device *device, const needs *kernel) {
    const unit has = describe(device, kernel);
    const unsigned groups = smaller(by_local_memory(&has, kernel), by_registers(&has, kernel));
    const unsigned units = has.units > 0 ? smaller(has.units, MOST_UNITS) : 1;
    return units * (groups > 0 ? groups : 1);
}

unsigned cbx_device_resident_groups(const cbx_device *device, cl_kernel kernel, size_t group,
                                    unsigned registers) {
    const needs takes = ask_kernel(device, kernel, group, registers);
    return resident(device, &takes);
}

unsigned cbx_device_room(const cbx_device *device, size_t group, unsigned registers,
                         uint64_t local_bytes) {
    const needs takes = {.group = smaller(group, INT_MAX),
                         .largest_group = smaller(device->info.largest_group, INT_MAX),
                         .registers = registers,
                         .local_bytes = local_bytes};
    return resident(device, &takes);
}
