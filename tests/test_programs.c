/* How kernels become a program: with what the device's compiler lacks left out. The
 * compiler is watched, and fails where a test wants it to. */
#include <stdio.h>
#include <string.h>

#include "device/device.h"
#include "support/fixture.h"
#include "support/test.h"

static struct {
    const char *refused; /* an option that makes it fail, or NULL */
    unsigned builds;
} compiler;

cl_int __real_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user);
cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user);

cl_int __wrap_clBuildProgram(cl_program program, cl_uint count, const cl_device_id *devices,
                             const char *options, void(CL_CALLBACK *notify)(cl_program, void *),
                             void *user) {
    compiler.builds++;
    if (compiler.refused && strstr(options, compiler.refused)) {
        return CL_BUILD_PROGRAM_FAILURE;
    }
    return __real_clBuildProgram(program, count, devices, options, notify, user);
}

static int set_up(void **state) {
    (void)state;
    compiler.refused = NULL;
    compiler.builds = 0;
    (void)fixture_device(CBX_FAMILY_AUTO); /* skips where there is none */
    return 0;
}

/* A compiler without fma() gets a program that does not need it, and a right one. */
static void without_a_fused_multiply_add(void **state) {
    cbx_device *device;
    (void)state;
    compiler.refused = "-DCBX_MULADD=0";
    assert_ok(cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO));
    assert_false(cbx_device_fuses(device));
    assert_ok(cbx_device_self_test(device));
    cbx_device_close(device);
}

/* Nothing helps: what the compiler said first is told, after two attempts. */
static void a_compiler_that_refuses_everything(void **state) {
    cbx_device *device;
    (void)state;
    compiler.refused = "-w";
    assert_status(CBX_BAD_KERNEL, cbx_device_open(&device, fixture_spec(), CBX_FAMILY_AUTO));
    assert_non_null(strstr(cbx_last_error(), "the kernels do not build on "));
    assert_int_equal(compiler.builds, 2);
    assert_null(device);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(without_a_fused_multiply_add),
        TEST(a_compiler_that_refuses_everything),
    };
    return cmocka_run_group_tests_name("programs", tests, fixture_setup, fixture_teardown);
}
