/* SPDX-License-Identifier: MIT */
#include "reference/network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { INPUTS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES };

double cbx_reference_sigmoid(double z) {
    return 1.0 / (1.0 + exp(-z));
}

void cbx_reference_sigmoids(double *z, size_t count) {
    for (size_t i = 0; i < count; i++) {
        z[i] = cbx_reference_sigmoid(z[i]);
    }
}

/* What the recipes differ in, see clearbox/trainer.h. */
typedef struct rule {
    int twice;  /* the derivative is taken of σ(a) rather than of a */
    int scaled; /* D2 = 2(Y − A2)·s(A2) rather than Y − A2 */
    int biased; /* bias rows learn */
} rule;

static rule rule_of(cbx_recipe recipe) {
    switch (recipe) {
    case CBX_RECIPE_LESSON:
        return (rule){.twice = 1, .scaled = 1};
    case CBX_RECIPE_NLL:
        return (rule){.biased = 1};
    }
    return (rule){0};
}

double cbx_reference_derivative(cbx_recipe recipe, double a) {
    const double v = rule_of(recipe).twice ? cbx_reference_sigmoid(a) : a;
    return v * (1.0 - v);
}

void cbx_reference_derivatives(cbx_recipe recipe, const double *a, size_t count, double *s) {
    for (size_t i = 0; i < count; i++) {
        s[i] = cbx_reference_derivative(recipe, a[i]);
    }
}

/* c (m, n) += scale·a·b with b (k, n); element (i, p) of a is a[i·down + p·right], so that a
 * transposed matrix only swaps its strides. Four products are added at a time: it saves three
 * of four passes over c, which halves the self-test and makes an epoch of MNIST a matter of
 * seconds. */
static void add_product(size_t m, size_t k, size_t n, double scale, const double *a, size_t down,
                        size_t right, const double *b, double *c) {
    const size_t blocks = k - k % 4;
    for (size_t p = 0; p < blocks; p += 4) {
        const double *b0 = b + p * n, *b1 = b0 + n, *b2 = b1 + n, *b3 = b2 + n;
        for (size_t i = 0; i < m; i++) {
            const double *from = a + i * down + p * right;
            const double a0 = scale * from[0], a1 = scale * from[right];
            const double a2 = scale * from[2 * right], a3 = scale * from[3 * right];
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

void cbx_reference_biased_matmul(const double *in, const double *w, size_t rows, size_t inner,
                                 size_t columns, double *z) {
    for (size_t b = 0; b < rows; b++) {
        memcpy(z + b * columns, w, columns * sizeof *z);
    }
    add_product(rows, inner, columns, 1.0, in, inner, 1, w + columns, z);
}

void cbx_reference_output_delta(cbx_recipe recipe, const double *a2, const double *s2,
                                const uint8_t *labels, size_t rows, double *d2) {
    for (size_t i = 0; i < rows * CLASSES; i++) {
        const double miss = (labels[i / CLASSES] == i % CLASSES ? 1.0 : 0.0) - a2[i];
        d2[i] = rule_of(recipe).scaled ? 2.0 * miss * s2[i] : miss;
    }
}

void cbx_reference_hidden_delta(const double *d2, const double *w2, const double *s1, size_t rows,
                                size_t hidden, double *d1) {
    for (size_t i = 0; i < rows * hidden; i++) {
        double sum = 0.0;
        for (size_t c = 0; c < CLASSES; c++) {
            sum += d2[i / hidden * CLASSES + c] * w2[(1 + i % hidden) * CLASSES + c];
        }
        d1[i] = sum * s1[i];
    }
}

void cbx_reference_weight_update(cbx_recipe recipe, const double *in, const double *d, size_t rows,
                                 size_t inner, size_t columns, double rate, double *w) {
    static const double one = 1.0;
    if (rule_of(recipe).biased) {
        add_product(1, rows, columns, rate, &one, 0, 0, d, w);
    }
    add_product(inner, rows, columns, rate, in, 1, inner, d, w + columns);
}

double cbx_reference_cost(const double *z2, const uint8_t *labels, size_t rows) {
    double cost = 0.0;
    for (size_t i = 0; i < rows * CLASSES; i++) {
        const double y = labels[i / CLASSES] == i % CLASSES ? 1.0 : 0.0;
        /* −y log σ(z) − (1 − y) log(1 − σ(z)) = log(1 + e^z) − y·z */
        cost += fmax(z2[i], 0.0) + log1p(exp(-fabs(z2[i]))) - y * z2[i];
    }
    return cost;
}

static size_t w1_count(size_t hidden) {
    return CBX_W1_ROWS * hidden;
}

static size_t w2_count(size_t hidden) {
    return (1 + hidden) * CLASSES;
}

cbx_status cbx_reference_init(cbx_reference *r, cbx_recipe recipe, const cbx_network *network,
                              size_t max_rows) {
    const size_t hidden = network->hidden;
    *r = (cbx_reference){.recipe = recipe, .hidden = network->hidden, .max_rows = max_rows};
    const struct {
        double **array;
        size_t count;
    } plans[] = {
        {&r->w1, w1_count(hidden)},   {&r->w2, w2_count(hidden)},   {&r->x, max_rows * INPUTS},
        {&r->a1, max_rows * hidden},  {&r->s1, max_rows * hidden},  {&r->d1, max_rows * hidden},
        {&r->z2, max_rows * CLASSES}, {&r->a2, max_rows * CLASSES}, {&r->s2, max_rows * CLASSES},
        {&r->d2, max_rows * CLASSES},
    };
    cbx_status status = cbx_new(&r->labels, max_rows);
    for (size_t i = 0; i < sizeof plans / sizeof *plans && !status; i++) {
        status = cbx_new(plans[i].array, plans[i].count);
    }
    if (!status) {
        cbx_reference_set_weights(r, network);
    }
    return status;
}

void cbx_reference_clear(cbx_reference *r) {
    double *arrays[] = {r->w1, r->w2, r->x, r->a1, r->s1, r->d1, r->z2, r->a2, r->s2, r->d2};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        free(arrays[i]);
    }
    free(r->labels);
    memset(r, 0, sizeof *r);
}

void cbx_reference_set_weights(cbx_reference *r, const cbx_network *network) {
    for (size_t i = 0; i < w1_count(r->hidden); i++) {
        r->w1[i] = (double)network->w1[i];
    }
    for (size_t i = 0; i < w2_count(r->hidden); i++) {
        r->w2[i] = (double)network->w2[i];
    }
}

void cbx_reference_fetch(cbx_reference *r, const cbx_dataset *dataset, cbx_part part,
                         const uint32_t *order, size_t first, size_t rows) {
    const cbx_images images = cbx_dataset_images(dataset, part);
    const double mean = cbx_dataset_mean(dataset), deviation = cbx_dataset_deviation(dataset);
    r->rows = rows;
    for (size_t b = 0; b < rows; b++) {
        const size_t image = order ? order[first + b] : first + b;
        for (size_t k = 0; k < INPUTS; k++) {
            r->x[b * INPUTS + k] = (images.pixels[image * INPUTS + k] - mean) / deviation;
        }
        r->labels[b] = images.labels[image];
    }
}

void cbx_reference_forward(cbx_reference *r) {
    cbx_reference_biased_matmul(r->x, r->w1, r->rows, INPUTS, r->hidden, r->a1);
    cbx_reference_sigmoids(r->a1, r->rows * r->hidden);
    cbx_reference_biased_matmul(r->a1, r->w2, r->rows, r->hidden, CLASSES, r->z2);
    memcpy(r->a2, r->z2, r->rows * CLASSES * sizeof *r->a2);
    cbx_reference_sigmoids(r->a2, r->rows * CLASSES);
}

void cbx_reference_backward(cbx_reference *r) {
    cbx_reference_derivatives(r->recipe, r->a2, r->rows * CLASSES, r->s2);
    cbx_reference_output_delta(r->recipe, r->a2, r->s2, r->labels, r->rows, r->d2);
    cbx_reference_derivatives(r->recipe, r->a1, r->rows * r->hidden, r->s1);
    cbx_reference_hidden_delta(r->d2, r->w2, r->s1, r->rows, r->hidden, r->d1);
}

void cbx_reference_update(cbx_reference *r, cbx_rates rates) {
    cbx_reference_weight_update(r->recipe, r->a1, r->d2, r->rows, r->hidden, CLASSES,
                                (double)rates.output, r->w2);
    cbx_reference_weight_update(r->recipe, r->x, r->d1, r->rows, INPUTS, r->hidden,
                                (double)rates.hidden, r->w1);
}

void cbx_reference_step(cbx_reference *r, const cbx_dataset *dataset, const uint32_t *order,
                        size_t first, size_t rows, cbx_rates rates) {
    cbx_reference_fetch(r, dataset, CBX_TRAIN, order, first, rows);
    cbx_reference_forward(r);
    cbx_reference_backward(r);
    cbx_reference_update(r, rates);
}

/* Adds the answers of the batch at hand. */
static void count_answers(const cbx_reference *r, double margin, cbx_reference_verdict *verdict) {
    for (size_t b = 0; b < r->rows; b++) {
        const double *z = r->z2 + b * CLASSES;
        double second = -(double)INFINITY;
        size_t best = 0;
        for (size_t c = 1; c < CLASSES; c++) {
            best = z[c] > z[best] ? c : best;
        }
        for (size_t c = 0; c < CLASSES; c++) {
            second = c == best ? second : fmax(second, z[c]);
        }
        verdict->correct += best == r->labels[b];
        verdict->confusion[r->labels[b]][best]++;
        verdict->close += !(z[best] - second >= margin);
    }
}

cbx_reference_verdict cbx_reference_evaluate(cbx_reference *r, const cbx_dataset *dataset,
                                             cbx_part part, double margin) {
    cbx_reference_verdict verdict = {.images = cbx_dataset_images(dataset, part).count};
    for (size_t first = 0; first < verdict.images; first += r->rows) {
        const size_t left = (size_t)verdict.images - first;
        cbx_reference_fetch(r, dataset, part, NULL, first, left < r->max_rows ? left : r->max_rows);
        cbx_reference_forward(r);
        verdict.loss += cbx_reference_cost(r->z2, r->labels, r->rows);
        count_answers(r, margin, &verdict);
    }
    verdict.loss /= (double)verdict.images;
    return verdict;
}
