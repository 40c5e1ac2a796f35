/* SPDX-License-Identifier: MIT */
/* What the kernels that encode films made of pictures, judged by libavcodec. */
#ifndef TEST_SUPPORT_AVC_JUDGE_H
#define TEST_SUPPORT_AVC_JUDGE_H

#include "support/avc_pictures.h"
#include "support/avc_syntax.h"
#include "support/scratch.h"

/* Levels and their numbers, frame by frame, as kernels/film/coding.h lays them out. */
typedef struct avc_made {
    const int16_t *levels;
    const uint8_t *counts;
} avc_made;

/* How planes are encoded. */
typedef struct avc_way {
    int qp;
    uint32_t group;
    uint32_t at_a_time; /* frames in a launch … */
    int uneven;         /* … or 1, 2 … of them, and from 1 on again */
    int unwatched;      /* without bands, for what is large */
    /* Not the planes are coded, but these are written, with samples of the planes where they want
     * I_PCM; then nothing is meant. NULL: the usual. */
    const avc_made *made;
} avc_way;

/* What came of it. */
typedef struct avc_coded {
    uint32_t frames;
    blob *samples;  /* (frames) */
    uint8_t *meant; /* (frames) planes as of avc_plane_bytes(): what a decoder should have … */
    uint8_t *known; /* (frames) … after the last frame of each launch */
} avc_coded;

void avc_free(avc_coded *coded);

/* Fails, saying `what` was encoded, unless libavcodec decodes every sample, at once, to the picture that
 * is meant, which is as near to the one that was given as the quantisers promise. Counts what was
 * seen. */
void avc_judge(const avc_planes *planes, const avc_way *way, const avc_coded *coded,
               avc_tally *tally, const char *what);

/* The same samples, byte for byte? */
void avc_assert_same(const avc_coded *got, const avc_coded *expected, const char *what);

#endif
