/* SPDX-License-Identifier: MIT */
/* No header: what canon_plain.c and canon_fma.c compile, each into its CBX_CANON_LOOPS. */
#include <string.h>

#include "reference/canon_loops.h"
#include "reference/canon_scalar.h"

enum { PIXELS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES };

/* sum = fma(p, x, sum) */
static inline void add_scaled(float p, const float *restrict x, size_t count, float *restrict sum) {
    for (size_t i = 0; i < count; i++) {
        sum[i] = cbx_fma(p, x[i], sum[i]);
    }
}

static inline void add(const float *restrict x, size_t count, float *restrict sum) {
    for (size_t i = 0; i < count; i++) {
        sum[i] += x[i];
    }
}

/* Q of one image; w (784, count), the rows of W1 after the bias. Which of the weights that are
 * left out are not finite, U tells. */
static inline void add_pixels(const uint8_t *levels, const float *w, size_t count, float *slab,
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
static void hidden_forward(cbx_canon *c) {
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
            a1[j] = cbx_canon_sigmoid(cbx_fma(s, q[j], cbx_fma(t, u[j], c->w1[j])));
        }
    }
}

/* Z2 and A2 */
static void output_forward(cbx_canon *c) {
    const size_t hidden = c->hidden, panels = CBX_PANELS_OF(hidden);
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

static void derivatives(cbx_recipe recipe, const float *a, size_t count, float *s) {
    for (size_t i = 0; i < count; i++) {
        s[i] = cbx_canon_derivative(recipe, a[i]);
    }
}

/* D2 */
static void output_errors(cbx_canon *c) {
    for (size_t i = 0; i < c->rows * CLASSES; i++) {
        const float y = c->labels[i / CLASSES] == i % CLASSES ? 1.0f : 0.0f;
        c->d2[i] = cbx_canon_output_error(c->recipe, y, c->a2[i]);
    }
}

/* D1 */
static void hidden_errors(cbx_canon *c) {
    const size_t hidden = c->hidden;
    for (size_t i = 0; i < c->rows * hidden; i++) {
        const float *d2 = c->d2 + i / hidden * CLASSES, *w2 = c->w2 + (1 + i % hidden) * CLASSES;
        float sum = 0.0f;
        for (size_t o = 0; o < CLASSES; o++) {
            sum = cbx_fma(d2[o], w2[o], sum);
        }
        c->d1[i] = cbx_canon_tiny(sum * cbx_canon_derivative(c->recipe, c->a1[i]));
    }
}

/* Σ of the rows of d (rows, count), in order. */
static inline void add_rows(const float *d, size_t rows, size_t count, float *sum) {
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

static void update_w1(cbx_canon *c, float rate) {
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
            w[j] = cbx_fma(by_s, g[j], cbx_fma(by_t, s[j], w[j]));
        }
    }
    if (bias_learns(c->recipe)) {
        add_scaled(rate, s, hidden, c->w1);
    }
}

static void update_w2(cbx_canon *c, float rate) {
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

const cbx_canon_loops CBX_CANON_LOOPS = {
    .hidden_forward = hidden_forward,
    .output_forward = output_forward,
    .output_errors = output_errors,
    .hidden_errors = hidden_errors,
    .update_w1 = update_w1,
    .update_w2 = update_w2,
    .derivatives = derivatives,
};
