/* SPDX-License-Identifier: MIT */
/* base/input.h: files of every kind, and pipes that nobody writes to. */
#include "support/test.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/input.h"
#include "support/scratch.h"

/* What poll(2) is asked, and whether it says at once that the time has passed. */
static int asked_ms, passes;

/* These names are the linker's: it sends calls to the second. */
int __real_poll(struct pollfd *wanted, nfds_t count, int most_ms);
int __wrap_poll(struct pollfd *wanted, nfds_t count, int most_ms);

int __wrap_poll(struct pollfd *wanted, nfds_t count, int most_ms) {
    asked_ms = most_ms;
    return passes ? 0 : __real_poll(wanted, count, most_ms);
}

static void assert_reads(cbx_input *from, const char *expected) {
    char *bytes;
    size_t size;
    assert_ok(cbx_input_read_all(from, 100, &bytes, &size));
    assert_int_equal(size, strlen(expected));
    assert_memory_equal(bytes, expected, size);
    free(bytes);
    cbx_input_close(from);
}

static void a_file_is_read_to_its_end(void **state) {
    const char *path = scratch_path(state, "file");
    cbx_input from;
    scratch_write(path, "some bytes", 10);
    assert_ok(cbx_input_open(&from, "the list ", path));
    assert_reads(&from, "some bytes");
    scratch_write(path, "", 0);
    assert_ok(cbx_input_open(&from, "", path));
    assert_reads(&from, "");
}

static void what_is_too_long_is_not_kept(void **state) {
    const char *path = scratch_path(state, "file");
    char *bytes;
    size_t size;
    cbx_input from;
    scratch_write(path, "some bytes", 10);
    assert_ok(cbx_input_open(&from, "", path));
    assert_fails(cbx_input_read_all(&from, 9, &bytes, &size), CBX_BAD_DATA, "larger than");
    assert_null(bytes);
    cbx_input_close(&from);
    assert_ok(cbx_input_open(&from, "", path));
    assert_ok(cbx_input_read_all(&from, 10, &bytes, &size));
    free(bytes);
    cbx_input_close(&from);
    assert_ok(cbx_input_open(&from, "", "/dev/zero"));
    assert_fails(cbx_input_read_all(&from, 1 << 20, &bytes, &size), CBX_BAD_DATA,
                 "/dev/zero is larger than 1024 KiB");
    cbx_input_close(&from);
}

static void what_cannot_be_read_is_told(void **state) {
    char byte;
    size_t got;
    cbx_input from;
    assert_fails(cbx_input_open(&from, "the list ", scratch_path(state, "none")), CBX_MISSING_INPUT,
                 "cannot read the list ");
    cbx_input_close(&from);
    assert_ok(cbx_input_open(&from, "the list ", *state));
    assert_fails(cbx_input_read(&from, &byte, 1, &got), CBX_MISSING_INPUT, "directory");
    cbx_input_close(&from);
}

static const char *make_pipe(void **state) {
    const char *path = scratch_path(state, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    return path;
}

static void a_pipe_that_nobody_writes_to_ends(void **state) {
    const char *path = make_pipe(state);
    char byte;
    size_t got;
    cbx_input from;
    assert_ok(cbx_input_open(&from, "the list ", path)); /* and does not wait */
    passes = 1;
    assert_fails(cbx_input_read(&from, &byte, 1, &got), CBX_MISSING_INPUT,
                 "for 2 seconds nobody has written to it");
    passes = 0;
    assert_int_equal(asked_ms, CBX_INPUT_ALONE_MS);
    cbx_input_close(&from);
}

static void a_writer_that_is_silent_gets_more_time(void **state) {
    const char *path = make_pipe(state);
    char bytes[8];
    size_t got;
    cbx_input from;
    assert_ok(cbx_input_open(&from, "", path));
    const int writer = open(path, O_WRONLY);
    passes = 1;
    assert_fails(cbx_input_read(&from, bytes, sizeof bytes, &got), CBX_MISSING_INPUT,
                 "for 60 seconds nobody");
    passes = 0;
    assert_int_equal(asked_ms, CBX_INPUT_SILENT_MS);
    assert_int_equal(write(writer, "late", 4), 4);
    assert_ok(cbx_input_read(&from, bytes, sizeof bytes, &got));
    assert_int_equal(got, 4);
    assert_int_equal(close(writer), 0);
    assert_ok(cbx_input_read(&from, bytes, sizeof bytes, &got));
    assert_int_equal(got, 0);
    cbx_input_close(&from);
}

/* The writer opens the pipe a moment later, and writes in two pieces. */
static void a_writer_may_come_later(void **state) {
    const char *path = make_pipe(state);
    char command[2 * SCRATCH_PATH];
    cbx_input from;
    snprintf(command, sizeof command, "(sleep 0.1; echo a; sleep 0.1; echo b) > %s &", path);
    assert_ok(cbx_input_open(&from, "", path));
    assert_int_equal(system(command), 0);
    assert_reads(&from, "a\nb\n");
}

static void a_writer_that_leaves_without_a_word_is_an_end(void **state) {
    const char *path = make_pipe(state);
    char command[2 * SCRATCH_PATH];
    cbx_input from;
    snprintf(command, sizeof command, "(sleep 0.1) > %s &", path);
    assert_ok(cbx_input_open(&from, "", path));
    assert_int_equal(system(command), 0);
    assert_reads(&from, "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_file_is_read_to_its_end),
        SCRATCH_TEST(what_is_too_long_is_not_kept),
        SCRATCH_TEST(what_cannot_be_read_is_told),
        SCRATCH_TEST(a_pipe_that_nobody_writes_to_ends),
        SCRATCH_TEST(a_writer_that_is_silent_gets_more_time),
        SCRATCH_TEST(a_writer_may_come_later),
        SCRATCH_TEST(a_writer_that_leaves_without_a_word_is_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
