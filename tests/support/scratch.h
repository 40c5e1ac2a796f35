/* SPDX-License-Identifier: MIT */
/* For tests of files: a temporary folder, and bytes for the files in it. */
#ifndef TEST_SUPPORT_SCRATCH_H
#define TEST_SUPPORT_SCRATCH_H

#include "support/test.h"

#define SCRATCH_PATH 256

/* Makes an empty folder below $TMPDIR or /tmp; `path` gets its name. Removes a folder with
 * all that is in it. Both return 0, or -1. */
int scratch_make(char path[SCRATCH_PATH]);
int scratch_remove(const char *path);

/* For cmocka_unit_test_setup_teardown(): makes such a folder, the test's *state, and
 * removes it. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

#define SCRATCH_TEST(test) cmocka_unit_test_setup_teardown(test, scratch_setup, scratch_teardown)

/* "FOLDER/name"; the last eight results stay valid. */
const char *scratch_path(void **state, const char *name);

/* files_count() of it. */
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

/* Writes `one`, gzipped if the name ends in .gz, and frees it; the second into the test's
 * folder. */
void blob_write(const char *path, blob one);
void scratch_write_blob(void **state, const char *name, blob one);

#endif
