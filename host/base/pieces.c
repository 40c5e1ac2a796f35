/* SPDX-License-Identifier: MIT */
#include "base/pieces.h"

#include <stdlib.h>

#include "base/memory.h"

enum { PIECE_BYTES = 1 << 18 }; /* beside what they are made of they fit a core's cache */

cbx_status cbx_pieces_each(const cbx_pieces *from, uint64_t bytes,
                           void (*take)(void *user, const void *piece, size_t size), void *user) {
    uint8_t *piece = NULL;
    cbx_status status = cbx_new(&piece, PIECE_BYTES);
    for (uint64_t left = bytes; left > 0 && !status;) {
        const size_t some = left < PIECE_BYTES ? (size_t)left : PIECE_BYTES;
        status = from->next(from->user, piece, some);
        if (!status) {
            take(user, piece, some);
        }
        left -= some;
    }
    free(piece);
    return status;
}
