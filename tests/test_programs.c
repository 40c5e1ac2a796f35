/* SPDX-License-Identifier: MIT */
/* How kernels become a program: with what the device's compiler lacks left out, and out of
 * the cache folder where that is wanted. The compiler is watched, and fails where a test
 * wants it to; and so is who makes kernels of a program. */
#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "device/cache.h"
#include "device/device.h"
#include "layout.h"
#include "support/compiler.h"
#include "support/fixture.h"
#include "support/scratch.h"
#include "support/test.h"

/* No kernel can be made until so many programs were created from source. */
static unsigned kernels_from;

cl_kernel __real_clCreateKernel(cl_program program, const char *name, cl_int *error);
cl_kernel __wrap_clCreateKernel(cl_program program, const char *name, cl_int *error);

cl_kernel __wrap_clCreateKernel(cl_program program, const char *name, cl_int *error) {
    if (compiler.sources < kernels_from) {
        *error = CL_INVALID_PROGRAM_EXECUTABLE;
        return NULL;
    }
    return __real_clCreateKernel(program, name, error);
}

static int set_up(void **state) {
    (void)state;
    kernels_from = 0;
    compiler = (watched_compiler){.refused = NULL};
    (void)fixture_device(CBX_FAMILY_AUTO); /* skips where there is none */
    return 0;
}

/* A compiler without fma() gets a program that works it out, and a right one. */
static void without_a_fused_multiply_add(void **state) {
    cbx_device *device;
    (void)state;
    compiler.refused = "-DCBX_FMA=0";
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO));
    assert_false(cbx_device_fuses(device));
    assert_int_equal(device->fma, CBX_FMA_EXACT);
    assert_int_equal(cbx_device_arithmetic(device), CBX_ARITHMETIC_CANON);
    assert_ok(cbx_device_self_test(device));
    cbx_device_close(device);
}

/* Who asks for plain arithmetic gets it, and nothing else is built. */
static void plain_arithmetic(void **state) {
    cbx_device *device;
    (void)state;
    compiler.refused = "-DCBX_FMA=0";
    assert_ok(cbx_device_open_for(&device, fixture_spec(), CBX_FAMILY_AUTO, CBX_ARITHMETIC_PLAIN));
    assert_int_equal(cbx_device_arithmetic(device), CBX_ARITHMETIC_PLAIN);
    assert_int_equal(device->fma, CBX_FMA_PLAIN);
    assert_int_equal(compiler.builds, 1);
    assert_ok(cbx_device_self_test(device));
    cbx_device_close(device);
    assert_fails(cbx_device_open_for(&device, fixture_spec(), CBX_FAMILY_AUTO, (cbx_arithmetic)3),
                 CBX_BAD_ARGUMENT, "there is no arithmetic 3");
}

/* Nothing helps: what the compiler said first is told, after two attempts. */
static void a_compiler_that_refuses_everything(void **state) {
    cbx_device *device;
    (void)state;
    compiler.refused = "-w";
    assert_fails(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO), CBX_BAD_KERNEL, "");
    assert_non_null(strstr(cbx_last_error(), "the kernels do not build on "));
    assert_int_equal(compiler.builds, 2);
    assert_null(device);
}

/* ---- programs that are kept ---- */

enum { HEADER = 32 }; /* bytes: magic, two sizes, a checksum */

static char cache[4096];

static int set_up_cache(void **state) {
    const int failed = set_up(state) || scratch_setup(state);
    snprintf(cache, sizeof cache, "%s/clearbox", failed ? "" : scratch_path(state, "cache"));
    return failed || mkdir(scratch_path(state, "cache"), 0700) != 0 ||
           setenv("XDG_CACHE_HOME", scratch_path(state, "cache"), 1) != 0;
}

static int tear_down_cache(void **state) {
    return scratch_teardown(state) || unsetenv("XDG_CACHE_HOME") != 0;
}

/* Opens a device, and says whether a program was compiled for it. */
static unsigned compiled(cbx_keeping keeping) {
    const cbx_device_request request = {
        .spec = fixture_spec(), .family = CBX_FAMILY_CPU, .keeping = keeping};
    const unsigned before = compiler.sources;
    cbx_device *device;
    if (!cbx_device_fuses(fixture_device(CBX_FAMILY_AUTO))) {
        skip(); /* two programs are compiled, and kept, where one is counted here */
    }
    assert_ok(cbx_device_open_as(&device, &request));
    const unsigned sources = compiler.sources - before;
    assert_int_equal(sources == 0, device->recalled == 1);
    cbx_device_close(device);
    return sources;
}

/* The only file in the cache folder that is no tunables'. */
static const char *kept_file(void) {
    static char path[8192];
    const struct dirent *entry;
    int found = 0;
    DIR *folder = opendir(cache);
    assert_non_null(folder);
    while ((entry = readdir(folder))) {
        if (entry->d_name[0] != '.') {
            assert_int_equal(strncmp(entry->d_name, "program-", 8), 0);
            snprintf(path, sizeof path, "%s/%s", cache, entry->d_name);
            found++;
        }
    }
    closedir(folder);
    assert_int_equal(found, 1);
    return path;
}

static void is_kept_and_taken(void **state) {
    cbx_device *device;
    (void)state;
    assert_int_equal(compiled(CBX_KEEP), 1);
    (void)kept_file();
    assert_int_equal(compiled(CBX_KEEP), 0);
    assert_int_equal(compiled(CBX_KEEP_ANEW), 1);
    assert_int_equal(compiled(CBX_KEEP_NOTHING), 1);
    assert_int_equal(compiled(CBX_KEEP), 0);
    const cbx_device_request request = {
        .spec = fixture_spec(), .family = CBX_FAMILY_CPU, .keeping = CBX_KEEP};
    assert_ok(cbx_device_open_as(&device, &request));
    assert_int_equal(device->recalled, 1);
    assert_ok(cbx_device_self_test(device));
    cbx_device_close(device);
}

/* PoCL keeps its programs itself: nothing is written for it. */
static void not_where_the_driver_does(void **state) {
    struct stat about;
    const cbx_device_info *info = cbx_device_about(fixture_device(CBX_FAMILY_AUTO));
    (void)state;
    if (cbx_platform_traits(info)->keeps_programs) {
        assert_int_equal(compiled(CBX_KEEP_USUAL), 1);
        assert_int_not_equal(stat(cache, &about), 0);
    }
    const cbx_device_info other = {.platform = "Another platform"};
    assert_false(cbx_platform_traits(&other)->keeps_programs);
    assert_false(cbx_platform_traits(&other)->prefetches);
}

/* Ignored, and replaced by a good one. */
static void assert_replaced(const char *path, const uint8_t *bytes, size_t size) {
    scratch_write(path, bytes, size);
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_string_equal(kept_file(), path);
    assert_int_equal(compiled(CBX_KEEP), 0);
}

static void damaged_or_cut(void **state) {
    size_t size = 0;
    (void)state;
    assert_int_equal(compiled(CBX_KEEP), 1);
    const char *path = kept_file();
    uint8_t *good = scratch_read(path, &size), *bad = scratch_read(path, &size);
    assert_true(size > HEADER + 1000);
    /* Each field of the header, identity, binary, the last byte. */
    const size_t places[] = {0, 8, 15, 16, 23, 24, 31, HEADER, HEADER + 500, size / 2, size - 1};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        bad[places[i]] ^= 0x40;
        assert_replaced(path, bad, size);
        bad[places[i]] ^= 0x40;
    }
    const size_t sizes[] = {0, 1, HEADER - 1, HEADER, HEADER + 1, size / 2, size - 1};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_replaced(path, good, sizes[i]);
    }
    uint8_t *longer = calloc(1, size + 1);
    assert_non_null(longer);
    memcpy(longer, good, size);
    assert_replaced(path, longer, size + 1);
    assert_replaced(path, (const uint8_t *)"{\"vector\": 16}", 14);
    free(longer);
    free(good);
    free(bad);
}

/* Whole, but of another driver, or with a binary that the driver does not know. */
static void stale_or_foreign(void **state) {
    uint64_t identity_bytes, sum;
    size_t size = 0;
    (void)state;
    assert_int_equal(compiled(CBX_KEEP), 1);
    const char *path = kept_file();
    uint8_t *bytes = scratch_read(path, &size);
    memcpy(&identity_bytes, bytes + 8, sizeof identity_bytes);
    for (int i = 0; i < 2; i++) {
        uint8_t *changed = bytes + HEADER + (i ? identity_bytes : 3);
        for (int k = 0; k < (i ? 64 : 1); k++) {
            changed[k] ^= 0x5a;
        }
        sum = cbx_hash(CBX_HASH_SEED, bytes + HEADER, size - HEADER);
        memcpy(bytes + 24, &sum, sizeof sum);
        assert_replaced(path, bytes, size);
        changed[0] ^= i ? 0 : 0x5a;
    }
    free(bytes);
}

/* The driver takes the binary, but makes no kernels of it: then the program is compiled once more, and
 * replaces what was kept. */
static void kernels_that_cannot_be_made(void **state) {
    const cbx_device_request request = {
        .spec = fixture_spec(), .family = CBX_FAMILY_CPU, .keeping = CBX_KEEP};
    cbx_device *device;
    (void)state;
    assert_int_equal(compiled(CBX_KEEP), 1);
    kernels_from = compiler.sources + 1;
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_int_equal(compiled(CBX_KEEP), 0);
    const unsigned before = compiler.sources;
    kernels_from = UINT_MAX;
    assert_fails(cbx_device_open_as(&device, &request), CBX_BAD_KERNEL,
                 "CL_INVALID_PROGRAM_EXECUTABLE");
    assert_int_equal(compiler.sources, before + 1);
    assert_null(device);
    kernels_from = 0;
}

/* No folder, or something else in its place: then the program is compiled each time. */
static void no_place(void **state) {
    assert_int_equal(compiled(CBX_KEEP), 1);
    const char *path = kept_file();
    assert_int_equal(remove(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_int_equal(setenv("XDG_CACHE_HOME", "/dev/null", 1), 0);
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_int_equal(setenv("XDG_CACHE_HOME", scratch_path(state, "cache"), 1), 0);
}

static void other_options_are_other_programs(void **state) {
    (void)state;
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_int_equal(setenv("CLEARBOX_BUILD_OPTIONS", "-DCBX_ANOTHER=1", 1), 0);
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_int_equal(unsetenv("CLEARBOX_BUILD_OPTIONS"), 0);
    assert_int_equal(compiled(CBX_KEEP), 0);
    /* The same options, but told to compile for another processor. */
    assert_int_equal(setenv("CL_CONFIG_CPU_TARGET_ARCH", "corei7", 1), 0);
    assert_int_equal(compiled(CBX_KEEP), 1);
    assert_int_equal(unsetenv("CL_CONFIG_CPU_TARGET_ARCH"), 0);
    assert_int_equal(compiled(CBX_KEEP), 1);
}

#define CACHE_TEST(name) cmocka_unit_test_setup_teardown(name, set_up_cache, tear_down_cache)
#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_a_fused_multiply_add),
        TEST(plain_arithmetic),
        TEST(a_compiler_that_refuses_everything),
        CACHE_TEST(is_kept_and_taken),
        CACHE_TEST(not_where_the_driver_does),
        CACHE_TEST(damaged_or_cut),
        CACHE_TEST(stale_or_foreign),
        CACHE_TEST(kernels_that_cannot_be_made),
        CACHE_TEST(no_place),
        CACHE_TEST(other_options_are_other_programs),
    };
    return cmocka_run_group_tests_name("programs", tests, fixture_setup, fixture_teardown);
}
