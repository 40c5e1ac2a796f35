/* SPDX-License-Identifier: MIT */
#include "support/mutant.h"

#include <string.h>

#include "device/device.h"
#include "device/sources.h"
#include "support/test.h"

enum { MAX_SOURCES = 32, MAX_OPTIONS = 1024 };

/* The text with the first `from` replaced; frees it. */
static char *replace(char *text, const char *from, const char *to) {
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
    free(text);
    return changed;
}

/* The text of a source with the edits that are its own, for free(). */
static char *text_of(const cbx_source *source, const edit *edits, size_t count, size_t *used) {
    char *text;
    TEST_NEW(text, source->size + 1);
    memcpy(text, source->text, source->size);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(source->name, edits[i].file) == 0) {
            text = replace(text, edits[i].from, edits[i].to);
            *used += 1;
        }
    }
    return text;
}

void mutate_all(cbx_device *device, const edit *edits, size_t count) {
    char *texts[MAX_SOURCES], options[MAX_OPTIONS];
    cl_uint sources = 0;
    size_t used = 0;
    cl_int error;
    assert_int_equal(CL_SUCCESS,
                     clGetProgramBuildInfo(device->program, device->id, CL_PROGRAM_BUILD_OPTIONS,
                                           sizeof options, options, NULL));
    for (const cbx_source *source = cbx_sources; source->name != NULL; source++) {
        if (cbx_source_belongs(source, 0)) {
            assert_true(sources < MAX_SOURCES);
            texts[sources++] = text_of(source, edits, count, &used);
        }
    }
    assert_int_equal(count, used);
    cl_program program =
        clCreateProgramWithSource(device->context, sources, (const char **)texts, NULL, &error);
    assert_int_equal(CL_SUCCESS, error);
    assert_int_equal(CL_SUCCESS, clBuildProgram(program, 1, &device->id, options, NULL, NULL));
    while (sources > 0) {
        free(texts[--sources]);
    }
    clReleaseProgram(device->program);
    device->program = program;
}

void mutate(cbx_device *device, const char *file, const char *from, const char *to) {
    const edit only = {file, from, to};
    mutate_all(device, &only, 1);
}
