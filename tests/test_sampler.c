/* SPDX-License-Identifier: MIT */
/* host/data/sampler: permutations, all of them equally likely. */
#include "support/scratch.h"

#include <stdlib.h>
#include <string.h>

#include "data/sampler.h"

static void in_order_counts_up(void **state) {
    uint32_t order[6] = {9, 9, 9, 9, 9, 9};
    const uint32_t expected[6] = {0, 1, 2, 3, 4, 9};
    (void)state;
    cbx_sampler_in_order(order, 5);
    assert_memory_equal(order, expected, sizeof order);
}

static void a_shuffle_is_a_permutation(void **state) {
    const uint32_t counts[] = {0, 1, 2, 7, 64, 50000};
    (void)state;
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        uint32_t count = counts[c];
        uint32_t *order = malloc((count + 1) * sizeof *order);
        uint8_t *seen = calloc(count + 1, 1);
        assert_non_null(order);
        assert_non_null(seen);
        order[count] = 0xdeadbeef;
        cbx_random random;
        cbx_random_seed(&random, 3, CBX_STREAM_ORDER);
        cbx_sampler_shuffle(&random, order, count);
        for (uint32_t i = 0; i < count; i++) {
            assert_true(order[i] < count);
            assert_false(seen[order[i]]);
            seen[order[i]] = 1;
        }
        assert_int_equal(order[count], 0xdeadbeef);
        free(order);
        free(seen);
    }
}

static void a_seed_decides_the_order(void **state) {
    uint32_t first[100], again[100], next[100], other[100];
    cbx_random random;
    (void)state;
    cbx_random_seed(&random, 3, CBX_STREAM_ORDER);
    cbx_sampler_shuffle(&random, first, 100);
    cbx_sampler_shuffle(&random, next, 100);
    cbx_random_seed(&random, 3, CBX_STREAM_ORDER);
    cbx_sampler_shuffle(&random, again, 100);
    cbx_random_seed(&random, 4, CBX_STREAM_ORDER);
    cbx_sampler_shuffle(&random, other, 100);
    assert_memory_equal(first, again, sizeof first);
    assert_memory_not_equal(first, next, sizeof first);
    assert_memory_not_equal(first, other, sizeof first);
}

/* All 120 permutations of 5: chi-square with 119 degrees of freedom stays below
 * 184 but once in 10,000. Swapping with any place, the usual mistake, gives more
 * than 10,000 here. */
static void every_permutation_is_equally_likely(void **state) {
    enum { COUNT = 120, TRIES = 240000 };
    uint32_t seen[3125] = {0};
    cbx_random random;
    (void)state;
    cbx_random_seed(&random, 7, CBX_STREAM_ORDER);
    for (int i = 0; i < TRIES; i++) {
        uint32_t order[5];
        cbx_sampler_shuffle(&random, order, 5);
        seen[(((order[0] * 5 + order[1]) * 5 + order[2]) * 5 + order[3]) * 5 + order[4]]++;
    }
    double chi_square = 0;
    int different = 0;
    for (int i = 0; i < 3125; i++) {
        if (seen[i] > 0) {
            double off = seen[i] - (double)TRIES / COUNT;
            chi_square += off * off / ((double)TRIES / COUNT);
            different++;
        }
    }
    assert_int_equal(different, COUNT);
    assert_true(chi_square < 184);
    assert_true(chi_square > 69); /* too even is not random either */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_order_counts_up),
        cmocka_unit_test(a_shuffle_is_a_permutation),
        cmocka_unit_test(a_seed_decides_the_order),
        cmocka_unit_test(every_permutation_is_equally_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
