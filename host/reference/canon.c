/* SPDX-License-Identifier: MIT */
#include "reference/canon.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "reference/canon_loops.h"

enum { PIXELS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES };

static size_t w1_count(size_t hidden) {
    return CBX_W1_ROWS * hidden;
}

static size_t w2_count(size_t hidden) {
    return (1 + hidden) * CLASSES;
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
        {&c->panels, CLASSES * CBX_PANELS_OF(hidden)},
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

void cbx_canon_fetch(cbx_canon *c, const cbx_dataset *dataset, cbx_part part, const uint32_t *order,
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

static const cbx_canon_loops *loops(void) {
#if defined(__x86_64__) && defined(__GNUC__)
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") ? &cbx_canon_loops_fma
                                                                           : &cbx_canon_loops_plain;
#else /* what the compiler takes the machine for is all that there is */
    return &cbx_canon_loops_plain;
#endif
}

void cbx_canon_derivatives(cbx_recipe recipe, const float *a, size_t count, float *s) {
    loops()->derivatives(recipe, a, count, s);
}

void cbx_canon_step(cbx_canon *c, const cbx_dataset *dataset, const uint32_t *order, size_t first,
                    size_t rows, cbx_rates rates) {
    const cbx_canon_loops *l = loops();
    cbx_canon_fetch(c, dataset, CBX_TRAIN, order, first, rows);
    l->hidden_forward(c);
    l->output_forward(c);
    l->output_errors(c);
    l->hidden_errors(c);
    l->update_w1(c, rates.hidden);
    l->update_w2(c, rates.output);
}

void cbx_canon_hidden_forward(cbx_canon *c) {
    loops()->hidden_forward(c);
}

void cbx_canon_output_forward(cbx_canon *c) {
    loops()->output_forward(c);
}

void cbx_canon_output_errors(cbx_canon *c) {
    loops()->output_errors(c);
}

void cbx_canon_update_hidden(cbx_canon *c, float rate) {
    loops()->hidden_errors(c);
    loops()->update_w1(c, rate);
}

void cbx_canon_update_output(cbx_canon *c, float rate) {
    loops()->update_w2(c, rate);
}

void cbx_canon_outputs(cbx_canon *c, const cbx_dataset *dataset, cbx_part part, size_t first,
                       size_t rows) {
    cbx_canon_fetch(c, dataset, part, NULL, first, rows);
    loops()->hidden_forward(c);
    loops()->output_forward(c);
}

void cbx_canon_losses(const cbx_canon *c, float *losses) {
    for (size_t b = 0; b < c->rows; b++) {
        losses[b] = cbx_canon_loss(c->z2 + b * CLASSES, c->labels[b]);
    }
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
