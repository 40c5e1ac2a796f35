/* SPDX-License-Identifier: MIT */
/* Bytes that are given piece by piece, in order, where they are too many to lie in one place. */
#ifndef CBX_BASE_PIECES_H
#define CBX_BASE_PIECES_H

#include <stddef.h>

#include "clearbox/status.h"

typedef struct cbx_pieces {
    /* The next `bytes` of them, of which there are so many still. */
    cbx_status (*next)(void *user, void *to, size_t bytes);
    void *user;
} cbx_pieces;

#endif
