/* SPDX-License-Identifier: MIT */
/* Training on a device: weights, data and orders live there, batches are enqueued.
 *
 * Nothing here waits for the device unless it says so. A trainer belongs to one
 * thread at a time, and so do all trainers of one device; those of different devices,
 * also of the same hardware opened twice, may work at the same time on one dataset.
 */
#ifndef CLEARBOX_TRAINER_H
#define CLEARBOX_TRAINER_H

#include <stdint.h>

#include "clearbox/dataset.h"
#include "clearbox/device.h"
#include "clearbox/network.h"
#include "clearbox/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/* LESSON: D2 = 2(Y − A2)·s(A2), D1 = (D2·W2[1:]ᵀ)·s(A1) with s(v) = σ(v)(1 − σ(v))
 * taken of the activation; bias rows never change.
 * NLL: D2 = Y − A2, D1 = (D2·W2[1:]ᵀ)·A1(1 − A1); all rows learn. */
typedef enum cbx_recipe { CBX_RECIPE_LESSON, CBX_RECIPE_NLL } cbx_recipe;

/* STEPWISE: one kernel per formula. FUSED: one to three launches per batch. SPARSE: the same on
 * processors, over the pixels that are not 0. AUTO: the one of the two that is faster; see
 * cbx_schedule_choose(). */
typedef enum cbx_schedule {
    CBX_SCHEDULE_AUTO,
    CBX_SCHEDULE_FUSED,
    CBX_SCHEDULE_SPARSE,
    CBX_SCHEDULE_STEPWISE
} cbx_schedule;

/* "lesson" or "nll"; "auto", "fused", "sparse" or "stepwise": static. NULL: there is no such value. */
CBX_API const char *cbx_recipe_name(cbx_recipe recipe);
CBX_API const char *cbx_schedule_name(cbx_schedule schedule);

/* What AUTO stands for with the kernels of a family and a dataset: SPARSE where the family has
 * it and at most a third of the training pixels is ink, else FUSED. Measured on a processor with
 * AVX-512, batches of 64, SPARSE is the faster up to 33 % at 64 neurons, 40 % at 256 and 50 % at
 * 1,024; MNIST has 19 %, Fashion-MNIST 50 %. Other schedules stand for themselves. */
CBX_API cbx_schedule cbx_schedule_choose(cbx_schedule schedule, cbx_family family,
                                         const cbx_dataset *dataset);

#define CBX_MAX_BATCH 4096u

typedef struct cbx_trainer_settings {
    uint32_t hidden; /* H */
    uint32_t batch;  /* B, the largest number of rows in a batch, 1…CBX_MAX_BATCH */
    cbx_recipe recipe;
    cbx_schedule schedule;
} cbx_trainer_settings;

/* Step sizes of the two layers: W += rate · (sum of the gradient over the batch). */
typedef struct cbx_rates {
    float hidden; /* η₁, for W1 */
    float output; /* η₂, for W2 */
} cbx_rates;

typedef struct cbx_evaluation {
    uint64_t images;
    uint64_t correct;
    double loss; /* −(1/n)·Σ [y·log a + (1 − y)·log(1 − a)] over images and classes */
    /* Images by label and answer, the largest output, of equals the first; the diagonal is
     * what is correct. */
    uint64_t confusion[CBX_CLASSES][CBX_CLASSES];
} cbx_evaluation;

typedef struct cbx_trainer cbx_trainer;

/* Takes device memory for weights, the whole dataset and the batch, and uploads the
 * dataset once: grey levels, which kernels normalise as they read them. The device and
 * the dataset must outlive the trainer. CBX_TOO_LARGE: beyond the device's limits,
 * checked before asking. */
CBX_API cbx_status cbx_trainer_create(cbx_trainer **out, cbx_device *device,
                                      const cbx_dataset *dataset,
                                      const cbx_trainer_settings *settings);
CBX_API void cbx_trainer_destroy(cbx_trainer *trainer);

/* Copies all weights to or from the device; waits. The network's hidden must
 * equal the trainer's. Reading completes every batch that was stepped. */
CBX_API cbx_status cbx_trainer_set_weights(cbx_trainer *trainer, const cbx_network *network);
CBX_API cbx_status cbx_trainer_get_weights(cbx_trainer *trainer, cbx_network *network);

/* Uploads the order of an epoch: `count` row numbers of the training part. The
 * array may be reused at once. */
CBX_API cbx_status cbx_trainer_set_order(cbx_trainer *trainer, const uint32_t *order,
                                         uint32_t count);

/* Enqueues one batch: rows order[first … first + rows). cbx_trainer_check() names its
 * `number` when a value stops being finite. */
CBX_API cbx_status cbx_trainer_step(cbx_trainer *trainer, uint32_t first, uint32_t rows,
                                    cbx_rates rates, uint64_t number);

/* Enqueues `count` full batches of settings.batch rows from order[first] on with
 * the same rates, numbered from `number`; the same result as that many steps. */
CBX_API cbx_status cbx_trainer_steps(cbx_trainer *trainer, uint32_t first, uint32_t count,
                                     cbx_rates rates, uint64_t number);

/* From the next batch on the device keeps the loss of every image that it trains with the weights
 * from before its batch, which needs no pass of its own. It costs little, and changes nothing. */
CBX_API void cbx_trainer_keep_losses(cbx_trainer *trainer);

/* Of the images at the places first … first + count of the order, which were trained since it was
 * set: losses (count), host memory, the caller's. Completes every batch that was stepped; waits.
 * A loss is −Σ [y·log a + (1 − y)·log(1 − a)] over the classes. CBX_BAD_ARGUMENT: nobody asked
 * for them, or the order has no such places. */
CBX_API cbx_status cbx_trainer_losses(cbx_trainer *trainer, uint32_t first, uint32_t count,
                                      float *losses);

/* Waits until everything enqueued is done. CBX_DIVERGED: the message names the
 * first batch whose sums were not finite. */
CBX_API cbx_status cbx_trainer_check(cbx_trainer *trainer);

/* Loss and correct answers over a part with the weights as they stand; waits. */
CBX_API cbx_status cbx_trainer_evaluate(cbx_trainer *trainer, cbx_part part, cbx_evaluation *out);

#ifdef __cplusplus
}
#endif
#endif
