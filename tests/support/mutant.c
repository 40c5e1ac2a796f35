#include "support/mutant.h"

#include <string.h>

#include "device/device.h"
#include "device/sources.h"
#include "support/test.h"

enum { MAX_SOURCES = 32, MAX_OPTIONS = 1024 };

/* The text with the first `from` replaced, for free(). */
static char *replace(const char *text, const char *from, const char *to) {
    const char *at = strstr(text, from);
    char *changed;
    if (at == NULL) {
        fail_msg("the kernels no longer contain \"%s\"", from);
    }
    const size_t before = (size_t)(at - text);
    TEST_NEW(changed, strlen(text) + strlen(to) + 1);
    memcpy(changed, text, before);
    strcpy(changed + before, to);
    strcat(changed, at + strlen(from));
    return changed;
}

void mutate(cbx_device *device, const char *file, const char *from, const char *to) {
    const char *texts[MAX_SOURCES];
    char options[MAX_OPTIONS], *changed = NULL;
    cl_uint count = 0;
    cl_int error;
    assert_int_equal(CL_SUCCESS,
                     clGetProgramBuildInfo(device->program, device->id, CL_PROGRAM_BUILD_OPTIONS,
                                           sizeof options, options, NULL));
    for (const cbx_source *source = cbx_sources; source->name != NULL; source++) {
        if (cbx_source_belongs(source, 0)) {
            assert_true(count < MAX_SOURCES);
            texts[count++] = strcmp(source->name, file) == 0
                                 ? changed = replace(source->text, from, to)
                                 : source->text;
        }
    }
    assert_non_null(changed);
    cl_program program = clCreateProgramWithSource(device->context, count, texts, NULL, &error);
    assert_int_equal(CL_SUCCESS, error);
    assert_int_equal(CL_SUCCESS, clBuildProgram(program, 1, &device->id, options, NULL, NULL));
    free(changed);
    clReleaseProgram(device->program);
    device->program = program;
}
