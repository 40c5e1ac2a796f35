/* SPDX-License-Identifier: MIT */
/* Whether a run may have its device encode. */
#ifndef CBX_LEARN_ENCODER_H
#define CBX_LEARN_ENCODER_H

#include "clearbox/learn.h"

/* For settings that cbx_learn_check() has passed: whether cbx_avc_check() comes before the first batch,
 * for the film, or for a report's own, of which only the data say whether there is one. */
int cbx_learn_asks_encoder(const cbx_learn_settings *settings);

#endif
