/* SPDX-License-Identifier: MIT */
/* host/data/idx and source: files of any size cost no more than what their first bytes
 * promise, and what is not promised is neither read nor unpacked. */
#include "support/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zlib.h>

#include "support/allocations.h"
#include "support/idx.h"

#define IMAGES "train-images-idx3-ubyte"

/* What the library took: bytes from files, and bytes that zlib made of them. Before the
 * first read of a file, `meanwhile` changes it. These names are the linker's. */
static uint64_t bytes_read, bytes_unpacked;
static void (*meanwhile)(void **state);
static void **meanwhile_state;

ssize_t __real_read(int file, void *out, size_t size);
ssize_t __wrap_read(int file, void *out, size_t size);
int __real_inflate(z_stream *zlib, int flush);
int __wrap_inflate(z_stream *zlib, int flush);

ssize_t __wrap_read(int file, void *out, size_t size) {
    if (meanwhile) {
        meanwhile(meanwhile_state);
        meanwhile = NULL;
    }
    ssize_t got = __real_read(file, out, size);
    bytes_read += got > 0 ? (uint64_t)got : 0;
    return got;
}

int __wrap_inflate(z_stream *zlib, int flush) {
    uInt before = zlib->avail_out;
    int code = __real_inflate(zlib, flush);
    bytes_unpacked += before - zlib->avail_out;
    return code;
}

static void count_from_now(void) {
    bytes_read = bytes_unpacked = allocations_largest = 0;
}

static cbx_status read_images(void **state, cbx_idx *idx) {
    return idx_load(idx, *state, IMAGES, CBX_IDX_IMAGES);
}

/* 64 MB packed into 64 KB behind the two images that the header promises: of what is
 * beyond, one byte is unpacked. */
static void a_bomb_is_unpacked_no_further_than_promised(void **state) {
    cbx_idx idx;
    const size_t size = (size_t)64 << 20;
    blob bomb = {calloc(size, 1), size}, images = blob_images(2);
    assert_non_null(bomb.bytes);
    memcpy(bomb.bytes, images.bytes, images.size);
    scratch_write_blob(state, IMAGES ".gz", bomb);
    count_from_now();
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "has bytes too many");
    assert_int_equal(bytes_unpacked, images.size + 1);
    assert_in_range(allocations_largest, 1, 100000);

    /* As labels, its header ends the matter. */
    count_from_now();
    assert_fails(idx_load(&idx, *state, IMAGES, CBX_IDX_LABELS), CBX_BAD_DATA,
                 "not an IDX file of labels");
    assert_int_equal(bytes_unpacked, 8);
    blob_free(&images);
}

/* 6 GiB of zeros, which take no room on the disk: judged by their first bytes. */
static void an_endless_file_is_judged_by_its_first_bytes(void **state) {
    cbx_idx idx;
    const char *plain = scratch_path(state, IMAGES), *packed = scratch_path(state, IMAGES ".gz");
    blob images = blob_images(2);
    scratch_write(plain, "", 0);
    assert_int_equal(truncate(plain, (off_t)6 << 30), 0);
    count_from_now();
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "0x00000000 instead of 0x00000803");
    assert_in_range(bytes_read, 4, 100000);

    scratch_write(plain, images.bytes, images.size); /* now with a right header */
    assert_int_equal(truncate(plain, (off_t)6 << 30), 0);
    count_from_now();
    assert_fails(read_images(state, &idx), CBX_BAD_DATA,
                 "promises 1584 bytes, the file holds 6442450944");
    assert_in_range(bytes_read, 16, 100000);

    scratch_write(packed, "", 0);
    assert_int_equal(truncate(packed, (off_t)6 << 30), 0);
    count_from_now();
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "is not a gzip file");
    assert_in_range(bytes_read, 2, 100000);

    scratch_write_blob(state, IMAGES ".gz", images); /* zeros behind a right file */
    assert_int_equal(truncate(packed, (off_t)6 << 30), 0);
    count_from_now();
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "too many after the end");
    assert_in_range(bytes_read, 2, 100000);
    assert_in_range(allocations_largest, 1, 100000);
}

static void grow(void **state) {
    FILE *file = fopen(scratch_path(state, IMAGES), "ab");
    assert_non_null(file);
    assert_int_equal(fwrite("more", 1, 4, file), 4);
    assert_int_equal(fclose(file), 0);
}

static void shrink(void **state) {
    assert_int_equal(truncate(scratch_path(state, IMAGES), 1000), 0);
}

/* After its size was asked for, before it is read. */
static void files_that_change_meanwhile_are_named(void **state) {
    cbx_idx idx;
    meanwhile_state = state;
    scratch_write_blob(state, IMAGES, blob_images(2));
    meanwhile = grow;
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "the file holds more");
    scratch_write_blob(state, IMAGES, blob_images(2));
    meanwhile = shrink;
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "became shorter while it was read");
    assert_null(idx.items);
}

/* Members end anywhere in the portions that a file is read in, also between the two
 * bytes that mark the next one. */
static void joined_files_meet_portions_anywhere(void **state) {
    cbx_idx idx;
    blob nothing = {NULL, 0}, whole = blob_images(3);
    blob member = blob_gzip(&nothing), last = blob_gzip(&whole), joined = {NULL, 0};
    while (joined.size < 3 * 65536) {
        blob_add(&joined, member.bytes, member.size);
    }
    for (size_t shift = 0; shift < 4; shift++) {
        blob file = {NULL, 0};
        /* A file's name in the first member's header shifts all that follows. */
        const uint8_t named[] = {0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3};
        blob_add(&file, named, sizeof named);
        blob_add(&file, "name", shift);
        blob_add(&file, "", 1);
        blob_add(&file, member.bytes + 10, member.size - 10);
        blob_add(&file, joined.bytes, joined.size);
        blob_add(&file, last.bytes, last.size);
        scratch_write(scratch_path(state, IMAGES ".gz"), file.bytes, file.size);
        assert_ok(read_images(state, &idx));
        assert_int_equal(idx.count, 3);
        assert_memory_equal(idx.items, whole.bytes + 16, whole.size - 16);
        cbx_idx_free(&idx);
        blob_free(&file);
    }
    blob_free(&whole);
    blob_free(&member);
    blob_free(&last);
    blob_free(&joined);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(a_bomb_is_unpacked_no_further_than_promised),
        SCRATCH_TEST(an_endless_file_is_judged_by_its_first_bytes),
        SCRATCH_TEST(files_that_change_meanwhile_are_named),
        SCRATCH_TEST(joined_files_meet_portions_anywhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
