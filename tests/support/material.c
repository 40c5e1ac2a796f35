/* SPDX-License-Identifier: MIT */
#include "support/material.h"

#include <string.h>

#include "support/fixture.h"
#include "support/synthetic.h"
#include "support/test.h"

void material_open(material *m, cbx_device *device, cbx_recipe recipe) {
    *m = (material){.device = device,
                    .recipe = recipe,
                    .exact = cbx_device_arithmetic(device) == CBX_ARITHMETIC_CANON,
                    .state = 7};
    m->images = random_levels(&m->state, (size_t)MATERIAL_IMAGES * CBX_IMAGE_PIXELS);
    m->order = synthetic_order(MATERIAL_IMAGES, 11);
    for (size_t i = 0; i < MATERIAL_IMAGES; i++) {
        m->labels[i] = (uint8_t)(synthetic_bits(&m->state) % CBX_CLASSES);
    }
}

void material_close(material *m) {
    free(m->images);
    free(m->order);
}

uint8_t *material_levels(const material *m, shape s) {
    uint8_t *levels;
    TEST_NEW(levels, s.rows * CBX_IMAGE_PIXELS);
    for (size_t row = 0; row < s.rows; row++) {
        const size_t image = m->order[MATERIAL_FIRST + row];
        memcpy(levels + row * CBX_IMAGE_PIXELS, m->images + image * CBX_IMAGE_PIXELS,
               CBX_IMAGE_PIXELS);
    }
    return levels;
}

double *material_batch(const material *m, shape s) {
    uint8_t *levels = material_levels(m, s);
    double *x = normalised(levels, s.rows * CBX_IMAGE_PIXELS, test_normal);
    free(levels);
    return x;
}

cl_mem material_images(const material *m, bands *b) {
    return bands_input(b, "images", m->images, (size_t)MATERIAL_IMAGES * CBX_IMAGE_PIXELS);
}

cl_mem material_order(const material *m, shape s, bands *b) {
    return bands_input(b, "order", m->order, (MATERIAL_FIRST + s.rows) * sizeof *m->order);
}

cl_uint material_recipe(const material *m) {
    return (cbx_u32)m->recipe;
}

void material_check_all(material_check *const *checks, size_t count) {
    for (cbx_family family = CBX_FAMILY_CPU; family <= CBX_FAMILY_GPU; family++) {
        for (cbx_recipe recipe = CBX_RECIPE_LESSON; cbx_recipe_name(recipe); recipe++) {
            material m;
            material_open(&m, fixture_device(family), recipe);
            for (size_t i = 0; i < count; i++) {
                for_each_shape(m.device, checks[i], &m);
            }
            material_close(&m);
        }
    }
}
