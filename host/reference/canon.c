/* SPDX-License-Identifier: MIT */
#include "reference/canon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { PIXELS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES };

static size_t w1_count(size_t hidden) {
    return CBX_W1_ROWS * hidden;
}

static size_t w2_count(size_t hidden) {
    return (1 + hidden) * CLASSES;
}

static size_t panels_of(size_t hidden) {
    return (hidden + CBX_PANEL - 1) / CBX_PANEL;
}

cbx_status cbx_canon_init(cbx_canon *c, cbx_recipe recipe, const cbx_network *network,
                          size_t max_rows) {
    const size_t hidden = network->hidden;
    *c = (cbx_canon){.recipe = recipe, .hidden = network->hidden, .max_rows = max_rows};
    const struct {
        float **array;
        size_t count;
    } plans[] = {
        {&c->w1, w1_count(hidden)},
        {&c->w2, w2_count(hidden)},
        {&c->a1, max_rows * hidden},
        {&c->d1, max_rows * hidden},
        {&c->z2, max_rows * CLASSES},
        {&c->a2, max_rows * CLASSES},
        {&c->d2, max_rows * CLASSES},
        {&c->sums, 3 * hidden},
        {&c->panels, CLASSES * panels_of(hidden)},
    };
    cbx_status status = cbx_new(&c->levels, max_rows * PIXELS);
    if (!status) {
        status = cbx_new(&c->labels, max_rows);
    }
    for (size_t i = 0; i < sizeof plans / sizeof *plans && !status; i++) {
        status = cbx_new(plans[i].array, plans[i].count);
    }
    if (!status) {
        cbx_canon_set_weights(c, network);
    }
    return status;
}

void cbx_canon_clear(cbx_canon *c) {
    float *arrays[] = {c->w1, c->w2, c->a1, c->d1, c->z2, c->a2, c->d2, c->sums, c->panels};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) {
        free(arrays[i]);
    }
    free(c->levels);
    free(c->labels);
    memset(c, 0, sizeof *c);
}

void cbx_canon_set_weights(cbx_canon *c, const cbx_network *network) {
    memcpy(c->w1, network->w1, w1_count(c->hidden) * sizeof *c->w1);
    memcpy(c->w2, network->w2, w2_count(c->hidden) * sizeof *c->w2);
}

float cbx_canon_tree(const float *terms, size_t count) {
    size_t m = 1;
    while (2 * m < count) {
        m *= 2;
    }
    return count == 1 ? *terms : cbx_canon_tree(terms, m) + cbx_canon_tree(terms + m, count - m);
}

static void fetch(cbx_canon *c, const cbx_dataset *dataset, cbx_part part, const uint32_t *order,
                  size_t first, size_t rows) {
    const cbx_images images = cbx_dataset_images(dataset, part);
    const double mean = cbx_dataset_mean(dataset), deviation = cbx_dataset_deviation(dataset);
    c->normal = (cbx_normal){(float)(1 / deviation), (float)(-mean / deviation)};
    c->rows = rows;
    for (size_t b = 0; b < rows; b++) {
        const size_t image = order ? order[first + b] : first + b;
        memcpy(c->levels + b * PIXELS, images.pixels + image * PIXELS, PIXELS);
        c->labels[b] = images.labels[image];
    }
}

/* sum = fma(p, x, sum) */
CBX_TWICE void add_scaled(float p, const float *restrict x, size_t count, float *restrict sum) {
    for (size_t i = 0; i < count; i++) {
        sum[i] = fmaf(p, x[i], sum[i]);
    }
}

CBX_TWICE void add(const float *restrict x, size_t count, float *restrict sum) {
    for (size_t i = 0; i < count; i++) {
        sum[i] += x[i];
    }
}

/* Q of one image; w (784, count), the rows of W1 after the bias. Which of the weights that are
 * left out are not finite, U tells. */
CBX_TWICE void add_pixels(const uint8_t *levels, const float *w, size_t count, float *slab,
                          float *q) {
    memset(q, 0, count * sizeof *q);
    for (size_t first = 0; first < PIXELS; first += CBX_SLAB) {
        memset(slab, 0, count * sizeof *slab);
        for (size_t k = first; k < first + CBX_SLAB; k++) {
            if (levels[k] > 0) {
                add_scaled((float)levels[k], w + k * count, count, slab);
            }
        }
        add(slab, count, q);
    }
}

/* Z1 and A1 */
CBX_TWICE void hidden_forward_here(cbx_canon *c) {
    const size_t hidden = c->hidden;
    const float s = c->normal.scale, t = c->normal.shift, *w = c->w1 + hidden;
    float *slab = c->sums, *q = slab + hidden, *u = q + hidden;
    uint8_t ones[PIXELS];
    memset(ones, 1, sizeof ones);
    add_pixels(ones, w, hidden, slab, u);
    for (size_t b = 0; b < c->rows; b++) {
        float *a1 = c->a1 + b * hidden;
        add_pixels(c->levels + b * PIXELS, w, hidden, slab, q);
        for (size_t j = 0; j < hidden; j++) {
            a1[j] = cbx_canon_sigmoid(fmaf(s, q[j], fmaf(t, u[j], c->w1[j])));
        }
    }
}

/* Z2 and A2 */
CBX_TWICE void output_forward_here(cbx_canon *c) {
    const size_t hidden = c->hidden, panels = panels_of(hidden);
    for (size_t b = 0; b < c->rows; b++) {
        const float *a1 = c->a1 + b * hidden;
        for (size_t p = 0; p < panels; p++) {
            const size_t first = p * CBX_PANEL, left = hidden - first;
            float sum[CLASSES] = {0};
            for (size_t j = first; j < first + (left < CBX_PANEL ? left : CBX_PANEL); j++) {
                add_scaled(a1[j], c->w2 + (1 + j) * CLASSES, CLASSES, sum);
            }
            for (size_t o = 0; o < CLASSES; o++) {
                c->panels[o * panels + p] = sum[o];
            }
        }
        for (size_t i = b * CLASSES, o = 0; o < CLASSES; i++, o++) {
            c->z2[i] = c->w2[o] + cbx_canon_tree(c->panels + o * panels, panels);
            c->a2[i] = cbx_canon_sigmoid(c->z2[i]);
        }
    }
}

CBX_TWICE void derivatives_here(cbx_recipe recipe, const float *a, size_t count, float *s) {
    for (size_t i = 0; i < count; i++) {
        s[i] = cbx_canon_derivative(recipe, a[i]);
    }
}

CBX_DISPATCH(derivatives, (cbx_recipe recipe, const float *a, size_t count, float *s),
             (recipe, a, count, s))

void cbx_canon_derivatives(cbx_recipe recipe, const float *a, size_t count, float *s) {
    derivatives(recipe, a, count, s);
}

static float output_error(cbx_recipe recipe, float y, float a) {
    switch (recipe) {
    case CBX_RECIPE_LESSON:
        return cbx_canon_tiny((2.0f * (y - a)) * cbx_canon_slope(a));
    case CBX_RECIPE_NLL:
        return cbx_canon_tiny(y - a);
    }
    return 0.0f;
}

/* D2 and D1 */
CBX_TWICE void backward_here(cbx_canon *c) {
    const size_t hidden = c->hidden;
    for (size_t i = 0; i < c->rows * CLASSES; i++) {
        const float y = c->labels[i / CLASSES] == i % CLASSES ? 1.0f : 0.0f;
        c->d2[i] = output_error(c->recipe, y, c->a2[i]);
    }
    for (size_t i = 0; i < c->rows * hidden; i++) {
        const float *d2 = c->d2 + i / hidden * CLASSES, *w2 = c->w2 + (1 + i % hidden) * CLASSES;
        float sum = 0.0f;
        for (size_t o = 0; o < CLASSES; o++) {
            sum = fmaf(d2[o], w2[o], sum);
        }
        c->d1[i] = cbx_canon_tiny(sum * cbx_canon_derivative(c->recipe, c->a1[i]));
    }
}

/* Σ of the rows of d (rows, count), in order. */
CBX_TWICE void add_rows(const float *d, size_t rows, size_t count, float *sum) {
    memset(sum, 0, count * sizeof *sum);
    for (size_t b = 0; b < rows; b++) {
        add(d + b * count, count, sum);
    }
}

static int bias_learns(cbx_recipe recipe) {
    switch (recipe) {
    case CBX_RECIPE_LESSON:
        return 0;
    case CBX_RECIPE_NLL:
        return 1;
    }
    return 0;
}

CBX_TWICE void update_w1_here(cbx_canon *c, float rate) {
    const size_t hidden = c->hidden;
    /* The products of floats are exact in double. */
    const float by_s = (float)((double)rate * (double)c->normal.scale);
    const float by_t = (float)((double)rate * (double)c->normal.shift);
    float *g = c->sums, *s = g + hidden;
    add_rows(c->d1, c->rows, hidden, s);
    for (size_t k = 0; k < PIXELS; k++) {
        float *w = c->w1 + (1 + k) * hidden;
        memset(g, 0, hidden * sizeof *g);
        for (size_t b = 0; b < c->rows; b++) {
            const uint8_t level = c->levels[b * PIXELS + k];
            if (level > 0) {
                add_scaled((float)level, c->d1 + b * hidden, hidden, g);
            }
        }
        for (size_t j = 0; j < hidden; j++) {
            w[j] = fmaf(by_s, g[j], fmaf(by_t, s[j], w[j]));
        }
    }
    if (bias_learns(c->recipe)) {
        add_scaled(rate, s, hidden, c->w1);
    }
}

CBX_TWICE void update_w2_here(cbx_canon *c, float rate) {
    const size_t hidden = c->hidden;
    for (size_t j = 0; j < hidden; j++) {
        float g[CLASSES] = {0};
        for (size_t b = 0; b < c->rows; b++) {
            add_scaled(c->a1[b * hidden + j], c->d2 + b * CLASSES, CLASSES, g);
        }
        add_scaled(rate, g, CLASSES, c->w2 + (1 + j) * CLASSES);
    }
    if (bias_learns(c->recipe)) {
        float sum[CLASSES];
        add_rows(c->d2, c->rows, CLASSES, sum);
        add_scaled(rate, sum, CLASSES, c->w2);
    }
}

CBX_DISPATCH(hidden_forward, (cbx_canon * c), (c))
CBX_DISPATCH(output_forward, (cbx_canon * c), (c))
CBX_DISPATCH(backward, (cbx_canon * c), (c))
CBX_DISPATCH(update_w1, (cbx_canon * c, float rate), (c, rate))
CBX_DISPATCH(update_w2, (cbx_canon * c, float rate), (c, rate))

void cbx_canon_step(cbx_canon *c, const cbx_dataset *dataset, const uint32_t *order, size_t first,
                    size_t rows, cbx_rates rates) {
    fetch(c, dataset, CBX_TRAIN, order, first, rows);
    hidden_forward(c);
    output_forward(c);
    backward(c);
    update_w1(c, rates.hidden);
    update_w2(c, rates.output);
}

void cbx_canon_outputs(cbx_canon *c, const cbx_dataset *dataset, cbx_part part, size_t first,
                       size_t rows) {
    fetch(c, dataset, part, NULL, first, rows);
    hidden_forward(c);
    output_forward(c);
}

/* Adds the images of the batch at hand. */
static void judge(const cbx_canon *c, cbx_evaluation *evaluation) {
    for (size_t b = 0; b < c->rows; b++) {
        const float *z = c->z2 + b * CLASSES;
        size_t answer = 0;
        for (size_t o = 1; o < CLASSES; o++) {
            answer = z[o] > z[answer] ? o : answer;
        }
        evaluation->loss += (double)cbx_canon_loss(z, c->labels[b]);
        evaluation->correct += answer == c->labels[b];
        evaluation->confusion[c->labels[b]][answer]++;
    }
}

cbx_evaluation cbx_canon_evaluate(cbx_canon *c, const cbx_dataset *dataset, cbx_part part) {
    cbx_evaluation evaluation = {.images = cbx_dataset_images(dataset, part).count};
    for (size_t first = 0; first < evaluation.images; first += c->rows) {
        const size_t left = (size_t)evaluation.images - first;
        cbx_canon_outputs(c, dataset, part, first, left < c->max_rows ? left : c->max_rows);
        judge(c, &evaluation);
    }
    evaluation.loss /= (double)evaluation.images;
    return evaluation;
}
