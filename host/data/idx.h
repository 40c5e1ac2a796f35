/* SPDX-License-Identifier: MIT */
/* IDX files, the format of MNIST: a big-endian header, then bytes.
 *
 *   images: 0x00000803, count, rows, columns (32 bits each), then count·rows·columns pixels
 *   labels: 0x00000801, count, then count labels
 */
#ifndef CBX_DATA_IDX_H
#define CBX_DATA_IDX_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

typedef enum cbx_idx_kind {
    CBX_IDX_IMAGES, /* items of CBX_IMAGE_PIXELS bytes, 28×28 */
    CBX_IDX_LABELS  /* items of one byte */
} cbx_idx_kind;

/* What a file holds. Zeroed is empty. */
typedef struct cbx_idx {
    uint32_t count; /* items */
    uint8_t *items; /* (count, bytes of an item), freed by cbx_idx_free() */
} cbx_idx;

typedef struct cbx_idx_reader cbx_idx_reader;

/* Opens DIRECTORY/NAME.gz, or, where there is none, DIRECTORY/NAME, and reads nothing
 * but the header, which is compared with what the file can hold.
 * CBX_MISSING_INPUT: neither is there, or it cannot be read. CBX_BAD_DATA: not gzip,
 * wrong magic number, not 28×28, other bytes than the header promises. *out, NULL on
 * failure, is the caller's, to be given to cbx_idx_close(). */
cbx_status cbx_idx_open(cbx_idx_reader **out, const char *directory, const char *name,
                        cbx_idx_kind kind);

/* Items that the header promises. */
uint32_t cbx_idx_count(const cbx_idx_reader *reader);

/* Reads the items, once, and one byte further, where the file must end: more is never
 * unpacked or read. CBX_BAD_DATA: damaged, cut short, fewer or more bytes than the
 * header promises. CBX_TOO_LARGE: more than this process may use. On failure *out is
 * empty. */
cbx_status cbx_idx_take(cbx_idx_reader *reader, cbx_idx *out);

/* NULL is allowed. */
void cbx_idx_close(cbx_idx_reader *reader);

/* All of it at once. On failure *out is empty. */
cbx_status cbx_idx_read(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind);

/* The same from memory: the `size` bytes of a file, gzipped or not. `path` is only
 * for the messages. */
cbx_status cbx_idx_decode(cbx_idx *out, const char *path, const uint8_t *bytes, size_t size,
                          int gzipped, cbx_idx_kind kind);

void cbx_idx_free(cbx_idx *idx);

#endif
