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

/* Hands over the next `bytes` of them, a quarter of a megabyte at a time. */
cbx_status cbx_pieces_each(const cbx_pieces *from, uint64_t bytes,
                           void (*take)(void *user, const void *piece, size_t size), void *user);

#endif
