/* SPDX-License-Identifier: MIT */
/* A device that is open and tested, for what does not train. */
#ifndef CBX_LEARN_OPENED_H
#define CBX_LEARN_OPENED_H

#include "clearbox/learn.h"

typedef struct cbx_opened cbx_opened;

/* The device that the settings name, or the first that works, as cbx_learn() takes it: device,
 * family and schedule count. `settings` are borrowed. *out is the caller's, to be given to
 * cbx_opened_close(). Statuses of cbx_learn(). */
cbx_status cbx_opened_open(cbx_opened **out, const cbx_learn_settings *settings);

/* NULL is allowed. */
void cbx_opened_close(cbx_opened *opened);

cbx_device *cbx_opened_device(const cbx_opened *opened);

/* Device, passed_over, family, fuses and arithmetic are told. */
const cbx_learn_plan *cbx_opened_plan(const cbx_opened *opened);

#endif
