/* SPDX-License-Identifier: MIT */
/* What a run's pictures look like. */
#ifndef CBX_LEARN_LOOK_H
#define CBX_LEARN_LOOK_H

#include "clearbox/learn.h"

cbx_look cbx_look_of(const cbx_learn_settings *settings);

#endif
