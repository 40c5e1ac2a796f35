/* SPDX-License-Identifier: MIT */
/* Where no device is named, the first that works is taken, and what is wrong with those
 * before it is told; one that is named never gives way. PoCL shows two devices here, and
 * the compiler fails for some of them. The linker sends questions for platforms and their
 * devices to the functions below. */
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "device/device.h"
#include "device/walk.h"
#include "support/compiler.h"
#include "support/fixture.h"
#include "support/learning.h"
#include "support/test.h"

/* ---- the order, without any device ---- */

enum { DEVICES = 4 };

static const cbx_device_info described[DEVICES] = {
    {.platform_index = 0, .device_index = 0, .kind = CBX_KIND_OTHER, .name = "Other"},
    {.platform_index = 1, .device_index = 0, .kind = CBX_KIND_CPU, .name = "Processor"},
    {.platform_index = 1, .device_index = 1, .kind = CBX_KIND_GPU, .name = "First GPU"},
    {.platform_index = 2, .device_index = 0, .kind = CBX_KIND_GPU, .name = "Second GPU"},
};

/* What each trial is to return, in order, and what was tried. */
typedef struct script {
    cbx_status answers[DEVICES];
    char tried[64];
    size_t trials;
} script;

static cbx_status follow(void *user, const char *spec) {
    script *this = user;
    strcat(this->tried, spec);
    strcat(this->tried, " ");
    const cbx_status status = this->answers[this->trials++];
    return status ? cbx_fail(status, "%s is broken\nand this is its log", spec) : CBX_OK;
}

static cbx_status walk_through(script *this, cbx_walk *walk) {
    return cbx_walk_devices(walk, described, DEVICES, follow, this);
}

static void the_first_that_works(void **state) {
    cbx_walk walk;
    script one = {{CBX_OK}, "", 0};
    script three = {{CBX_BAD_KERNEL, CBX_DEVICE_FAULT, CBX_OK}, "", 0};
    (void)state;
    assert_ok(walk_through(&one, &walk));
    assert_string_equal(one.tried, "1:1 ");
    assert_int_equal(walk.count, 0);
    cbx_walk_clear(&walk);
    assert_ok(walk_through(&three, &walk));
    assert_string_equal(three.tried, "1:1 2:0 1:0 ");
    assert_int_equal(walk.count, 2);
    assert_string_equal(walk.passed_over[0].device.name, "First GPU");
    assert_string_equal(walk.passed_over[1].device.name, "Second GPU");
    assert_string_equal(walk.passed_over[1].sentence, "2:0 is broken\nand this is its log");
    cbx_walk_clear(&walk);
    cbx_walk_clear(&walk);
}

/* What is not the device's fault ends the walk. */
static void other_faults(void **state) {
    static const cbx_status faults[] = {CBX_NO_MEMORY, CBX_INTERRUPTED, CBX_TOO_LARGE};
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
        cbx_walk walk;
        script this = {{CBX_BAD_KERNEL, faults[i]}, "", 0};
        assert_fails(walk_through(&this, &walk), faults[i], "");
        assert_int_equal(this.trials, 2);
        cbx_walk_clear(&walk);
    }
}

static void none_works(void **state) {
    cbx_walk walk;
    script this = {{CBX_BAD_KERNEL, CBX_NO_DEVICE, CBX_NO_DEVICE, CBX_DEVICE_FAULT}, "", 0};
    (void)state;
    assert_fails(walk_through(&this, &walk), CBX_BAD_KERNEL, "");
    assert_string_equal(this.tried, "1:1 2:0 1:0 0:0 ");
    assert_string_equal(cbx_last_error(),
                        "none of 4 OpenCL devices can be used: 1:1 First GPU: 1:1 is broken; 2:0 "
                        "Second GPU: 2:0 is broken; 1:0 Processor: 1:0 is broken; 0:0 Other: 0:0 "
                        "is broken");
    cbx_walk_clear(&walk);
    script alone = {{CBX_BAD_KERNEL}, "", 0};
    assert_fails(cbx_walk_devices(&walk, described, 1, follow, &alone), CBX_BAD_KERNEL, "");
    assert_string_equal(cbx_last_error(), "0:0 is broken\nand this is its log");
    cbx_walk_clear(&walk);
}

/* ---- what is listed ---- */

/* The platform, twice; and how many devices the second listing of the first one gives: -1 fails. */
static struct watched_loader { int twice, given, listings; } loader;

cl_int __real_clGetPlatformIDs(cl_uint room, cl_platform_id *out, cl_uint *count);
cl_int __wrap_clGetPlatformIDs(cl_uint room, cl_platform_id *out, cl_uint *count);
cl_int __real_clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room,
                             cl_device_id *out, cl_uint *count);
cl_int __wrap_clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room,
                             cl_device_id *out, cl_uint *count);

cl_int __wrap_clGetPlatformIDs(cl_uint room, cl_platform_id *out, cl_uint *count) {
    const cl_int error = __real_clGetPlatformIDs(room, out, count);
    if (loader.twice) {
        out[1] = out[0];
        *count = 2;
        loader.listings = 0;
    }
    return error;
}

cl_int __wrap_clGetDeviceIDs(cl_platform_id platform, cl_device_type type, cl_uint room,
                             cl_device_id *out, cl_uint *count) {
    if (!loader.twice || !out || loader.listings++ > 0) {
        return __real_clGetDeviceIDs(platform, type, room, out, count);
    }
    if (loader.given < 0) {
        return CL_OUT_OF_RESOURCES;
    }
    *count = (cl_uint)loader.given;
    return __real_clGetDeviceIDs(platform, type, *count, out, NULL);
}

static int forget_loader(void **state) {
    (void)state;
    memset(&loader, 0, sizeof loader);
    return 0;
}

/* Skips where there are not two. */
static void need_two(void) {
    cbx_device_info *list;
    size_t count;
    (void)fixture_device(CBX_FAMILY_AUTO); /* skips where there is none */
    assert_ok(cbx_device_list(&list, &count));
    cbx_device_list_free(list);
    if (count < 2) {
        skip();
    }
}

static void assert_device(const cbx_device_info *info, unsigned platform, unsigned device) {
    assert_int_equal(info->platform_index, platform);
    assert_int_equal(info->device_index, device);
}

/* Its devices keep their numbers and are told apart, and those of other platforms are there. */
static void a_platform_that_lists_less_than_it_counts(void **state) {
    cbx_device_info *list, *mute, info;
    size_t count, mutes;
    cl_device_id id;
    (void)state;
    need_two();
    for (size_t given = 0; given < 2; given++) {
        loader = (struct watched_loader){.twice = 1, .given = given > 0 ? (int)given : -1};
        assert_ok(cbx_device_list_apart(&list, &count, &mute, &mutes));
        assert_int_equal(count, given + 2);
        assert_int_equal(mutes, 2 - given);
        for (size_t i = 0; i < count; i++) {
            assert_device(&list[i], i >= given, (unsigned)(i < given ? i : i - given));
        }
        for (size_t i = 0; i < mutes; i++) {
            assert_device(&mute[i], 0, (unsigned)(given + i));
            assert_string_equal(mute[i].platform, list[0].platform);
        }
        cbx_device_list_free(list);
        cbx_device_list_free(mute);
        assert_ok(cbx_device_select("1:1", &id, &info));
        assert_device(&info, 1, 1);
        assert_fails(cbx_device_select("0:1", &id, &info), CBX_NO_DEVICE,
                     "the OpenCL device 0:1 of ");
    }
}

/* ---- whole runs ---- */

/* Notes the plan while it is valid. */
typedef struct notes {
    size_t passed_over;
    char sentence[256], spec[32];
    int stop;
} notes;

static cbx_status started(void *user, const cbx_learn_plan *plan) {
    notes *this = user;
    this->passed_over = plan->passed_over_count;
    snprintf(this->spec, sizeof this->spec, "%u:%u", plan->device->platform_index,
             plan->device->device_index);
    if (plan->passed_over_count > 0) {
        snprintf(this->sentence, sizeof this->sentence, "%s", plan->passed_over[0].sentence);
    }
    return CBX_OK;
}

static int should_stop(void *user) {
    return ((notes *)user)->stop && compiler.devices > 0;
}

static cbx_status run(const char *spec, unsigned broken, notes *told) {
    const cbx_learn_observer observer = {.started = started, .user = told};
    const cbx_learn_control control = {.should_stop = should_stop, .user = told};
    learning l;
    learning_open(&l, 30, 6);
    cbx_learn_settings settings = learning_settings(&l);
    settings.device = spec;
    compiler = (watched_compiler){.broken = broken};
    cbx_status status = cbx_learn(&settings, &observer, 1, &control, NULL);
    learning_close(&l);
    return status;
}

static void a_broken_default_gives_way(void **state) {
    notes none = {0}, one = {0}, both = {0};
    (void)state;
    need_two();
    assert_ok(run(NULL, 0, &none));
    assert_int_equal(none.passed_over, 0);
    assert_ok(run("", 1, &one));
    assert_int_equal(one.passed_over, 1);
    assert_string_not_equal(one.spec, none.spec);
    assert_non_null(strstr(one.sentence, "the kernels do not build on "));
    assert_fails(run(NULL, 3, &both), CBX_BAD_KERNEL, "");
    assert_non_null(strstr(cbx_last_error(), "none of 2 OpenCL devices can be used: "));
}

static void a_named_device_never_does(void **state) {
    notes told = {0};
    (void)state;
    need_two();
    assert_fails(run("0:0", 1, &told), CBX_BAD_KERNEL, "");
    assert_non_null(strstr(cbx_last_error(), "the kernels do not build on "));
}

/* Whoever stops the run while a device is built wants no other one tried. */
static void a_stop_ends_the_walk(void **state) {
    notes told = {.stop = 1};
    (void)state;
    need_two();
    assert_fails(run(NULL, 1, &told), CBX_INTERRUPTED, "");
    assert_int_equal(compiler.devices, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_that_works),
        cmocka_unit_test(other_faults),
        cmocka_unit_test(none_works),
        cmocka_unit_test_teardown(a_platform_that_lists_less_than_it_counts, forget_loader),
        cmocka_unit_test(a_broken_default_gives_way),
        cmocka_unit_test(a_named_device_never_does),
        cmocka_unit_test(a_stop_ends_the_walk),
    };
    if (setenv("POCL_DEVICES", "pthread pthread", 1) != 0) {
        return EXIT_FAILURE;
    }
    return cmocka_run_group_tests_name("default device", tests, fixture_setup, fixture_teardown);
}
