/* SPDX-License-Identifier: MIT */
/* The verdicts of the self-test. */
#ifndef CBX_CHECK_JUDGE_H
#define CBX_CHECK_JUDGE_H

#include "check/specimen.h"

/* Where a number stands, for the message: what[row][column]. */
typedef struct cbx_place {
    const char *kernel; /* that computed it */
    const char *what;   /* its array */
    size_t row, column;
} cbx_place;

/* Within it is nothing but the number itself. */
#define CBX_TO_THE_BIT (-1.0)

/* CBX_BAD_KERNEL unless |is − should| ≤ tolerance, or both have the same bits. */
cbx_status cbx_judge(const cbx_specimen *specimen, cbx_place place, double is, double should,
                     double tolerance);

/* `count` floats of a buffer from `first` on; *out is the caller's, freed with free(). */
cbx_status cbx_read_floats(const cbx_specimen *specimen, cl_mem buffer, size_t first, size_t count,
                           float **out);

/* Adds up `count` arrays of `size` numbers that follow each other on the device, in the tree of
 * kernels/canon.h: the shares of a sum. *out is the caller's, freed with free(). */
cbx_status cbx_add_shares(const cbx_specimen *specimen, cl_mem buffer, size_t first, size_t count,
                          size_t size, float **out);

/* Compares arrays with (rows, columns), row-major: panels [P][stride][32] of the device with H
 * columns, and rows of 16 floats, of the device or read from it, with 10.
 *
 * Where the trial is not exact the tolerance is 1e-5 of the largest number expected. A number
 * of these sizes is a sum of at most 785 rounded products: in any order of adding it is off by
 * about √785·2⁻²⁴ = 2e-6 of its largest terms. A wrong index or formula, even a single image
 * left out of a batch, shows by 1e-3 and more. */
cbx_status cbx_judge_panels(const cbx_trial *trial, const char *kernel, const char *what,
                            cl_mem buffer, size_t stride, size_t rows, const float *should);
cbx_status cbx_judge_outputs(const cbx_trial *trial, const char *kernel, const char *what,
                             cl_mem buffer, size_t rows, const float *should);
cbx_status cbx_judge_rows(const cbx_trial *trial, const char *kernel, const char *what,
                          const float *is, size_t rows, const float *should);

/* Whether turn_batches left the rows first … first + rows of the batch at hand, which the
 * trial should have, in `slot` of the trainer's slots of `blocks` blocks each. */
cbx_status cbx_check_turned(const cbx_trial *trial, size_t slot, size_t blocks, size_t first,
                            size_t rows);

/* The losses that training left of the batch at hand, whose rows begin at `first` in the order. */
cbx_status cbx_judge_losses(const cbx_trial *trial, const char *kernel, size_t first);

#endif
