/* SPDX-License-Identifier: MIT */
/* The bytes of a file, gzipped or not, read from front to back in portions: what lies
 * behind the bytes that were asked for costs neither time nor memory. */
#ifndef CBX_DATA_SOURCE_H
#define CBX_DATA_SOURCE_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

/* No byte of deflate becomes more than this many. */
#define CBX_DEFLATE_RATIO 1032u

typedef struct cbx_source cbx_source;

/* A source over an open regular file at its start, which stays the caller's. `path` is
 * only for the messages and must outlive the source. *out is the caller's, to be given
 * to cbx_source_close(). CBX_MISSING_INPUT: not a regular file. CBX_NO_MEMORY. */
cbx_status cbx_source_open(cbx_source **out, const char *path, int file, int gzipped);

/* The same over `size` bytes in memory, which must outlive the source. */
cbx_status cbx_source_open_memory(cbx_source **out, const char *path, const uint8_t *bytes,
                                  size_t size, int gzipped);

/* NULL is allowed. */
void cbx_source_close(cbx_source *source);

/* Bytes of the file as it is stored, when it was opened. */
uint64_t cbx_source_stored_bytes(const cbx_source *source);

/* Reads up to `capacity` bytes of the unpacked content; *got falls short only at its
 * end, where gzip's check sums have been compared. CBX_BAD_DATA: not gzip, damaged, cut
 * short, became shorter meanwhile. CBX_MISSING_INPUT: cannot be read. */
cbx_status cbx_source_read(cbx_source *source, uint8_t *out, size_t capacity, size_t *got);

/* At the end of the content: stored bytes that do not belong to the gzip data. */
uint64_t cbx_source_left_over(const cbx_source *source);

/* Whether bytes begin like a gzip file. */
int cbx_source_is_gzip(const uint8_t *bytes, size_t size);

#endif
