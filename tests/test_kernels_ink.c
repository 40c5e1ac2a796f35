/* SPDX-License-Identifier: MIT */
/* The kernels of ink.cl against a plain count on the host: images that are all 0, all 255, of one
 * pixel, random; batches whose rows share no pixel, or every pixel. */
#include <string.h>

#include "support/bands.h"
#include "support/fixture.h"
#include "support/ink.h"
#include "support/panels.h"
#include "support/synthetic.h"
#include "support/test.h"

#define ARG CBX_ARGUMENT

enum { PIXELS = CBX_IMAGE_PIXELS, IMAGES = 80 };

static cbx_device *device(void) {
    return fixture_device(CBX_FAMILY_CPU);
}

/* ---- lists of images ---- */

static void assert_lists(bands *b, cl_mem inks, cl_mem pixels, cl_mem levels,
                         const ink_lists *should) {
    void *is_inks = bands_read(b, inks), *is_pixels = bands_read(b, pixels);
    void *is_levels = bands_read(b, levels);
    assert_memory_equal(is_inks, should->inks, should->count * sizeof *should->inks);
    assert_memory_equal(is_pixels, should->pixels, should->entries * sizeof *should->pixels);
    assert_memory_equal(is_levels, should->levels, should->entries * sizeof *should->levels);
    free(is_inks);
    free(is_pixels);
    free(is_levels);
}

/* One kernel after the other, each on what the one before it left. */
static void check_lists(const uint8_t *images, size_t count) {
    const cl_uint n = (cl_uint)count;
    const cl_uchar nothing = 0;
    ink_lists should = ink_of(images, count);
    bands *b = bands_open(device());
    cl_mem from = bands_input(b, "images", images, count * PIXELS);
    cl_mem inks = bands_output(b, "inks", NULL, count * sizeof *should.inks);
    BANDS_LAUNCH(b, "count_ink", bands_range(b, count, 1), ARG(from), ARG(n), ARG(inks));
    cbx_ink *counted = bands_read(b, inks);
    for (size_t i = 0; i < count; i++) {
        assert_memory_equal(counted[i].starts, should.inks[i].starts, sizeof counted[i].starts);
        assert_int_equal(counted[i].first, counted[i].starts[CBX_SLABS]);
    }
    free(counted);
    BANDS_LAUNCH(b, "place_ink", bands_range(b, 1, 1), ARG(n), ARG(inks));
    cbx_ink *placed = bands_read(b, inks);
    assert_memory_equal(placed, should.inks, count * sizeof *placed);
    free(placed);
    if (should.entries > 0) { /* there is no buffer of nothing */
        cl_mem pixels = bands_output(b, "pixels", NULL, should.entries * sizeof *should.pixels);
        cl_mem levels = bands_output(b, "levels", NULL, should.entries);
        BANDS_LAUNCH(b, "gather_ink", bands_range(b, count, 1), ARG(from), ARG(n), ARG(inks),
                     ARG(pixels), ARG(levels));
        assert_lists(b, inks, pixels, levels, &should);
    } else {
        cl_mem none = bands_input(b, "no ink", &nothing, sizeof nothing);
        BANDS_LAUNCH(b, "gather_ink", bands_range(b, count, 1), ARG(from), ARG(n), ARG(inks),
                     ARG(none), ARG(none));
    }
    bands_close(b);
    ink_free(&should);
}

static void random_images(void **state) {
    static const size_t counts[] = {1, 4, 5, 17, IMAGES};
    uint64_t random = 1;
    (void)state;
    uint8_t *images = ink_images(&random, IMAGES);
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        check_lists(images, counts[i]);
        check_lists(images + (IMAGES - counts[i]) * PIXELS, counts[i]);
    }
    free(images);
}

static void images_of_one_kind(void **state) {
    static const uint8_t kinds[] = {0, 1, 255};
    uint8_t *images;
    (void)state;
    TEST_NEW(images, 7 * PIXELS);
    for (size_t i = 0; i < sizeof kinds; i++) {
        memset(images, kinds[i], 7 * (size_t)PIXELS);
        check_lists(images, 7);
    }
    free(images);
}

/* Each in an image of its own: the first and the last of every slab among them. */
static void images_of_one_pixel(void **state) {
    const size_t step = bands_watched() ? 111 : 1, count = (PIXELS + step - 1) / step;
    uint8_t *images;
    (void)state;
    TEST_NEW(images, count * PIXELS);
    for (size_t i = 0; i < count; i++) {
        images[i * PIXELS + i * step] = (uint8_t)(1 + i % 255);
    }
    check_lists(images, count);
    free(images);
}

/* ---- lists of a batch, by pixels ---- */

/* Batches order[FIRST …) of `rows` each, into slots behind a ticket. */
typedef struct turning {
    size_t rows, batches, slots, stride;
    cl_uint ticket;
} turning;

enum { FIRST = 3, ORDER = 400 };

/* The marks of a slot are those of its batch; what no batch needs is not touched. */
static void assert_slot(const cbx_ink_mark *marks, const uint32_t *pixels, size_t of_slot,
                        const uint8_t *images, const uint32_t *order, size_t rows) {
    uint32_t should_pixels[PIXELS + 1];
    cbx_ink_mark *should;
    TEST_NEW(should, rows * PIXELS);
    ink_turn(images, order, rows, should_pixels, should);
    assert_memory_equal(pixels, should_pixels, sizeof should_pixels);
    assert_memory_equal(marks, should, should_pixels[PIXELS] * sizeof *should);
    for (size_t i = should_pixels[PIXELS]; i < of_slot; i++) {
        assert_true(bands_untouched(&marks[i].level));
    }
    free(should);
}

static void check_turning(const uint8_t *images, size_t count, const uint32_t *order, turning t) {
    const cl_uint first = FIRST, rows = (cl_uint)t.rows, batches = (cl_uint)t.batches;
    const cl_uint stride = (cl_uint)t.stride, slots = (cl_uint)t.slots;
    const size_t of_slot = t.stride * PIXELS, starts = PIXELS + 1;
    ink_lists lists = ink_of(images, count);
    bands *b = bands_open(device());
    cl_mem from = bands_input(b, "order", order, (FIRST + t.batches * t.rows) * sizeof *order);
    cl_mem inks = bands_input(b, "inks", lists.inks, count * sizeof *lists.inks);
    cl_mem ink_pixels =
        bands_input(b, "ink pixels", lists.pixels, lists.entries * sizeof *lists.pixels);
    cl_mem ink_levels = bands_input(b, "ink levels", lists.levels, lists.entries);
    cl_mem pixels = bands_output(b, "pixels", NULL, t.slots * starts * sizeof(cl_uint));
    cl_mem marks = bands_output(b, "marks", NULL, t.slots * of_slot * sizeof(cbx_ink_mark));
    BANDS_LAUNCH(b, "turn_ink", bands_range(b, t.batches, 1), ARG(from), ARG(first), ARG(rows),
                 ARG(batches), ARG(stride), ARG(t.ticket), ARG(slots), ARG(inks), ARG(ink_pixels),
                 ARG(ink_levels), ARG(pixels), ARG(marks));
    uint32_t *is_pixels = bands_read(b, pixels);
    cbx_ink_mark *is_marks = bands_read(b, marks);
    for (size_t slot = 0; slot < t.slots; slot++) {
        const size_t batch = (slot + t.slots - t.ticket % t.slots) % t.slots;
        if (batch < t.batches) {
            assert_slot(is_marks + slot * of_slot, is_pixels + slot * starts, of_slot, images,
                        order + FIRST + batch * t.rows, t.rows);
        } else {
            assert_true(bands_untouched(&is_marks[slot * of_slot].level));
        }
    }
    bands_close(b);
    free(is_pixels);
    free(is_marks);
    ink_free(&lists);
}

static void batches_of_random_images(void **state) {
    static const turning all[] = {{1, 1, 2, 13, 0},  {7, 1, 1, 13, 5},   {7, 5, 6, 13, 4},
                                  {7, 6, 6, 26, 11}, {64, 3, 4, 65, 2},  {77, 5, 5, 78, 0},
                                  {1, 9, 17, 13, 8}, {77, 1, 17, 91, 16}};
    uint64_t random = 2;
    uint32_t order[ORDER];
    (void)state;
    uint8_t *images = ink_images(&random, IMAGES);
    for (size_t i = 0; i < ORDER; i++) {
        order[i] = (uint32_t)(synthetic_bits(&random) % IMAGES);
    }
    for (size_t i = 0; i < (bands_watched() ? 2 : sizeof all / sizeof *all); i++) {
        check_turning(images, IMAGES, order, all[i]);
    }
    free(images);
}

/* Ink at every `rows`-th pixel, from another one on in each row; and every row the same image. */
static void rows_that_share_nothing_or_everything(void **state) {
    const turning t = {7, 1, 2, 13, 0};
    uint32_t order[FIRST + 7] = {0, 0, 0, 4, 0, 6, 2, 1, 5, 3};
    uint8_t *images;
    (void)state;
    TEST_NEW(images, 7 * PIXELS);
    for (size_t i = 0; i < 7 * PIXELS; i++) {
        images[i] = i % PIXELS % 7 == i / PIXELS ? (uint8_t)(1 + i % 255) : 0;
    }
    check_turning(images, 7, order, t);
    for (size_t i = 0; i < FIRST + 7; i++) {
        order[i] = 6;
    }
    check_turning(images, 7, order, t);
    memset(images + 6 * PIXELS, 255, PIXELS);
    check_turning(images, 7, order, t);
    memset(images + 6 * PIXELS, 0, PIXELS);
    check_turning(images, 7, order, t);
    free(images);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_images),
        cmocka_unit_test(images_of_one_kind),
        cmocka_unit_test(images_of_one_pixel),
        cmocka_unit_test(batches_of_random_images),
        cmocka_unit_test(rows_that_share_nothing_or_everything),
    };
    return cmocka_run_group_tests_name("kernels: ink", tests, fixture_setup, fixture_teardown);
}
