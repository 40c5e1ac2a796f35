/* SPDX-License-Identifier: MIT */
/* nftw() */
#define _XOPEN_SOURCE 700
#include "support/scratch.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "support/files.h"

int scratch_make(char path[SCRATCH_PATH]) {
    const char *base = getenv("TMPDIR");
    const int length = snprintf(path, SCRATCH_PATH, "%s/clearbox-test-XXXXXX",
                                base && *base != '\0' ? base : "/tmp");
    return length > 0 && length < SCRATCH_PATH && mkdtemp(path) ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

int scratch_remove(const char *path) {
    return nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

int scratch_setup(void **state) {
    char path[SCRATCH_PATH];
    *state = scratch_make(path) == 0 ? strdup(path) : NULL;
    return *state ? 0 : -1;
}

int scratch_teardown(void **state) {
    const int result = scratch_remove(*state);
    free(*state);
    return result;
}

const char *scratch_path(void **state, const char *name) {
    static char paths[8][512];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", (const char *)*state, name);
    return path;
}

size_t scratch_entries(void **state) {
    return files_count(*state);
}

void scratch_write(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    if (size > 0) {
        assert_int_equal(fwrite(bytes, 1, size, file), size);
    }
    assert_int_equal(fclose(file), 0);
}

uint8_t *scratch_read(const char *path, size_t *size) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    *size = (size_t)ftell(file);
    rewind(file);
    uint8_t *bytes = malloc(*size + 1);
    assert_non_null(bytes);
    assert_int_equal(fread(bytes, 1, *size, file), *size);
    fclose(file);
    return bytes;
}

void blob_add(blob *to, const void *bytes, size_t size) {
    to->bytes = realloc(to->bytes, to->size + size + 1);
    assert_non_null(to->bytes);
    if (size > 0) {
        memcpy(to->bytes + to->size, bytes, size);
    }
    to->size += size;
}

void blob_add_u32(blob *to, uint32_t value) {
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                        (uint8_t)value};
    blob_add(to, bytes, sizeof bytes);
}

void blob_free(blob *one) {
    free(one->bytes);
    *one = (blob){NULL, 0};
}

blob blob_gzip(const blob *from) {
    z_stream zlib = {0};
    blob packed = {NULL, 0};
    assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uLong most = deflateBound(&zlib, (uLong)from->size);
    packed.bytes = malloc(most);
    assert_non_null(packed.bytes);
    zlib.next_in = from->bytes;
    zlib.avail_in = (uInt)from->size;
    zlib.next_out = packed.bytes;
    zlib.avail_out = (uInt)most;
    assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
    packed.size = zlib.total_out;
    deflateEnd(&zlib);
    return packed;
}

void blob_write(const char *path, blob one) {
    const size_t length = strlen(path);
    if (length > 3 && strcmp(path + length - 3, ".gz") == 0) {
        blob packed = blob_gzip(&one);
        blob_free(&one);
        one = packed;
    }
    scratch_write(path, one.bytes, one.size);
    blob_free(&one);
}

void scratch_write_blob(void **state, const char *name, blob one) {
    blob_write(scratch_path(state, name), one);
}
