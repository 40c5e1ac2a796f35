/* SPDX-License-Identifier: MIT */
#ifndef CBX_NETWORK_STEPWISE_H
#define CBX_NETWORK_STEPWISE_H

#include "network/schedule.h"

/* What a trainer has for the schedule `stepwise` alone. */
typedef struct cbx_stepwise {
    cl_mem s1, z2, s2; /* z2 becomes A2 */
} cbx_stepwise;

#endif
