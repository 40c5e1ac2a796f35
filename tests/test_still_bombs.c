/* SPDX-License-Identifier: MIT */
/* film/still.h: files that are small, and would take gigabytes or hours; and such that never end. */
#include "support/test.h"

#include <string.h>
#include <sys/resource.h>
#include <zlib.h>

#include "film/library.h"
#include "film/still.h"
#include "support/jpeg.h"
#include "support/scratch.h"

static void assert_refused(const char *path, cbx_status status, const char *part) {
    cbx_still still;
    assert_fails(cbx_still_read(&still, path), status, part);
    assert_message(path);
    assert_null(still.grey);
}

/* The most memory that this process had so far. */
static long peak_kib(void) {
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    return usage.ru_maxrss;
}

static blob sample_jpeg(void) {
    uint8_t levels[50];
    for (size_t i = 0; i < sizeof levels; i++) {
        levels[i] = (uint8_t)(i * 37);
    }
    return jpeg_file(&(jpeg_wishes){10, 5, 1, levels, 0, 1});
}

/* A chunk of a PNG, its check sum included. */
static void add_chunk(blob *to, const char *name, const uint8_t *data, size_t size) {
    blob_add_u32(to, (uint32_t)size);
    const size_t start = to->size;
    blob_add(to, name, 4);
    blob_add(to, data, size);
    blob_add_u32(to, (uint32_t)crc32(0, to->bytes + start, (uInt)(to->size - start)));
}

/* Some 130 kilobytes that unpack to 128 MiB; made without having so much. */
static blob packed_zeros(void) {
    static const uint8_t zeros[1 << 16];
    uint8_t packed[1 << 12];
    blob out = {0};
    z_stream to = {0};
    assert_int_equal(deflateInit(&to, 6), Z_OK);
    for (int i = 1; i <= 2048; i++) {
        to.next_in = (z_const Bytef *)(uintptr_t)zeros;
        to.avail_in = sizeof zeros;
        do {
            to.next_out = packed;
            to.avail_out = sizeof packed;
            (void)deflate(&to, i < 2048 ? Z_NO_FLUSH : Z_FINISH);
            blob_add(&out, packed, sizeof packed - to.avail_out);
        } while (to.avail_out == 0);
    }
    assert_int_equal(deflateEnd(&to), Z_OK);
    return out;
}

/* Of 40 by 30 pixels, with `extra`, chunks, in front of the pixels or behind them. */
static blob png_with(const blob *extra, int behind) {
    static const uint8_t head[] = {0, 0, 0, 40, 0, 0, 0, 30, 8, 0, 0, 0, 0};
    static const uint8_t rows[30 * 41] = {0, 1, 2, 3};
    uint8_t packed[2000];
    uLongf bytes = sizeof packed;
    blob out = {0};
    assert_int_equal(compress(packed, &bytes, rows, sizeof rows), Z_OK);
    blob_add(&out, "\x89PNG\r\n\x1a\n", 8);
    add_chunk(&out, "IHDR", head, sizeof head);
    if (!behind) {
        blob_add(&out, extra->bytes, extra->size);
    }
    add_chunk(&out, "IDAT", packed, bytes);
    if (behind) {
        blob_add(&out, extra->bytes, extra->size);
    }
    add_chunk(&out, "IEND", packed, 0);
    return out;
}

/* Kilobytes of text unpack to megabytes, gigabytes even; nobody reads them. */
static void texts_and_profiles_are_not_unpacked(void **state) {
    static const char *const names[] = {"zTXt", "iCCP"};
    const char *path = scratch_path(state, "bomb.png");
    blob zeros = packed_zeros();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        blob data = {0}, chunk = {0};
        cbx_still still;
        blob_add(&data, "key\0\0", 5);
        blob_add(&data, zeros.bytes, zeros.size);
        add_chunk(&chunk, names[i], data.bytes, data.size);
        blob_write(path, png_with(&chunk, 0));
        const long before = peak_kib();
        assert_ok(cbx_still_read(&still, path));
        assert_true(peak_kib() - before < 64 << 10);
        assert_int_equal(still.width, 40);
        free(still.grey);
        blob_free(&data);
        blob_free(&chunk);
    }
    blob_free(&zeros);
}

static void what_follows_the_last_row_is_not_unpacked(void **state) {
    const char *path = scratch_path(state, "bomb.png");
    blob zeros = packed_zeros(), chunk = {0};
    add_chunk(&chunk, "IDAT", zeros.bytes, zeros.size);
    blob_write(path, png_with(&chunk, 1));
    assert_refused(path, CBX_BAD_DATA, "far too large");
    blob_free(&chunk);
    blob_free(&zeros);
}

/* Each takes a walk over all of the picture, and only some bytes of the file. */
static void jpegs_of_very_many_scans(void **state) {
    const char *path = scratch_path(state, "scans.jpg");
    blob sample = sample_jpeg(), out = {0};
    size_t at = 2;
    while (sample.bytes[at + 1] != 0xda) {
        at += 2 + ((size_t)sample.bytes[at + 2] << 8) + sample.bytes[at + 3];
    }
    blob_add(&out, sample.bytes, at);
    for (int i = 0; i < 101; i++) {
        blob_add(&out, sample.bytes + at, sample.size - at - 2);
    }
    blob_add(&out, sample.bytes + sample.size - 2, 2);
    blob_write(path, out);
    assert_refused(path, CBX_BAD_DATA, "far too large");
    blob_free(&sample);
}

/* Cameras put previews in front, and films behind the end. */
static void what_looks_like_scans_and_is_none(void **state) {
    static const uint8_t scan[] = {0xff, 0xda, 0xff, 0xda}, front[] = {0xff, 0xe5, 0x10, 0x02};
    const char *path = scratch_path(state, "camera.jpg");
    blob sample = sample_jpeg(), out = {0};
    cbx_still still;
    blob_add(&out, sample.bytes, 2);
    blob_add(&out, front, sizeof front);
    for (int i = 0; i < 1024; i++) {
        blob_add(&out, scan, sizeof scan);
    }
    blob_add(&out, sample.bytes + 2, sample.size - 2);
    for (int i = 0; i < 1024; i++) {
        blob_add(&out, scan, sizeof scan);
    }
    blob_write(path, out);
    assert_ok(cbx_still_read(&still, path));
    free(still.grey);
    blob_free(&sample);
}

static void what_is_no_picture_is_not_read_to_its_end(void **state) {
    (void)state;
    const long before = peak_kib();
    assert_refused("/dev/zero", CBX_BAD_DATA, "no picture that can be read");
    assert_true(peak_kib() - before < 64 << 10);
    assert_refused("/dev/null", CBX_BAD_DATA, "empty");
}

int main(void) {
    cbx_film_silence_libav();
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(texts_and_profiles_are_not_unpacked),
        SCRATCH_TEST(what_follows_the_last_row_is_not_unpacked),
        SCRATCH_TEST(jpegs_of_very_many_scans),
        SCRATCH_TEST(what_looks_like_scans_and_is_none),
        SCRATCH_TEST(what_is_no_picture_is_not_read_to_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
