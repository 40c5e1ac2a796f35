/* SPDX-License-Identifier: MIT */
/* host/base/random: the published generator, without bias, normal; and its logarithm. */
#include "support/scratch.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/logarithm.h"
#include "base/random.h"

/* The first numbers from the state 1, 2, 3, 4, worked out from the published
 * formulas in Python's whole numbers, as are all values below. */
static void bits_follow_the_published_formula(void **state) {
    (void)state;
    cbx_random random = {{1, 2, 3, 4}};
    const uint64_t expected[] = {UINT64_C(11520),
                                 0,
                                 UINT64_C(1509978240),
                                 UINT64_C(1215971899390074240),
                                 UINT64_C(1216172134540287360),
                                 UINT64_C(607988272756665600),
                                 UINT64_C(16172922978634559625),
                                 UINT64_C(8476171486693032832),
                                 UINT64_C(10595114339597558777),
                                 UINT64_C(2904607092377533576)};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        assert_true(cbx_random_bits(&random) == expected[i]);
    }
}

static void seeds_and_streams_are_stable(void **state) {
    (void)state;
    const struct {
        uint64_t seed, stream, state0, first;
    } cases[] = {
        {0, 0, UINT64_C(0xe220a8397b1dcdaf), UINT64_C(0x99ec5f36cb75f2b4)},
        {0, 1, UINT64_C(0xbfef8030ddc2d772), UINT64_C(0xfc72158253f7415e)},
        {12345, 0, UINT64_C(0x22118258a9d111a0), UINT64_C(0xbe6a36374160d49b)},
        {12345, 1, UINT64_C(0x0e729c39bd12cb7c), UINT64_C(0x25478a552fffe1f8)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cbx_random random;
        cbx_random_seed(&random, cases[i].seed, cases[i].stream);
        assert_true(random.state[0] == cases[i].state0);
        assert_true(cbx_random_bits(&random) == cases[i].first);
    }
    cbx_random random;
    uint64_t last = 0;
    cbx_random_seed(&random, 0, 0);
    for (int i = 0; i < 1000000; i++) {
        last = cbx_random_bits(&random);
    }
    assert_true(last == UINT64_C(0xec96d2d5eae0cff7));
}

/* With this bound two thirds of the rejections of a biased method would show: a plain
 * multiplication gives every third number twice as often. */
static void bounded_numbers_are_unbiased(void **state) {
    (void)state;
    const uint32_t bound = 0xc0000000u; /* 3·2^30 */
    uint32_t thirds[3] = {0, 0, 0};
    const uint32_t count = 300000;
    cbx_random random;
    cbx_random_seed(&random, 1, 0);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t number = cbx_random_below(&random, bound);
        assert_true(number < bound);
        thirds[number % 3]++;
    }
    double chi_square = 0;
    for (int i = 0; i < 3; i++) {
        double off = thirds[i] - count / 3.0;
        chi_square += off * off / (count / 3.0);
    }
    assert_true(chi_square < 18.4); /* 2 degrees of freedom: once in 10,000 */
    for (int i = 0; i < 100; i++) {
        assert_int_equal(cbx_random_below(&random, 1), 0);
    }
}

static uint64_t bits_of(double x) {
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* Of numbers of every exponent from 2^-1022 to 2^1023, and of many more around 1, where the
 * logarithm is small. The library's own is within one unit of the truth, and so is ours. */
static void logarithms_are_within_two_units_of_the_library(void **state) {
    (void)state;
    cbx_random random;
    cbx_random_seed(&random, 7, 0);
    assert_true(bits_of(cbx_logarithm(1.0)) == 0);
    for (int i = 0; i < 2000000; i++) {
        const double m = 0.5 + 0x1p-54 * (double)(cbx_random_bits(&random) >> 11);
        const double x = i % 2 ? ldexp(m, i / 2 % 2046 - 1021) : m + 0.5 * (i % 4 == 0);
        const double expected = log(x);
        const uint64_t is = bits_of(cbx_logarithm(x)), should = bits_of(expected);
        if ((is > should ? is - should : should - is) > 2) {
            fail_msg("the logarithm of %a is %a, not %a", x, cbx_logarithm(x), expected);
        }
    }
}

/* A hundred thousand numbers, folded into one; worked out in Python, too. */
static void normal_numbers_have_the_same_bits_everywhere(void **state) {
    (void)state;
    uint64_t all = 0;
    cbx_random random;
    cbx_random_seed(&random, 0, 0);
    for (int i = 0; i < 100000; i++) {
        all = all * UINT64_C(0x9e3779b97f4a7c15) + bits_of(cbx_random_normal(&random));
    }
    assert_true(all == UINT64_C(0x06e8a2603e06cc0b));
}

static void normal_numbers_are_normal(void **state) {
    (void)state;
    const double expected[] = {0.5981026483626094, -0.8950525532379914, -2.415606685712082,
                               -0.7626406521838989, -0.03668245697754931};
    cbx_random random;
    cbx_random_seed(&random, 0, 0);
    for (int i = 0; i < 5; i++) {
        assert_true(fabs(cbx_random_normal(&random) - expected[i]) <= 1e-14);
    }

    enum { COUNT = 400000 };
    double power[5] = {0};
    int beyond = 0;
    for (int i = 0; i < COUNT; i++) {
        double x = cbx_random_normal(&random), p = 1;
        for (int k = 1; k < 5; k++) {
            power[k] += p *= x;
        }
        beyond += fabs(x) > 1.959963984540054;
    }
    /* Each within five of its own standard errors: √(Var xᵏ / n). */
    double n = COUNT;
    assert_true(fabs(power[1] / n - 0) <= 5 * sqrt(1 / n));
    assert_true(fabs(power[2] / n - 1) <= 5 * sqrt(2 / n));
    assert_true(fabs(power[3] / n - 0) <= 5 * sqrt(15 / n));
    assert_true(fabs(power[4] / n - 3) <= 5 * sqrt(96 / n));
    assert_true(fabs(beyond / n - 0.05) <= 5 * sqrt(0.05 * 0.95 / n));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bits_follow_the_published_formula),
        cmocka_unit_test(seeds_and_streams_are_stable),
        cmocka_unit_test(bounded_numbers_are_unbiased),
        cmocka_unit_test(logarithms_are_within_two_units_of_the_library),
        cmocka_unit_test(normal_numbers_have_the_same_bits_everywhere),
        cmocka_unit_test(normal_numbers_are_normal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
