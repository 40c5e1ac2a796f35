/* SPDX-License-Identifier: MIT */
/* Pictures through the kernels that encode films, between guard bands, in memory.
 * Programs that use this are linked with clearbox_wrap(NAME cbx_buffer_create cbx_enqueue). */
#ifndef TEST_SUPPORT_AVC_H
#define TEST_SUPPORT_AVC_H

#include "avc/avc.h"
#include "clearbox/device.h"
#include "support/avc_judge.h"

/* The running test fails when anything goes wrong. */
avc_coded avc_encode(cbx_device *device, const avc_planes *planes, const avc_way *way);

/* Encodes frame by frame on the family for processors and has that judged; the same bytes have to
 * come from both families, `at_a_time` frames at a time, and uneven numbers of them. */
void avc_check(const avc_planes *planes, int qp, uint32_t group, uint32_t at_a_time,
               avc_tally *tally, const char *what);

#endif
