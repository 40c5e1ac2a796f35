/* SPDX-License-Identifier: MIT */
/* The film of a run on its way: from the device that draws to the file.
 *
 * A reel owns the film and what carries its frames there, in one of two ways. Either a ring of
 * planes (frames.h) is read by the film's encoders; each frame goes round, and each edge has one
 * function:
 *
 *   new ─────> canvas    cbx_reel_canvas(), while the ring is not complete
 *   free ────> canvas    cbx_reel_canvas(), else; with none free it waits
 *   canvas ──> drawn     cbx_reel_drawn(), called by whoever enqueued the drawing
 *   drawn ───> sent      there, when the strip is full that its plane is in, or cbx_reel_turn():
 *                        the strip is read or mapped into host memory
 *   sent ────> lent      in both others, oldest first, once it is in host memory: the film has it
 *   lent ────> free      cbx_frames_release(), from an encoder's thread; the planes of a strip
 *                        together, when the last one is
 *
 * Or the device encodes the strip that it drew (samples.h): `sent` is its encoding, too, and with
 * `lent` its bits are in the film.
 *
 * The order of the film is the order of drawing. One thread uses a reel; only the last
 * edge is another's. A film that fails lets go of every frame it has, so that nobody waits.
 */
#ifndef CBX_REEL_REEL_H
#define CBX_REEL_REEL_H

#include "avc/avc.h"
#include "film/film.h"
#include "picture/draw.h"

typedef struct cbx_reel cbx_reel;

typedef struct cbx_reel_times {
    uint64_t frames; /* handed to the film so far */
    /* Device seconds; NaN: as of cbx_event_seconds(). */
    double draw;      /* of separate drawing launches */
    double encode;    /* of encoding; 0: the film's encoders do it */
    double read_back; /* of transfers */
    double waited;    /* seconds that cbx_reel_canvas() waited for encoders */
} cbx_reel_times;

/* Opens a film on `output`, which becomes the reel's in every case. `painter` is borrowed
 * and must outlive the reel. `drawn_apart`: each picture is a launch of its own. Statuses
 * of cbx_film_open() and of the device. */
cbx_status cbx_reel_open(cbx_reel **out, cbx_painter *painter, int drawn_apart, cbx_output *output,
                         const cbx_film_settings *settings);

/* What a reel takes of the memory of a device that has its own, about. */
uint64_t cbx_reel_device_bytes(const cbx_film_settings *settings);

/* Host memory as cbx_film_memory_bytes() tells it, with the ring as a reel has it.
 * `shares_memory`: what the device takes counts, too. */
uint64_t cbx_reel_memory_bytes(const cbx_film_settings *settings, int shares_memory,
                               uint64_t frames, uint64_t *index_bytes);

/* What a cbx_easel needs. A canvas waits for a free strip, and hands others to the film
 * meanwhile. */
uint32_t cbx_reel_room(const cbx_reel *reel);
cbx_status cbx_reel_canvas(cbx_reel *reel, cbx_canvas *out);
cbx_status cbx_reel_drawn(cbx_reel *reel, uint32_t pictures, cl_event done);

/* Hands to the film all that was drawn; waits for it. */
cbx_status cbx_reel_turn(cbx_reel *reel);

/* Hands over what is there already, without waiting. */
cbx_status cbx_reel_look(cbx_reel *reel);

/* Asks for the encoding of a strip that is not full; enqueues only. */
cbx_status cbx_reel_send(cbx_reel *reel);

/* The encoder of the device; NULL: others encode. */
cbx_avc *cbx_reel_avc(const cbx_reel *reel);

/* Whether its frames can be spooled, and what the spool is to say of them: cbx_film_describe(). */
int cbx_reel_can_spool(const cbx_reel *reel);
void cbx_reel_describe(const cbx_reel *reel, cbx_spool_head *head);

/* Frames are spooled from now on, see cbx_film_spool(). Before its
 * first frame: so many are taken from a spool. CBX_BAD_DATA: it has fewer. */
void cbx_reel_spool(cbx_reel *reel, cbx_spool *spool);
cbx_status cbx_reel_take(cbx_reel *reel, cbx_spool *spool, uint64_t frames);

/* Whether it was the film that failed in the calls above, rather than the device. Only
 * cbx_reel_discard() is left then. */
int cbx_reel_is_torn(const cbx_reel *reel);

cbx_reel_times cbx_reel_times_of(const cbx_reel *reel);

/* No frame will follow: how many of those that the film was given are not yet in its file.
 * The encoders go on by themselves. */
uint64_t cbx_reel_unwritten(cbx_reel *reel);

/* See cbx_film_comment(). */
cbx_status cbx_reel_comment(cbx_reel *reel, const char *comment);

/* Completes the film, see cbx_film_finish(). Call it once; then only the times and
 * cbx_reel_discard() are left. */
cbx_status cbx_reel_finish(cbx_reel *reel, cbx_film_result *result);

/* Frees the reel, and throws away a film that was not finished; waits for what is enqueued.
 * NULL is allowed. */
void cbx_reel_discard(cbx_reel *reel);

#endif
