/* SPDX-License-Identifier: MIT */
#include "support/bands.h"

#include <string.h>

#include "support/test.h"

/* As a float a signalling NaN: arithmetic keeps it a NaN, but turns it into a quiet
 * one, so that even adding to it in place shows. As a row number beyond every buffer. */
static const uint32_t pattern = 0x7fa5a5a5u;

enum { BAND = 4096, MAX_BUFFERS = 24 }; /* bytes; a multiple of every base alignment */

typedef struct banded {
    const char *what;
    cl_mem whole, part;
    size_t bytes;
    uint8_t *given; /* what an input must stay, else NULL */
} banded;

struct bands {
    cbx_device *device;
    size_t band; /* bytes before and after each buffer */
    banded buffers[MAX_BUFFERS];
    size_t count;
};

int bands_watched(void) {
    return getenv("CBX_TEST_WATCHED") != NULL;
}

bands *bands_open(cbx_device *device) {
    bands *b;
    TEST_NEW(b, 1);
    b->device = device;
    b->band = bands_watched() ? 0 : BAND;
    return b;
}

void bands_close(bands *b) {
    for (size_t i = 0; i < b->count; i++) {
        clReleaseMemObject(b->buffers[i].part);
        clReleaseMemObject(b->buffers[i].whole);
        free(b->buffers[i].given);
    }
    free(b);
}

/* Byte i of an endless row of patterns. */
static uint8_t pattern_byte(size_t i) {
    uint8_t bytes[sizeof pattern];
    memcpy(bytes, &pattern, sizeof pattern);
    return bytes[i % sizeof pattern];
}

static size_t whole_bytes(const bands *b, const banded *buffer) {
    return b->band + buffer->bytes + b->band;
}

/* The bands and what is between them, for free(). */
static uint8_t *start_of(const bands *b, const banded *buffer, const void *content) {
    uint8_t *bytes;
    TEST_NEW(bytes, whole_bytes(b, buffer));
    for (size_t i = 0; i < whole_bytes(b, buffer); i++) {
        bytes[i] = pattern_byte(i);
    }
    if (content != NULL) {
        memcpy(bytes + b->band, content, buffer->bytes);
    }
    return bytes;
}

static cl_mem add(bands *b, const char *what, const void *content, size_t bytes, int constant) {
    const cl_buffer_region region = {b->band, bytes};
    cl_int error = CL_SUCCESS;
    assert_true(b->count < MAX_BUFFERS);
    banded *buffer = &b->buffers[b->count++];
    buffer->what = what;
    buffer->bytes = bytes;
    uint8_t *start = start_of(b, buffer, content);
    buffer->whole = clCreateBuffer(b->device->context, CL_MEM_READ_WRITE | CL_MEM_COPY_HOST_PTR,
                                   whole_bytes(b, buffer), start, &error);
    assert_int_equal(CL_SUCCESS, error);
    if (b->band == 0) {
        assert_int_equal(CL_SUCCESS, clRetainMemObject(buffer->whole));
        buffer->part = buffer->whole;
    } else {
        buffer->part = clCreateSubBuffer(buffer->whole, CL_MEM_READ_WRITE,
                                         CL_BUFFER_CREATE_TYPE_REGION, &region, &error);
        assert_int_equal(CL_SUCCESS, error);
    }
    buffer->given = constant ? start : NULL;
    if (!constant) {
        free(start);
    }
    return buffer->part;
}

cl_mem bands_input(bands *b, const char *what, const void *content, size_t bytes) {
    return add(b, what, content, bytes, 1);
}

cl_mem bands_output(bands *b, const char *what, const void *content, size_t bytes) {
    return add(b, what, content, bytes, 0);
}

static void check(bands *b, const banded *buffer, const char *kernel) {
    uint8_t *now;
    TEST_NEW(now, whole_bytes(b, buffer));
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(b->device->queue, buffer->whole, CL_TRUE, 0,
                                                     whole_bytes(b, buffer), now, 0, NULL, NULL));
    for (size_t i = 0; i < whole_bytes(b, buffer); i++) {
        const int inside = i >= b->band && i < b->band + buffer->bytes;
        if (!inside && now[i] != pattern_byte(i)) {
            fail_msg("%s writes beyond %s: byte %lld of %zu", kernel, buffer->what,
                     (long long)i - (long long)b->band, buffer->bytes);
        }
        if (inside && buffer->given != NULL && now[i] != buffer->given[i]) {
            fail_msg("%s changes %s, which it should only read: byte %zu", kernel, buffer->what,
                     i - b->band);
        }
    }
    free(now);
}

void bands_check(bands *b, const char *who) {
    assert_int_equal(CL_SUCCESS, clFinish(b->device->queue));
    for (size_t i = 0; i < b->count; i++) {
        check(b, &b->buffers[i], who);
    }
}

void bands_launch_in(bands *b, cl_program program, const char *kernel,
                     const cbx_argument *arguments, cl_uint count, cbx_range range) {
    cl_kernel launched = NULL;
    assert_ok(cbx_kernel_create_in(program, kernel, &launched));
    assert_ok(cbx_enqueue(b->device->queue, launched, arguments, count, range, NULL, NULL));
    bands_check(b, kernel);
    clReleaseKernel(launched);
}

void bands_launch(bands *b, const char *kernel, const cbx_argument *arguments, cl_uint count,
                  cbx_range range) {
    bands_launch_in(b, b->device->program, kernel, arguments, count, range);
}

void *bands_read(bands *b, cl_mem buffer) {
    size_t bytes = 0;
    assert_int_equal(CL_SUCCESS,
                     clGetMemObjectInfo(buffer, CL_MEM_SIZE, sizeof bytes, &bytes, NULL));
    void *content = test_memory(bytes, 1);
    assert_int_equal(CL_SUCCESS, clEnqueueReadBuffer(b->device->queue, buffer, CL_TRUE, 0, bytes,
                                                     content, 0, NULL, NULL));
    return content;
}

int bands_untouched(const float *at) {
    return memcmp(at, &pattern, sizeof pattern) == 0;
}

cbx_range bands_range(const bands *b, size_t items, size_t panels) {
    return (cbx_range){{items, panels}, {b->device->built.local, 1}};
}
