/* SPDX-License-Identifier: MIT */
#include "check/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { INPUTS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES };

double cbx_reference_sigmoid(double z) {
    return 1.0 / (1.0 + exp(-z));
}

double cbx_reference_derivative(cbx_recipe recipe, double a) {
    const double v = recipe == CBX_RECIPE_LESSON ? cbx_reference_sigmoid(a) : a;
    return v * (1.0 - v);
}

cbx_status cbx_reference_init(cbx_reference *reference, cbx_recipe recipe,
                              const cbx_network *network, size_t max_rows) {
    const size_t hidden = network->hidden;
    const size_t w1_size = CBX_W1_ROWS * hidden, w2_size = (1 + hidden) * CLASSES;
    memset(reference, 0, sizeof *reference);
    reference->recipe = recipe;
    reference->hidden = hidden;
    const struct {
        double **array;
        size_t count;
    } plans[] = {
        {&reference->w1, w1_size},
        {&reference->w2, w2_size},
        {&reference->x, max_rows * INPUTS},
        {&reference->a1, max_rows * hidden},
        {&reference->s1, max_rows * hidden},
        {&reference->d1, max_rows * hidden},
        {&reference->a2, max_rows * CLASSES},
        {&reference->s2, max_rows * CLASSES},
        {&reference->d2, max_rows * CLASSES},
    };
    cbx_status status = cbx_new(&reference->labels, max_rows);
    for (size_t i = 0; i < sizeof plans / sizeof *plans && !status; i++) {
        status = cbx_new(plans[i].array, plans[i].count);
    }
    if (status) {
        return status;
    }
    for (size_t i = 0; i < w1_size; i++) {
        reference->w1[i] = (double)network->w1[i];
    }
    for (size_t i = 0; i < w2_size; i++) {
        reference->w2[i] = (double)network->w2[i];
    }
    return CBX_OK;
}

void cbx_reference_clear(cbx_reference *reference) {
    double *arrays[] = {reference->w1, reference->w2, reference->x,  reference->a1, reference->s1,
                        reference->d1, reference->a2, reference->s2, reference->d2};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        free(arrays[i]);
    }
    free(reference->labels);
    memset(reference, 0, sizeof *reference);
}

/* order NULL: the first `rows` images. */
static void fetch(cbx_reference *reference, const cbx_dataset *dataset, cbx_part part,
                  const uint32_t *order, size_t rows) {
    const cbx_images images = cbx_dataset_images(dataset, part);
    float normalised[INPUTS];
    reference->rows = rows;
    for (size_t b = 0; b < rows; b++) {
        const size_t image = order ? order[b] : b;
        cbx_dataset_normalise(dataset, images.pixels + image * INPUTS, INPUTS, normalised);
        for (size_t k = 0; k < INPUTS; k++) {
            reference->x[b * INPUTS + k] = (double)normalised[k];
        }
        reference->labels[b] = images.labels[image];
    }
}

/* z (rows, columns) = [1 in]·W; in (rows, inner), w (1+inner, columns). */
static void matmul_rows(const double *in, size_t inner, const double *w, size_t rows,
                        size_t columns, double *restrict z) {
    for (size_t b = 0; b < rows; b++) {
        memcpy(z + b * columns, w, columns * sizeof *z);
    }
    for (size_t k = 0; k < inner; k++) {
        const double *weights = w + (1 + k) * columns;
        for (size_t b = 0; b < rows; b++) {
            const double factor = in[b * inner + k];
            for (size_t c = 0; c < columns; c++) {
                z[b * columns + c] += factor * weights[c];
            }
        }
    }
}

/* The same a few rows at a time, whose sums stay in the cache while W passes by. */
static void biased_matmul(const double *in, size_t inner, const double *w, size_t rows,
                          size_t columns, double *z) {
    enum { TOGETHER = 16 };
    for (size_t b = 0; b < rows; b += TOGETHER) {
        matmul_rows(in + b * inner, inner, w, rows - b < TOGETHER ? rows - b : TOGETHER, columns,
                    z + b * columns);
    }
}

static void sigmoid(double *z, size_t count) {
    for (size_t i = 0; i < count; i++) {
        z[i] = cbx_reference_sigmoid(z[i]);
    }
}

/* A1, and A2 as Z2, which evaluation needs. */
static void forward(cbx_reference *r) {
    biased_matmul(r->x, INPUTS, r->w1, r->rows, r->hidden, r->a1);
    sigmoid(r->a1, r->rows * r->hidden);
    biased_matmul(r->a1, r->hidden, r->w2, r->rows, CLASSES, r->a2);
}

static void output_delta(cbx_reference *r) {
    for (size_t i = 0; i < r->rows * CLASSES; i++) {
        const double miss = (r->labels[i / CLASSES] == i % CLASSES ? 1.0 : 0.0) - r->a2[i];
        r->s2[i] = cbx_reference_derivative(r->recipe, r->a2[i]);
        r->d2[i] = r->recipe == CBX_RECIPE_LESSON ? 2.0 * miss * r->s2[i] : miss;
    }
}

static void hidden_delta(cbx_reference *r) {
    for (size_t i = 0; i < r->rows * r->hidden; i++) {
        const double *d2 = r->d2 + i / r->hidden * CLASSES;
        const double *w2 = r->w2 + (1 + i % r->hidden) * CLASSES;
        double sum = 0.0;
        for (size_t c = 0; c < CLASSES; c++) {
            sum += d2[c] * w2[c];
        }
        r->s1[i] = cbx_reference_derivative(r->recipe, r->a1[i]);
        r->d1[i] = sum * r->s1[i];
    }
}

/* w (columns) += rate·Σ_b in[b]·d[b]; `in` is a column of (rows, inner), d (rows, columns). */
static void update_row(const double *in, size_t inner, const double *d, size_t rows, size_t columns,
                       double rate, double *restrict w) {
    for (size_t b = 0; b < rows; b++) {
        const double factor = rate * in[b * inner];
        for (size_t c = 0; c < columns; c++) {
            w[c] += factor * d[b * columns + c];
        }
    }
}

/* W += rate·[1 in]ᵀ·D; in (rows, inner), d (rows, columns). */
static void weight_update(const cbx_reference *r, const double *in, size_t inner, const double *d,
                          size_t columns, double rate, double *w) {
    static const double one = 1.0;
    if (r->recipe == CBX_RECIPE_NLL) {
        update_row(&one, 0, d, r->rows, columns, rate, w);
    }
    for (size_t k = 0; k < inner; k++) {
        update_row(in + k, inner, d, r->rows, columns, rate, w + (1 + k) * columns);
    }
}

void cbx_reference_step(cbx_reference *r, const cbx_dataset *dataset, const uint32_t *order,
                        size_t rows, cbx_rates rates) {
    fetch(r, dataset, CBX_TRAIN, order, rows);
    forward(r);
    sigmoid(r->a2, rows * CLASSES);
    output_delta(r);
    hidden_delta(r);
    weight_update(r, r->a1, r->hidden, r->d2, CLASSES, (double)rates.output, r->w2);
    weight_update(r, r->x, INPUTS, r->d1, r->hidden, (double)rates.hidden, r->w1);
}

cbx_reference_verdict cbx_reference_evaluate(cbx_reference *r, const cbx_dataset *dataset,
                                             cbx_part part) {
    cbx_reference_verdict verdict = {.loss = 0.0};
    fetch(r, dataset, part, NULL, cbx_dataset_images(dataset, part).count);
    forward(r);
    for (size_t b = 0; b < r->rows; b++) {
        const double *z = r->a2 + b * CLASSES;
        size_t best = 0;
        for (size_t c = 0; c < CLASSES; c++) {
            best = z[c] > z[best] ? c : best;
            /* −y log σ(z) − (1 − y) log(1 − σ(z)), finite for every finite z */
            verdict.loss += fmax(z[c], 0.0) + log1p(exp(-fabs(z[c])));
        }
        verdict.loss -= z[r->labels[b]];
        verdict.correct += best == r->labels[b];
        verdict.confusion[r->labels[b]][best]++;
        double second = -(double)INFINITY;
        for (size_t c = 0; c < CLASSES; c++) {
            second = c == best ? second : fmax(second, z[c]);
        }
        verdict.close += !(z[best] - second >= 1e-4);
    }
    verdict.loss /= (double)r->rows;
    return verdict;
}

cbx_reference_tone cbx_reference_tone_of(cbx_tone tone, const double *weights, size_t stride) {
    double smallest = weights[0], largest = smallest;
    for (size_t k = 1; k < INPUTS; k++) {
        const double v = weights[k * stride];
        smallest = v < smallest ? v : smallest;
        largest = v > largest ? v : largest;
    }
    const double from = tone == CBX_TONE_RANGE ? smallest : 0.0;
    const double to = tone == CBX_TONE_SIGNED ? fmax(-smallest, largest) : largest;
    const double levels = tone == CBX_TONE_SIGNED ? 127.5 : 255.0;
    return (cbx_reference_tone){.shift = from,
                                .mul = to > from ? levels / (to - from) : 0.0,
                                .base = tone == CBX_TONE_SIGNED ? 127.5 : 0.0};
}
