/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE /* O_DIRECT */
#include "base/blocks.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* What goes around the cache begins and ends at multiples of a page, in the file and in memory. */
enum { PAGE = 4096, BLOCK_BYTES = 1 << 20 };

#ifndef O_DIRECT /* macOS */
#define O_DIRECT 0
#endif

/* 0: it cannot be. */
static int set_around(const cbx_blocks *blocks, int around) {
    const int file = fileno(blocks->to->stream), flags = fcntl(file, F_GETFL);
    return O_DIRECT && flags >= 0 &&
           fcntl(file, F_SETFL, around ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

cbx_status cbx_blocks_begin(cbx_blocks *blocks, cbx_output *to) {
    void *bytes = NULL;
    *blocks = (cbx_blocks){.to = to};
    if (posix_memalign(&bytes, PAGE, BLOCK_BYTES + CBX_PIECE_BYTES) != 0) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for what is written to %s", to->path);
    }
    blocks->bytes = bytes;
    blocks->around = cbx_output_is_regular(to) && set_around(blocks, 1);
    return CBX_OK;
}

uint8_t *cbx_blocks_room(const cbx_blocks *blocks) {
    return blocks->bytes + blocks->filled;
}

/* The first `size` bytes. A file system may say only now that it cannot go around its cache. */
static void send(cbx_blocks *blocks, size_t size) {
    const int file = fileno(blocks->to->stream);
    for (size_t sent = 0; sent < size && !blocks->to->error;) {
        const ssize_t some = write(file, blocks->bytes + sent, size - sent);
        if (some > 0) {
            sent += (size_t)some;
        } else if (some < 0 && errno == EINVAL && blocks->around) {
            (void)set_around(blocks, 0);
            blocks->around = 0;
        } else if (some == 0 || errno != EINTR) {
            blocks->to->error = some < 0 ? errno : EIO;
        }
    }
    blocks->filled -= size;
    memmove(blocks->bytes, blocks->bytes + size, blocks->filled);
}

void cbx_blocks_add(cbx_blocks *blocks, size_t bytes) {
    blocks->filled += bytes;
    if (blocks->filled >= BLOCK_BYTES) {
        send(blocks, BLOCK_BYTES);
    }
}

void cbx_blocks_write(cbx_blocks *blocks, const void *bytes, size_t size) {
    const uint8_t *from = bytes;
    while (size > 0) {
        const size_t some = size < CBX_PIECE_BYTES ? size : CBX_PIECE_BYTES;
        memcpy(cbx_blocks_room(blocks), from, some);
        cbx_blocks_add(blocks, some);
        from += some;
        size -= some;
    }
}

void cbx_blocks_end(cbx_blocks *blocks) {
    if (!blocks->bytes) {
        return;
    }
    if (blocks->around) {
        (void)set_around(blocks, 0);
    }
    send(blocks, blocks->filled);
    free(blocks->bytes);
    *blocks = (cbx_blocks){.to = NULL};
}
