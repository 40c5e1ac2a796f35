/* SPDX-License-Identifier: MIT */
/* host/base/blocks: much that is written at once, on file systems of every kind. */
#define _GNU_SOURCE /* O_DIRECT */
#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/blocks.h"
#include "support/files.h"

enum { BLOCK = 1 << 20, PAGE = 4096 };

/* What the system does: the linker sends the calls here. */
static struct {
    int no_around;  /* cannot go around the cache, and says so at once … */
    int late;       /* … or when it is written to */
    int interrupts; /* so many writes are interrupted before */
    int short_of;   /* writes only so many bytes of this write, counted from 1 … */
    size_t bytes;   /* … these */
    int full;       /* from this write on, counted from 1 */
    int no_memory;
    int writes, around; /* done, and how many of them around the cache */
} is;

ssize_t __real_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size);
ssize_t __wrap_write(int file, const void *bytes, size_t size) {
    const int around = (fcntl(file, F_GETFL) & O_DIRECT) != 0;
    is.writes++;
    if (is.full && is.writes >= is.full) {
        errno = ENOSPC;
        return -1;
    }
    if (is.interrupts > 0) {
        is.interrupts--;
        errno = EINTR;
        return -1;
    }
    if (around) { /* as file systems have it */
        const int aligned = (uintptr_t)bytes % PAGE == 0 && size % PAGE == 0 &&
                            fcntl(file, F_GETFL) >= 0 && lseek(file, 0, SEEK_CUR) % PAGE == 0;
        if (is.late || !aligned) {
            errno = EINVAL;
            return -1;
        }
    }
    is.around += around;
    return __real_write(file, bytes, is.writes == is.short_of ? is.bytes : size);
}

int __real_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size) {
    return is.no_memory ? ENOMEM : __real_posix_memalign(out, alignment, size);
}

static uint8_t byte_of(size_t at) {
    return (uint8_t)(at * 2654435761u >> 13);
}

/* Some of them in place, in pieces of many sizes, and some at once. */
static void put(cbx_blocks *blocks, size_t size) {
    uint8_t *other = malloc(size + 1);
    size_t at = 0;
    assert_non_null(other);
    for (size_t piece = 1; at < size; piece = piece * 3 % CBX_PIECE_BYTES + 1) {
        const size_t some = piece < size - at ? piece : size - at;
        uint8_t *to = piece % 2 ? cbx_blocks_room(blocks) : other;
        for (size_t i = 0; i < some; i++) {
            to[i] = byte_of(at + i);
        }
        if (to == other) {
            cbx_blocks_write(blocks, other, some);
        } else {
            cbx_blocks_add(blocks, some);
        }
        at += some;
    }
    free(other);
}

/* Through the stream goes what is behind them. */
static cbx_status write_file(const char *path, size_t size) {
    cbx_output output;
    cbx_blocks blocks;
    assert_ok(cbx_output_open(&output, path, 0));
    cbx_status status = cbx_blocks_begin(&blocks, &output);
    if (!status) {
        put(&blocks, size);
    }
    cbx_blocks_end(&blocks);
    cbx_blocks_end(&blocks);
    cbx_output_write(&output, "end", 3);
    status = status ? status : cbx_output_commit(&output);
    cbx_output_discard(&output);
    return status;
}

static void assert_file(const char *path, size_t size) {
    size_t found;
    uint8_t *bytes = scratch_read(path, &found);
    assert_int_equal(found, size + 3);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != byte_of(i)) {
            fail_msg("byte %zu of %zu is %u, not %u", i, size, bytes[i], byte_of(i));
        }
    }
    assert_memory_equal(bytes + size, "end", 3);
    free(bytes);
}

static int set_up(void **state) {
    memset(&is, 0, sizeof is);
    return scratch_setup(state);
}

static void sizes_of_every_kind(void **state) {
    const char *path = scratch_path(state, "out");
    const size_t sizes[] = {
        0,     1,         PAGE - 1,     PAGE,          PAGE + 1,  BLOCK - 1,
        BLOCK, BLOCK + 1, BLOCK + PAGE, 2 * BLOCK - 1, 2 * BLOCK, 5 * BLOCK + 12345};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_ok(write_file(path, sizes[i]));
        assert_file(path, sizes[i]);
    }
}

static void a_file_system_that_says_late_that_it_cannot(void **state) {
    const char *path = scratch_path(state, "out");
    is.late = 1;
    assert_ok(write_file(path, 3 * BLOCK + 7));
    assert_file(path, 3 * BLOCK + 7);
    assert_int_equal(is.around, 0);
}

/* What goes on from there may not be where it would have to be. */
static void writes_that_are_short_or_interrupted(void **state) {
    const char *path = scratch_path(state, "out");
    const size_t bytes[] = {1, PAGE, PAGE + 1, BLOCK - 1};
    for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
        for (int which = 1; which < 4; which++) {
            is.writes = 0;
            is.short_of = which;
            is.bytes = bytes[i];
            is.interrupts = 2;
            assert_ok(write_file(path, 2 * BLOCK + PAGE));
            assert_file(path, 2 * BLOCK + PAGE);
        }
    }
}

static void a_disk_that_is_full(void **state) {
    const char *path = scratch_path(state, "out");
    scratch_write(path, "old", 3);
    for (is.full = 1; is.full < 5; is.full++) {
        is.writes = 0;
        assert_fails(write_file(path, 3 * BLOCK + 7), CBX_CANNOT_WRITE, strerror(ENOSPC));
        assert_int_equal(is.writes, is.full); /* nothing is tried after it */
        assert_file_holds(path, "old");
    }
    assert_int_equal(scratch_entries(state), 1);
}

static void a_pipe_is_not_asked(void **state) {
    int ends[2];
    cbx_output output;
    cbx_blocks blocks;
    char read_back[8] = "";
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_ok(cbx_output_open_descriptor(&output, ends[1], "pipe"));
    assert_ok(cbx_blocks_begin(&blocks, &output));
    cbx_blocks_write(&blocks, "content", 7);
    cbx_blocks_end(&blocks);
    assert_int_equal(is.around, 0);
    assert_ok(cbx_output_commit(&output));
    assert_int_equal(read(ends[0], read_back, sizeof read_back), 7);
    assert_string_equal(read_back, "content");
    close(ends[0]);
}

static void memory_that_is_short(void **state) {
    const char *path = scratch_path(state, "out");
    is.no_memory = 1;
    assert_fails(write_file(path, 10), CBX_NO_MEMORY, path);
    assert_int_equal(scratch_entries(state), 0);
}

int main(void) {
#define BLOCKS_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, scratch_teardown)
    const struct CMUnitTest tests[] = {
        BLOCKS_TEST(sizes_of_every_kind),
        BLOCKS_TEST(a_file_system_that_says_late_that_it_cannot),
        BLOCKS_TEST(writes_that_are_short_or_interrupted),
        BLOCKS_TEST(a_disk_that_is_full),
        BLOCKS_TEST(a_pipe_is_not_asked),
        BLOCKS_TEST(memory_that_is_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
