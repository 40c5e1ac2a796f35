/* SPDX-License-Identifier: MIT */
#include "base/pieces.h"

cbx_status cbx_pieces_each(const cbx_pieces *from, uint64_t bytes, const cbx_pieces_taker *to) {
    cbx_status status = CBX_OK;
    for (uint64_t left = bytes; left > 0 && !status;) {
        const size_t some = left < CBX_PIECE_BYTES ? (size_t)left : CBX_PIECE_BYTES;
        void *piece = to->room(to->user);
        status = from->next(from->user, piece, some);
        if (!status) {
            to->take(to->user, piece, some);
        }
        left -= some;
    }
    return status;
}
