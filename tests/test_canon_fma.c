/* SPDX-License-Identifier: MIT */
/* The canon where the processor has no instruction for fma(): worked out it has the same bits, and
 * so have the loops that are compiled for such processors. */
#include "support/test.h"

#include <math.h>
#include <string.h>

#include "reference/canon_loops.h"
#include "reference/fma.h"
#include "support/compare.h"
#include "support/dataset.h"
#include "support/synthetic.h"

enum { DRAWN = 2000000, HIDDEN = 69, ROWS = 30 };

static void assert_fma(float a, float b, float c) {
    const float is = cbx_fma_worked_out(a, b, c), should = fmaf(a, b, c);
    if (memcmp(&is, &should, sizeof is) != 0 && !(isnan(is) && isnan(should))) {
        fail_msg("fma(%a, %a, %a) is %a, should be %a", (double)a, (double)b, (double)c, (double)is,
                 (double)should);
    }
}

static float drawn_float(uint64_t *state) {
    return cbx_canon_from_bits((uint32_t)synthetic_bits(state));
}

/* A term that is near the product's negative, near its half last places, or anything. */
static float drawn_term(uint64_t *state, float a, float b) {
    const float product = a * b, last = product * 0x1p-24f;
    switch (synthetic_bits(state) % 4) {
    case 0:
        return -product;
    case 1:
        return nextafterf(-product, INFINITY);
    case 2:
        return product * cbx_canon_from_bits(0x4b800000u) + last; /* 2²⁴ times */
    default:
        return drawn_float(state);
    }
}

static void worked_out_it_is_rounded_once(void **state) {
    uint64_t bits = 1;
    (void)state;
    for (size_t i = 0; i < DRAWN; i++) {
        const float a = drawn_float(&bits), b = drawn_float(&bits);
        assert_fma(a, b, drawn_term(&bits, a, b));
    }
}

/* Zeros of both signs, the ends of the range, and what is no number. */
static void worked_out_it_has_its_ends(void **state) {
    static const float ends[] = {0.0f,          -0.0f,     1.0f,      -1.0f,      0x1p-149f,
                                 -0x1p-149f,    0x1p-126f, 0x1p-75f,  0x1p-63f,   0x1.fffffep127f,
                                 0x1.000002p0f, INFINITY,  -INFINITY, (float)NAN, 0x1p127f};
    const size_t count = sizeof ends / sizeof *ends;
    (void)state;
    for (size_t i = 0; i < count * count * count; i++) {
        assert_fma(ends[i % count], ends[i / count % count], ends[i / count / count]);
    }
}

/* What cbx_canon_step() does, with the loops for such processors. */
static void step_plainly(cbx_canon *canon, float rate) {
    cbx_canon_loops_plain.hidden_forward(canon);
    cbx_canon_loops_plain.output_forward(canon);
    cbx_canon_loops_plain.output_errors(canon);
    cbx_canon_loops_plain.hidden_errors(canon);
    cbx_canon_loops_plain.update_w1(canon, rate);
    cbx_canon_loops_plain.update_w2(canon, rate);
}

static void check_loops(cbx_recipe recipe, const cbx_dataset *dataset, const cbx_network *start) {
    const cbx_rates rates = {0.05f, 0.05f};
    cbx_canon is, should;
    assert_ok(cbx_canon_init(&is, recipe, start, ROWS));
    assert_ok(cbx_canon_init(&should, recipe, start, ROWS));
    cbx_canon_step(&is, dataset, NULL, 0, ROWS, rates); /* fetches the batch */
    cbx_canon_set_weights(&is, start);
    for (int i = 0; i < 3; i++) {
        step_plainly(&is, rates.hidden);
        cbx_canon_step(&should, dataset, NULL, 0, ROWS, rates);
    }
    assert_same_bits(is.d1, should.d1, ROWS, HIDDEN, "d1");
    assert_same_bits(is.w1, should.w1, CBX_W1_ROWS, HIDDEN, "w1");
    assert_same_bits(is.w2, should.w2, 1 + HIDDEN, CBX_CLASSES, "w2");
    cbx_canon_clear(&is);
    cbx_canon_clear(&should);
}

static void the_loops_have_the_same_bits(void **state) {
    cbx_dataset *dataset = synthetic_dataset(2 * ROWS, 5, 3);
    cbx_network *starts[] = {synthetic_network(HIDDEN, 4), synthetic_faint_network(HIDDEN, 4)};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        check_loops((cbx_recipe)(i / 2), dataset, starts[i % 2]);
    }
    cbx_network_destroy(starts[0]);
    cbx_network_destroy(starts[1]);
    cbx_dataset_destroy(dataset);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_out_it_is_rounded_once),
        cmocka_unit_test(worked_out_it_has_its_ends),
        cmocka_unit_test(the_loops_have_the_same_bits),
    };
    return cmocka_run_group_tests_name("canon: fma", tests, NULL, NULL);
}
