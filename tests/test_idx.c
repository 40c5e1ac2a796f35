/* SPDX-License-Identifier: MIT */
/* host/data/idx: every way in which an IDX file can be wrong, and the right ones. */
#include "support/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/allocations.h"
#include "support/idx.h"

#define IMAGES "train-images-idx3-ubyte"
#define LABELS "train-labels-idx1-ubyte"

static cbx_status read_images(void **state, cbx_idx *idx) {
    return idx_load(idx, *state, IMAGES, CBX_IDX_IMAGES);
}

/* Writes `one` under IMAGES and IMAGES.gz and expects CBX_BAD_DATA with these parts. */
static void assert_fail_as(void **state, const blob *one, const char *part,
                           const char *packed_part) {
    cbx_idx idx;
    blob plain = {NULL, 0}, packed = {NULL, 0};
    blob_add(&plain, one->bytes, one->size);
    blob_add(&packed, one->bytes, one->size);
    unlink(scratch_path(state, IMAGES ".gz"));

    scratch_write_blob(state, IMAGES, plain);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, part);
    assert_message(IMAGES);
    assert_null(idx.items);
    scratch_write_blob(state, IMAGES ".gz", packed);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, packed_part);
    assert_message(IMAGES ".gz");
    assert_null(idx.items);
}

static void assert_both_fail(void **state, const blob *one, const char *part) {
    assert_fail_as(state, one, part, part);
}

static void assert_images(const cbx_idx *idx, uint32_t count) {
    assert_int_equal(idx->count, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t p = 0; p < 784; p++) {
            assert_int_equal(idx->items[i * 784 + p], pattern_pixel(i, p));
        }
    }
}

static void packed_and_plain_files_are_read(void **state) {
    cbx_idx idx;
    scratch_write_blob(state, IMAGES, blob_images(3));
    assert_ok(read_images(state, &idx));
    assert_images(&idx, 3);
    cbx_idx_free(&idx);

    /* With both there, the packed one counts. */
    scratch_write_blob(state, IMAGES ".gz", blob_images(301));
    assert_ok(read_images(state, &idx));
    assert_images(&idx, 301);
    cbx_idx_free(&idx);
    cbx_idx_free(&idx);

    scratch_write_blob(state, LABELS ".gz", blob_labels(23));
    assert_ok(idx_load(&idx, *state, LABELS, CBX_IDX_LABELS));
    assert_int_equal(idx.count, 23);
    for (size_t i = 0; i < 23; i++) {
        assert_int_equal(idx.items[i], pattern_label(i));
    }
    cbx_idx_free(&idx);
}

static void an_empty_set_is_read(void **state) {
    cbx_idx idx;
    scratch_write_blob(state, IMAGES ".gz", blob_images(0));
    assert_ok(read_images(state, &idx));
    assert_int_equal(idx.count, 0);
    cbx_idx_free(&idx);
}

/* gzip allows several members one after the other; the size at the end is then that
 * of the last one only. */
static void joined_gzip_files_are_read(void **state) {
    cbx_idx idx;
    blob whole = blob_images(50);
    blob first = {whole.bytes, 20000}, second = {whole.bytes + 20000, whole.size - 20000};
    blob joined = blob_gzip(&first), rest = blob_gzip(&second);
    blob_add(&joined, rest.bytes, rest.size);
    scratch_write(scratch_path(state, IMAGES ".gz"), joined.bytes, joined.size);
    assert_ok(read_images(state, &idx));
    assert_images(&idx, 50);
    cbx_idx_free(&idx);
    blob_free(&whole);
    blob_free(&joined);
    blob_free(&rest);
}

static void a_missing_file_names_both_candidates(void **state) {
    cbx_idx idx;
    assert_fails(read_images(state, &idx), CBX_MISSING_INPUT, IMAGES ".gz nor ");
    assert_message(scratch_path(state, IMAGES " exists"));
}

static void a_folder_instead_of_a_file_is_named(void **state) {
    cbx_idx idx;
    assert_int_equal(mkdir(scratch_path(state, IMAGES ".gz"), 0755), 0);
    assert_fails(read_images(state, &idx), CBX_MISSING_INPUT, "not a regular file");
}

static void a_pipe_does_not_hang(void **state) {
    cbx_idx idx;
    assert_int_equal(mkfifo(scratch_path(state, IMAGES ".gz"), 0644), 0);
    assert_fails(read_images(state, &idx), CBX_MISSING_INPUT, "not a regular file");
}

static void a_file_that_is_not_gzip_is_named(void **state) {
    cbx_idx idx;
    blob plain = blob_images(2);
    scratch_write(scratch_path(state, IMAGES ".gz"), plain.bytes, plain.size);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "is not a gzip file");
    assert_message("incorrect header check");
    blob_free(&plain);
}

static void gzip_data_in_a_plain_name_is_named(void **state) {
    cbx_idx idx;
    blob plain = blob_images(2), packed = blob_gzip(&plain);
    scratch_write(scratch_path(state, IMAGES), packed.bytes, packed.size);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "name that ends in .gz");
    blob_free(&plain);
    blob_free(&packed);
}

/* Wherever the packed file is cut, 0 bytes left included. */
static void a_cut_gzip_file_is_named(void **state) {
    cbx_idx idx;
    blob plain = blob_images(20), packed = blob_gzip(&plain);
    for (size_t left = 0; left < packed.size; left++) {
        assert_fails(idx_decode(&idx, "some.gz", packed.bytes, left, 1, CBX_IDX_IMAGES),
                     CBX_BAD_DATA, "cut short");
        assert_null(idx.items);
    }
    scratch_write(scratch_path(state, IMAGES ".gz"), packed.bytes, packed.size / 2);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "the gzip data is cut short");
    assert_message("buffer error");
    blob_free(&plain);
    blob_free(&packed);
}

static void damaged_gzip_data_is_named(void **state) {
    cbx_idx idx;
    blob plain = blob_images(20), packed = blob_gzip(&plain);
    packed.bytes[packed.size - 8] ^= 1; /* the check sum */
    scratch_write(scratch_path(state, IMAGES ".gz"), packed.bytes, packed.size);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "is damaged");
    assert_message("incorrect data check");

    packed.bytes[packed.size - 8] ^= 1;
    packed.bytes[packed.size - 4] ^= 1; /* the size */
    scratch_write(scratch_path(state, IMAGES ".gz"), packed.bytes, packed.size);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "incorrect length check");

    packed.bytes[packed.size - 4] ^= 1;
    packed.bytes[10] = 0x07; /* the type of the first block: none such */
    scratch_write(scratch_path(state, IMAGES ".gz"), packed.bytes, packed.size);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "invalid block type");
    blob_free(&plain);
    blob_free(&packed);
}

static void bytes_after_the_gzip_data_are_named(void **state) {
    cbx_idx idx;
    blob plain = blob_images(2), packed = blob_gzip(&plain);
    blob_add(&packed, "abc", 3);
    scratch_write(scratch_path(state, IMAGES ".gz"), packed.bytes, packed.size);
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "3 bytes too many after the end");
    blob_free(&plain);
    blob_free(&packed);
}

static void a_wrong_magic_number_is_named(void **state) {
    blob labels = blob_labels(20);
    assert_both_fail(state, &labels, "0x00000801 instead of 0x00000803");
    blob_free(&labels);

    cbx_idx idx;
    blob images = blob_images(1);
    assert_fails(idx_decode(&idx, "some", images.bytes, images.size, 0, CBX_IDX_LABELS),
                 CBX_BAD_DATA, "0x00000803 instead of 0x00000801");
    blob_free(&images);
}

static void wrong_sides_are_named(void **state) {
    blob images = blob_images(2);
    images.bytes[11] = 32;
    assert_both_fail(state, &images, "32×28");
    images.bytes[11] = 28;
    images.bytes[12] = 0xff; /* rows × columns would wrap around */
    assert_both_fail(state, &images, "28×4278190108");
    blob_free(&images);
}

static void a_header_cut_short_is_named(void **state) {
    blob images = blob_images(0);
    const char *parts[] = {"0 bytes", "3 bytes", "8 bytes", "15 bytes"};
    const size_t sizes[] = {0, 3, 8, 15};
    for (int i = 0; i < 4; i++) {
        images.size = sizes[i];
        assert_both_fail(state, &images, parts[i]);
        assert_message("cut short");
        assert_message("the header alone has 16");
    }
    blob_free(&images);
}

static void fewer_items_than_promised_are_named(void **state) {
    blob images = blob_images(5);
    images.size -= 1;
    assert_both_fail(state, &images, "promises 3936 bytes, the file holds 3935");
    blob_free(&images);
}

/* 3.4 TB promised: an error with both numbers, not an attempt to take the memory. */
static void a_header_that_claims_too_much_is_named(void **state) {
    blob images = blob_images(5);
    memset(images.bytes + 4, 0xff, 4);
    allocations_largest = 0;
    assert_fail_as(state, &images, "promises 3367254359296 bytes, the file holds 3936",
                   "promises 3367254359296 bytes, more than ");
    assert_message("cut short");
    assert_in_range(allocations_largest, 1, 100000);
    blob_free(&images);
}

static void set_count(blob *images, uint32_t count) {
    for (int i = 0; i < 4; i++) {
        images->bytes[4 + i] = (uint8_t)(count >> (24 - 8 * i));
    }
}

/* The size in a gzip file's last bytes agrees with the header, but so few packed
 * bytes cannot hold as much. */
static void a_lying_gzip_size_is_not_believed(void **state) {
    cbx_idx idx;
    const uint32_t count = 5000000;
    blob plain = blob_images(2);
    set_count(&plain, count);
    blob packed = blob_gzip(&plain);
    uint32_t claim = 16 + count * 784;
    for (int i = 0; i < 4; i++) {
        packed.bytes[packed.size - 4 + (size_t)i] = (uint8_t)(claim >> (8 * i));
    }
    scratch_write(scratch_path(state, IMAGES ".gz"), packed.bytes, packed.size);
    allocations_largest = 0;
    assert_fails(read_images(state, &idx), CBX_BAD_DATA, "promises 3920000016 bytes, more than");
    assert_in_range(allocations_largest, 1, 100000);
    blob_free(&plain);
    blob_free(&packed);
}

static void more_bytes_than_promised_are_named(void **state) {
    blob images = blob_images(5);
    blob_add(&images, "x", 1);
    assert_fail_as(state, &images, "promises 3936 bytes, the file holds 3937",
                   "promises 3936 bytes, the file holds more");
    assert_message("too many");
    blob_free(&images);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(packed_and_plain_files_are_read),
        SCRATCH_TEST(an_empty_set_is_read),
        SCRATCH_TEST(joined_gzip_files_are_read),
        SCRATCH_TEST(a_missing_file_names_both_candidates),
        SCRATCH_TEST(a_folder_instead_of_a_file_is_named),
        SCRATCH_TEST(a_pipe_does_not_hang),
        SCRATCH_TEST(a_file_that_is_not_gzip_is_named),
        SCRATCH_TEST(gzip_data_in_a_plain_name_is_named),
        SCRATCH_TEST(a_cut_gzip_file_is_named),
        SCRATCH_TEST(damaged_gzip_data_is_named),
        SCRATCH_TEST(bytes_after_the_gzip_data_are_named),
        SCRATCH_TEST(a_wrong_magic_number_is_named),
        SCRATCH_TEST(wrong_sides_are_named),
        SCRATCH_TEST(a_header_cut_short_is_named),
        SCRATCH_TEST(fewer_items_than_promised_are_named),
        SCRATCH_TEST(a_header_that_claims_too_much_is_named),
        SCRATCH_TEST(a_lying_gzip_size_is_not_believed),
        SCRATCH_TEST(more_bytes_than_promised_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
