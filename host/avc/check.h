/* SPDX-License-Identifier: MIT */
/* Whether a device encodes what it means to. */
#ifndef CBX_AVC_CHECK_H
#define CBX_AVC_CHECK_H

#include "device/device.h"

/* Encodes a few frames of a small picture, whose size suits nothing, one by one, and decodes them
 * with libavcodec: every plane has to be what the device has in mind; then all at once, which has to
 * give the same bytes. CBX_BAD_KERNEL says what differs; CBX_NO_ENCODER: libavcodec does not decode
 * H.264; also statuses of the device. Waits. */
cbx_status cbx_avc_check(cbx_device *device);

#endif
