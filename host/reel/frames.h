/* SPDX-License-Identifier: MIT */
/* A ring of planes between the device that draws and the film that encodes: luma, and where the
 * painter's pictures are not plain, chroma behind it.
 *
 * The way of a frame is in reel.h. Frames travel in strips of several planes, as many as one
 * launch may draw: so small ones, which a device draws in less time than a launch takes to begin,
 * share one. Reading goes through the device's second queue; where device and host share memory, a
 * strip is mapped instead. Strips are made when first needed, up to a fixed number, so a slow film
 * slows training instead of growing memory.
 *
 * One thread uses the ring; only release may come from any.
 */
#ifndef CBX_REEL_FRAMES_H
#define CBX_REEL_FRAMES_H

#include <stdint.h>

#include "picture/draw.h"

typedef struct cbx_frames cbx_frames;

/* Frames of a strip in host memory, oldest first: (height, width) bytes of luma; then, unless
 * pictures are plain, Cb and Cr, (height/2, width/2) bytes each. */
typedef struct cbx_frames_lent {
    const uint8_t *luma; /* NULL: they are not there yet */
    uint32_t count;
    size_t bytes; /* of each */
    void *strip;
} cbx_frames_lent;

/* Host memory that a ring takes beyond the frames that it was made for, at most. */
uint64_t cbx_frames_spare_bytes(uint64_t plane_bytes);

/* What it takes of the memory of a device that has its own, at most. */
uint64_t cbx_frames_device_bytes(uint64_t plane_bytes);

/* `painter` is borrowed and must outlive the ring, which has room for at least `frames` of them
 * that are lent while others are drawn. `drawn_apart`: each picture is a launch of its own, whose
 * device time cbx_frames_draw_seconds() adds up. */
cbx_status cbx_frames_create(cbx_frames **out, cbx_painter *painter, uint32_t frames,
                             int drawn_apart);

/* All frames must have been released. NULL is allowed. */
void cbx_frames_destroy(cbx_frames *frames);

/* Planes that the next canvas has. */
uint32_t cbx_frames_room(const cbx_frames *frames);

/* A canvas on the strip that is being filled, or else on a free one; *ready becomes 0 when there
 * is none now. */
cbx_status cbx_frames_acquire(cbx_frames *frames, cbx_canvas *canvas, int *ready);

/* So many pictures are enqueued on that canvas. Takes the event that marks their end. A strip that
 * is full is sent on its way to the host. */
cbx_status cbx_frames_drawn(cbx_frames *frames, uint32_t pictures, cl_event done);

/* Sends the strip that is being filled, if there is one, as it is. */
cbx_status cbx_frames_send(cbx_frames *frames);

/* How many strips were sent and not yet collected. */
uint32_t cbx_frames_outstanding(const cbx_frames *frames);

/* The frames of the oldest of these, each lent until cbx_frames_release(out->strip). With `wait`
 * 0 they may not be there yet. */
cbx_status cbx_frames_collect(cbx_frames *frames, int wait, cbx_frames_lent *out);

/* Lets go of one frame. Signature of the film's release callback. */
void cbx_frames_release(void *strip);

/* Sleeps until a strip is free; the film must be able to make progress. */
void cbx_frames_wait_released(cbx_frames *frames);

/* Device seconds of separate drawing launches and of transfers so far. */
double cbx_frames_draw_seconds(const cbx_frames *frames);
double cbx_frames_read_seconds(const cbx_frames *frames);

#endif
