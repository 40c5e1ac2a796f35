/* SPDX-License-Identifier: MIT */
/* Which device each rank of a machine takes. */
#ifndef CBX_RANKS_DEAL_H
#define CBX_RANKS_DEAL_H

#include "ranks/ranks.h"

enum { CBX_SPEC = 256 };

/* Of the devices that `spec` names, separated by commas, the next one for each rank of a machine, and again
 * from the first. "gpu" and "cpu" name all such of the machine, "all" every one, GPUs first; NULL and "" its
 * GPUs, or where there is none its processors. CBX_NO_DEVICE; CBX_BAD_ARGUMENT: it names none. */
cbx_status cbx_deal_device(const cbx_place *place, const char *spec, char out[CBX_SPEC]);

#endif
