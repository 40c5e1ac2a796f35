/* SPDX-License-Identifier: MIT */
/* For tests of files: a temporary folder, and small IDX files in it. */
#ifndef TEST_SUPPORT_SCRATCH_H
#define TEST_SUPPORT_SCRATCH_H

#include "support/test.h"

/* For cmocka_unit_test_setup_teardown(): makes an empty folder below $TMPDIR or
 * /tmp, the test's *state, and removes it with all that is in it. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

#define SCRATCH_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

/* "FOLDER/name"; the last eight results stay valid. */
const char *scratch_path(void **state, const char *name);

/* How many entries the folder has, hidden ones included. */
size_t scratch_entries(void **state);

void scratch_write(const char *path, const void *bytes, size_t size);

/* The whole file, for free(). */
uint8_t *scratch_read(const char *path, size_t *size);

/* Bytes that can grow; zeroed is empty; `bytes` is for free(). */
typedef struct blob {
    uint8_t *bytes;
    size_t size;
} blob;

void blob_add(blob *to, const void *bytes, size_t size);
void blob_add_u32(blob *to, uint32_t value); /* big-endian */
void blob_free(blob *one);

/* `from` as one gzip member. */
blob blob_gzip(const blob *from);

/* IDX files of `count` items. Pixel p of image i is (i·7 + p·13) mod 256, label i is
 * i mod 10: scratch_pixel() and scratch_label(). */
blob blob_images(uint32_t count);
blob blob_labels(uint32_t count);
uint8_t scratch_pixel(size_t image, size_t pixel);
uint8_t scratch_label(size_t image);

/* Writes `one`, gzipped if the name ends in .gz, and frees it. */
void scratch_write_blob(void **state, const char *name, blob one);

/* The four files of a dataset, gzipped. */
void scratch_write_dataset(void **state, uint32_t train, uint32_t test);

#endif
