/* SPDX-License-Identifier: MIT */
/* host/picture/png: what is written is what libpng reads again. */
#include "support/scratch.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "picture/png.h"

/* The whole way of a picture: opened, written, committed. */
static cbx_status write_png(const char *path, int no_clobber, const uint8_t *rgb, uint32_t width,
                            uint32_t height) {
    cbx_output output;
    cbx_status status = cbx_output_open(&output, path, no_clobber);
    if (status == CBX_OK) {
        status = cbx_png_write(&output, rgb, width, height);
    }
    if (status == CBX_OK) {
        status = cbx_output_commit(&output);
    }
    cbx_output_discard(&output);
    return status;
}

static uint8_t *noise(size_t size) {
    uint8_t *bytes = malloc(size);
    uint32_t x = 12345;
    assert_non_null(bytes);
    for (size_t i = 0; i < size; i++) {
        x = x * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(x >> 24);
    }
    return bytes;
}

static void pictures_survive_the_file(void **state) {
    const uint32_t sizes[][2] = {{1, 1}, {3, 2}, {37, 61}, {224, 224}};
    const char *path = scratch_path(state, "grid.png");
    for (int i = 0; i < 4; i++) {
        uint32_t width = sizes[i][0], height = sizes[i][1];
        size_t size = (size_t)width * height * 3;
        uint8_t *rgb = noise(size), *again = malloc(size);
        assert_non_null(again);
        assert_ok(write_png(path, 0, rgb, width, height));

        png_image image;
        memset(&image, 0, sizeof image);
        image.version = PNG_IMAGE_VERSION;
        assert_true(png_image_begin_read_from_file(&image, path));
        assert_int_equal(image.width, width);
        assert_int_equal(image.height, height);
        assert_int_equal(image.format, PNG_FORMAT_RGB); /* 8 bits, sRGB, no alpha */
        assert_true(png_image_finish_read(&image, NULL, again, 0, NULL));
        assert_memory_equal(rgb, again, size);
        free(rgb);
        free(again);
    }
    assert_int_equal(scratch_entries(state), 1);
}

static int has_chunk(const uint8_t *bytes, size_t size, const char *name) {
    for (size_t i = 0; i + 4 <= size; i++) {
        if (memcmp(bytes + i, name, 4) == 0) {
            return 1;
        }
    }
    return 0;
}

static void the_colour_space_is_tagged(void **state) {
    const char *path = scratch_path(state, "grid.png");
    const uint8_t red[3] = {255, 0, 0};
    size_t size;
    assert_ok(write_png(path, 1, red, 1, 1));
    uint8_t *bytes = scratch_read(path, &size);
    assert_true(has_chunk(bytes, size, "sRGB"));
    free(bytes);
}

static void failures_leave_nothing_behind(void **state) {
    const char *path = scratch_path(state, "grid.png");
    uint8_t *rgb = noise(224 * 224 * 3);
    assert_fails(write_png(path, 0, rgb, 0, 1), CBX_BAD_ARGUMENT, "0×1");
    assert_fails(write_png(path, 0, rgb, 1, 0), CBX_BAD_ARGUMENT, "1×0");
    assert_fails(write_png(scratch_path(state, "nowhere/grid.png"), 0, rgb, 1, 1),
                 CBX_CANNOT_CREATE, "does not exist");
    /* Small enough to fail only when the buffer is flushed, and large enough to fail in
     * the midst of libpng. */
    assert_fails(write_png("/dev/full", 0, rgb, 1, 1), CBX_CANNOT_WRITE, "/dev/full");
    assert_message("No space left");
    assert_fails(write_png("/dev/full", 0, rgb, 224, 224), CBX_CANNOT_WRITE, "No space left");
    /* What libpng itself refuses: sides of over a million pixels. */
    assert_fails(write_png(path, 0, rgb, 2000000, 1), CBX_CANNOT_WRITE, "grid.png");
    assert_message("IHDR");
    assert_int_equal(scratch_entries(state), 0);

    scratch_write(path, "old", 3);
    assert_fails(write_png(path, 1, rgb, 1, 1), CBX_CANNOT_CREATE, "exists already");
    size_t size;
    uint8_t *bytes = scratch_read(path, &size);
    assert_int_equal(size, 3);
    free(bytes);
    free(rgb);
}

/* For pages that hold their pictures: the file's bytes. */
static void pictures_in_memory_are_the_files_bytes(void **state) {
    const uint32_t sizes[][2] = {{1, 1}, {37, 61}, {224, 224}};
    const char *path = scratch_path(state, "grid.png");
    for (int i = 0; i < 3; i++) {
        const uint32_t width = sizes[i][0], height = sizes[i][1];
        uint8_t *rgb = noise((size_t)width * height * 3), *bytes;
        size_t size, file_size;
        assert_ok(cbx_png_encode(rgb, width, height, &bytes, &size));
        assert_ok(write_png(path, 0, rgb, width, height));
        uint8_t *file = scratch_read(path, &file_size);
        assert_int_equal(size, file_size);
        assert_memory_equal(bytes, file, size);
        free(file);
        free(bytes);
        free(rgb);
    }
}

static void pictures_in_memory_can_be_refused(void **state) {
    uint8_t *rgb = noise(2000000 * 3), *bytes = rgb;
    size_t size;
    (void)state;
    assert_fails(cbx_png_encode(rgb, 0, 1, &bytes, &size), CBX_BAD_ARGUMENT, "0×1");
    assert_null(bytes);
    assert_fails(cbx_png_encode(rgb, 2000000, 1, &bytes, &size), CBX_CANNOT_WRITE,
                 "cannot write the picture in memory");
    assert_message("IHDR");
    assert_null(bytes);
    free(rgb);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(pictures_survive_the_file),
        SCRATCH_TEST(the_colour_space_is_tagged),
        SCRATCH_TEST(failures_leave_nothing_behind),
        SCRATCH_TEST(pictures_in_memory_are_the_files_bytes),
        cmocka_unit_test(pictures_in_memory_can_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
