/* SPDX-License-Identifier: MIT */
/* The nll update is the gradient: what the device adds to a weight equals minus the
 * central difference of the cost by that weight, bias rows included. */
#include "support/test.h"

#include <math.h>
#include <stdio.h>

#include "support/compare.h"
#include "support/fixture.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/training.h"

enum { HIDDEN = 5, ROWS = 7, TRAIN = 50 };

static cbx_dataset *dataset;
static uint32_t *order;

static int set_up(void **state) {
    return training_set_up(state, 60, 10, 31, &dataset, &order);
}

static int tear_down(void **state) {
    return training_tear_down(state, dataset, order);
}

static double cost_of(cbx_reference *r) {
    cbx_reference_forward(r);
    return cbx_reference_cost(r->z2, r->labels, r->rows);
}

/* −∂cost/∂weight. The step of 1e-5 is off by about step² · third derivative, and by
 * 1e-16 · cost / step through rounding: some 1e-9 both. */
static double descent(cbx_reference *r, double *weight) {
    const double step = 1e-5, kept = *weight;
    *weight = kept + step;
    double above = cost_of(r);
    *weight = kept - step;
    double below = cost_of(r);
    *weight = kept;
    return (below - above) / (2 * step);
}

/* Checks `count` weights, every `stride`-th from the first, of one matrix. The rate is
 * 1, so the difference of the weights is the step; it carries the rounding of the
 * weights (u·max|W|) and of float32 sums, 1e-5 of the largest step. */
static void check_matrix(cbx_reference *r, double *weights, const float *before, const float *after,
                         size_t count, size_t stride, const char *what) {
    double largest = 0, worst = 0, weight = 0;
    for (size_t i = 0; i < count * stride; i += stride) {
        double expected = descent(r, &weights[i]);
        double error = fabs((double)after[i] - (double)before[i] - expected);
        largest = fmax(largest, fabs(expected));
        worst = error <= worst ? worst : error; /* a NaN stays */
        weight = fmax(weight, fabs((double)after[i]));
    }
    assert_true(largest > 1e-3);
    assert_number_close(worst, 0, 1e-5 * largest + 0x1p-23 * weight, what);
}

static void nll_update_is_the_gradient(void **state) {
    (void)state;
    for (size_t w = 0; w < fixture_way_count; w++) {
        char what[64];
        cbx_network *start = synthetic_network(HIDDEN, 33);
        cbx_trainer *trainer =
            training_start(fixture_ways[w], CBX_RECIPE_NLL, dataset, start, ROWS, order, TRAIN);
        assert_ok(cbx_trainer_step(trainer, 3, ROWS, (cbx_rates){1, 1}, 0));
        cbx_network *after = training_weights(trainer, HIDDEN);
        cbx_reference r;
        assert_ok(cbx_reference_init(&r, CBX_RECIPE_NLL, start, ROWS));
        cbx_reference_fetch(&r, dataset, CBX_TRAIN, order, 3, ROWS);

        snprintf(what, sizeof what, "%s: bias row of w1", fixture_ways[w].name);
        check_matrix(&r, r.w1, start->w1, after->w1, HIDDEN, 1, what);
        snprintf(what, sizeof what, "%s: w1", fixture_ways[w].name);
        check_matrix(&r, r.w1, start->w1, after->w1, 785 * HIDDEN / 23, 23, what);
        snprintf(what, sizeof what, "%s: bias row of w2", fixture_ways[w].name);
        check_matrix(&r, r.w2, start->w2, after->w2, CBX_CLASSES, 1, what);
        snprintf(what, sizeof what, "%s: w2", fixture_ways[w].name);
        check_matrix(&r, r.w2, start->w2, after->w2, (1 + HIDDEN) * CBX_CLASSES, 1, what);
        cbx_reference_clear(&r);
        cbx_network_destroy(after);
        cbx_trainer_destroy(trainer);
        cbx_network_destroy(start);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nll_update_is_the_gradient),
    };
    return cmocka_run_group_tests_name("gradient", tests, set_up, tear_down);
}
