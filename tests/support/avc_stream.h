/* SPDX-License-Identifier: MIT */
/* H.264 that needs no encoder: pictures that are all samples (I_PCM), all grey, or all skipped.
 * Each becomes one sample of an mp4 file, for the parameter sets of host/film. */
#ifndef TEST_SUPPORT_AVC_STREAM_H
#define TEST_SUPPORT_AVC_STREAM_H

#include "film/parameter_sets.h"
#include "support/scratch.h"

/* A key frame of (height, width) luma bytes and then cb and cr, half as wide and high each: any
 * values at all. What is cropped repeats the edges. Of two key frames in a row one has another `id`
 * than the other. */
blob avc_pcm(const cbx_stream *stream, const uint8_t *planes, uint32_t id);

/* A key frame whose samples all are 128, a byte each macroblock. */
blob avc_grey(const cbx_stream *stream, uint32_t id);

/* The picture before, once more: the `since`th after a key frame, counted from 1. */
blob avc_skip(const cbx_stream *stream, uint32_t since);

#endif
