/* SPDX-License-Identifier: MIT */
#include "support/mutant.h"

#include <string.h>

#include "avc/avc.h"
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
static char *text_of(const char *file, const char *source, const edit *edits, size_t count,
                     size_t *used) {
    char *text = strdup(source);
    assert_non_null(text);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(file, edits[i].file) == 0) {
            text = replace(text, edits[i].from, edits[i].to);
            *used += 1;
        }
    }
    return text;
}

/* Kernels that are wrong on purpose run on little, and compiling them takes most of the time: with
 * this a third of it. What is right in them gives the same bits. */
static const char unoptimised[] = " -cl-opt-disable";

/* `*program`, of kernels/sources.cmake's `name`, becomes one with a text before all others, these
 * edits and one more option. */
static void mutate_program(cbx_device *device, const char *name, cl_program *program,
                           const char *before, const edit *edits, size_t count,
                           const char *option) {
    char *texts[1 + MAX_SOURCES], options[MAX_OPTIONS];
    const cbx_sources *sources = cbx_sources_of(name);
    size_t used = 0;
    cl_int error;
    assert_int_equal(CL_SUCCESS,
                     clGetProgramBuildInfo(*program, device->id, CL_PROGRAM_BUILD_OPTIONS,
                                           sizeof options - strlen(option), options, NULL));
    if (!strstr(options, option)) {
        strcat(options, option);
    }
    assert_true(sources->count <= MAX_SOURCES);
    texts[0] = strdup(before);
    assert_non_null(texts[0]);
    for (cl_uint i = 0; i < sources->count; i++) {
        texts[1 + i] = text_of(sources->files[i], sources->texts[i], edits, count, &used);
    }
    assert_int_equal(count, used);
    cl_program mutant = clCreateProgramWithSource(device->context, 1 + sources->count,
                                                  (const char **)texts, NULL, &error);
    assert_int_equal(CL_SUCCESS, error);
    assert_int_equal(CL_SUCCESS, clBuildProgram(mutant, 1, &device->id, options, NULL, NULL));
    for (cl_uint i = 0; i <= sources->count; i++) {
        free(texts[i]);
    }
    clReleaseProgram(*program);
    *program = mutant;
}

void mutate_behind(cbx_device *device, const char *before, const edit *edits, size_t count) {
    mutate_program(device, "train", &device->program, before, edits, count,
                   count > 0 ? unoptimised : "");
}

void mutate_all(cbx_device *device, const edit *edits, size_t count) {
    mutate_behind(device, "", edits, count);
}

void mutate(cbx_device *device, const char *file, const char *from, const char *to) {
    const edit only = {file, from, to};
    mutate_all(device, &only, 1);
}

void mutate_wide_all(cbx_device *device, const edit *edits, size_t count) {
    assert_ok(cbx_program_create_once(device, "wide", &device->wide));
    mutate_program(device, "wide", &device->wide, "", edits, count, unoptimised);
}

void mutate_wide(cbx_device *device, const char *file, const char *from, const char *to) {
    const edit only = {file, from, to};
    mutate_wide_all(device, &only, 1);
}

void mutate_film(cbx_device *device, const char *file, const char *from, const char *to) {
    const cbx_avc_settings any = {.width = 16, .height = 16, .group = 1, .frames = 1, .qp = 1};
    const edit only = {file, from, to};
    cbx_avc *avc;
    assert_ok(cbx_avc_create(&avc, device, &any)); /* which builds it */
    cbx_avc_destroy(avc);
    mutate_program(device, "film", &device->film, "", &only, 1, unoptimised);
}

void mutate_picture(cbx_device *device, const char *file, const char *from, const char *to) {
    const edit only = {file, from, to};
    assert_ok(cbx_program_create_once(device, "picture", &device->picture));
    mutate_program(device, "picture", &device->picture, "", &only, 1, unoptimised);
}
