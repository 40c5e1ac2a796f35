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

typedef struct cbx_source {
    char path[4096]; /* for the messages */
    int file;
    uint64_t stored_bytes;         /* of the file, when it was opened */
    uint64_t taken;                /* bytes read from it so far */
    struct cbx_unpacker *unpacker; /* NULL: the file is not gzipped */
} cbx_source;

/* Opens DIRECTORY/NAME.gz or, where there is none, DIRECTORY/NAME. *out, NULL on failure,
 * is the caller's, to be given to cbx_source_close(). CBX_MISSING_INPUT: neither is there,
 * cannot be read, or is no regular file. CBX_NO_MEMORY. */
cbx_status cbx_source_open(cbx_source **out, const char *directory, const char *name);

/* The same over an open file at its start, which is closed with the source, or at once on
 * failure. */
cbx_status cbx_source_open_file(cbx_source **out, int file, const char *path, int gzipped);

/* NULL is allowed. */
void cbx_source_close(cbx_source *source);

/* Reads up to `capacity` bytes of the unpacked content; *got falls short only at its
 * end, where gzip's check sums have been compared. CBX_BAD_DATA: not gzip, damaged, cut
 * short, became shorter meanwhile. CBX_MISSING_INPUT: cannot be read. */
cbx_status cbx_source_read(cbx_source *source, uint8_t *out, size_t capacity, size_t *got);

/* At the end of the content: stored bytes that do not belong to the gzip data. */
uint64_t cbx_source_left_over(const cbx_source *source);

/* Whether bytes begin like a gzip file. */
int cbx_source_is_gzip(const uint8_t *bytes, size_t size);

#endif
