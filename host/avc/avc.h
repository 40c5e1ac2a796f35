/* SPDX-License-Identifier: MIT */
/* Dispatch of kernels/film/: H.264 where the pictures are drawn.
 *
 * Frames are given in their order, in strips of some planes; each becomes what an mp4 file holds
 * of it: NAL units behind their lengths, 4 bytes each, to be described by
 * film/parameter_sets.h. The bytes depend on the pictures and the settings alone, not on the
 * device, its family, or how many frames come at a time.
 */
#ifndef CBX_AVC_AVC_H
#define CBX_AVC_AVC_H

#include <stdint.h>

#include "device/copy.h"
#include "device/device.h"

typedef struct cbx_avc_settings {
    uint32_t width, height; /* pixels, multiples of 4 */
    uint32_t group;         /* frames in a closed group, 1 … 256 */
    uint32_t frames;        /* that are given at a time, at most */
    int qp;                 /* 1 … 51 */
    int chroma_changes;     /* there is chroma for each frame; 0: the same for all */
} cbx_avc_settings;

/* Frames of a strip: `luma` [first + count][height][width] bytes and CBX_AVC_SPARE_BYTES more,
 * `chroma` [first + count, or 1 where it never changes][2][height/2][width/2] bytes. */
typedef struct cbx_avc_pictures {
    cl_mem luma, chroma;
    uint32_t first, count;
} cbx_avc_pictures;

enum { CBX_AVC_SPARE_BYTES = 32 };

typedef struct cbx_avc cbx_avc;

/* What a stream says of chroma's quantiser, that it is coarser than luma's by this where the
 * standard's table is even. */
int cbx_avc_chroma_qp_offset(int chroma_changes);

/* Builds the kernels; takes some memory of the device, which must outlive *out. CBX_BAD_KERNEL,
 * CBX_TOO_LARGE, CBX_NO_DEVICE: not for this one. *out is the caller's. */
cbx_status cbx_avc_create(cbx_avc **out, cbx_device *device, const cbx_avc_settings *settings);

/* NULL is allowed. */
void cbx_avc_destroy(cbx_avc *avc);

/* Bytes of device memory that cbx_avc_create() takes, and of the largest of its buffers. */
uint64_t cbx_avc_device_bytes(const cbx_avc_settings *settings);
uint64_t cbx_avc_largest_bytes(const cbx_avc_settings *settings);

/* Room that a frame's sample may need, whatever the picture. */
size_t cbx_avc_sample_bytes(const cbx_avc_settings *settings);

/* Enqueues on the device's queue: frame i of these, the next ones of the film, goes to `samples`
 * from i · cbx_avc_sample_bytes() on, its number of bytes to sizes[i], uint. The events of the
 * first and the last kernel are the caller's to release; `begun` may be NULL. */
cbx_status cbx_avc_encode(cbx_avc *avc, const cbx_avc_pictures *pictures, cl_mem samples,
                          cl_mem sizes, cl_event *begun, cl_event *done);

/* The next frame is the first of another film. */
void cbx_avc_restart(cbx_avc *avc);

/* What the frames to come hang on, for a film that is to go on elsewhere: luma and chroma of the frame
 * before, as the kernels have them, the same on every device. cbx_avc_keep() adds both, as they are
 * behind what is enqueued, to a copy (device/copy.h). cbx_avc_resume() takes them, of these
 * sizes: the next frame is number `frames` of the film. */
void cbx_avc_state_bytes(const cbx_avc *avc, size_t *luma, size_t *chroma);
cbx_status cbx_avc_keep(cbx_avc *avc, cbx_copy *to);
cbx_status cbx_avc_resume(cbx_avc *avc, uint64_t frames, const uint8_t *luma,
                          const uint8_t *chroma);

/* Whether frame `number` of a film is a key frame. */
int cbx_avc_is_key(const cbx_avc_settings *settings, uint64_t number);

/* Reads what a decoder has after the last frame: luma (height, width) bytes, cb and cr (height/2,
 * width/2) each. Waits. */
cbx_status cbx_avc_reconstruction(cbx_avc *avc, uint8_t *luma, uint8_t *cb, uint8_t *cr);

#endif
