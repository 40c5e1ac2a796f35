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
#include "data/source.h"

#define CBX_IDX_IMAGES_MAGIC 0x803u
#define CBX_IDX_LABELS_MAGIC 0x801u

typedef enum cbx_idx_kind {
    CBX_IDX_IMAGES, /* items of CBX_IMAGE_PIXELS bytes, 28×28 */
    CBX_IDX_LABELS  /* items of one byte */
} cbx_idx_kind;

/* What a file holds, freed by cbx_idx_free(). Zeroed is empty. */
typedef struct cbx_idx {
    cbx_idx_kind kind;
    uint32_t count;     /* items that the header promises */
    uint8_t *items;     /* (count, bytes of an item); NULL until they are read */
    cbx_source *source; /* where they are read from; NULL when that is done */
} cbx_idx;

/* Opens DIRECTORY/NAME.gz, or, where there is none, DIRECTORY/NAME, and reads nothing
 * but the header, which is compared with what the file can hold.
 * CBX_MISSING_INPUT: neither is there, or it cannot be read. CBX_BAD_DATA: not gzip,
 * wrong magic number, not 28×28, other bytes than the header promises. On failure *out is
 * empty. */
cbx_status cbx_idx_open(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind);

/* The same with an open file, as cbx_source_open_file() takes it. */
cbx_status cbx_idx_open_file(cbx_idx *out, int file, const char *path, int gzipped,
                             cbx_idx_kind kind);

/* Reads the items, once, and one byte further, where the file must end: more is never
 * unpacked or read. CBX_BAD_DATA: damaged, cut short, fewer or more bytes than the
 * header promises. CBX_TOO_LARGE: more than this process may use. On failure *idx is
 * empty. */
cbx_status cbx_idx_read(cbx_idx *idx);

void cbx_idx_free(cbx_idx *idx);

#endif
