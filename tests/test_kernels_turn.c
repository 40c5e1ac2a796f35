/* SPDX-License-Identifier: MIT */
/* turn_batches, launched directly: every byte of lists and levels, for batches of the order and for
 * blocks of images, in a ring of slots that goes round. */
#include <string.h>

#include "support/bands.h"
#include "support/fixture.h"
#include "support/ink.h"
#include "support/synthetic.h"
#include "support/test.h"
#include "support/turned.h"

#define ARG CBX_ARGUMENT

enum { IMAGES = 300, FIRST = 5 };

typedef struct task {
    cl_uint by_order, first, rows, all, slot, slots, blocks;
} task;

/* The images of a batch (rows, 784), for free(). */
static uint8_t *gather(const task *t, const uint8_t *images, const uint32_t *order, size_t first,
                       size_t rows) {
    uint8_t *levels;
    TEST_NEW(levels, rows * CBX_PIXELS);
    for (size_t row = 0; row < rows; row++) {
        const size_t image = t->by_order ? order[first + row] : first + row;
        memcpy(levels + row * CBX_PIXELS, images + image * CBX_PIXELS, CBX_PIXELS);
    }
    return levels;
}

static void check_slot(const task *t, const uint8_t *levels, size_t rows, const uint8_t *lists,
                       const uint8_t *turned) {
    uint8_t *should_lists, *should;
    TEST_NEW(should_lists, TURNED_LISTS);
    TEST_NEW(should, t->blocks * (size_t)TURNED_BLOCK);
    turned_make(levels, rows, t->blocks, should_lists, should);
    for (size_t slab = 0; slab < CBX_SLABS; slab++) { /* nothing is said of what is behind */
        assert_memory_equal(lists + slab * CBX_LIST, should_lists + slab * CBX_LIST, CBX_SLAB + 1);
    }
    assert_memory_equal(turned, should, t->blocks * (size_t)TURNED_BLOCK);
    free(should_lists);
    free(should);
}

static void check(const task *t) {
    uint64_t state = t->rows + t->all;
    const size_t count = (t->all + t->rows - 1) / t->rows;
    const size_t of_slot = t->blocks * (size_t)TURNED_BLOCK;
    uint8_t *images = ink_images(&state, IMAGES);
    uint32_t order[IMAGES];
    bands *b = bands_open(fixture_device(CBX_FAMILY_GPU));
    for (size_t i = 0; i < IMAGES; i++) {
        order[i] = (uint32_t)(synthetic_bits(&state) % IMAGES);
    }
    memset(images + (size_t)order[t->first] * CBX_PIXELS, 0, CBX_PIXELS);
    cl_mem pixels = bands_input(b, "images", images, (size_t)IMAGES * CBX_PIXELS);
    cl_mem rows = bands_input(b, "order", order, (t->first + t->all) * sizeof *order);
    cl_mem lists = bands_output(b, "lists", NULL, t->slots * (size_t)TURNED_LISTS);
    cl_mem levels = bands_output(b, "levels", NULL, t->slots * of_slot);
    const cbx_range range = {{count * CBX_SLABS * CBX_GROUP, 1}, {CBX_GROUP, 1}};
    BANDS_LAUNCH(b, "turn_batches", range, ARG(pixels), ARG(rows), ARG(t->by_order), ARG(t->first),
                 ARG(t->rows), ARG(t->all), ARG(t->slot), ARG(t->slots), ARG(t->blocks), ARG(lists),
                 ARG(levels));
    uint8_t *got_lists = bands_read(b, lists), *got = bands_read(b, levels);
    for (size_t i = 0; i < count; i++) {
        const size_t left = t->all - i * t->rows, some = left < t->rows ? left : t->rows;
        const size_t slot = (t->slot + i) % t->slots;
        uint8_t *should = gather(t, images, order, t->first + i * t->rows, some);
        check_slot(t, should, some, got_lists + slot * TURNED_LISTS, got + slot * of_slot);
        free(should);
    }
    for (size_t slot = 0; slot < t->slots; slot++) { /* what was not asked for stays */
        const int untouched = (slot + t->slots - t->slot) % t->slots >= count;
        float first;
        memcpy(&first, got_lists + slot * TURNED_LISTS, sizeof first);
        assert_int_equal(untouched, bands_untouched(&first));
    }
    free(got_lists);
    free(got);
    free(images);
    bands_close(b);
}

static void batches_are_turned(void **state) {
    static const task tasks[] = {
        {1, FIRST, 7, 7, 0, 1, 1},    {1, FIRST, 1, 3, 4, 5, 1},   {1, FIRST, 64, 192, 2, 4, 1},
        {1, FIRST, 65, 130, 1, 3, 2}, {1, FIRST, 20, 40, 0, 2, 2}, {1, FIRST, 200, 200, 0, 2, 4},
    };
    (void)state;
    for (size_t i = 0; i < (bands_watched() ? 2 : CBX_COUNT(tasks)); i++) {
        check(&tasks[i]);
    }
}

static void images_are_turned(void **state) {
    static const task tasks[] = {
        {0, FIRST, 64, 37, 0, 1, 1}, {0, FIRST, 64, 128, 0, 2, 1}, {0, 0, 64, IMAGES, 0, 7, 1}};
    (void)state;
    for (size_t i = 0; i < (bands_watched() ? 1 : CBX_COUNT(tasks)); i++) {
        check(&tasks[i]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(batches_are_turned),
        cmocka_unit_test(images_are_turned),
    };
    return cmocka_run_group_tests_name("kernels: turn", tests, fixture_setup, fixture_teardown);
}
