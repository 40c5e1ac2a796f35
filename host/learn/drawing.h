/* SPDX-License-Identifier: MIT */
/* What a run's pictures look like. */
#ifndef CBX_LEARN_DRAWING_H
#define CBX_LEARN_DRAWING_H

#include "clearbox/learn.h"

cbx_drawing cbx_drawing_of(const cbx_learn_settings *settings);

/* Whether it has pictures drawn by kernels that training does not use: then cbx_check_drawing() comes
 * before the first. */
int cbx_drawing_is_checked(const cbx_learn_settings *settings);

#endif
