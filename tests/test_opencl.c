/* SPDX-License-Identifier: MIT */
/* host/device/opencl: every code has the name of its constant. */
#include "support/test.h"

#include <string.h>

#include "device/opencl.h"

/* Codes of OpenCL 1.2 are 0 to −19 and −30 to −68, some of each unused. */
static void every_error_has_its_own_name(void **state) {
    (void)state;
    enum { LAST = 68, KNOWN = 43 };
    const char *names[LAST + 1];
    int known = 0;
    for (int i = 0; i <= LAST; i++) {
        names[i] = cbx_cl_name(-i);
        const int named = strncmp(names[i], "CL_", 3) == 0;
        assert_true(named || strcmp(names[i], "unknown OpenCL error") == 0);
        for (int j = 0; j < i && named; j++) {
            assert_string_not_equal(names[i], names[j]);
        }
        known += named;
    }
    assert_true(known >= KNOWN);
    assert_string_equal(cbx_cl_name(CL_OUT_OF_RESOURCES), "CL_OUT_OF_RESOURCES");
    assert_string_equal(cbx_cl_name(CL_INVALID_WORK_GROUP_SIZE), "CL_INVALID_WORK_GROUP_SIZE");
    assert_string_equal(cbx_cl_name(-1001), "CL_PLATFORM_NOT_FOUND_KHR");
    assert_string_equal(cbx_cl_name(1), "unknown OpenCL error");
}

static void the_sentence_names_step_and_error(void **state) {
    (void)state;
    assert_ok(cbx_cl_check(CL_SUCCESS, "anything"));
    assert_fails(cbx_cl_check(CL_MAP_FAILURE, "mapping a frame"), CBX_DEVICE_FAULT, "");
    assert_string_equal(cbx_last_error(),
                        "mapping a frame failed on the device: CL_MAP_FAILURE (-12)");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_its_own_name),
        cmocka_unit_test(the_sentence_names_step_and_error),
    };
    return cmocka_run_group_tests_name("OpenCL", tests, NULL, NULL);
}
