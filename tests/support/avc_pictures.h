/* SPDX-License-Identifier: MIT */
/* Films in memory that are hard to encode, each in its own way. */
#ifndef TEST_SUPPORT_AVC_PICTURES_H
#define TEST_SUPPORT_AVC_PICTURES_H

#include <stddef.h>
#include <stdint.h>

typedef struct avc_planes {
    uint32_t width, height, frames;
    int chroma_changes;
    uint8_t *luma;   /* (frames, height, width) */
    uint8_t *chroma; /* (frames, or 1 where it never changes; 2, height/2, width/2) */
} avc_planes;

typedef enum avc_kind {
    AVC_NOISE,     /* another one in each frame */
    AVC_BLACK,     /* 0; and 16 from the second frame on */
    AVC_WHITE,     /* 255, likewise and 235 */
    AVC_FLIPS,     /* noise of 0 and 255, of which every frame turns a part round */
    AVC_TURNS,     /* all 0, all 255 */
    AVC_DRIFT,     /* grey levels that change by little */
    AVC_SINGLE,    /* one sample of all jumps */
    AVC_GRADIENTS, /* that move */
    AVC_PATCHES,   /* small patches, flat or of noise, in what stands still */
    AVC_STEPS,     /* cosines of single frequencies, in each block another one */
    AVC_STILL,     /* noise, always the same */
    AVC_FADE,      /* faint noise that becomes loud */
    AVC_KINDS      /* how many there are */
} avc_kind;

const char *avc_kind_name(avc_kind kind);

/* Draws a whole film; avc_planes_free() frees it. */
avc_planes avc_draw(avc_kind kind, uint32_t width, uint32_t height, uint32_t frames,
                    int chroma_changes, uint64_t seed);
void avc_planes_free(avc_planes *planes);

/* Bytes of a frame's planes: luma, cb, cr; and these of one frame, copied to `to`. */
size_t avc_plane_bytes(const avc_planes *planes);
void avc_copy_frame(const avc_planes *planes, uint32_t frame, uint8_t *to);

#endif
