/* SPDX-License-Identifier: MIT */
#include "reel/reel_state.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/memory.h"

static void measure(const cbx_reel *reel, const cbx_painter *painter,
                    size_t bytes[CBX_REEL_PARTS]) {
    cbx_avc_state_bytes(cbx_reel_avc(reel), &bytes[CBX_REEL_LUMA], &bytes[CBX_REEL_CHROMA]);
    bytes[CBX_REEL_CURVE] = cbx_painter_state_bytes(painter);
}

cbx_status cbx_reel_state_make(cbx_reel_state *state, const cbx_reel *reel,
                               const cbx_painter *painter) {
    cbx_status status = CBX_OK;
    measure(reel, painter, state->bytes);
    for (int i = 0; i < CBX_REEL_PARTS && !status; i++) {
        status = cbx_new(&state->parts[i], state->bytes[i]);
    }
    return status;
}

void cbx_reel_state_clear(cbx_reel_state *state) {
    for (int i = 0; i < CBX_REEL_PARTS; i++) {
        free(state->parts[i]);
    }
    *state = (cbx_reel_state){0};
}

size_t cbx_reel_state_room(const cbx_reel_state *state) {
    size_t room = 0;
    for (int i = 0; i < CBX_REEL_PARTS; i++) {
        room += cbx_copy_room(state->bytes[i]);
    }
    return room;
}

cbx_status cbx_reel_keep(cbx_reel *reel, const cbx_painter *painter, cbx_copy *to) {
    cbx_status status = cbx_reel_send(reel);
    if (!status) {
        status = cbx_avc_keep(cbx_reel_avc(reel), to);
    }
    return status ? status : cbx_painter_keep(painter, to);
}

void cbx_reel_kept(cbx_reel_state *state, const uint8_t *kept) {
    for (int i = 0; i < CBX_REEL_PARTS; i++) {
        memcpy(state->parts[i], kept, state->bytes[i]);
        kept += cbx_copy_room(state->bytes[i]);
    }
}

cbx_status cbx_reel_resume(cbx_reel *reel, const cbx_painter *painter, uint64_t frames,
                           const cbx_reel_state *state) {
    size_t bytes[CBX_REEL_PARTS];
    measure(reel, painter, bytes);
    for (int i = 0; i < CBX_REEL_PARTS; i++) {
        if (state->bytes[i] != bytes[i]) {
            return cbx_fail(CBX_BAD_DATA, "what was kept of the film is that of another one");
        }
    }
    const cbx_status status = cbx_avc_resume(
        cbx_reel_avc(reel), frames, state->parts[CBX_REEL_LUMA], state->parts[CBX_REEL_CHROMA]);
    return status ? status : cbx_painter_resume(painter, state->parts[CBX_REEL_CURVE]);
}
