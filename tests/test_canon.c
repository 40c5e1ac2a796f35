/* SPDX-License-Identifier: MIT */
/* The scalar functions of kernels/canon.h, and its tree: how far they are from the true values,
 * in units of the last place of these. The suite takes one float in 499 of each range;
 *
 *   CBX_TEST_EVERY_FLOAT=1 build/test_canon
 *
 * takes them all, in minutes, and prints what it finds: the figures here and in
 * kernels/canon.h. The true values are the C library's in double precision. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
#include "support/synthetic.h"

static double true_reciprocal(double d) {
    return 1 / d;
}

static double true_slope(double v) {
    return cbx_reference_derivative(CBX_RECIPE_LESSON, v);
}

/* Of an output that is not the label's; of the label's it is that of −z. */
static double true_cost(double z) {
    return fmax(z, 0) + log1p(exp(-fabs(z)));
}

static float cost(float z) {
    return cbx_canon_cost(z, 0);
}

/* Ranges of magnitudes, both ends included; the largest error of all floats in them, rounded
 * up; and what every STEP-th of them gives, folded, worked out in Python's fractions from the
 * text of kernels/canon.h. */
static const struct range {
    const char *what;
    float (*ours)(float);
    double (*truth)(double);
    float from, to;
    int signs; /* 2: negative arguments, too */
    double worst;
    uint64_t bits;
} ranges[] = {
    {"exp", cbx_canon_exp, exp, 0.0f, 45.0f, 2, 1.0955, UINT64_C(0xec57b9a191d9cd3a)},
    {"reciprocal", cbx_canon_reciprocal, true_reciprocal, 1.0f, 0x1p65f, 1, 0.5003,
     UINT64_C(0x0b063cd2244f681c)},
    {"sigmoid", cbx_canon_sigmoid, cbx_reference_sigmoid, 0.0f, 45.0f, 2, 2.4808,
     UINT64_C(0x1f777d065137ef84)},
    {"slope", cbx_canon_slope, true_slope, 0.0f, 1.0f, 1, 0.8735, UINT64_C(0x7fe5c2323056e453)},
    /* exp(−45) is more than 2⁻⁶⁵. */
    {"log1p", cbx_canon_log1p, log1p, 0x1p-65f, 1.0f, 1, 2.4457, UINT64_C(0x08b0bdc07a56e02d)},
    {"cost", cost, true_cost, 0.0f, 45.0f, 2, 3.2564, UINT64_C(0xb0699c1505c3dae2)},
};
enum { RANGES = sizeof ranges / sizeof *ranges, STEP = 10007 };

typedef struct finding {
    double worst; /* units in the last place */
    float where;
} finding;

/* The distance between the floats beside a number, none of them a denormal one. */
static double unit_of(double number) {
    int exponent;
    frexp(number, &exponent);
    return ldexp(1.0, exponent - 24);
}

static void look_at(const struct range *range, float x, finding *found) {
    const double is = (double)range->ours(x), truth = range->truth((double)x);
    if (is == 0 && fabs(truth) < (double)CBX_TINY) {
        return; /* as it should be */
    }
    const double error = fabs(is - truth) / unit_of(truth);
    if (!(error <= found->worst)) {
        *found = (finding){isnan(error) ? (double)INFINITY : error, x};
    }
}

/* Every `stride`-th float of a range, and its end. */
static finding sweep(const struct range *range, uint32_t stride) {
    const uint64_t first = cbx_canon_bits(range->from), last = cbx_canon_bits(range->to);
    finding found = {0, 0};
    for (int sign = 1; sign >= 3 - 2 * range->signs; sign -= 2) {
        for (uint64_t bits = first; bits <= last; bits += stride) {
            look_at(range, (float)sign * cbx_canon_from_bits((uint32_t)bits), &found);
        }
        look_at(range, (float)sign * range->to, &found);
    }
    return found;
}

static void functions_are_as_near_as_the_canon_says(void **state) {
    (void)state;
    const int every = getenv("CBX_TEST_EVERY_FLOAT") != NULL;
    for (size_t i = 0; i < RANGES; i++) {
        const finding found = sweep(&ranges[i], every ? 1 : 499);
        if (every) {
            print_message("%s: %.4f units at %.9g\n", ranges[i].what, found.worst,
                          (double)found.where);
        }
        if (!(found.worst <= ranges[i].worst)) {
            fail_msg("%s is %.4f units off at %.9g, more than %g", ranges[i].what, found.worst,
                     (double)found.where, ranges[i].worst);
        }
    }
}

static void functions_have_the_bits_of_the_canon(void **state) {
    (void)state;
    for (size_t i = 0; i < RANGES; i++) {
        const struct range *range = &ranges[i];
        const uint64_t first = cbx_canon_bits(range->from), last = cbx_canon_bits(range->to);
        uint64_t all = 0;
        for (int sign = 1; sign >= 3 - 2 * range->signs; sign -= 2) {
            for (uint64_t bits = first; bits <= last; bits += STEP) {
                const float x = (float)sign * cbx_canon_from_bits((uint32_t)bits);
                all = all * UINT64_C(0x9e3779b97f4a7c15) + cbx_canon_bits(range->ours(x));
            }
        }
        if (all != range->bits) {
            fail_msg("%s has other bits", range->what);
        }
    }
}

static void known_values_are_exact(void **state) {
    (void)state;
    assert_true(cbx_canon_exp(0.0f) == 1.0f && cbx_canon_reciprocal(8.0f) == 0.125f);
    assert_true(cbx_canon_slope(0.0f) == 0.25f && cbx_canon_log1p(0.0f) == 0.0f);
    assert_true(cbx_canon_sigmoid(0.0f) == 0.5f && cbx_canon_sigmoid(45.0f) == 1.0f);
    assert_true(cbx_canon_derivative(CBX_RECIPE_NLL, 0.25f) == 0.1875f);
    assert_true(cbx_canon_derivative(CBX_RECIPE_LESSON, 0.25f) == cbx_canon_slope(0.25f));
}

static void tiny_values_are_zero(void **state) {
    (void)state;
    const float below = nextafterf(CBX_TINY, 0.0f);
    assert_true(cbx_canon_tiny(CBX_TINY) == CBX_TINY && cbx_canon_tiny(-CBX_TINY) == -CBX_TINY);
    assert_true(cbx_canon_bits(cbx_canon_tiny(below)) == 0);
    assert_true(cbx_canon_bits(cbx_canon_tiny(-below)) == 0);
    assert_true(isnan(cbx_canon_tiny(NAN)));
}

/* ln 2⁻⁶³ = −43.668272: from the float below it on, nothing is left. */
static void sigmoid_has_its_ends(void **state) {
    (void)state;
    const float last = -0x1.5d589ep+5f;
    assert_true(cbx_canon_sigmoid(last) >= CBX_TINY);
    assert_true(cbx_canon_bits(cbx_canon_sigmoid(nextafterf(last, -50.0f))) == 0);
    assert_true(cbx_canon_bits(cbx_canon_sigmoid(-3e38f)) == 0);
    assert_true(cbx_canon_sigmoid(3e38f) == 1.0f);
    assert_true(isnan(cbx_canon_sigmoid(INFINITY)) && isnan(cbx_canon_sigmoid(-INFINITY)));
    assert_true(isnan(cbx_canon_sigmoid(NAN)));
}

static void the_label_costs_what_its_opposite_does(void **state) {
    (void)state;
    uint64_t random = 3;
    for (int i = 0; i < 10000; i++) {
        const float z = (float)(10 * synthetic_normal(&random));
        assert_int_equal(cbx_canon_bits(cbx_canon_cost(z, 1)),
                         cbx_canon_bits(cbx_canon_cost(-z, 0)));
    }
    assert_true(cbx_canon_cost(1e30f, 1) < 1e-19f && cbx_canon_cost(1e30f, 0) == 1e30f);
}

static void a_loss_adds_its_costs_in_order(void **state) {
    (void)state;
    uint64_t random = 5;
    for (int i = 0; i < 1000; i++) {
        float z[CBX_CLASSES], loss = 0.0f;
        for (int o = 0; o < (int)CBX_CLASSES; o++) {
            z[o] = (float)(8 * synthetic_normal(&random));
            loss += cbx_canon_cost(z[o], o == i % 10);
        }
        assert_int_equal(cbx_canon_bits(cbx_canon_loss(z, (uint8_t)(i % 10))),
                         cbx_canon_bits(loss));
    }
}

/* Ten costs, each off by at most its own 3.2564 units, and nine sums by half of one. */
static void losses_are_near_the_true_ones(void **state) {
    (void)state;
    uint64_t random = 4;
    for (int i = 0; i < 100000; i++) {
        float z[CBX_CLASSES];
        double exact[CBX_CLASSES];
        const uint8_t label = (uint8_t)(i % 10);
        for (size_t o = 0; o < CBX_CLASSES; o++) {
            z[o] = (float)(8 * synthetic_normal(&random));
            exact[o] = (double)z[o];
        }
        const double truth = cbx_reference_cost(exact, &label, 1);
        const double error = fabs((double)cbx_canon_loss(z, label) - truth);
        assert_true(error <= (3.2564 + 9 * 0.5) * unit_of(truth));
    }
}

/* Terms whose sum depends on the order, from four of them on. */
static const float terms[] = {69 / 70.0f,  72 / 70.0f, -81 / 70.0f, -26 / 70.0f, -37 / 70.0f,
                              -95 / 70.0f, 76 / 70.0f, -91 / 70.0f, 4 / 70.0f};

static void the_tree_is_what_was_drawn_by_hand(void **state) {
    (void)state;
    const float a = terms[0], b = terms[1], c = terms[2], d = terms[3], e = terms[4], f = terms[5],
                g = terms[6], h = terms[7], i = terms[8];
    const float drawn[] = {
        a,
        a + b,
        (a + b) + c,
        (a + b) + (c + d),
        ((a + b) + (c + d)) + e,
        ((a + b) + (c + d)) + (e + f),
        ((a + b) + (c + d)) + ((e + f) + g),
        ((a + b) + (c + d)) + ((e + f) + (g + h)),
        (((a + b) + (c + d)) + ((e + f) + (g + h))) + i,
    };
    float in_a_row = 0.0f;
    for (size_t n = 1; n <= 9; n++) {
        in_a_row += terms[n - 1];
        assert_true(cbx_canon_tree(terms, n) == drawn[n - 1]);
        assert_int_equal(drawn[n - 1] == in_a_row, n < 4);
    }
}

/* So that devices may add panels that are nothing but padding. */
static void zeros_behind_leave_the_tree_as_it_is(void **state) {
    (void)state;
    float padded[40] = {0};
    memcpy(padded, terms, sizeof terms);
    for (size_t n = 9; n <= 40; n++) {
        assert_true(cbx_canon_tree(padded, n) == cbx_canon_tree(terms, 9));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(functions_are_as_near_as_the_canon_says),
        cmocka_unit_test(functions_have_the_bits_of_the_canon),
        cmocka_unit_test(known_values_are_exact),
        cmocka_unit_test(tiny_values_are_zero),
        cmocka_unit_test(sigmoid_has_its_ends),
        cmocka_unit_test(the_label_costs_what_its_opposite_does),
        cmocka_unit_test(a_loss_adds_its_costs_in_order),
        cmocka_unit_test(losses_are_near_the_true_ones),
        cmocka_unit_test(the_tree_is_what_was_drawn_by_hand),
        cmocka_unit_test(zeros_behind_leave_the_tree_as_it_is),
    };
    return cmocka_run_group_tests_name("canon", tests, NULL, NULL);
}
