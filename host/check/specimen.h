/* A small network and dataset on which the self-test runs, and its verdicts.
 *
 * The sizes are odd on purpose: a last panel with few neurons, batches that fill
 * no block of rows, a last batch that is short.
 */
#ifndef CBX_CHECK_SPECIMEN_H
#define CBX_CHECK_SPECIMEN_H

#include "check/reference.h"
#include "device/device.h"
#include "network/trainer.h"

enum {
    CBX_SPECIMEN_HIDDEN = 37,
    CBX_SPECIMEN_BATCH = 17,
    CBX_SPECIMEN_TRAINING = 97, /* five batches of 17 and one of 12 */
    CBX_SPECIMEN_VALIDATION = 19,
    CBX_SPECIMEN_TEST = 7,
    CBX_SPECIMEN_ROWS = CBX_SPECIMEN_VALIDATION /* the most that are taken at once */
};

typedef struct cbx_specimen {
    cbx_device *device; /* borrowed */
    cbx_dataset *dataset;
    cbx_network *network;
    uint32_t order[CBX_SPECIMEN_TRAINING]; /* shuffled */
} cbx_specimen;

/* Always the same numbers. cbx_specimen_clear() in every case. */
cbx_status cbx_specimen_init(cbx_specimen *specimen, cbx_device *device);
void cbx_specimen_clear(cbx_specimen *specimen);

/* A trainer of the specimen and the reference that goes with it. The caller
 * destroys the one and clears the other, in every case. */
cbx_status cbx_specimen_start(const cbx_specimen *specimen, cbx_recipe recipe,
                              cbx_schedule schedule, cbx_trainer **trainer,
                              cbx_reference *reference);

/* The parts of the self-test; each names the kernel that fails. */
cbx_status cbx_check_stepwise(const cbx_specimen *specimen, cbx_recipe recipe);
cbx_status cbx_check_fused(const cbx_specimen *specimen, cbx_recipe recipe);
cbx_status cbx_check_pictures(const cbx_specimen *specimen);

/* Fails unless a luma plane (height, width) shows the neurons of w1 (785, H). */
cbx_status cbx_check_luma(const cbx_specimen *specimen, const char *kernel, const cbx_grid *grid,
                          cbx_tone tone, const double *w1, const uint8_t *luma);

/* Where a number stands, for the message: what[row][column]. */
typedef struct cbx_place {
    const char *kernel; /* that computed it */
    const char *what;   /* its array */
    size_t row, column;
} cbx_place;

/* CBX_BAD_KERNEL unless |is − should| ≤ tolerance; NaN fails. */
cbx_status cbx_judge(const cbx_specimen *specimen, cbx_place place, double is, double should,
                     double tolerance);

/* Reads arrays from the device and compares them with (rows, columns), row-major:
 * from panels [P][stride][32] with H columns, or from rows of 16 floats with 10.
 *
 * The tolerance is 1e-5 of the largest number expected. A number of these sizes is a
 * sum of at most 785 rounded products: in any order of adding it is off by about
 * √785·2⁻²⁴ = 2e-6 of its largest terms. A wrong index or formula, even a
 * single image left out of a batch, shows by 1e-3 and more. */
cbx_status cbx_judge_panels(const cbx_specimen *specimen, const char *kernel, const char *what,
                            cl_mem buffer, size_t stride, size_t rows, const double *should);
cbx_status cbx_judge_outputs(const cbx_specimen *specimen, const char *kernel, const char *what,
                             cl_mem buffer, size_t rows, const double *should);

#endif
