/* SPDX-License-Identifier: MIT */
/* The step sizes of a run. */
#ifndef CBX_LEARN_RATES_H
#define CBX_LEARN_RATES_H

#include "clearbox/learn.h"

/* Batches for which the rates stay the same: a falling rate falls in steps, so that
 * several batches can share a launch. */
#define CBX_RATE_BLOCK 64u

/* The rates of batch `batch` of `batches`. A --learning-rate is taken for both
 * layers and stays. Else `lesson` takes 0.005, constant; `nll` takes rates by the
 * size of the hidden layer that fall linearly to zero over the run. */
cbx_rates cbx_rates_of_batch(const cbx_learn_settings *settings, uint64_t batch, uint64_t batches);

/* The shortest decimal number that rounds to `rate`: 0.005 rather than the
 * 0.004999999888… that the float is. */
double cbx_rate_as_written(float rate);

/* Whether they fall, or stay what they are. */
int cbx_rates_fall(const cbx_learn_settings *settings);

#endif
