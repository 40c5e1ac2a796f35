/* SPDX-License-Identifier: MIT */
/* The checksum of zlib, gzip and PNG. */
#ifndef CBX_BASE_CRC32_H
#define CBX_BASE_CRC32_H

#include <stddef.h>
#include <stdint.h>

/* Of what `sum` is of, and the bytes behind it; 0 is that of nothing. */
uint32_t cbx_crc32(uint32_t sum, const void *bytes, size_t size);

#endif
