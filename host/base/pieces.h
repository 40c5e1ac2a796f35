/* SPDX-License-Identifier: MIT */
/* Bytes that are given piece by piece, in order, where they are too many to lie in one place. */
#ifndef CBX_BASE_PIECES_H
#define CBX_BASE_PIECES_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

typedef struct cbx_pieces {
    /* The next `bytes` of them, of which there are so many still. */
    cbx_status (*next)(void *user, void *to, size_t bytes);
    void *user;
} cbx_pieces;

/* What a piece has at most: beside what it is made of it fits a core's cache. */
enum { CBX_PIECE_BYTES = 1 << 18 };

/* Who takes them. */
typedef struct cbx_pieces_taker {
    void *(*room)(void *user); /* for a piece, which is put there … */
    void (*take)(void *user, const void *piece, size_t size); /* … and handed over */
    void *user;
} cbx_pieces_taker;

/* Hands over the next `bytes` of them. What next() fails with. */
cbx_status cbx_pieces_each(const cbx_pieces *from, uint64_t bytes, const cbx_pieces_taker *to);

#endif
