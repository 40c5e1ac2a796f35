/* SPDX-License-Identifier: MIT */
/* Arrays as kernels/layout.h lays them out, for tests that launch kernels directly:
 * what is random here is in rows, (rows, H) or (785, H), and packed into panels. */
#ifndef TEST_SUPPORT_PANELS_H
#define TEST_SUPPORT_PANELS_H

#include <stddef.h>
#include <stdint.h>

#include "layout.h"

/* The sizes that kernels are tried on: B = 1, 7, 64, 77 and H = 1, 3, 37, 64, 100, 131, 257;
 * 7 and 37 alone when watched (bands.h). */
typedef struct sizes {
    const size_t *values;
    size_t count;
} sizes;

sizes batch_sizes(void);
sizes hidden_sizes(void);

/* A case of the tests, and what follows from it. */
typedef struct shape {
    size_t rows;   /* B, of this batch */
    size_t hidden; /* H */
    size_t panels; /* P, as the device's family rounds it */
    size_t stride; /* rows that panels have room for, more than `rows` */
} shape;

struct cbx_device;
shape shape_of(const struct cbx_device *device, size_t rows, size_t hidden);

/* Calls `check` with every shape. */
void for_each_shape(const struct cbx_device *device, void (*check)(void *context, shape s),
                    void *context);

/* `count` numbers ~ normal(0, deviation), for free(). The state goes on. */
float *random_floats(uint64_t *state, size_t count, double deviation);

/* `count` grey levels 0…254, for free(). The state goes on. */
uint8_t *random_levels(uint64_t *state, size_t count);

/* How they are normalised: level/64 − 2, exact in single precision. */
extern const cbx_normal test_normal;

/* Normalised pixels in double precision, for free(). */
double *normalised(const uint8_t *levels, size_t count, cbx_normal normal);

/* The same numbers in double precision, for free(). */
double *to_doubles(const float *from, size_t count);

/* (rows, hidden) into [P][stride][32]; lanes beyond H are `padding`, rows beyond `rows`
 * NaN. For free(). */
float *pack_panels(shape s, const float *from, float padding);

/* (785, H) into [P][785][32], padded as layout.h says. For free(). */
float *pack_w1(shape s, const float *from);

/* (rows, 10) into [total][16]; the rest is 0. For free(). */
float *pack_outputs(const float *from, size_t rows, size_t total);

/* Back into rows, for free(): `panel_rows` is the stride of the panels. */
float *unpack_panels(shape s, const float *from, size_t panel_rows, size_t rows);
float *unpack_outputs(const float *from, size_t rows);

/* Fail unless the padding is as layout.h says: lanes of the panels beyond H, bias
 * `bias` in row 0 of w1 and zero everywhere else; columns 10…15 and rows beyond 1+H. */
void assert_w1_padding(shape s, const float *w1, const char *what);
void assert_w2_padding(shape s, const float *w2, const char *what);
void assert_outputs_padding(const float *rows16, size_t rows, const char *what);
void assert_panels_padding(shape s, const float *panels, size_t rows, const char *what);

/* How far a sum of `terms` rounded products may be off when the root of the sum of
 * their squares is `size`: partial sums of random terms grow to about `size`, and each
 * addition is off by up to 2⁻²⁴ of them, in random directions. 8 stands for the largest
 * of some 10⁵ sums, and for the roundings of what is summed. */
double rounding(size_t terms, double size);

/* The largest over all elements of the root of the sum of squares of the terms of
 * [1 in]·w; in (rows, inner), w (1+inner, columns). */
double largest_root(const double *in, const double *w, size_t rows, size_t inner, size_t columns);

#endif
