/* SPDX-License-Identifier: MIT */
/* Which device each rank of a machine takes. */
#ifndef CBX_RANKS_DEAL_H
#define CBX_RANKS_DEAL_H

#include "ranks/ranks.h"

enum { CBX_SPEC = 256 };

/* Of the devices that `spec` names, separated by commas, the next one for each rank of a machine, and again
 * from the first. NULL, "" and "all": of all GPUs of the machine, or where there is none of its
 * processors; "all" takes those after the GPUs. CBX_NO_DEVICE; CBX_BAD_ARGUMENT: it names none. */
cbx_status cbx_deal_device(const cbx_place *place, const char *spec, char out[CBX_SPEC]);

#endif
