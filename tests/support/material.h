/* SPDX-License-Identifier: MIT */
/* What one launch of a kernel of the schedule `stepwise` works on: random. */
#ifndef TEST_SUPPORT_MATERIAL_H
#define TEST_SUPPORT_MATERIAL_H

#include "clearbox/trainer.h"
#include "support/bands.h"
#include "support/panels.h"

enum {
    MATERIAL_IMAGES = 100,
    MATERIAL_FIRST = 5 /* in the order, of the batch */
};

typedef struct material {
    cbx_device *device;
    cbx_recipe recipe;
    int exact;       /* compare bits, too */
    uint64_t state;  /* for random_floats() */
    uint8_t *images; /* (MATERIAL_IMAGES, 784) grey levels, for test_normal */
    uint8_t labels[MATERIAL_IMAGES];
    uint32_t *order; /* (MATERIAL_IMAGES), a permutation */
} material;

void material_open(material *m, cbx_device *device, cbx_recipe recipe);
void material_close(material *m);

/* The grey levels of the batch (rows, 784), and its pixels in double precision, for free(). */
uint8_t *material_levels(const material *m, shape s);
double *material_batch(const material *m, shape s);

/* Their buffers; of the order as much as the batch may read. */
cl_mem material_images(const material *m, bands *b);
cl_mem material_order(const material *m, shape s, bands *b);

/* CBX_RECIPE_LESSON or CBX_RECIPE_NLL. */
cl_uint material_recipe(const material *m);

/* A check of one kernel; context is a material. */
typedef void material_check(void *context, shape s);

/* Runs `count` checks on every shape, with both families and both recipes. */
void material_check_all(material_check *const *checks, size_t count);

#endif
