/* SPDX-License-Identifier: MIT */
#include "check/judge.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"
#include "reference/canon_scalar.h"

/* Nine digits tell floats apart, but not doubles. */
static void describe(char texts[2][32], double is, double should) {
    snprintf(texts[0], sizeof texts[0], "%.9g", is);
    snprintf(texts[1], sizeof texts[1], "%.9g", should);
    if (strcmp(texts[0], texts[1]) == 0) {
        snprintf(texts[0], sizeof texts[0], "%a", is);
        snprintf(texts[1], sizeof texts[1], "%a", should);
    }
}

cbx_status cbx_judge(const cbx_specimen *specimen, cbx_place place, double is, double should,
                     double tolerance) {
    char numbers[2][32], how[32] = "to the bit";
    /* NaN compares false, and inf − inf is NaN: both count as wrong. */
    if (memcmp(&is, &should, sizeof is) == 0 || fabs(is - should) <= tolerance) {
        return CBX_OK;
    }
    describe(numbers, is, should);
    if (tolerance >= 0.0) {
        snprintf(how, sizeof how, "(tolerance %.1e)", tolerance);
    }
    return cbx_fail(CBX_BAD_KERNEL,
                    "the kernel %s computes wrongly on %s: %s[%zu][%zu] is %s, should be %s %s; "
                    "choose another device, or update its driver",
                    place.kernel, specimen->device->info.name, place.what, place.row, place.column,
                    numbers[0], numbers[1], how);
}

/* What was allocated goes where it could not be filled. */
static cbx_status end(cbx_status status, float **out) {
    if (status) {
        free(*out);
        *out = NULL;
    }
    return status;
}

cbx_status cbx_read_floats(const cbx_specimen *specimen, cl_mem buffer, size_t first, size_t count,
                           float **out) {
    cbx_status status = cbx_new(out, count);
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, buffer, CL_TRUE,
                                                  first * sizeof **out, count * sizeof **out, *out,
                                                  0, NULL, NULL),
                              "reading results of the self-test");
    }
    return end(status, out);
}

cbx_status cbx_add_shares(const cbx_specimen *specimen, cl_mem buffer, size_t first, size_t count,
                          size_t size, float **out) {
    float *shares = NULL, *terms = NULL;
    cbx_status status = cbx_new(out, size);
    if (!status) {
        status = cbx_new(&terms, count);
    }
    if (!status) {
        status = cbx_read_floats(specimen, buffer, first, count * size, &shares);
    }
    for (size_t i = 0; i < size && !status; i++) {
        for (size_t share = 0; share < count; share++) {
            terms[share] = shares[share * size + i];
        }
        (*out)[i] = cbx_canon_tree(terms, count);
    }
    free(shares);
    free(terms);
    return end(status, out);
}

static double tolerance_for(const cbx_trial *trial, const float *should, size_t count) {
    float largest = 0.0f;
    for (size_t i = 0; i < count && !trial->exact; i++) {
        largest = fabsf(should[i]) > largest ? fabsf(should[i]) : largest;
    }
    return trial->exact ? CBX_TO_THE_BIT : 1e-5 * (double)largest;
}

/* An array in the device's order: panels of `width` columns, in each `stride` rows. */
typedef struct panels {
    const char *kernel, *what;
    const float *is;
    size_t width, stride;
} panels;

/* The columns of a row that are in one panel, from `place` on. */
static cbx_status judge_run(const cbx_trial *trial, cbx_place place, const float *is,
                            const float *should, size_t count, double tolerance) {
    cbx_status status = CBX_OK;
    if (memcmp(is, should, count * sizeof *is) == 0) {
        return CBX_OK;
    }
    for (size_t i = 0; i < count && !status; i++, place.column++) {
        status = cbx_judge(trial->specimen, place, (double)is[i], (double)should[i], tolerance);
    }
    return status;
}

static cbx_status judge(const cbx_trial *trial, const panels *p, size_t rows, size_t columns,
                        const float *should) {
    const double tolerance = tolerance_for(trial, should, rows * columns);
    cbx_status status = CBX_OK;
    for (size_t row = 0; row < rows && !status; row++) {
        for (size_t first = 0; first < columns && !status; first += p->width) {
            const size_t left = columns - first;
            status = judge_run(trial, (cbx_place){p->kernel, p->what, row, first},
                               p->is + first * p->stride + row * p->width,
                               should + row * columns + first, left < p->width ? left : p->width,
                               tolerance);
        }
    }
    return status;
}

cbx_status cbx_judge_rows(const cbx_trial *trial, const char *kernel, const char *what,
                          const float *is, size_t rows, const float *should) {
    const panels p = {kernel, what, is, CBX_LANES_OUT, rows};
    return judge(trial, &p, rows, CBX_CLASSES, should);
}

cbx_status cbx_judge_panels(const cbx_trial *trial, const char *kernel, const char *what,
                            cl_mem buffer, size_t stride, size_t rows, const float *should) {
    const size_t hidden = trial->should.hidden, count = CBX_PANELS_OF(hidden);
    float *is = NULL;
    cbx_status status =
        cbx_read_floats(trial->specimen, buffer, 0, count * stride * CBX_PANEL, &is);
    if (!status) {
        const panels p = {kernel, what, is, CBX_PANEL, stride};
        status = judge(trial, &p, rows, hidden, should);
    }
    free(is);
    return status;
}

cbx_status cbx_judge_outputs(const cbx_trial *trial, const char *kernel, const char *what,
                             cl_mem buffer, size_t rows, const float *should) {
    float *is = NULL;
    cbx_status status = cbx_read_floats(trial->specimen, buffer, 0, rows * CBX_LANES_OUT, &is);
    if (!status) {
        status = cbx_judge_rows(trial, kernel, what, is, rows, should);
    }
    free(is);
    return status;
}

cbx_status cbx_judge_losses(const cbx_trial *trial, const char *kernel, size_t first) {
    const size_t rows = trial->should.rows;
    float *is = NULL, *should = NULL;
    cbx_status status = cbx_new(&should, rows);
    if (!status) {
        cbx_canon_losses(&trial->should, should);
        status = cbx_read_floats(trial->specimen, cbx_trainer_loss_buffer(trial->trainer), first,
                                 rows, &is);
    }
    if (!status) {
        const panels p = {kernel, "losses", is, 1, rows};
        status = judge(trial, &p, rows, 1, should);
    }
    free(is);
    free(should);
    return status;
}
