/* SPDX-License-Identifier: MIT */
/* Kernels whose work-groups are numbered in another order than the device begins them in, so
 * that the first in number may be the last to run. What a launch computes may not depend on it. */
#ifndef TEST_SUPPORT_SHUFFLE_H
#define TEST_SUPPORT_SHUFFLE_H

#include "support/mutant.h"

typedef struct shuffle_order {
    const char *name;
    const char *text; /* OpenCL C, to be put before kernels */
} shuffle_order;

/* As they come, in reverse, and two that look random. */
enum { SHUFFLE_ORDERS = 4 };
extern const shuffle_order shuffle_orders[SHUFFLE_ORDERS];

/* Replaces the program of `device` by one with its groups in this order, and with edits as of
 * mutate_all(). */
void shuffle_groups(cbx_device *device, const shuffle_order *order, const edit *edits,
                    size_t count);

#endif
