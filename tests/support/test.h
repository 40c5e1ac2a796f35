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

/* Fails, with the library's sentence, unless the call returns CBX_OK. */
#define assert_ok(call) test_ok((call), #call, __FILE__, __LINE__)

/* Fails unless the call returns `expected` and the sentence contains `part`, "" for any. */
#define assert_fails(call, expected, part)                                                         \
    test_fails((call), (expected), (part), #call, __FILE__, __LINE__)

/* Fails unless the last sentence also contains `part`. */
#define assert_message(part) test_message((part), __FILE__, __LINE__)

void test_ok(cbx_status got, const char *call, const char *file, int line);
void test_fails(cbx_status got, cbx_status expected, const char *part, const char *call,
                const char *file, int line);
void test_message(const char *part, const char *file, int line);

#endif
