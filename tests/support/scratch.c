/* SPDX-License-Identifier: MIT */
/* nftw() */
#define _XOPEN_SOURCE 700
#include "support/scratch.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

int scratch_setup(void **state) {
    const char *base = getenv("TMPDIR");
    char path[256];
    snprintf(path, sizeof path, "%s/clearbox-test-XXXXXX", base ? base : "/tmp");
    char *kept = mkdtemp(path) ? strdup(path) : NULL;
    *state = kept;
    return kept ? 0 : -1;
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *where) {
    (void)about;
    (void)kind;
    (void)where;
    return remove(path);
}

int scratch_teardown(void **state) {
    int result = nftw(*state, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
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
    size_t count = 0;
    DIR *folder = opendir(*state);
    assert_non_null(folder);
    while (readdir(folder)) {
        count++;
    }
    closedir(folder);
    return count - 2; /* . and .. */
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

uint8_t scratch_pixel(size_t image, size_t pixel) {
    return (uint8_t)(image * 7 + pixel * 13);
}

uint8_t scratch_label(size_t image) {
    return (uint8_t)(image % 10);
}

blob blob_images(uint32_t count) {
    blob images = {NULL, 0};
    blob_add_u32(&images, 0x803);
    blob_add_u32(&images, count);
    blob_add_u32(&images, 28);
    blob_add_u32(&images, 28);
    for (size_t i = 0; i < count; i++) {
        uint8_t pixels[784];
        for (size_t p = 0; p < sizeof pixels; p++) {
            pixels[p] = scratch_pixel(i, p);
        }
        blob_add(&images, pixels, sizeof pixels);
    }
    return images;
}

blob blob_labels(uint32_t count) {
    blob labels = {NULL, 0};
    blob_add_u32(&labels, 0x801);
    blob_add_u32(&labels, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t label = scratch_label(i);
        blob_add(&labels, &label, 1);
    }
    return labels;
}

void scratch_write_blob(void **state, const char *name, blob one) {
    size_t length = strlen(name);
    if (length > 3 && strcmp(name + length - 3, ".gz") == 0) {
        blob packed = blob_gzip(&one);
        blob_free(&one);
        one = packed;
    }
    scratch_write(scratch_path(state, name), one.bytes, one.size);
    blob_free(&one);
}

void scratch_write_dataset(void **state, uint32_t train, uint32_t test) {
    scratch_write_blob(state, "train-images-idx3-ubyte.gz", blob_images(train));
    scratch_write_blob(state, "train-labels-idx1-ubyte.gz", blob_labels(train));
    scratch_write_blob(state, "t10k-images-idx3-ubyte.gz", blob_images(test));
    scratch_write_blob(state, "t10k-labels-idx1-ubyte.gz", blob_labels(test));
}
