/* SPDX-License-Identifier: MIT */
/* The training step that a good host program would do: matrices by sgemm, the rest in
 * plain loops that a compiler vectorises.
 *
 *   A1 = σ(b1 + X·W1)    A2 = σ(b2 + A1·W2)     b: row 0, W: the rows below it
 *   D2, D1 as in trainer.h        W2 += η₂·A1ᵀD2       W1 += η₁·XᵀD1
 *
 * OpenBLAS is loaded when it is asked for, so that no other command starts its threads,
 * and clearbox builds and runs without it.
 */
#include "bench/blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

/* cblas.h: row-major, not transposed, transposed. */
enum { ROW_MAJOR = 101, PLAIN = 111, TURNED = 112 };

typedef void sgemm_function(int order, int turn_a, int turn_b, int m, int n, int k, float alpha,
                            const float *a, int lda, const float *b, int ldb, float beta, float *c,
                            int ldc);

struct cbx_blas {
    void *library;
    sgemm_function *sgemm;
    char about[256];
    unsigned threads;
};

/* *function becomes the address of `name`; ISO C has no cast for that. */
static cbx_status find(void *library, const char *name, void *function) {
    void *address = dlsym(library, name);
    if (!address) {
        return cbx_fail(CBX_MISSING_INPUT, "the OpenBLAS library has no function %s", name);
    }
    memcpy(function, &address, sizeof address);
    return CBX_OK;
}

cbx_status cbx_blas_open(cbx_blas **out) {
    const char *name = getenv("CLEARBOX_OPENBLAS");
    int (*processors)(void) = NULL;
    void (*set_threads)(int) = NULL;
    char *(*about)(void) = NULL;
    cbx_blas *blas = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&blas, 1);
    if (status) {
        return status;
    }
    blas->library = dlopen(name && *name ? name : "libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
    if (!blas->library) {
        status = cbx_fail(CBX_MISSING_INPUT,
                          "no OpenBLAS to compare with: %s; install it (Debian: libopenblas0)",
                          dlerror());
    }
    if (!status) {
        status = find(blas->library, "cblas_sgemm", &blas->sgemm);
    }
    if (!status) {
        status = find(blas->library, "openblas_get_num_procs", &processors);
    }
    if (!status) {
        status = find(blas->library, "openblas_set_num_threads", &set_threads);
    }
    if (!status) {
        status = find(blas->library, "openblas_get_config", &about);
    }
    if (status) {
        cbx_blas_close(blas);
        return status;
    }
    const int threads = processors();
    blas->threads = threads > 0 ? (unsigned)threads : 1u;
    set_threads((int)blas->threads);
    snprintf(blas->about, sizeof blas->about, "%s", about());
    for (size_t n = strlen(blas->about); n > 0 && blas->about[n - 1] == ' '; n--) {
        blas->about[n - 1] = '\0';
    }
    *out = blas;
    return CBX_OK;
}

void cbx_blas_close(cbx_blas *blas) {
    if (blas) {
        if (blas->library) {
            dlclose(blas->library);
        }
        free(blas);
    }
}

const char *cbx_blas_about(const cbx_blas *blas) {
    return blas->about;
}

unsigned cbx_blas_threads(const cbx_blas *blas) {
    return blas->threads;
}

cbx_status cbx_blas_batch_create(cbx_blas_batch *batch, uint32_t rows, uint32_t hidden) {
    memset(batch, 0, sizeof *batch);
    batch->batch = rows;
    cbx_status status = cbx_new(&batch->x, (size_t)rows * CBX_IMAGE_PIXELS);
    if (!status) {
        status = cbx_new(&batch->labels, rows);
    }
    if (!status) {
        status = cbx_new(&batch->a1, (size_t)rows * hidden);
    }
    if (!status) {
        status = cbx_new(&batch->d1, (size_t)rows * hidden);
    }
    if (!status) {
        status = cbx_new(&batch->a2, (size_t)rows * CBX_CLASSES);
    }
    if (!status) {
        status = cbx_new(&batch->d2, (size_t)rows * CBX_CLASSES);
    }
    if (status) {
        cbx_blas_batch_free(batch);
    }
    return status;
}

void cbx_blas_batch_free(cbx_blas_batch *batch) {
    free(batch->x);
    free(batch->labels);
    free(batch->a1);
    free(batch->d1);
    free(batch->a2);
    free(batch->d2);
    memset(batch, 0, sizeof *batch);
}

/* σ without branches or library calls, as in kernels/train/activation.cl. */
static inline float sigmoid(float z) {
    float x = -z;
    x = x < -87.0f ? -87.0f : x;
    x = x > 87.0f ? 87.0f : x;
    /* Adding and taking away 1.5·2^23 rounds to the next whole number. */
    const float n = (x * 1.44269504f + 12582912.0f) - 12582912.0f;
    const float r = (x - n * 0.693145752f) - n * 1.42860677e-6f;
    float q = 1.3933643526e-3f * r + 8.3631755655e-3f;
    q = q * r + 4.1666464976e-2f;
    q = q * r + 1.6666577003e-1f;
    q = q * r + 0.5f;
    union {
        float value;
        int32_t bits;
    } power = {.value = q * r * r + r + 1.0f};
    power.bits += (int32_t)n * (1 << 23);
    return 1.0f / (1.0f + power.value);
}

static void sigmoids(float *values, size_t count) {
    for (size_t i = 0; i < count; i++) {
        values[i] = sigmoid(values[i]);
    }
}

/* d[i] *= the recipe's derivative at a[i]; see trainer.h. */
static void times_derivative(float *restrict d, const float *restrict a, size_t count,
                             cbx_recipe recipe) {
    if (recipe == CBX_RECIPE_LESSON) {
        for (size_t i = 0; i < count; i++) {
            const float s = sigmoid(a[i]);
            d[i] *= s * (1.0f - s);
        }
    } else {
        for (size_t i = 0; i < count; i++) {
            d[i] *= a[i] * (1.0f - a[i]);
        }
    }
}

/* out (rows, columns): every row becomes `bias`. */
static void fill_rows(float *out, const float *bias, uint32_t rows, uint32_t columns) {
    for (uint32_t b = 0; b < rows; b++) {
        memcpy(out + (size_t)b * columns, bias, columns * sizeof *bias);
    }
}

/* bias += rate·Σ of the rows of d. */
static void update_bias(float *restrict bias, const float *restrict d, uint32_t rows,
                        uint32_t columns, float rate) {
    for (uint32_t b = 0; b < rows; b++) {
        for (uint32_t i = 0; i < columns; i++) {
            bias[i] += rate * d[(size_t)b * columns + i];
        }
    }
}

void cbx_blas_forward(const cbx_blas *blas, const cbx_network *network, cbx_blas_batch *batch,
                      uint32_t rows) {
    const int n = (int)rows, h = (int)network->hidden, pixels = CBX_IMAGE_PIXELS,
              classes = CBX_CLASSES;
    fill_rows(batch->a1, network->w1, rows, network->hidden);
    blas->sgemm(ROW_MAJOR, PLAIN, PLAIN, n, h, pixels, 1.0f, batch->x, pixels, network->w1 + h, h,
                1.0f, batch->a1, h);
    sigmoids(batch->a1, (size_t)rows * network->hidden);
    fill_rows(batch->a2, network->w2, rows, CBX_CLASSES);
    blas->sgemm(ROW_MAJOR, PLAIN, PLAIN, n, classes, h, 1.0f, batch->a1, h,
                network->w2 + CBX_CLASSES, classes, 1.0f, batch->a2, classes);
    sigmoids(batch->a2, (size_t)rows * CBX_CLASSES);
}

void cbx_blas_train(const cbx_blas *blas, cbx_network *network, cbx_blas_batch *batch,
                    uint32_t rows, cbx_recipe recipe, cbx_rates rates) {
    const int n = (int)rows, h = (int)network->hidden, pixels = CBX_IMAGE_PIXELS,
              classes = CBX_CLASSES;
    cbx_blas_forward(blas, network, batch, rows);
    for (uint32_t b = 0; b < rows; b++) {
        for (uint32_t o = 0; o < CBX_CLASSES; o++) {
            const size_t i = (size_t)b * CBX_CLASSES + o;
            batch->d2[i] = (o == batch->labels[b] ? 1.0f : 0.0f) - batch->a2[i];
            batch->d2[i] *= recipe == CBX_RECIPE_LESSON ? 2.0f : 1.0f;
        }
    }
    if (recipe == CBX_RECIPE_LESSON) {
        times_derivative(batch->d2, batch->a2, (size_t)rows * CBX_CLASSES, recipe);
    }
    blas->sgemm(ROW_MAJOR, PLAIN, TURNED, n, h, classes, 1.0f, batch->d2, classes,
                network->w2 + CBX_CLASSES, classes, 0.0f, batch->d1, h);
    times_derivative(batch->d1, batch->a1, (size_t)rows * network->hidden, recipe);
    blas->sgemm(ROW_MAJOR, TURNED, PLAIN, h, classes, n, rates.output, batch->a1, h, batch->d2,
                classes, 1.0f, network->w2 + CBX_CLASSES, classes);
    blas->sgemm(ROW_MAJOR, TURNED, PLAIN, pixels, h, n, rates.hidden, batch->x, pixels, batch->d1,
                h, 1.0f, network->w1 + h, h);
    if (recipe == CBX_RECIPE_NLL) {
        update_bias(network->w2, batch->d2, rows, CBX_CLASSES, rates.output);
        update_bias(network->w1, batch->d1, rows, network->hidden, rates.hidden);
    }
}
