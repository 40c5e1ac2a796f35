/* SPDX-License-Identifier: MIT */
/* What an IDX file promises is compared with what its file can hold before anything
 * more of it is read, and reading ends where the promise ends. */
#include "data/idx.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "clearbox/dataset.h"
#include "data/source.h"

enum {
    IMAGES_MAGIC = 0x803,
    LABELS_MAGIC = 0x801,
    IMAGES_HEADER_BYTES = 16,
    LABELS_HEADER_BYTES = 8,
    PATH_BYTES = 4096
};

struct cbx_idx_reader {
    char path[PATH_BYTES];
    int file; /* -1: none */
    int gzipped;
    cbx_source *source;
    cbx_idx_kind kind;
    uint32_t count; /* items promised */
};

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static size_t header_bytes(cbx_idx_kind kind) {
    return kind == CBX_IDX_IMAGES ? IMAGES_HEADER_BYTES : LABELS_HEADER_BYTES;
}

static size_t item_bytes(cbx_idx_kind kind) {
    return kind == CBX_IDX_IMAGES ? CBX_IMAGE_PIXELS : 1;
}

/* Bytes of the whole file, unpacked, by its header. */
static uint64_t promised_bytes(const cbx_idx_reader *reader) {
    return header_bytes(reader->kind) + (uint64_t)reader->count * item_bytes(reader->kind);
}

/* Checks everything in the header but the count, which check_size() judges. */
static cbx_status check_header(const char *path, const uint8_t *header, size_t got,
                               cbx_idx_kind kind) {
    uint32_t magic = kind == CBX_IDX_IMAGES ? IMAGES_MAGIC : LABELS_MAGIC;
    const char *what = kind == CBX_IDX_IMAGES ? "images" : "labels";
    if (cbx_source_is_gzip(header, got)) {
        return cbx_fail(CBX_BAD_DATA, "%s is gzip data; give it a name that ends in .gz", path);
    }
    if (got >= 4 && big_endian(header) != magic) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is not an IDX file of %s: it starts with the number 0x%08" PRIx32
                        " instead of 0x%08" PRIx32,
                        path, what, big_endian(header), magic);
    }
    if (got < header_bytes(kind)) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is cut short: it holds %zu bytes, the header alone has %zu", path, got,
                        header_bytes(kind));
    }
    if (kind == CBX_IDX_IMAGES &&
        (big_endian(header + 8) != CBX_IMAGE_SIDE || big_endian(header + 12) != CBX_IMAGE_SIDE)) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s holds images of %" PRIu32 "×%" PRIu32 " pixels; only 28×28 can be used",
                        path, big_endian(header + 8), big_endian(header + 12));
    }
    return CBX_OK;
}

static cbx_status fail_too_short(const cbx_idx_reader *reader, uint64_t held) {
    return cbx_fail(CBX_BAD_DATA,
                    "%s is cut short: its header promises %" PRIu64
                    " bytes, the file holds %" PRIu64,
                    reader->path, promised_bytes(reader), held);
}

/* Whether the file can hold what its header promises: a plain one says so by its size,
 * a packed one by how far its bytes can swell. The size that gzip keeps in its last
 * four bytes is not asked: it may lie, and joined files have several. */
static cbx_status check_size(const cbx_idx_reader *reader) {
    const uint64_t promised = promised_bytes(reader);
    const uint64_t stored = cbx_source_stored_bytes(reader->source);
    if (reader->gzipped) {
        if (promised / CBX_DEFLATE_RATIO > stored) {
            return cbx_fail(CBX_BAD_DATA,
                            "%s is cut short: its header promises %" PRIu64
                            " bytes, more than %" PRIu64 " bytes of gzip data can hold",
                            reader->path, promised, stored);
        }
        return CBX_OK;
    }
    if (stored < promised) {
        return fail_too_short(reader, stored);
    }
    if (stored > promised) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has bytes too many: its header promises %" PRIu64
                        " bytes, the file holds %" PRIu64,
                        reader->path, promised, stored);
    }
    return CBX_OK;
}

static cbx_status read_header(cbx_idx_reader *reader) {
    uint8_t header[IMAGES_HEADER_BYTES] = {0};
    size_t got = 0;
    cbx_status status = cbx_source_read(reader->source, header, header_bytes(reader->kind), &got);
    if (!status) {
        status = check_header(reader->path, header, got, reader->kind);
    }
    if (!status) {
        reader->count = big_endian(header + 4);
        status = check_size(reader);
    }
    return status;
}

/* Reads the items and makes sure that nothing follows them. */
static cbx_status read_items(cbx_idx_reader *reader, uint8_t *items) {
    const size_t wanted = reader->count * item_bytes(reader->kind);
    size_t got = 0, beyond = 0;
    uint8_t extra;
    cbx_status status = cbx_source_read(reader->source, items, wanted, &got);
    if (!status) {
        /* Asking for one byte more makes zlib check the sum at the end, too; for more
         * than one nobody asks, however many there are. */
        status = cbx_source_read(reader->source, &extra, 1, &beyond);
    }
    if (status) {
        return status;
    }
    if (got < wanted) {
        return fail_too_short(reader, header_bytes(reader->kind) + got);
    }
    if (beyond > 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has bytes too many: its header promises %" PRIu64
                        " bytes, the file holds more",
                        reader->path, promised_bytes(reader));
    }
    const uint64_t left = cbx_source_left_over(reader->source);
    if (left > 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has %" PRIu64 " bytes too many after the end of its gzip data",
                        reader->path, left);
    }
    return CBX_OK;
}

uint32_t cbx_idx_count(const cbx_idx_reader *reader) {
    return reader->count;
}

/* What fits in no memory is not begun: taking it might end the process. */
static cbx_status check_memory(const cbx_idx_reader *reader) {
    const uint64_t limit = cbx_memory_limit_bytes();
    if (promised_bytes(reader) > limit) {
        return cbx_fail(CBX_TOO_LARGE,
                        "%s holds %" PRIu64 " MiB, but this process may use %" PRIu64
                        " MiB of memory; take a smaller set",
                        reader->path, promised_bytes(reader) >> 20, limit >> 20);
    }
    return CBX_OK;
}

cbx_status cbx_idx_take(cbx_idx_reader *reader, cbx_idx *out) {
    cbx_idx idx = {reader->count, NULL};
    cbx_status status = check_memory(reader);
    if (!status) {
        status = cbx_allocate(&idx.items, reader->count, item_bytes(reader->kind));
    }
    if (!status) {
        status = read_items(reader, idx.items);
    }
    if (status) {
        cbx_idx_free(&idx);
    }
    *out = idx;
    return status;
}

void cbx_idx_close(cbx_idx_reader *reader) {
    if (reader) {
        cbx_source_close(reader->source);
        if (reader->file >= 0) {
            close(reader->file);
        }
        free(reader);
    }
}

/* Finds NAME.gz or NAME and opens it; its path goes to reader->path. */
static cbx_status open_file(cbx_idx_reader *reader, const char *directory, const char *name) {
    char *path = reader->path;
    int length = snprintf(path, PATH_BYTES, "%s/%s.gz", directory, name);
    if (length < 0 || length >= PATH_BYTES) {
        return cbx_fail(CBX_MISSING_INPUT, "the folder name %.40s… is too long", directory);
    }
    /* O_NONBLOCK: opening a pipe must not wait; regular files do not care. */
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    reader->gzipped = 1;
    reader->file = open(path, flags);
    if (reader->file < 0 && errno == ENOENT) {
        reader->gzipped = 0;
        path[length - 3] = '\0';
        reader->file = open(path, flags);
        if (reader->file < 0 && errno == ENOENT) {
            return cbx_fail(CBX_MISSING_INPUT,
                            "neither %s.gz nor %s exists; MNIST's four files belong there", path,
                            path);
        }
    }
    if (reader->file < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot open %s: %s", path, strerror(errno));
    }
    return cbx_source_open(&reader->source, path, reader->file, reader->gzipped);
}

static cbx_status make_reader(cbx_idx_reader **out, cbx_idx_kind kind) {
    cbx_status status = cbx_new(out, 1);
    if (!status) {
        (*out)->kind = kind;
        (*out)->file = -1;
    }
    return status;
}

cbx_status cbx_idx_open(cbx_idx_reader **out, const char *directory, const char *name,
                        cbx_idx_kind kind) {
    cbx_status status = make_reader(out, kind);
    if (!status) {
        status = open_file(*out, directory, name);
    }
    if (!status) {
        status = read_header(*out);
    }
    if (status) {
        cbx_idx_close(*out);
        *out = NULL;
    }
    return status;
}

cbx_status cbx_idx_read(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind) {
    cbx_idx_reader *reader = NULL;
    *out = (cbx_idx){0, NULL};
    cbx_status status = cbx_idx_open(&reader, directory, name, kind);
    if (!status) {
        status = cbx_idx_take(reader, out);
    }
    cbx_idx_close(reader);
    return status;
}

cbx_status cbx_idx_decode(cbx_idx *out, const char *path, const uint8_t *bytes, size_t size,
                          int gzipped, cbx_idx_kind kind) {
    cbx_idx_reader *reader = NULL;
    *out = (cbx_idx){0, NULL};
    cbx_status status = make_reader(&reader, kind);
    if (status) {
        return status;
    }
    reader->gzipped = gzipped;
    snprintf(reader->path, sizeof reader->path, "%s", path);
    status = cbx_source_open_memory(&reader->source, reader->path, bytes, size, gzipped);
    if (!status) {
        status = read_header(reader);
    }
    if (!status) {
        status = cbx_idx_take(reader, out);
    }
    cbx_idx_close(reader);
    return status;
}

void cbx_idx_free(cbx_idx *idx) {
    free(idx->items);
    *idx = (cbx_idx){0, NULL};
}
