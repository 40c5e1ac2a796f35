/* SPDX-License-Identifier: MIT */
#include "support/training.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "support/compare.h"
#include "support/dataset.h"
#include "support/synthetic.h"
#include "support/test.h"

static const double unit_roundoff = 0x1p-24;

static size_t w1_count(size_t hidden) {
    return CBX_W1_ROWS * hidden;
}

static size_t w2_count(size_t hidden) {
    return (1 + hidden) * CBX_CLASSES;
}

void training_reference_step(cbx_reference *r, training_trace *trace, const cbx_dataset *dataset,
                             const uint32_t *order, size_t first, size_t rows, cbx_rates rates) {
    double *w1, *w2;
    size_t n1 = w1_count(r->hidden), n2 = w2_count(r->hidden);
    TEST_NEW(w1, n1);
    TEST_NEW(w2, n2);
    memcpy(w1, r->w1, n1 * sizeof *w1);
    memcpy(w2, r->w2, n2 * sizeof *w2);
    cbx_reference_step(r, dataset, order, first, rows, rates);
    trace->batches++;
    trace->moved_w1 += largest_difference(w1, r->w1, n1);
    trace->moved_w2 += largest_difference(w2, r->w2, n2);
    free(w1);
    free(w2);
}

training_bounds training_tolerance(const cbx_reference *r, const training_trace *trace) {
    double stages = sqrt(CBX_W1_ROWS) + sqrt(1.0 + r->hidden) + sqrt((double)r->max_rows);
    double weights_1 = largest_magnitude(r->w1, w1_count(r->hidden));
    double weights_2 = largest_magnitude(r->w2, w2_count(r->hidden));
    double rounding = (double)trace->batches * unit_roundoff;
    double update = 16 * stages * unit_roundoff;
    return (training_bounds){rounding * weights_1 + update * trace->moved_w1,
                             rounding * weights_2 + update * trace->moved_w2};
}

int training_set_up(void **state, size_t train, size_t test, uint64_t seed, cbx_dataset **dataset,
                    uint32_t **order) {
    if (fixture_setup(state) != 0) {
        return -1;
    }
    *dataset = synthetic_dataset(train, test, seed);
    const size_t count = cbx_dataset_images(*dataset, CBX_TRAIN).count;
    *order = synthetic_order((uint32_t)count, seed + 1);
    return 0;
}

int training_tear_down(void **state, cbx_dataset *dataset, uint32_t *order) {
    cbx_dataset_destroy(dataset);
    free(order);
    return fixture_teardown(state);
}

cbx_trainer *training_start(fixture_way way, cbx_recipe recipe, const cbx_dataset *dataset,
                            const cbx_network *start, uint32_t batch, const uint32_t *order,
                            uint32_t order_count) {
    cbx_trainer *trainer = NULL;
    cbx_trainer_settings settings = {start->hidden, batch, recipe, way.schedule};
    assert_ok(cbx_trainer_create(&trainer, fixture_device(way.family), dataset, &settings));
    assert_ok(cbx_trainer_set_weights(trainer, start));
    assert_ok(cbx_trainer_set_order(trainer, order, order_count));
    return trainer;
}

cbx_network *training_weights(cbx_trainer *trainer, uint32_t hidden) {
    cbx_network *network = NULL;
    assert_ok(cbx_network_create(&network, hidden));
    assert_ok(cbx_trainer_get_weights(trainer, network));
    return network;
}

void assert_training_close(cbx_trainer *trainer, const cbx_reference *r, training_bounds bounds,
                           const char *what) {
    char name[128];
    cbx_network *network = training_weights(trainer, r->hidden);
    snprintf(name, sizeof name, "%s: w1", what);
    assert_arrays_close(network->w1, r->w1, CBX_W1_ROWS, r->hidden, bounds.w1, name);
    snprintf(name, sizeof name, "%s: w2", what);
    assert_arrays_close(network->w2, r->w2, 1 + r->hidden, CBX_CLASSES, bounds.w2, name);
    cbx_network_destroy(network);
}

void assert_training_exact(cbx_trainer *trainer, const cbx_canon *canon, const char *what) {
    const cbx_network expected = {.hidden = canon->hidden, .w1 = canon->w1, .w2 = canon->w2};
    cbx_network *network = training_weights(trainer, canon->hidden);
    assert_networks_same(network, &expected, what);
    cbx_network_destroy(network);
}

void assert_confusion(uint64_t counts[CBX_CLASSES][CBX_CLASSES], uint64_t images, uint64_t correct,
                      const cbx_reference_verdict *expected, const char *what) {
    uint64_t all = 0, diagonal = 0;
    for (size_t label = 0; label < CBX_CLASSES; label++) {
        for (size_t answer = 0; answer < CBX_CLASSES; answer++) {
            all += counts[label][answer];
            assert_number_close((double)counts[label][answer],
                                (double)expected->confusion[label][answer], (double)expected->close,
                                what);
        }
        diagonal += counts[label][label];
    }
    assert_int_equal(images, all);
    assert_int_equal(correct, diagonal);
}

void assert_networks_same(const cbx_network *actual, const cbx_network *expected,
                          const char *what) {
    char name[128];
    assert_int_equal(actual->hidden, expected->hidden);
    snprintf(name, sizeof name, "%s: w1", what);
    assert_same_bits(actual->w1, expected->w1, CBX_W1_ROWS, expected->hidden, name);
    snprintf(name, sizeof name, "%s: w2", what);
    assert_same_bits(actual->w2, expected->w2, 1 + expected->hidden, CBX_CLASSES, name);
}
