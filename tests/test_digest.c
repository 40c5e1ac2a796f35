/* SPDX-License-Identifier: MIT */
/* SHA-256 against the examples of FIPS 180, in one piece and in many, and of files. */
#include "support/test.h"

#include <string.h>
#include <sys/stat.h>

#include "base/digest.h"
#include "support/files.h"
#include "support/scratch.h"

static const char *const nothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char *const abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
static const char *const million_a =
    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";

static void known_digests_are_met(void **state) {
    cbx_digest *digest = NULL;
    char text[CBX_DIGEST_TEXT];
    (void)state;
    assert_ok(cbx_digest_begin(&digest));
    cbx_digest_end(digest, text);
    assert_string_equal(text, nothing);
    assert_ok(cbx_digest_begin(&digest));
    cbx_digest_add(digest, "abc", 3);
    cbx_digest_end(digest, text);
    assert_string_equal(text, abc);
}

static void pieces_do_not_matter(void **state) {
    enum { MILLION = 1000000 };
    char piece[977];
    cbx_digest *digest = NULL;
    char text[CBX_DIGEST_TEXT];
    (void)state;
    memset(piece, 'a', sizeof piece);
    assert_ok(cbx_digest_begin(&digest));
    for (size_t done = 0; done < MILLION;) {
        size_t size = done % sizeof piece + 1;
        size = size < MILLION - done ? size : MILLION - done;
        cbx_digest_add(digest, piece, size);
        done += size;
    }
    cbx_digest_end(digest, text);
    assert_string_equal(text, million_a);
}

static void a_file_has_the_digest_of_its_bytes(void **state) {
    const char *path = scratch_path(state, "file");
    char text[CBX_DIGEST_TEXT];
    files_write_text(path, "abc");
    assert_ok(cbx_digest_file(path, text));
    assert_string_equal(text, abc);
    files_write_text(path, "");
    assert_ok(cbx_digest_file(path, text));
    assert_string_equal(text, nothing);
}

static void what_is_no_regular_file_is_refused(void **state) {
    const char *path = scratch_path(state, "pipe"), *folder = scratch_path(state, "");
    char text[CBX_DIGEST_TEXT];
    assert_fails(cbx_digest_file(path, text), CBX_MISSING_INPUT, "No such file");
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_fails(cbx_digest_file(path, text), CBX_MISSING_INPUT, "pipe");
    assert_fails(cbx_digest_file(folder, text), CBX_MISSING_INPUT, folder);
    assert_fails(cbx_digest_file("/dev/null", text), CBX_MISSING_INPUT, "/dev/null");
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_digests_are_met),
        cmocka_unit_test(pieces_do_not_matter),
        IN_FOLDER(a_file_has_the_digest_of_its_bytes),
        IN_FOLDER(what_is_no_regular_file_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
