/* SPDX-License-Identifier: MIT */
/* A ring of luma planes between the device that draws and the film that encodes.
 *
 * The way of a frame is in reel.h. Reading goes through the device's second queue; where
 * device and host share memory, a plane is mapped instead. Slots are made when first needed,
 * up to a fixed number, so a slow film slows training instead of growing memory.
 *
 * One thread acquires and collects; release may come from any.
 */
#ifndef CBX_REEL_FRAMES_H
#define CBX_REEL_FRAMES_H

#include <stdint.h>

#include "picture/draw.h"

typedef struct cbx_frames cbx_frames;

/* `painter` is borrowed and must outlive the frames. `slots` ≥ 2. `drawn_apart`: each
 * picture is a launch of its own, whose device time cbx_frames_draw_seconds() adds up. */
cbx_status cbx_frames_create(cbx_frames **out, cbx_painter *painter, uint32_t slots,
                             int drawn_apart);

/* All frames must have been released. NULL is allowed. */
void cbx_frames_destroy(cbx_frames *frames);

/* Prepares a canvas on a free slot; *ready becomes 0 when there is none now. */
cbx_status cbx_frames_acquire(cbx_frames *frames, cbx_canvas *canvas, int *ready);

/* Sleeps until a slot is free; the film must be able to make progress. */
void cbx_frames_wait_released(cbx_frames *frames);

/* How many frames were drawn and not yet collected. */
uint32_t cbx_frames_outstanding(const cbx_frames *frames);

/* The oldest outstanding frame, in the order of drawing: (height, width) bytes of
 * host memory, lent until cbx_frames_release(*slot). With `wait` 0, *luma becomes
 * NULL when it is not there yet. */
cbx_status cbx_frames_collect(cbx_frames *frames, int wait, const uint8_t **luma, void **slot);

/* Signature of the film's release callback. */
void cbx_frames_release(void *slot);

/* Device seconds of separate drawing launches and of transfers so far. */
double cbx_frames_draw_seconds(const cbx_frames *frames);
double cbx_frames_read_seconds(const cbx_frames *frames);

#endif
