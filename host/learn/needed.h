/* SPDX-License-Identifier: MIT */
#ifndef CBX_LEARN_NEEDED_H
#define CBX_LEARN_NEEDED_H

#include "film/spool.h"

/* The one rule on whether a spool stays where nobody writes it any more: its checkpoint, or the one
 * before, names it, or is there and cannot be read. */
int cbx_spool_is_needed(const cbx_spool *spool);

#endif
