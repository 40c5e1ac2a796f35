/* SPDX-License-Identifier: MIT */
#include "support/test.h"

#include <string.h>

void test_ok(cbx_status got, const char *call, const char *file, int line) {
    if (got != CBX_OK) {
        print_error("%s: %s: %s\n", call, cbx_status_text(got), cbx_last_error());
        _fail(file, line);
    }
}

void test_message(const char *part, const char *file, int line) {
    if (!strstr(cbx_last_error(), part)) {
        print_error("the message does not contain \"%s\": %s\n", part, cbx_last_error());
        _fail(file, line);
    }
}

void test_fails(cbx_status got, cbx_status expected, const char *part, const char *call,
                const char *file, int line) {
    if (got != expected) {
        print_error("%s: %s instead of %s: %s\n", call, cbx_status_text(got),
                    cbx_status_text(expected), cbx_last_error());
        _fail(file, line);
    }
    test_message(part, file, line);
}
