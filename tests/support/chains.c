/* SPDX-License-Identifier: MIT */
#include "support/chains.h"

#include <math.h>
#include <stdlib.h>

#include "reference/canon.h"
#include "support/test.h"

enum { PIXELS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES, SLAB = PIXELS / 7, PANEL = 32 };

void chain_column_sums(const float *w1, size_t hidden, float *u) {
    for (size_t j = 0; j < hidden; j++) {
        u[j] = 0.0f;
        for (size_t slab = 0; slab < PIXELS; slab += SLAB) {
            float sum = 0.0f;
            for (size_t k = slab; k < slab + SLAB; k++) {
                sum = sum + w1[(1 + k) * hidden + j];
            }
            u[j] = u[j] + sum;
        }
    }
}

/* Q of one image and neuron. */
static float level_sum(const uint8_t *levels, const float *w1, size_t hidden, size_t j) {
    float q = 0.0f;
    for (size_t slab = 0; slab < PIXELS; slab += SLAB) {
        float sum = 0.0f;
        for (size_t k = slab; k < slab + SLAB; k++) {
            sum = fmaf((float)levels[k], w1[(1 + k) * hidden + j], sum);
        }
        q = q + sum;
    }
    return q;
}

void chain_hidden_sums(const uint8_t *levels, cbx_normal normal, const float *w1, const float *u,
                       size_t rows, size_t hidden, float *z1) {
    for (size_t i = 0; i < rows * hidden; i++) {
        const size_t b = i / hidden, j = i % hidden;
        const float q = level_sum(levels + b * PIXELS, w1, hidden, j);
        z1[i] = fmaf(normal.scale, q, fmaf(normal.shift, u[j], w1[j]));
    }
}

void chain_outputs(const float *a1, const float *w2, size_t rows, size_t hidden, size_t first,
                   size_t end, float *sums) {
    float *panels;
    TEST_NEW(panels, end - first);
    for (size_t i = 0; i < rows * CLASSES; i++) {
        const size_t b = i / CLASSES, o = i % CLASSES;
        for (size_t panel = first; panel < end; panel++) {
            float sum = 0.0f;
            for (size_t j = panel * PANEL; j < (panel + 1) * PANEL && j < hidden; j++) {
                sum = fmaf(a1[b * hidden + j], w2[(1 + j) * CLASSES + o], sum);
            }
            panels[panel - first] = sum;
        }
        sums[i] = cbx_canon_tree(panels, end - first);
    }
    free(panels);
}

void chain_sigmoids(float *z, size_t count) {
    for (size_t i = 0; i < count; i++) {
        z[i] = cbx_canon_sigmoid(z[i]);
    }
}

void chain_derivatives(cbx_recipe recipe, const float *a, size_t count, float *s) {
    for (size_t i = 0; i < count; i++) {
        s[i] = recipe == CBX_RECIPE_NLL ? a[i] * (1.0f - a[i]) : cbx_canon_slope(a[i]);
    }
}

void chain_output_delta(cbx_recipe recipe, const float *a2, const float *s2, const uint8_t *labels,
                        size_t rows, float *d2) {
    for (size_t i = 0; i < rows * CLASSES; i++) {
        const float miss = (labels[i / CLASSES] == i % CLASSES ? 1.0f : 0.0f) - a2[i];
        d2[i] = cbx_canon_tiny(recipe == CBX_RECIPE_NLL ? miss : (2.0f * miss) * s2[i]);
    }
}

void chain_hidden_delta(const float *d2, const float *w2, const float *s1, size_t rows,
                        size_t hidden, float *d1) {
    for (size_t i = 0; i < rows * hidden; i++) {
        const size_t b = i / hidden, j = i % hidden;
        float sum = 0.0f;
        for (size_t o = 0; o < CLASSES; o++) {
            sum = fmaf(d2[b * CLASSES + o], w2[(1 + j) * CLASSES + o], sum);
        }
        d1[i] = cbx_canon_tiny(sum * s1[i]);
    }
}

/* Of floats a product in double is exact. */
static float product(float a, float b) {
    return (float)((double)a * (double)b);
}

cbx_step_sizes chain_steps(cbx_rates rates, cbx_normal normal) {
    return (cbx_step_sizes){.hidden = rates.hidden,
                            .scale = product(rates.hidden, normal.scale),
                            .shift = product(rates.hidden, normal.shift),
                            .output = rates.output};
}

/* Column c of d (rows, columns), added up. */
static float column_sum(const float *d, size_t rows, size_t columns, size_t c) {
    float sum = 0.0f;
    for (size_t b = 0; b < rows; b++) {
        sum = sum + d[b * columns + c];
    }
    return sum;
}

void chain_update_hidden(cbx_recipe recipe, const uint8_t *levels, const float *d1, size_t rows,
                         size_t hidden, cbx_step_sizes steps, float *w1) {
    for (size_t j = 0; j < hidden; j++) {
        const float errors = column_sum(d1, rows, hidden, j);
        for (size_t k = 0; k < PIXELS; k++) {
            float *w = &w1[(1 + k) * hidden + j], g = 0.0f;
            for (size_t b = 0; b < rows; b++) {
                g = fmaf((float)levels[b * PIXELS + k], d1[b * hidden + j], g);
            }
            *w = fmaf(steps.scale, g, fmaf(steps.shift, errors, *w));
        }
        w1[j] = recipe == CBX_RECIPE_NLL ? fmaf(steps.hidden, errors, w1[j]) : w1[j];
    }
}

void chain_update_output(cbx_recipe recipe, const float *a1, const float *d2, size_t rows,
                         size_t hidden, float rate, float *w2) {
    for (size_t i = 0; i < hidden * CLASSES; i++) {
        const size_t j = i / CLASSES, o = i % CLASSES;
        float g = 0.0f;
        for (size_t b = 0; b < rows; b++) {
            g = fmaf(a1[b * hidden + j], d2[b * CLASSES + o], g);
        }
        w2[CLASSES + i] = fmaf(rate, g, w2[CLASSES + i]);
    }
    for (size_t o = 0; o < CLASSES && recipe == CBX_RECIPE_NLL; o++) {
        w2[o] = fmaf(rate, column_sum(d2, rows, CLASSES, o), w2[o]);
    }
}
