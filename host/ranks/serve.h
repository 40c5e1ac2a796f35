/* SPDX-License-Identifier: MIT */
/* What every rank but the first does. */
#ifndef CBX_RANKS_SERVE_H
#define CBX_RANKS_SERVE_H

#include "ranks/message.h"
#include "ranks/ranks.h"

/* Opens and checks a device for a run; *out is the caller's. */
typedef cbx_status cbx_rank_opener(void *user, const char *spec, const cbx_learn_settings *run,
                                   cbx_device **out);

/* Does what rank 0 says until it is dismissed. What fails is told rank 0, whose it is to tell others: CBX_OK;
 * only that rank 0 is lost is returned. */
cbx_status cbx_ranks_serve(const cbx_ranks *ranks, cbx_rank_opener *opener, void *user);

#endif
