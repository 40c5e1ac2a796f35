/* SPDX-License-Identifier: MIT */
/* What a decoder makes of macroblocks (clause 8), in plain integers that nothing limits. */
#ifndef TEST_SUPPORT_AVC_REBUILD_H
#define TEST_SUPPORT_AVC_REBUILD_H

#include "support/avc_syntax.h"

/* Planes of whole macroblocks: luma (16·high, 16·wide), then cb and cr. */
typedef struct avc_canvas {
    uint32_t wide, high;
    uint8_t *luma, *chroma[2];
} avc_canvas;

avc_canvas avc_canvas_new(const cbx_stream *stream);
void avc_canvas_free(avc_canvas *canvas);

/* The next picture of these macroblocks, `picture` as avc_read() tells it: what `canvas` has is the one
 * before. `slice_rows`: rows of macroblocks that are predicted from each other in key frames. */
void avc_rebuild(avc_canvas *canvas, const cbx_stream *stream, const avc_picture *picture,
                 const avc_macroblock *mbs, uint32_t slice_rows);

/* The part that is seen: luma, cb, cr, without gaps. */
void avc_crop(const avc_canvas *canvas, const cbx_stream *stream, uint8_t *planes);

/* Table 8-15: QP of chroma for that of luma and the offset of the stream. */
int avc_chroma_qp(int luma_qp, int offset);

#endif
