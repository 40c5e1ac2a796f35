/* SPDX-License-Identifier: MIT */
/* What the kernels' header and the public ones both say is the same. The host uses the
 * public names; those of kernels/layout.h are the kernels'. */
#include "clearbox/dataset.h"
#include "clearbox/network.h"
#include "clearbox/picture.h"
#include "clearbox/trainer.h"
#include "layout.h"

#define SAME(kernels, hosts)                                                                       \
    _Static_assert((unsigned)(kernels) == (unsigned)(hosts), "host and kernels mean the same")

SAME(CBX_PIXELS, CBX_IMAGE_PIXELS);
SAME(CBX_SIDE, CBX_IMAGE_SIDE);
SAME(CBX_ROWS, CBX_W1_ROWS);
SAME(CBX_OUTPUTS, CBX_CLASSES);
SAME(CBX_LESSON, CBX_RECIPE_LESSON);
SAME(CBX_NLL, CBX_RECIPE_NLL);
SAME(CBX_PEAK, CBX_TONE_PEAK);
SAME(CBX_RANGE, CBX_TONE_RANGE);
SAME(CBX_SIGNED, CBX_TONE_SIGNED);
