/* SPDX-License-Identifier: MIT */
/* host/base/temporary: files that know their owner. */
#define _DEFAULT_SOURCE /* flock() */
#include "support/scratch.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/temporary.h"
#include "support/files.h"

/* Nobody holds a lock on what a killed process left; whoever holds one lives. */
static void dead_temporaries_are_removed(void **state) {
    const char *path = scratch_path(state, "out.bin");
    const char *living = scratch_path(state, ".out.bin.part-1");
    scratch_write(living, "alive", 5);
    scratch_write(scratch_path(state, ".out.bin.part-2"), "dead", 4);
    scratch_write(scratch_path(state, ".out.bin.part-2-7"), "dead", 4);
    scratch_write(scratch_path(state, ".out.bin.part-"), "not ours", 8);
    scratch_write(scratch_path(state, ".out.bin.part-2-"), "not ours", 8);
    scratch_write(scratch_path(state, ".out.bin.part-2a"), "not ours", 8);
    scratch_write(scratch_path(state, ".out.bin2.part-2"), "not ours", 8);
    int held = open(living, O_RDWR);
    assert_true(held >= 0);
    assert_int_equal(flock(held, LOCK_EX), 0);
    assert_ok(cbx_write_file(path, 0, "new", 3));
    assert_file_holds(path, "new");
    assert_file_holds(living, "alive");
    assert_int_equal(scratch_entries(state), 6);
    close(held);
    assert_ok(cbx_write_file(path, 0, "new", 3));
    assert_int_equal(scratch_entries(state), 5);
}

/* A process whose number another one had, in another container say. */
static void a_taken_name_is_left_alone(void **state) {
    const char *path = scratch_path(state, "out.bin");
    char name[64];
    snprintf(name, sizeof name, ".out.bin.part-%ld", (long)getpid());
    const char *theirs = scratch_path(state, name);
    cbx_output output;
    scratch_write(theirs, "theirs", 6);
    int held = open(theirs, O_RDWR);
    assert_int_equal(flock(held, LOCK_EX), 0);
    assert_ok(cbx_output_open(&output, path, 0));
    assert_string_not_equal(output.temporary, theirs);
    cbx_output_discard(&output);
    assert_file_holds(theirs, "theirs");
    close(held);
}

/* What ends a process at once removes what the process made, and nothing else. */
static void all_temporaries_are_removed_at_the_end(void **state) {
    const char *path = scratch_path(state, "out.bin"), *other = scratch_path(state, "other");
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cbx_output outputs[3];
        if (cbx_output_open(&outputs[0], path, 0) || cbx_output_open(&outputs[1], path, 0) ||
            cbx_output_open(&outputs[2], other, 0) || cbx_output_commit(&outputs[2])) {
            _exit(1);
        }
        cbx_temporary_remove_all();
        _exit(0);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_int_equal(result, 0);
    assert_file_holds(other, "");
    assert_int_equal(scratch_entries(state), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(dead_temporaries_are_removed),
        SCRATCH_TEST(a_taken_name_is_left_alone),
        SCRATCH_TEST(all_temporaries_are_removed_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
