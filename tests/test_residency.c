/* SPDX-License-Identifier: MIT */
/* How many work-groups are resident, on devices that are not here: the driver's answers are made
 * up. What comes out was worked out by hand from the vendors' tables. */
#include <string.h>

#include "device/residency.h"
#include "support/test.h"

enum { MOST_ANSWERS = 8, KIB = 1024 };

/* One question of clGetDeviceInfo() with a cl_uint for an answer. */
typedef struct answer {
    cl_device_info what;
    cl_uint value;
} answer;

typedef struct fake {
    const char *what, *extensions;
    cbx_device_info info;
    answer answers[MOST_ANSWERS];
    size_t largest_group, lanes; /* of the kernel; 0: the driver fails */
    cl_ulong local;
} fake;

static const fake *driver;

cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used);
cl_int __wrap_clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id id,
                                       cl_kernel_work_group_info what, size_t size, void *value,
                                       size_t *used);

cl_int __wrap_clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value,
                              size_t *used) {
    (void)id;
    (void)used;
    if (what == CL_DEVICE_EXTENSIONS) {
        if (!driver->extensions || strlen(driver->extensions) >= size) {
            return CL_INVALID_VALUE;
        }
        strcpy(value, driver->extensions);
        return CL_SUCCESS;
    }
    for (size_t i = 0; i < MOST_ANSWERS; i++) {
        if (driver->answers[i].what == what && size == sizeof(cl_uint)) {
            memcpy(value, &driver->answers[i].value, size);
            return CL_SUCCESS;
        }
    }
    return CL_INVALID_VALUE;
}

cl_int __wrap_clGetKernelWorkGroupInfo(cl_kernel kernel, cl_device_id id,
                                       cl_kernel_work_group_info what, size_t size, void *value,
                                       size_t *used) {
    const size_t sizes[2] = {driver->largest_group, driver->lanes};
    (void)kernel;
    (void)id;
    (void)used;
    if (what == CL_KERNEL_LOCAL_MEM_SIZE) {
        assert_int_equal(size, sizeof driver->local);
        memcpy(value, &driver->local, size);
        return CL_SUCCESS;
    }
    const size_t *told = &sizes[what == CL_KERNEL_PREFERRED_WORK_GROUP_SIZE_MULTIPLE];
    assert_int_equal(size, sizeof *told);
    memcpy(value, told, size);
    return *told ? CL_SUCCESS : CL_INVALID_KERNEL;
}

static unsigned resident(const fake *that, size_t group, unsigned registers) {
    const cbx_device device = {.info = that->info};
    driver = that;
    return cbx_device_resident_groups(&device, NULL, group, registers);
}

#define NVIDIA(major, minor)                                                                       \
    .extensions = "cl_khr_fp64 cl_nv_device_attribute_query", .largest_group = 1024, .lanes = 32,  \
    .answers = {                                                                                   \
        {0x4000, major},                                                                           \
        {0x4001, minor},                                                                           \
        {0x4002, 65536},                                                                           \
        {0x4003, 32},                                                                              \
    }
#define AMD(simds, width, bytes)                                                                   \
    .extensions = "cl_amd_device_attribute_query cl_khr_fp64", .largest_group = 256,               \
    .lanes = width,                                                                                \
    .answers = {                                                                                   \
        {0x4040, simds},                                                                           \
        {0x4043, width},                                                                           \
        {0x4047, bytes},                                                                           \
    }
#define INTEL(slices, each, eus, threads, simd)                                                    \
    .extensions = "cl_intel_device_attribute_query", .largest_group = 1024, .lanes = simd,         \
    .answers = {                                                                                   \
        {0x4252, slices},                                                                          \
        {0x4253, each},                                                                            \
        {0x4254, eus},                                                                             \
        {0x4255, threads},                                                                         \
    }
#define GPU(count, text)                                                                           \
    .info = {.kind = CBX_KIND_GPU,                                                                 \
             .compute_units = count,                                                               \
             .local_memory_bytes = 48 * KIB,                                                       \
             .name = text}
#define SMALL_GPU                                                                                  \
    .info = {.kind = CBX_KIND_GPU, .compute_units = 132, .local_memory_bytes = 16 * KIB}
#define TURN 14848 /* 14.5 KiB */

/* Groups of 64 work-items with 14.5 KiB of local memory. */
static void on_what_vendors_tell(void **state) {
    static const struct {
        fake that;
        unsigned registers, groups; /* of a work-item; on a unit */
        unsigned units;
    } cases[] = {
        /* 16,384 registers / (112 × 32) = 4 warps a scheduler, 16 a unit */
        {{"H100", NVIDIA(9, 0), GPU(132, "NVIDIA H100"), .local = TURN}, 112, 8, 132},
        {{"H100, few registers", NVIDIA(9, 0), GPU(132, "NVIDIA H100"), .local = TURN},
         64,
         14,
         132},
        {{"H100, unknown registers", NVIDIA(9, 0), GPU(132, ""), .local = TURN}, 0, 14, 132},
        {{"H100, no local memory", NVIDIA(9, 0), GPU(132, ""), .local = 0}, 32, 32, 132},
        {{"as GPU.md has it", NVIDIA(9, 0), GPU(132, ""), .local = 30976}, 148, 6, 132},
        {{"B200", NVIDIA(10, 0), GPU(148, "NVIDIA B200"), .local = TURN}, 112, 8, 148},
        {{"a later data centre's", NVIDIA(10, 3), GPU(148, ""), .local = TURN}, 112, 8, 148},
        {{"A100", NVIDIA(8, 0), GPU(108, "NVIDIA A100"), .local = 30976}, 198, 4, 108},
        /* 100 KiB / (14.5 + 1) */
        {{"RTX 4070", NVIDIA(8, 9), GPU(46, "RTX 4070"), .local = TURN}, 112, 6, 46},
        {{"RTX 3080", NVIDIA(8, 6), GPU(68, "RTX 3080"), .local = 30976}, 150, 3, 68},
        {{"RTX 5070", NVIDIA(12, 0), GPU(48, "RTX 5070"), .local = TURN}, 112, 6, 48},
        {{"RTX 2070", NVIDIA(7, 5), GPU(36, "RTX 2070"), .local = TURN}, 112, 4, 36},
        {{"RTX 2070", NVIDIA(7, 5), GPU(36, "RTX 2070"), .local = 30976}, 168, 2, 36},
        {{"one of the future", NVIDIA(14, 2), GPU(46, ""), .local = TURN}, 112, 6, 46},
        /* 64 KiB / 14.5 */
        {{"MI210", AMD(4, 64, 64 * KIB), GPU(104, "gfx90a:sramecc+"), .local = TURN}, 128, 4, 104},
        {{"MI210", AMD(4, 64, 64 * KIB), GPU(104, "gfx90a"), .local = 1024}, 128, 16, 104},
        {{"MI210", AMD(4, 64, 64 * KIB), GPU(104, "gfx90a"), .local = 1024}, 256, 8, 104},
        {{"MI210", AMD(4, 64, 64 * KIB), GPU(104, "gfx90a"), .local = 0}, 32, 32, 104},
        {{"Vega 20", AMD(4, 64, 64 * KIB), GPU(60, "gfx906"), .local = 1024}, 128, 8, 60},
        {{"Vega 20", AMD(4, 64, 64 * KIB), GPU(60, "gfx906"), .local = 30976}, 151, 2, 60},
        /* two compute units with 64 KiB each; 2 waves a group; 49,152 / (144 × 32) = 10 waves */
        {{"RX 7900", AMD(4, 32, 64 * KIB), GPU(48, "gfx1100"), .local = TURN}, 140, 8, 48},
        {{"RX 7900", AMD(4, 32, 64 * KIB), GPU(48, "gfx1100"), .local = 4096}, 140, 20, 48},
        {{"RX 6900", AMD(4, 32, 64 * KIB), GPU(40, "gfx1030"), .local = 30976}, 140, 4, 40},
        {{"RX 6900 as units", AMD(2, 32, 64 * KIB), GPU(80, "gfx1030"), .local = 30976},
         140,
         2,
         80},
        {{"nothing on local memory", AMD(4, 64, 0), GPU(60, "gfx906"), .local = TURN}, 64, 3, 60},
        /* 16 KiB a group of 128; 8 threads a group of 128 */
        {{"A770", INTEL(8, 4, 16, 8, 8), GPU(512, "A770"), .local = TURN}, 128, 8, 32},
        {{"A770", INTEL(8, 4, 16, 8, 8), GPU(512, "A770"), .local = 30976}, 128, 4, 32},
        {{"A770", INTEL(8, 4, 16, 8, 8), GPU(512, "A770"), .local = 64}, 128, 16, 32},
        {{"A770, wide", INTEL(8, 4, 16, 8, 32), GPU(512, "A770"), .local = 64}, 128, 32, 32},
        {{"A750, 4 fused off", INTEL(8, 4, 16, 8, 8), GPU(448, "A750"), .local = TURN}, 128, 8, 28},
        {{"units that are Xe cores", INTEL(8, 4, 16, 8, 8), GPU(32, ""), .local = TURN},
         128,
         8,
         32},
        {{"UHD 630", INTEL(1, 3, 8, 7, 8), GPU(24, "UHD 630"), .local = TURN}, 128, 4, 3},
        {{"Max 1550", INTEL(2, 64, 8, 8, 16), GPU(1024, "Max 1550"), .local = TURN}, 0, 8, 128},
    };
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(cases); i++) {
        const unsigned wanted = cases[i].groups * cases[i].units;
        const unsigned got = resident(&cases[i].that, 64, cases[i].registers);
        if (got != wanted) {
            fail_msg("%s (%zu): %u groups, not %u", cases[i].that.what, i, got, wanted);
        }
    }
}

/* Where no vendor tells anything: at most 4, and at most what memory and the kernel allow. */
static void on_what_opencl_tells(void **state) {
    static const struct {
        fake that;
        unsigned groups; /* on one of 10 units */
    } cases[] = {
        {{"usual", GPU(10, "Mali"), .largest_group = 256, .local = 4096}, 4},
        {{"local memory", GPU(10, "Mali"), .largest_group = 256, .local = TURN}, 3},
        {{"all of it", GPU(10, "Mali"), .largest_group = 256, .local = 48 * KIB}, 1},
        {{"more than there is", GPU(10, "Mali"), .largest_group = 256, .local = 49 * KIB}, 1},
        {{"many registers", GPU(10, "Adreno"), .largest_group = 128}, 2},
        {{"small groups", GPU(10, "Adreno"), .largest_group = 64}, 1},
        {{"too small for it", GPU(10, "Adreno"), .largest_group = 32}, 1},
        {{"a kernel that fails", GPU(10, "?"), .largest_group = 0}, 1},
        {{"absurd local memory", GPU(10, "?"), .largest_group = 512, .local = (cl_ulong)-1}, 1},
        {{"a like name", GPU(10, "?"), .extensions = "cl_nv_device_attribute_query_2",
          .largest_group = 256},
         4},
        {{"no names", GPU(10, "?"), .extensions = "  ", .largest_group = 256}, 4},
    };
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(cases); i++) {
        if (resident(&cases[i].that, 64, 128) != 10 * cases[i].groups) {
            fail_msg("%s: %u", cases[i].that.what, resident(&cases[i].that, 64, 128));
        }
    }
}

/* Drivers that list an extension and answer nonsense get what OpenCL alone tells. */
static void liars(void **state) {
    static const fake liars[] = {
        {"zeros", NVIDIA(0, 0), GPU(10, ""), .local = 4096},
        {"huge", NVIDIA(0xffffffffu, 0xffffffffu), GPU(10, ""), .local = 4096},
        {"too old to be known", NVIDIA(3, 5), GPU(10, ""), .local = 4096},
        {"zeros", AMD(0, 0, 0), GPU(10, ""), .local = 4096},
        {"huge", AMD(~0u, ~0u, ~0u), GPU(10, ""), .local = 4096},
        {"zeros", INTEL(0, 0, 0, 0, 0), GPU(10, ""), .local = 4096},
        {"huge", INTEL(~0u, ~0u, ~0u, ~0u, 32), GPU(10, ""), .local = 4096},
        {"lists it only", GPU(10, ""), .extensions = "cl_nv_device_attribute_query", .local = 4096,
         .largest_group = 1024},
    };
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(liars); i++) {
        if (resident(&liars[i], 64, 128) != 40) {
            fail_msg("%s (%zu): %u", liars[i].what, i, resident(&liars[i], 64, 128));
        }
    }
}

/* Never none, never more than a number holds. */
static void extremes(void **state) {
    static const fake none = {"no unit", NVIDIA(9, 0), GPU(0, ""), .local = TURN};
    static const fake many = {"many", NVIDIA(9, 0), GPU(~0u, ""), .local = 0};
    static const fake dumb = {"nothing", .info = {.kind = CBX_KIND_OTHER, .compute_units = 1}};
    (void)state;
    assert_int_equal(resident(&none, 64, 112), 8);
    assert_int_equal(resident(&many, 64, 1), (1 << 16) * 32);
    assert_int_equal(resident(&dumb, 64, 0), 1);
    assert_int_equal(resident(&dumb, 0, 0), 1);
    assert_int_equal(resident(&many, ~(size_t)0, ~0u), 1 << 16);
    assert_int_equal(resident(&many, 1024, 255), 1 << 16);
}

/* A processor's thread has one group at a time, whatever its driver lists. */
static void processors(void **state) {
    static const fake pocl = {"PoCL", NVIDIA(9, 0),
                              .info = {.kind = CBX_KIND_CPU,
                                       .compute_units = 2,
                                       .local_memory_bytes = 512 * KIB,
                                       .name = "pthread-AMD EPYC"},
                              .local = 4096};
    (void)state;
    assert_int_equal(resident(&pocl, 64, 128), 2);
}

/* Deeper where as many groups stay resident: with 112 registers, an H100 has 8 groups either way. */
static void forward_depth(void **state) {
    static const struct {
        fake that;
        unsigned depth;
    } cases[] = {
        {{"H100", NVIDIA(9, 0), GPU(132, "NVIDIA H100")}, 16},
        {{"A100", NVIDIA(8, 0), GPU(108, "NVIDIA A100")}, 8},     /* 7 groups, not 8 */
        {{"RTX 4070", NVIDIA(8, 9), GPU(46, "RTX 4070")}, 8},     /* 4 groups, not 6 */
        {{"MI210", AMD(4, 64, 64 * KIB), GPU(104, "gfx90a")}, 8}, /* 3 groups, not 4 */
        {{"A770", INTEL(8, 4, 16, 8, 8), GPU(512, "A770")}, 8},   /* 4 groups, not 8 */
        {{"unknown", GPU(10, "Mali")}, 8},                        /* 2 groups, not 3 */
        {{"an H100 with little of it", NVIDIA(9, 0), SMALL_GPU}, 8},
        {{"a processor", .info = {.kind = CBX_KIND_CPU, .local_memory_bytes = 512 * KIB}}, 8},
    };
    (void)state;
    for (size_t i = 0; i < CBX_COUNT(cases); i++) {
        cbx_device device = {.family = CBX_FAMILY_GPU, .info = cases[i].that.info};
        device.info.largest_group = 1024;
        driver = &cases[i].that;
        const unsigned depth = cbx_tunables_usual(&device).values[CBX_GPU_FORWARD_DEPTH];
        if (depth != cases[i].depth) {
            fail_msg("%s: %u, not %u", cases[i].that.what, depth, cases[i].depth);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_what_vendors_tell),
        cmocka_unit_test(on_what_opencl_tells),
        cmocka_unit_test(liars),
        cmocka_unit_test(extremes),
        cmocka_unit_test(processors),
        cmocka_unit_test(forward_depth),
    };
    return cmocka_run_group_tests_name("residency", tests, NULL, NULL);
}
