/* SPDX-License-Identifier: MIT */
/* host/base/files: outputs that appear only when complete. */
#define _XOPEN_SOURCE 700
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/files.h"
#include "base/path.h"
#include "support/files.h"

/* File systems without hard links (FAT): the linker sends link() here. */
static int no_hard_links;
int __real_link(const char *from, const char *to);
int __wrap_link(const char *from, const char *to);

int __wrap_link(const char *from, const char *to) {
    if (no_hard_links) {
        errno = EPERM;
        return -1;
    }
    return __real_link(from, to);
}

static void a_file_appears_when_committed(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    assert_ok(cbx_output_open(&output, path, 0));
    assert_int_not_equal(access(path, F_OK), 0);

    char hidden[64];
    snprintf(hidden, sizeof hidden, "/.out.bin.part-%ld", (long)getpid());
    assert_non_null(strstr(output.temporary, hidden));
    scratch_write(output.temporary, "content", 7);
    assert_ok(cbx_output_commit(&output));
    assert_null(output.temporary);
    cbx_output_discard(&output);
    assert_file_holds(path, "content");
    assert_int_equal(scratch_entries(state), 1);
}

static void the_umask_decides_the_mode(void **state) {
    const char *path = scratch_path(state, "out.bin");
    struct stat about;
    mode_t before = umask(027);
    assert_ok(cbx_write_file(path, 0, "x", 1));
    umask(before);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
}

static void a_discarded_file_leaves_the_old_one(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    scratch_write(path, "old", 3);
    assert_ok(cbx_output_open(&output, path, 0));
    scratch_write(output.temporary, "new", 3);
    cbx_output_discard(&output);
    cbx_output_discard(&output);
    assert_file_holds(path, "old");
    assert_int_equal(scratch_entries(state), 1);

    assert_ok(cbx_write_file(path, 0, "new", 3));
    assert_file_holds(path, "new");
    assert_int_equal(scratch_entries(state), 1);
}

static void one_process_can_write_a_target_twice(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output first, second;
    assert_ok(cbx_output_open(&first, path, 0));
    assert_ok(cbx_output_open(&second, path, 0));
    assert_string_not_equal(first.temporary, second.temporary);
    scratch_write(first.temporary, "first", 5);
    scratch_write(second.temporary, "second", 6);
    assert_ok(cbx_output_commit(&second));
    assert_file_holds(path, "second");
    assert_ok(cbx_output_commit(&first));
    assert_file_holds(path, "first");
    cbx_output_discard(&first);
    cbx_output_discard(&second);
    assert_int_equal(scratch_entries(state), 1);
}

static void no_clobber_keeps_what_exists(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    assert_ok(cbx_write_file(path, 1, "old", 3));
    assert_file_holds(path, "old");
    assert_fails(cbx_output_open(&output, path, 1), CBX_CANNOT_CREATE, "exists already");
    assert_message("out.bin");
    assert_file_holds(path, "old");
    assert_int_equal(scratch_entries(state), 1);
}

static void no_clobber_keeps_what_appears_meanwhile(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    assert_ok(cbx_output_open(&output, path, 1));
    scratch_write(output.temporary, "new", 3);
    scratch_write(path, "theirs", 6);
    assert_fails(cbx_output_commit(&output), CBX_CANNOT_CREATE, "exists already");
    cbx_output_discard(&output);
    assert_file_holds(path, "theirs");
    assert_int_equal(scratch_entries(state), 1);
}

static void no_clobber_works_without_hard_links(void **state) {
    const char *path = scratch_path(state, "out.bin");
    cbx_output output;
    no_hard_links = 1;
    assert_ok(cbx_write_file(path, 1, "old", 3));
    assert_file_holds(path, "old");
    assert_int_equal(unlink(path), 0);

    assert_ok(cbx_output_open(&output, path, 1));
    scratch_write(path, "theirs", 6);
    assert_fails(cbx_output_commit(&output), CBX_CANNOT_CREATE, "exists already");
    cbx_output_discard(&output);
    no_hard_links = 0;
    assert_file_holds(path, "theirs");
    assert_int_equal(scratch_entries(state), 1);
}

static void a_missing_folder_is_named(void **state) {
    const char *path = scratch_path(state, "nowhere/out.bin");
    cbx_output output;
    assert_fails(cbx_output_open(&output, path, 0), CBX_CANNOT_CREATE, "does not exist");
    assert_message(scratch_path(state, "nowhere"));
    assert_null(output.path);
    cbx_output_discard(&output);

    scratch_write(scratch_path(state, "file"), "", 0);
    path = scratch_path(state, "file/out.bin");
    assert_fails(cbx_output_open(&output, path, 0), CBX_CANNOT_CREATE, "is not a folder");
}

static void a_target_must_be_a_file_name(void **state) {
    cbx_output output;
    assert_fails(cbx_output_open(&output, *state, 0), CBX_CANNOT_CREATE, "it is a folder");
    assert_fails(cbx_output_open(&output, "", 0), CBX_CANNOT_CREATE, "without a name");
    assert_fails(cbx_output_open(&output, scratch_path(state, "new/"), 0), CBX_CANNOT_CREATE,
                 "ends like a folder");
    char path[600];
    snprintf(path, sizeof path, "%s/%0300d", (const char *)*state, 0);
    assert_fails(cbx_output_open(&output, path, 0), CBX_CANNOT_CREATE, "too long");
}

static void long_names_have_shorter_hidden_names(void **state) {
    char name[256];
    memset(name, 'n', 255);
    name[255] = '\0';
    const char *path = scratch_path(state, name);
    assert_ok(cbx_write_file(path, 0, "x", 1));
    assert_file_holds(path, "x");
}

/* In a process of its own, since root may write everywhere and has to step down. */
static void a_read_only_folder_is_named(void **state) {
    const char *folder = scratch_path(state, "locked");
    assert_int_equal(chmod(*state, 0755), 0);
    assert_int_equal(mkdir(folder, 0555), 0);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        cbx_output output;
        if (geteuid() == 0 && setuid(65534) != 0) {
            _exit(2);
        }
        cbx_status status = cbx_output_open(&output, scratch_path(state, "locked/out.bin"), 0);
        _exit(status == CBX_CANNOT_CREATE && strstr(cbx_last_error(), "cannot be written to") &&
                      strstr(cbx_last_error(), folder)
                  ? 0
                  : 1);
    }
    int result;
    assert_int_equal(waitpid(child, &result, 0), child);
    assert_true(WIFEXITED(result));
    if (WEXITSTATUS(result) == 2) {
        skip(); /* root that may not step down */
    }
    assert_int_equal(WEXITSTATUS(result), 0);
}

static void devices_are_written_directly(void **state) {
    (void)state;
    cbx_output output;
    assert_ok(cbx_output_open(&output, "/dev/null", 1));
    assert_string_equal(output.temporary, "/dev/null");
    assert_ok(cbx_output_commit(&output));
    cbx_output_discard(&output);
    assert_int_equal(access("/dev/null", W_OK), 0);
    assert_ok(cbx_write_file("/dev/null", 0, "x", 1));
}

static void a_full_disk_is_an_error(void **state) {
    (void)state;
    assert_fails(cbx_write_file("/dev/full", 0, "text", 4), CBX_CANNOT_WRITE, "No space left");
    assert_message("/dev/full");
}

static void permissions_stay(void **state) {
    const char *path = scratch_path(state, "out.bin");
    struct stat about;
    scratch_write(path, "old", 3);
    assert_int_equal(chmod(path, 0604), 0);
    if (geteuid() == 0) {
        assert_int_equal(chown(path, 65534, 65534), 0);
    }
    assert_ok(cbx_write_file(path, 0, "new", 3));
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0604);
    assert_int_equal(about.st_uid, geteuid() == 0 ? 65534 : geteuid());
}

static void a_link_to_nothing(void **state) {
    const char *target = scratch_path(state, "target"), *name = scratch_path(state, "name");
    cbx_output output;
    assert_int_equal(symlink("target", name), 0);
    assert_fails(cbx_output_open(&output, name, 1), CBX_CANNOT_CREATE, "exists already");
    assert_fails(cbx_output_probe(name, 1), CBX_CANNOT_CREATE, "exists already");
    assert_ok(cbx_write_file(name, 0, "new", 3));
    assert_file_holds(target, "new");
    assert_int_equal(scratch_entries(state), 2);
}

static int stop_later(void *user) {
    return ++*(int *)user >= 3;
}

static void a_pipe_waits_for_its_reader(void **state) {
    const char *path = scratch_path(state, "pipe");
    cbx_output output;
    int asked = 0;
    char got[8] = "";
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_ok(cbx_output_probe(path, 1));
    assert_fails(cbx_output_open_unless(&output, path, 0, stop_later, &asked), CBX_INTERRUPTED,
                 "reader");
    assert_int_equal(asked, 3);
    int reader = open(path, O_RDONLY | O_NONBLOCK);
    assert_ok(cbx_output_open_unless(&output, path, 1, stop_later, &asked));
    assert_false(cbx_output_is_regular(&output));
    cbx_output_write(&output, "text", 4);
    assert_ok(cbx_output_commit(&output));
    cbx_output_discard(&output);
    assert_int_equal(read(reader, got, sizeof got), 4);
    assert_string_equal(got, "text");
    assert_int_equal(read(reader, got, sizeof got), 0); /* closed */
    close(reader);
}

/* The first failure is what is told, however much is written after it. */
static void a_failed_write_is_kept(void **state) {
    (void)state;
    cbx_output output;
    char block[20000] = "";
    assert_ok(cbx_output_open(&output, "/dev/full", 0));
    for (int i = 0; i < 5; i++) {
        cbx_output_write(&output, block, sizeof block);
    }
    assert_fails(cbx_output_flush(&output), CBX_CANNOT_WRITE, "No space left");
    assert_fails(cbx_output_commit(&output), CBX_CANNOT_WRITE, "/dev/full");
    cbx_output_discard(&output);
}

static void files_are_the_same_however_spelled(void **state) {
    const char *file = scratch_path(state, "file"), *folder = scratch_path(state, "folder");
    scratch_write(file, "x", 1);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(symlink("file", scratch_path(state, "link")), 0);
    assert_int_equal(symlink("new", scratch_path(state, "dangling")), 0);
    assert_int_equal(symlink("folder", scratch_path(state, "to")), 0);
    assert_int_equal(link(file, scratch_path(state, "hard")), 0);
    const struct {
        const char *a, *b;
        int same;
    } pairs[] = {{"file", "./file", 1},        {"file", "link", 1},
                 {"file", "hard", 1},          {"new", "folder/../new", 1},
                 {"new", "dangling", 1},       {"folder/new", "to/new", 1},
                 {"file", "new", 0},           {"new", "newer", 0},
                 {"folder/new", "new", 0},     {"nowhere/a", "nowhere/b", 0},
                 {"nowhere/a", "nowhere/a", 1}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *a = scratch_path(state, pairs[i].a), *b = scratch_path(state, pairs[i].b);
        assert_int_equal(cbx_files_same(a, b), pairs[i].same);
        assert_int_equal(cbx_files_same(b, a), pairs[i].same);
    }
    assert_false(cbx_files_same("/dev/null", "/dev/null"));
}

static void links_stay_links(void **state) {
    const char *target = scratch_path(state, "target"), *name = scratch_path(state, "name");
    struct stat about;
    scratch_write(target, "old", 3);
    assert_int_equal(symlink("target", name), 0);
    assert_ok(cbx_write_file(name, 0, "new", 3));
    assert_int_equal(lstat(name, &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_file_holds(target, "new");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_file_appears_when_committed),
        SCRATCH_TEST(the_umask_decides_the_mode),
        SCRATCH_TEST(a_discarded_file_leaves_the_old_one),
        SCRATCH_TEST(one_process_can_write_a_target_twice),
        SCRATCH_TEST(no_clobber_keeps_what_exists),
        SCRATCH_TEST(no_clobber_keeps_what_appears_meanwhile),
        SCRATCH_TEST(no_clobber_works_without_hard_links),
        SCRATCH_TEST(a_missing_folder_is_named),
        SCRATCH_TEST(a_target_must_be_a_file_name),
        SCRATCH_TEST(long_names_have_shorter_hidden_names),
        SCRATCH_TEST(a_read_only_folder_is_named),
        cmocka_unit_test(devices_are_written_directly),
        cmocka_unit_test(a_full_disk_is_an_error),
        SCRATCH_TEST(links_stay_links),
        SCRATCH_TEST(permissions_stay),
        SCRATCH_TEST(a_link_to_nothing),
        SCRATCH_TEST(a_pipe_waits_for_its_reader),
        cmocka_unit_test(a_failed_write_is_kept),
        SCRATCH_TEST(files_are_the_same_however_spelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
