/* SPDX-License-Identifier: MIT */
/* film/still.h: pictures of every kind in grey, and files that are none. */
#include "support/test.h"

#include <png.h>
#include <stdio.h>
#include <string.h>

#include "film/library.h"
#include "film/still.h"
#include "support/jpeg.h"
#include "support/scratch.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void assert_still(const char *path, uint32_t width, uint32_t height, const uint8_t *grey,
                         int most) {
    cbx_still still;
    assert_ok(cbx_still_read(&still, path));
    assert_int_equal(still.width, width);
    assert_int_equal(still.height, height);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        if (abs(still.grey[i] - grey[i]) > most) {
            fail_msg("%s: pixel (%zu, %zu) is %d instead of %d", path, i % width, i / width,
                     still.grey[i], grey[i]);
        }
    }
    free(still.grey);
}

static void assert_refused(const char *path, cbx_status status, const char *part) {
    cbx_still still;
    assert_fails(cbx_still_read(&still, path), status, part);
    assert_message(path);
    assert_null(still.grey);
}

/* ---- PNG ---- */

/* Rows of any depth and colour type; `palette` has (red, green, blue, alpha) or is NULL. */
static void write_png(const char *path, uint32_t width, uint32_t height, int depth, int type,
                      const uint8_t *bytes, size_t row_bytes, const uint8_t (*palette)[4],
                      int colours) {
    FILE *file = fopen(path, "wb");
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
    png_infop info = png_create_info_struct(png);
    png_color entries[256];
    png_byte alphas[256];
    assert_non_null(file);
    assert_non_null(info);
    png_init_io(png, file);
    png_set_IHDR(png, info, width, height, depth, type, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    for (int i = 0; i < colours; i++) {
        entries[i] = (png_color){palette[i][0], palette[i][1], palette[i][2]};
        alphas[i] = palette[i][3];
    }
    if (colours > 0) {
        png_set_PLTE(png, info, entries, colours);
        png_set_tRNS(png, info, alphas, colours, NULL);
    }
    png_write_info(png, info);
    for (uint32_t y = 0; y < height; y++) {
        png_write_row(png, bytes + y * row_bytes);
    }
    png_write_end(png, info);
    png_destroy_write_struct(&png, &info);
    assert_int_equal(fclose(file), 0);
}

static void grey_pngs_of_every_depth(void **state) {
    static const uint8_t one[] = {0xa0}, two[] = {0x1b}, four[] = {0x0f, 0x80};
    static const uint8_t eight[] = {0, 1, 254}, sixteen[] = {0, 0, 0x80, 0x80, 0xff, 0xff};
    const char *path = scratch_path(state, "a.png");
    write_png(path, 3, 1, 1, PNG_COLOR_TYPE_GRAY, one, 1, NULL, 0);
    assert_still(path, 3, 1, (const uint8_t[]){255, 0, 255}, 0);
    write_png(path, 4, 1, 2, PNG_COLOR_TYPE_GRAY, two, 1, NULL, 0);
    assert_still(path, 4, 1, (const uint8_t[]){0, 85, 170, 255}, 0);
    write_png(path, 3, 1, 4, PNG_COLOR_TYPE_GRAY, four, 2, NULL, 0);
    assert_still(path, 3, 1, (const uint8_t[]){0, 255, 136}, 0);
    write_png(path, 1, 3, 8, PNG_COLOR_TYPE_GRAY, eight, 1, NULL, 0);
    assert_still(path, 1, 3, eight, 0);
    write_png(path, 3, 1, 16, PNG_COLOR_TYPE_GRAY, sixteen, 6, NULL, 0);
    assert_still(path, 3, 1, (const uint8_t[]){0, 128, 255}, 0);
}

static void colours_become_luma(void **state) {
    static const uint8_t rgb[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255, 9, 9, 9};
    static const uint8_t luma[] = {76, 150, 29, 255, 9};
    static const uint8_t palette[][4] = {
        {255, 0, 0, 255}, {0, 255, 0, 255}, {0, 0, 255, 255}, {255, 255, 255, 255}, {9, 9, 9, 255}};
    static const uint8_t indices[] = {0, 1, 2, 3, 4};
    uint8_t deep[30];
    const char *path = scratch_path(state, "a.png");
    write_png(path, 5, 1, 8, PNG_COLOR_TYPE_RGB, rgb, 15, NULL, 0);
    assert_still(path, 5, 1, luma, 0);
    for (size_t i = 0; i < 15; i++) {
        deep[2 * i] = deep[2 * i + 1] = rgb[i];
    }
    write_png(path, 5, 1, 16, PNG_COLOR_TYPE_RGB, deep, 30, NULL, 0);
    assert_still(path, 5, 1, luma, 0);
    write_png(path, 5, 1, 8, PNG_COLOR_TYPE_PALETTE, indices, 5, palette, 5);
    assert_still(path, 5, 1, luma, 0);
}

static void what_is_transparent_shows_paper(void **state) {
    static const uint8_t dark[] = {0, 0, 0, 0, 0, 0, 0, 255, 40, 40, 40, 128, 200, 200, 200, 0};
    static const uint8_t light[] = {255, 0, 200, 255, 255, 51};
    static const uint8_t palette[][4] = {{0, 0, 0, 0}, {30, 30, 30, 255}};
    static const uint8_t nothing[] = {1, 0, 2, 0};
    const char *path = scratch_path(state, "a.png");
    write_png(path, 4, 1, 8, PNG_COLOR_TYPE_RGB_ALPHA, dark, 16, NULL, 0);
    assert_still(path, 4, 1, (const uint8_t[]){255, 0, 147, 255}, 0);
    write_png(path, 3, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, light, 6, NULL, 0);
    assert_still(path, 3, 1, (const uint8_t[]){0, 200, 51}, 0);
    write_png(path, 2, 1, 1, PNG_COLOR_TYPE_PALETTE, (const uint8_t[]){0x40}, 1, palette, 2);
    assert_still(path, 2, 1, (const uint8_t[]){255, 30}, 0);
    write_png(path, 2, 1, 8, PNG_COLOR_TYPE_GRAY_ALPHA, nothing, 4, NULL, 0);
    assert_still(path, 2, 1, (const uint8_t[]){255, 255}, 0);
}

/* ---- PGM and its like ---- */

static void write_text(const char *path, const char *text, size_t size) {
    scratch_write(path, text, size);
}

static void the_portable_ones(void **state) {
    static const char grey[] = "P5\n# made by hand\n3 1\n255\n\0\x80\xff";
    static const char colour[] = "P6 2 1 255\n\xff\0\0\0\xff\0";
    static const char bits[] = "P4 3 1\n\xa0", plain[] = "P2 3 1 9\n0 3 9\n";
    static const char deep[] = "P5 2 1 65535\n\0\0\x80\x80";
    const char *path = scratch_path(state, "a.pgm");
    write_text(path, grey, sizeof grey - 1);
    assert_still(path, 3, 1, (const uint8_t[]){0, 128, 255}, 0);
    write_text(path, colour, sizeof colour - 1);
    assert_still(path, 2, 1, (const uint8_t[]){76, 150}, 0);
    write_text(path, bits, sizeof bits - 1);
    assert_still(path, 3, 1, (const uint8_t[]){0, 255, 0}, 0);
    write_text(path, deep, sizeof deep - 1);
    assert_still(path, 2, 1, (const uint8_t[]){0, 128}, 0);
    write_text(path, plain, sizeof plain - 1);
    assert_still(path, 3, 1, (const uint8_t[]){0, 85, 255}, 0);
}

/* ---- JPEG ---- */

/* Blocks of the levels, one for each. */
static uint8_t *enlarge(const uint8_t *levels, uint32_t columns, uint32_t rows) {
    uint8_t *grey;
    TEST_NEW(grey, (size_t)columns * rows * 64);
    for (size_t y = 0; y < rows * 8; y++) {
        for (size_t x = 0; x < columns * 8; x++) {
            grey[y * columns * 8 + x] = levels[y / 8 * columns + x / 8];
        }
    }
    return grey;
}

static void check_jpeg(void **state, const jpeg_wishes *wishes, uint32_t columns, uint32_t rows,
                       const uint8_t *expected, int most) {
    const char *path = scratch_path(state, "a.jpg");
    uint8_t *grey = enlarge(expected, columns, rows);
    blob_write(path, jpeg_file(wishes));
    assert_still(path, columns * 8, rows * 8, grey, most);
    free(grey);
}

static void jpegs_in_grey_colour_and_cmyk(void **state) {
    static const uint8_t grey[] = {0, 50, 100, 150, 200, 255};
    static const uint8_t colour[] = {10, 128, 128, 200, 60, 200};
    /* Adobe's are negative: 255 is no ink. Its transform makes luma of the ink: 0 is none. */
    static const uint8_t cmyk[] = {255, 255, 255, 255, 255, 255, 255, 100, 200, 100, 50, 255};
    static const uint8_t ycck[] = {0, 128, 128, 255, 135, 128, 128, 255, 0, 128, 128, 20};
    check_jpeg(state, &(jpeg_wishes){3, 2, 1, grey, -1, 0}, 3, 2, grey, 0);
    check_jpeg(state, &(jpeg_wishes){2, 1, 3, colour, -1, 0}, 2, 1, (const uint8_t[]){10, 200}, 0);
    check_jpeg(state, &(jpeg_wishes){3, 1, 4, cmyk, 0, 0}, 3, 1, (const uint8_t[]){255, 100, 124},
               2);
    check_jpeg(state, &(jpeg_wishes){3, 1, 4, ycck, 2, 0}, 3, 1, (const uint8_t[]){255, 120, 20},
               2);
}

/* What was taken with the camera turned: 1 2 3 / 4 5 6 lies in the file as Exif says. */
static void jpegs_are_turned_as_exif_says(void **state) {
    static const uint8_t shown[] = {10, 20, 30, 40, 50, 60};
    static const struct {
        uint32_t columns, rows;
        uint8_t levels[6];
    } stored[] = {{3, 2, {10, 20, 30, 40, 50, 60}}, {3, 2, {30, 20, 10, 60, 50, 40}},
                  {3, 2, {60, 50, 40, 30, 20, 10}}, {3, 2, {40, 50, 60, 10, 20, 30}},
                  {2, 3, {10, 40, 20, 50, 30, 60}}, {2, 3, {30, 60, 20, 50, 10, 40}},
                  {2, 3, {60, 30, 50, 20, 40, 10}}, {2, 3, {40, 10, 50, 20, 60, 30}}};
    for (int i = 0; i < 8; i++) {
        const jpeg_wishes wishes = {
            stored[i].columns, stored[i].rows, 1, stored[i].levels, -1, i + 1};
        check_jpeg(state, &wishes, 3, 2, shown, 0);
    }
}

/* ---- faults ---- */

static blob sample_png(void **state) {
    const char *path = scratch_path(state, "sample.png");
    uint8_t pixels[40 * 30];
    blob out;
    for (size_t i = 0; i < sizeof pixels; i++) {
        pixels[i] = (uint8_t)(i * i);
    }
    write_png(path, 40, 30, 8, PNG_COLOR_TYPE_GRAY, pixels, 40, NULL, 0);
    out.bytes = scratch_read(path, &out.size);
    return out;
}

static blob sample_jpeg(void) {
    uint8_t levels[50];
    for (size_t i = 0; i < sizeof levels; i++) {
        levels[i] = (uint8_t)(i * 37);
    }
    return jpeg_file(&(jpeg_wishes){10, 5, 1, levels, 0, 1});
}

static blob sample_pgm(void) {
    blob out = {0};
    static const uint8_t pixels[40 * 30] = {1, 2, 3};
    blob_add(&out, "P5 40 30 255\n", 13);
    blob_add(&out, pixels, sizeof pixels);
    return out;
}

static void files_that_end_too_early(void **state) {
    blob files[] = {sample_png(state), sample_jpeg(), sample_pgm()};
    const char *path = scratch_path(state, "cut");
    for (size_t f = 0; f < COUNT(files); f++) {
        scratch_write(path, files[f].bytes, files[f].size);
        cbx_still still;
        assert_ok(cbx_still_read(&still, path));
        free(still.grey);
        const size_t step = files[f].size / 50 + 1;
        for (size_t size = 1; size < files[f].size; size += size < 40 ? 1 : step) {
            scratch_write(path, files[f].bytes, size);
            assert_refused(path, CBX_BAD_DATA, "");
        }
        for (size_t lost = 1; lost <= 12; lost++) {
            scratch_write(path, files[f].bytes, files[f].size - lost);
            assert_refused(path, CBX_BAD_DATA, "damaged, cut short");
        }
        blob_free(&files[f]);
    }
}

/* Each is a picture, or is refused; nothing else happens. */
static void files_with_wrong_bytes(void **state) {
    blob files[] = {sample_png(state), sample_jpeg(), sample_pgm()};
    const char *path = scratch_path(state, "spoiled");
    uint32_t seed = 1;
    for (size_t f = 0; f < COUNT(files); f++) {
        for (int i = 0; i < 400; i++) {
            seed = seed * 1664525u + 1013904223u;
            uint8_t *at = &files[f].bytes[(seed >> 8) % files[f].size], kept = *at;
            *at = (uint8_t)(seed >> 3);
            scratch_write(path, files[f].bytes, files[f].size);
            cbx_still still;
            const cbx_status status = cbx_still_read(&still, path);
            assert_true(!status || status == CBX_BAD_DATA);
            free(still.grey);
            *at = kept;
        }
        blob_free(&files[f]);
    }
}

static void a_png_with_a_wrong_check_sum(void **state) {
    blob file = sample_png(state);
    const char *path = scratch_path(state, "a.png");
    file.bytes[file.size / 2] ^= 1;
    blob_write(path, file);
    assert_refused(path, CBX_BAD_DATA, "this PNG is damaged, cut short");
}

static void what_is_no_picture(void **state) {
    const char *path = scratch_path(state, "a.png");
    assert_refused(path, CBX_MISSING_INPUT, "No such file");
    scratch_write(path, "", 0);
    assert_refused(path, CBX_BAD_DATA, "empty");
    scratch_write(path, "GIF89a and so on", 16);
    assert_refused(path, CBX_BAD_DATA, "no picture that can be read");
    scratch_write(path, "a text that is\nno picture", 25);
    assert_refused(path, CBX_BAD_DATA, "PNG, JPEG, PGM");
    const char *folder = *state;
    assert_refused(folder, CBX_MISSING_INPUT, "directory");
}

/* A few bytes may promise a picture of many gigabytes. */
static void pictures_that_are_too_large(void **state) {
    static const char larger[] = "P5 12000 6000 255\n", largest[] = "P5 20000 20000 255\n";
    const char *path = scratch_path(state, "a.png");
    blob file = sample_png(state);
    write_text(path, larger, sizeof larger - 1);
    assert_refused(path, CBX_BAD_DATA, "");
    write_text(path, largest, sizeof largest - 1);
    assert_refused(path, CBX_BAD_DATA, "far too large");
    uint8_t *row;
    TEST_NEW(row, 70000);
    write_png(path, 70000, 1000, 8, PNG_COLOR_TYPE_GRAY, row, 0, NULL, 0);
    assert_refused(path, CBX_BAD_DATA, "more than 67108864 pixels");
    free(row);
    blob_free(&file);
}

int main(void) {
    cbx_film_silence_libav();
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(grey_pngs_of_every_depth),        SCRATCH_TEST(colours_become_luma),
        SCRATCH_TEST(what_is_transparent_shows_paper), SCRATCH_TEST(the_portable_ones),
        SCRATCH_TEST(jpegs_in_grey_colour_and_cmyk),   SCRATCH_TEST(jpegs_are_turned_as_exif_says),
        SCRATCH_TEST(files_that_end_too_early),        SCRATCH_TEST(files_with_wrong_bytes),
        SCRATCH_TEST(a_png_with_a_wrong_check_sum),    SCRATCH_TEST(what_is_no_picture),
        SCRATCH_TEST(pictures_that_are_too_large),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
