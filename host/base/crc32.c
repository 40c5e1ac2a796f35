/* SPDX-License-Identifier: MIT */
#include "base/crc32.h"

#include <zlib.h>

enum { MOST_BYTES = 1 << 30 }; /* zlib counts in unsigned int */

uint32_t cbx_crc32(uint32_t sum, const void *bytes, size_t size) {
    const uint8_t *at = bytes;
    while (size > 0) {
        const size_t some = size < MOST_BYTES ? size : MOST_BYTES;
        sum = (uint32_t)crc32(sum, at, (uInt)some);
        at += some;
        size -= some;
    }
    return sum;
}
