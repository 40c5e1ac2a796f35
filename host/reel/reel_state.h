/* SPDX-License-Identifier: MIT */
/* What a film that the device encodes hangs on, beside the frames that it has: so that it can go on in
 * another process, on another device, with the same bytes.
 *
 * One thread calls all but cbx_reel_kept(), which may be another's.
 */
#ifndef CBX_REEL_REEL_STATE_H
#define CBX_REEL_REEL_STATE_H

#include "device/copy.h"
#include "reel/reel.h"

/* The frame before, luma and chroma, and the curve of the captions. */
enum { CBX_REEL_LUMA, CBX_REEL_CHROMA, CBX_REEL_CURVE, CBX_REEL_PARTS };

typedef struct cbx_reel_state {
    uint8_t *parts[CBX_REEL_PARTS]; /* for free() */
    size_t bytes[CBX_REEL_PARTS];
} cbx_reel_state;

/* Fills *state with room for that of a reel. CBX_NO_MEMORY; to be cleared in every case. */
cbx_status cbx_reel_state_make(cbx_reel_state *state, const cbx_reel *reel,
                               const cbx_painter *painter);
void cbx_reel_state_clear(cbx_reel_state *state);

/* Adds it to a copy (device/copy.h), as it is behind what is enqueued; what was drawn is on its way
 * to the film then. The copy needs room for it, and cbx_reel_kept() reads it from the copy's bytes. */
size_t cbx_reel_state_room(const cbx_reel_state *state);
cbx_status cbx_reel_keep(cbx_reel *reel, const cbx_painter *painter, cbx_copy *to);
void cbx_reel_kept(cbx_reel_state *state, const uint8_t *kept);

/* Goes on from it, once the frames so far were taken, see cbx_reel_take(). CBX_BAD_DATA: it is
 * another film's. */
cbx_status cbx_reel_resume(cbx_reel *reel, const cbx_painter *painter, uint64_t frames,
                           const cbx_reel_state *state);

#endif
