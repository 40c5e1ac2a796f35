/* SPDX-License-Identifier: MIT */
/* Single batches of a training, computed again on the host and compared with what the device made of
 * them: to the bit where its arithmetic is the canon, else nearly. What the self-test saw of small
 * networks before, this sees of the network itself, while it is trained.
 *
 * From the weights before the batch, the grey levels and the labels it computes, and compares,
 *
 *   A1   of the selected panels of 32 neurons
 *   W2   all of it, by Z2, A2 and D2 of all outputs, from the device's A1
 *   W1   of the selected panels, by D1
 *
 * The panels are selected in turn, so that every one is met after some checks. The device copies what
 * is needed beside the training, and a thread computes: nothing waits for a check but its end. */
#ifndef CBX_CHECK_SPOT_CHECK_H
#define CBX_CHECK_SPOT_CHECK_H

#include "clearbox/trainer.h"

typedef struct cbx_spot_check cbx_spot_check;

/* Rows order[first … first + rows) of the training part, the batch `number` of a run, counted from 0. */
typedef struct cbx_spot_batch {
    const uint32_t *order; /* stays as it is until the verdict is there */
    uint32_t first, rows;
    cbx_rates rates;
    uint64_t number;
} cbx_spot_batch;

/* For a trainer, of all neurons or of a share of them, whose own are checked then, with what it told the
 * other owners; it and the dataset must outlive the check. *out is the caller's.
 * CBX_TOO_LARGE, CBX_NO_MEMORY. */
cbx_status cbx_spot_check_create(cbx_spot_check **out, cbx_trainer *trainer,
                                 const cbx_dataset *dataset);
/* Waits for the thread. Before the trainer. */
void cbx_spot_check_destroy(cbx_spot_check *check);

/* On the host, and nearly as much on the device: of all neurons. */
uint64_t cbx_spot_check_bytes(uint32_t hidden, uint32_t batch);
uint64_t cbx_spot_check_device_bytes(uint32_t hidden, uint32_t batch);

/* Whether a batch is under way: the next one has to wait for its verdict. */
int cbx_spot_check_is_busy(const cbx_spot_check *check);

/* The next batch to be checked, which is yet to be stepped. */
void cbx_spot_check_begin(cbx_spot_check *check, const cbx_spot_batch *batch);

/* Takes what came from the device, and the verdict, as far as they are there; with `wait` nothing is
 * under way afterwards, and a batch that was never stepped is forgotten.
 * CBX_BAD_KERNEL: the batch was computed wrongly; the sentence names it, and the first number that is
 * wrong. CBX_DEVICE_FAULT. */
cbx_status cbx_spot_check_look(cbx_spot_check *check, int wait);

/* Batches that were found right so far. */
uint64_t cbx_spot_check_count(const cbx_spot_check *check);

#endif
