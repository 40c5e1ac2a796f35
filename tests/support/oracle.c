/* SPDX-License-Identifier: MIT */
#include "support/oracle.h"

#include <math.h>
#include <string.h>

#include "support/compare.h"
#include "support/test.h"

enum { CLASSES = CBX_CLASSES, PIXELS = CBX_IMAGE_PIXELS };

double oracle_sigmoid(double z) {
    return 1 / (1 + exp(-z));
}

double oracle_sigmoid_derivative(double v) {
    return oracle_sigmoid(v) * (1 - oracle_sigmoid(v));
}

/* c (m, n) += scale · a·b with b (k, n) row-major; element (i, p) of a is
 * a[i·down + p·right], so that a transposed matrix only swaps its strides. Four
 * products are added at a time: it saves three of four passes over c, which makes
 * an epoch of MNIST a matter of seconds. */
static void add_product(size_t m, size_t k, size_t n, double scale, const double *a, size_t down,
                        size_t right, const double *b, double *c) {
    size_t blocks = k - k % 4;
    for (size_t p = 0; p < blocks; p += 4) {
        const double *b0 = b + p * n, *b1 = b0 + n, *b2 = b1 + n, *b3 = b2 + n;
        for (size_t i = 0; i < m; i++) {
            const double *from = a + i * down + p * right;
            double a0 = scale * from[0], a1 = scale * from[right];
            double a2 = scale * from[2 * right], a3 = scale * from[3 * right];
            double *restrict to = c + i * n;
            for (size_t j = 0; j < n; j++) {
                to[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j];
            }
        }
    }
    for (size_t p = blocks; p < k; p++) {
        for (size_t i = 0; i < m; i++) {
            for (size_t j = 0; j < n; j++) {
                c[i * n + j] += scale * a[i * down + p * right] * b[p * n + j];
            }
        }
    }
}

void oracle_biased_matmul(const double *in, const double *w, size_t rows, size_t inner,
                          size_t columns, double *out) {
    for (size_t row = 0; row < rows; row++) {
        memcpy(out + row * columns, w, columns * sizeof *out);
    }
    add_product(rows, inner, columns, 1, in, inner, 1, w + columns, out);
}

void oracle_output_delta(cbx_recipe recipe, const double *a2, const uint8_t *labels, size_t rows,
                         double *d2) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < CLASSES; c++) {
            double a = a2[row * CLASSES + c];
            double y = labels[row] == c;
            d2[row * CLASSES + c] =
                recipe == CBX_RECIPE_LESSON ? 2 * (y - a) * oracle_sigmoid_derivative(a) : y - a;
        }
    }
}

void oracle_hidden_delta(cbx_recipe recipe, const double *d2, const double *w2, const double *a1,
                         size_t rows, size_t hidden, double *d1) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t h = 0; h < hidden; h++) {
            double sum = 0;
            for (size_t c = 0; c < CLASSES; c++) {
                sum += d2[row * CLASSES + c] * w2[(1 + h) * CLASSES + c];
            }
            double a = a1[row * hidden + h];
            d1[row * hidden + h] =
                sum * (recipe == CBX_RECIPE_LESSON ? oracle_sigmoid_derivative(a) : a * (1 - a));
        }
    }
}

void oracle_weight_update(cbx_recipe recipe, const double *in, const double *d, size_t rows,
                          size_t inner, size_t columns, double rate, double *w) {
    add_product(inner, rows, columns, rate, in, 1, inner, d, w + columns);
    for (size_t row = 0; recipe == CBX_RECIPE_NLL && row < rows; row++) {
        for (size_t c = 0; c < columns; c++) {
            w[c] += rate * d[row * columns + c];
        }
    }
}

double oracle_cost(const double *z2, const uint8_t *labels, size_t rows) {
    double cost = 0;
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = 0; c < CLASSES; c++) {
            double z = z2[row * CLASSES + c];
            double y = labels[row] == c;
            /* −y log σ(z) − (1 − y) log(1 − σ(z)) = log(1 + e^z) − y·z */
            cost += fmax(z, 0) + log1p(exp(-fabs(z))) - y * z;
        }
    }
    return cost;
}

oracle *oracle_create(cbx_recipe recipe, const cbx_network *start, size_t max_rows) {
    oracle *o;
    size_t hidden = start->hidden;
    TEST_NEW(o, 1);
    o->recipe = recipe;
    o->hidden = start->hidden;
    o->max_rows = max_rows;
    TEST_NEW(o->w1, CBX_W1_ROWS * hidden);
    TEST_NEW(o->w2, (1 + hidden) * CLASSES);
    TEST_NEW(o->x, max_rows * PIXELS);
    TEST_NEW(o->labels, max_rows);
    TEST_NEW(o->z1, max_rows * hidden);
    TEST_NEW(o->a1, max_rows * hidden);
    TEST_NEW(o->z2, max_rows * CLASSES);
    TEST_NEW(o->a2, max_rows * CLASSES);
    TEST_NEW(o->d2, max_rows * CLASSES);
    TEST_NEW(o->d1, max_rows * hidden);
    oracle_set_weights(o, start);
    return o;
}

void oracle_destroy(oracle *o) {
    if (o == NULL) {
        return;
    }
    double *arrays[] = {o->w1, o->w2, o->x, o->z1, o->a1, o->z2, o->a2, o->d2, o->d1};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        free(arrays[i]);
    }
    free(o->labels);
    free(o);
}

void oracle_set_weights(oracle *o, const cbx_network *network) {
    assert_int_equal(o->hidden, network->hidden);
    for (size_t i = 0; i < (size_t)CBX_W1_ROWS * o->hidden; i++) {
        o->w1[i] = (double)network->w1[i];
    }
    for (size_t i = 0; i < (1 + (size_t)o->hidden) * CLASSES; i++) {
        o->w2[i] = (double)network->w2[i];
    }
}

void oracle_fetch(oracle *o, const cbx_dataset *dataset, cbx_part part, const uint32_t *order,
                  size_t first, size_t rows) {
    cbx_images images = cbx_dataset_images(dataset, part);
    double mean = cbx_dataset_mean(dataset), deviation = cbx_dataset_deviation(dataset);
    assert_true(rows <= o->max_rows);
    o->rows = rows;
    for (size_t row = 0; row < rows; row++) {
        size_t image = order != NULL ? order[first + row] : first + row;
        assert_true(image < images.count);
        o->labels[row] = images.labels[image];
        for (size_t i = 0; i < PIXELS; i++) {
            o->x[row * PIXELS + i] = (images.pixels[image * PIXELS + i] - mean) / deviation;
        }
    }
}

void oracle_forward(oracle *o) {
    oracle_biased_matmul(o->x, o->w1, o->rows, PIXELS, o->hidden, o->z1);
    for (size_t i = 0; i < o->rows * o->hidden; i++) {
        o->a1[i] = oracle_sigmoid(o->z1[i]);
    }
    oracle_biased_matmul(o->a1, o->w2, o->rows, o->hidden, CLASSES, o->z2);
    for (size_t i = 0; i < o->rows * CLASSES; i++) {
        o->a2[i] = oracle_sigmoid(o->z2[i]);
    }
}

void oracle_deltas(oracle *o) {
    oracle_output_delta(o->recipe, o->a2, o->labels, o->rows, o->d2);
    oracle_hidden_delta(o->recipe, o->d2, o->w2, o->a1, o->rows, o->hidden, o->d1);
}

void oracle_update(oracle *o, cbx_rates rates) {
    oracle_weight_update(o->recipe, o->a1, o->d2, o->rows, o->hidden, CLASSES, (double)rates.output,
                         o->w2);
    oracle_weight_update(o->recipe, o->x, o->d1, o->rows, PIXELS, o->hidden, (double)rates.hidden,
                         o->w1);
}

void oracle_step(oracle *o, const cbx_dataset *dataset, const uint32_t *order, size_t first,
                 size_t rows, cbx_rates rates) {
    oracle_fetch(o, dataset, CBX_TRAIN, order, first, rows);
    oracle_forward(o);
    oracle_deltas(o);
    oracle_update(o, rates);
}

/* Adds the right and the close answers of the batch at hand. */
static void count_answers(const oracle *o, double margin, oracle_evaluation *result) {
    for (size_t row = 0; row < o->rows; row++) {
        const double *z = o->z2 + row * CLASSES;
        size_t best = 0;
        for (size_t c = 1; c < CLASSES; c++) {
            best = z[c] > z[best] ? c : best;
        }
        double second = -(double)INFINITY;
        for (size_t c = 0; c < CLASSES; c++) {
            second = c != best ? fmax(second, z[c]) : second;
        }
        result->correct += best == o->labels[row];
        result->confusion[o->labels[row]][best]++;
        result->close += !(z[best] - second >= margin);
    }
}

oracle_evaluation oracle_evaluate(oracle *o, const cbx_dataset *dataset, cbx_part part,
                                  double margin) {
    oracle_evaluation result = {.images = cbx_dataset_images(dataset, part).count};
    for (size_t first = 0; first < result.images; first += o->rows) {
        size_t left = (size_t)result.images - first;
        oracle_fetch(o, dataset, part, NULL, first, left < o->max_rows ? left : o->max_rows);
        oracle_forward(o);
        result.loss += oracle_cost(o->z2, o->labels, o->rows);
        count_answers(o, margin, &result);
    }
    result.loss /= (double)result.images;
    return result;
}

void assert_confusion(uint64_t counts[CBX_CLASSES][CBX_CLASSES], uint64_t images, uint64_t correct,
                      const oracle_evaluation *expected, const char *what) {
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
