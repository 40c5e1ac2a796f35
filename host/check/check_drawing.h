/* SPDX-License-Identifier: MIT */
/* Whether a device draws what is not the lesson's: tiles in colours, and captions. */
#ifndef CBX_CHECK_CHECK_DRAWING_H
#define CBX_CHECK_CHECK_DRAWING_H

#include "device/device.h"

/* Draws a small picture with a caption, as RGB and as the planes of a frame, and compares it with one
 * made here, to the bit; but for the course of the curve. CBX_BAD_KERNEL, naming the kernel. */
cbx_status cbx_check_drawing(cbx_device *device);

#endif
