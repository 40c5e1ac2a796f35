/* SPDX-License-Identifier: MIT */
/* One batch through OpenBLAS, for the measurement and for its test. */
#ifndef CBX_BENCH_BLAS_H
#define CBX_BENCH_BLAS_H

#include "bench/bench.h"
#include "clearbox/network.h"

/* What a batch needs beside the weights, host memory. */
typedef struct cbx_blas_batch {
    uint32_t batch;  /* rows that the arrays have room for */
    float *x;        /* (batch, 784) */
    uint8_t *labels; /* (batch) */
    float *a1, *d1;  /* (batch, H) */
    float *a2, *d2;  /* (batch, 10) */
} cbx_blas_batch;

cbx_status cbx_blas_batch_create(cbx_blas_batch *batch, uint32_t rows, uint32_t hidden);
void cbx_blas_batch_free(cbx_blas_batch *batch);

/* Forward: fills a1 and a2 from the first `rows` rows of x. */
void cbx_blas_forward(const cbx_blas *blas, const cbx_network *network, cbx_blas_batch *batch,
                      uint32_t rows);

/* Forward, both errors, both updates. */
void cbx_blas_train(const cbx_blas *blas, cbx_network *network, cbx_blas_batch *batch,
                    uint32_t rows, cbx_recipe recipe, cbx_rates rates);

#endif
