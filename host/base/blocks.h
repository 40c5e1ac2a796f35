/* SPDX-License-Identifier: MIT */
/* Much that is written at once, past the system's cache where the file system can do that: what nobody will read
 * soon does not displace what others read, and is not copied once more.
 *
 *   cbx_blocks_begin()   the stream of an output, which has had nothing yet, stays out of it from here on
 *   cbx_blocks_room()    where the next bytes are to be put, in order; cbx_blocks_add() says how many were
 *   cbx_blocks_write()   the same of bytes that lie elsewhere
 *   cbx_blocks_end()     all of them are on their way, and the stream may go on behind them
 *
 * A failure is the output's, and told by its flush and commit, as that of cbx_output_write(). */
#ifndef CBX_BASE_BLOCKS_H
#define CBX_BASE_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/files.h"
#include "base/pieces.h"

typedef struct cbx_blocks {
    cbx_output *to; /* borrowed */
    uint8_t *bytes;
    size_t filled;
    int around; /* past the cache */
} cbx_blocks;

/* To be ended in every case. CBX_NO_MEMORY. */
cbx_status cbx_blocks_begin(cbx_blocks *blocks, cbx_output *to);

/* Room for CBX_PIECE_BYTES, until the next call. */
uint8_t *cbx_blocks_room(const cbx_blocks *blocks);
void cbx_blocks_add(cbx_blocks *blocks, size_t bytes);

void cbx_blocks_write(cbx_blocks *blocks, const void *bytes, size_t size);

void cbx_blocks_end(cbx_blocks *blocks);

#endif
