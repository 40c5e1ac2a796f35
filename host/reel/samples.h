/* SPDX-License-Identifier: MIT */
/* Pictures that are encoded where they are drawn: only their bits go to the host.
 *
 * They are drawn in a strip of several planes, which is encoded as soon as it is full, by the
 * queue that draws; what comes of it is collected in its order. There is one strip, because the
 * queue is in order, and a few slots for encoded strips on their way.
 *
 * One thread uses it.
 */
#ifndef CBX_REEL_SAMPLES_H
#define CBX_REEL_SAMPLES_H

#include <stdint.h>

#include "avc/avc.h"
#include "film/film.h"
#include "picture/draw.h"

typedef struct cbx_samples cbx_samples;

/* Planes of a strip, at most, and encoded strips on their way. */
enum { CBX_SAMPLES_PLANES = 16, CBX_SAMPLES_SLOTS = 3 };

/* How the device encodes a film of these settings. */
cbx_avc_settings cbx_samples_settings(const cbx_film_settings *settings);

/* How that film is described to film/. */
cbx_stream cbx_samples_stream(const cbx_film_settings *settings);

/* Memory, of the device, that it takes at most, whatever the length of the film. */
uint64_t cbx_samples_bytes(const cbx_film_settings *settings);

/* Of that the planes of a strip. */
uint64_t cbx_samples_luma_bytes(const cbx_avc_settings *settings);
uint64_t cbx_samples_chroma_bytes(const cbx_avc_settings *settings);

/* CBX_TOO_LARGE where the device has no room for that. */
cbx_status cbx_samples_check(const cbx_device *device, const cbx_film_settings *settings);

/* `painter` is borrowed and must outlive it. The settings must have passed
 * cbx_film_check_wishes(). `cb` and `cr` are those of all frames, (height/2, width/2) bytes each,
 * or NULL where chroma changes, as with pictures that are not plain.
 * `drawn_apart`: each picture is a launch of its own, whose device time
 * cbx_samples_draw_seconds() adds up. */
cbx_status cbx_samples_create(cbx_samples **out, cbx_painter *painter, int drawn_apart,
                              const cbx_film_settings *settings, const uint8_t *cb,
                              const uint8_t *cr);

/* Waits for what is enqueued. NULL is allowed. */
void cbx_samples_destroy(cbx_samples *samples);

/* As of cbx_frames, reel/frames.h. */
uint32_t cbx_samples_room(const cbx_samples *samples);
cbx_status cbx_samples_acquire(cbx_samples *samples, cbx_canvas *canvas, int *ready);
cbx_status cbx_samples_drawn(cbx_samples *samples, uint32_t pictures, cl_event done);
cbx_status cbx_samples_send(cbx_samples *samples);
uint32_t cbx_samples_outstanding(const cbx_samples *samples);

/* Appends the frames of the strip that was sent first to `film`, and adds their number to
 * *frames; *done tells whether that was so: with `wait` 0 they may not be there yet. *torn becomes
 * 1 where it is the film that failed. */
cbx_status cbx_samples_hand_over(cbx_samples *samples, cbx_film *film, int wait, int *done,
                                 uint64_t *frames, int *torn);

/* The encoder; and how many frames the film has before the first that is drawn. */
cbx_avc *cbx_samples_avc(const cbx_samples *samples);
void cbx_samples_count(cbx_samples *samples, uint64_t frames);

/* Device seconds so far: of separate drawing launches, of encoding, and of transfers. */
double cbx_samples_draw_seconds(const cbx_samples *samples);
double cbx_samples_encode_seconds(const cbx_samples *samples);
double cbx_samples_read_seconds(const cbx_samples *samples);

#endif
