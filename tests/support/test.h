/* SPDX-License-Identifier: MIT */
/* What every test program includes first: cmocka with the headers it wants, and
 * memory that a test need not check. */
#ifndef TEST_SUPPORT_TEST_H
#define TEST_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clearbox/status.h"

/* What a program ends with that cannot run here, having printed why: "left out: …". */
enum { TEST_LEFT_OUT = 77 };

/* Zeroed memory for count elements; the test fails when there is none. */
static inline void *test_memory(size_t count, size_t size) {
    void *memory = calloc(count > 0 ? count : 1, size);
    assert_non_null(memory);
    return memory;
}

/* TEST_NEW(p, n): p becomes n zeroed elements of its type, freed with free(). */
#define TEST_NEW(pointer, count) ((pointer) = test_memory((count), sizeof *(pointer)))

/* Fails with the library's own sentence when a call does not return CBX_OK. */
#define assert_ok(call)                                                                            \
    do {                                                                                           \
        cbx_status assert_ok_status = (call);                                                      \
        if (assert_ok_status != CBX_OK) {                                                          \
            fail_msg("%s: %s: %s", #call, cbx_status_text(assert_ok_status), cbx_last_error());    \
        }                                                                                          \
    } while (0)

/* Fails unless a call returns exactly `expected`. */
#define assert_status(expected, call)                                                              \
    do {                                                                                           \
        cbx_status assert_got = (call);                                                            \
        if (assert_got != (expected)) {                                                            \
            fail_msg("%s: expected %s, got %s (%s)", #call, cbx_status_text(expected),             \
                     cbx_status_text(assert_got), cbx_last_error());                               \
        }                                                                                          \
    } while (0)

#endif
