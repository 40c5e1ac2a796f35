/* SPDX-License-Identifier: MIT */
/* What an IDX file promises is compared with what its file can hold before anything
 * more of it is read, and reading ends where the promise ends. */
#include "data/idx.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/limits.h"
#include "base/memory.h"
#include "clearbox/dataset.h"

static const struct {
    const char *what;
    uint32_t magic;
    uint32_t header_bytes, item_bytes;
} forms[] = {
    [CBX_IDX_IMAGES] = {"images", CBX_IDX_IMAGES_MAGIC, 16, CBX_IMAGE_PIXELS},
    [CBX_IDX_LABELS] = {"labels", CBX_IDX_LABELS_MAGIC, 8, 1},
};

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* Bytes of the whole file, unpacked, by its header. */
static uint64_t promised_bytes(const cbx_idx *idx) {
    return forms[idx->kind].header_bytes + (uint64_t)idx->count * forms[idx->kind].item_bytes;
}

/* Checks everything in the header but the count, which check_size() judges. */
static cbx_status check_header(const cbx_idx *idx, const uint8_t *header, size_t got) {
    const char *path = idx->source->path;
    const uint32_t magic = forms[idx->kind].magic, header_bytes = forms[idx->kind].header_bytes;
    if (cbx_source_is_gzip(header, got)) {
        return cbx_fail(CBX_BAD_DATA, "%s is gzip data; give it a name that ends in .gz", path);
    }
    if (got >= 4 && big_endian(header) != magic) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is not an IDX file of %s: it starts with the number 0x%08" PRIx32
                        " instead of 0x%08" PRIx32,
                        path, forms[idx->kind].what, big_endian(header), magic);
    }
    if (got < header_bytes) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is cut short: it holds %zu bytes, the header alone has %" PRIu32, path,
                        got, header_bytes);
    }
    if (idx->kind == CBX_IDX_IMAGES &&
        (big_endian(header + 8) != CBX_IMAGE_SIDE || big_endian(header + 12) != CBX_IMAGE_SIDE)) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s holds images of %" PRIu32 "×%" PRIu32 " pixels; only 28×28 can be used",
                        path, big_endian(header + 8), big_endian(header + 12));
    }
    return CBX_OK;
}

static cbx_status fail_too_short(const cbx_idx *idx, uint64_t held) {
    return cbx_fail(CBX_BAD_DATA,
                    "%s is cut short: its header promises %" PRIu64
                    " bytes, the file holds %" PRIu64,
                    idx->source->path, promised_bytes(idx), held);
}

/* Whether the file can hold what its header promises: a plain one says so by its size,
 * a packed one by how far its bytes can swell. The size that gzip keeps in its last
 * four bytes is not asked: it may lie, and joined files have several. */
static cbx_status check_size(const cbx_idx *idx) {
    const uint64_t promised = promised_bytes(idx);
    const uint64_t stored = idx->source->stored_bytes;
    if (idx->source->unpacker) {
        if (promised / CBX_DEFLATE_RATIO > stored) {
            return cbx_fail(CBX_BAD_DATA,
                            "%s is cut short: its header promises %" PRIu64
                            " bytes, more than %" PRIu64 " bytes of gzip data can hold",
                            idx->source->path, promised, stored);
        }
        return CBX_OK;
    }
    if (stored < promised) {
        return fail_too_short(idx, stored);
    }
    if (stored > promised) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has bytes too many: its header promises %" PRIu64
                        " bytes, the file holds %" PRIu64,
                        idx->source->path, promised, stored);
    }
    return CBX_OK;
}

static cbx_status read_header(cbx_idx *idx) {
    uint8_t header[16] = {0};
    size_t got = 0;
    cbx_status status = cbx_source_read(idx->source, header, forms[idx->kind].header_bytes, &got);
    if (!status) {
        status = check_header(idx, header, got);
    }
    if (!status) {
        idx->count = big_endian(header + 4);
        status = check_size(idx);
    }
    if (status) {
        cbx_idx_free(idx);
    }
    return status;
}

cbx_status cbx_idx_open(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind) {
    *out = (cbx_idx){.kind = kind};
    cbx_status status = cbx_source_open(&out->source, directory, name);
    return status ? status : read_header(out);
}

cbx_status cbx_idx_open_file(cbx_idx *out, int file, const char *path, int gzipped,
                             cbx_idx_kind kind) {
    *out = (cbx_idx){.kind = kind};
    cbx_status status = cbx_source_open_file(&out->source, file, path, gzipped);
    return status ? status : read_header(out);
}

/* Reads the items and makes sure that nothing follows them. */
static cbx_status read_items(const cbx_idx *idx) {
    const size_t wanted = idx->count * (size_t)forms[idx->kind].item_bytes;
    size_t got = 0, beyond = 0;
    uint8_t extra;
    cbx_status status = cbx_source_read(idx->source, idx->items, wanted, &got);
    if (!status) {
        /* Asking for one byte more makes zlib check the sum at the end, too; for more
         * than one nobody asks, however many there are. */
        status = cbx_source_read(idx->source, &extra, 1, &beyond);
    }
    if (status) {
        return status;
    }
    if (got < wanted) {
        return fail_too_short(idx, forms[idx->kind].header_bytes + got);
    }
    if (beyond > 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has bytes too many: its header promises %" PRIu64
                        " bytes, the file holds more",
                        idx->source->path, promised_bytes(idx));
    }
    const uint64_t left = cbx_source_left_over(idx->source);
    if (left > 0) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has %" PRIu64 " bytes too many after the end of its gzip data",
                        idx->source->path, left);
    }
    return CBX_OK;
}

/* What fits in no memory is not begun: taking it might end the process. */
static cbx_status check_memory(const cbx_idx *idx) {
    const uint64_t limit = cbx_memory_limit_bytes();
    if (promised_bytes(idx) > limit) {
        return cbx_fail(CBX_TOO_LARGE,
                        "%s holds %" PRIu64 " MiB, but this process may use %" PRIu64
                        " MiB of memory; take a smaller set",
                        idx->source->path, promised_bytes(idx) >> 20, limit >> 20);
    }
    return CBX_OK;
}

cbx_status cbx_idx_read(cbx_idx *idx) {
    cbx_status status = check_memory(idx);
    if (!status) {
        status = cbx_allocate(&idx->items, idx->count, forms[idx->kind].item_bytes);
    }
    if (!status) {
        status = read_items(idx);
    }
    if (status) {
        cbx_idx_free(idx);
        return status;
    }
    cbx_source_close(idx->source);
    idx->source = NULL;
    return CBX_OK;
}

void cbx_idx_free(cbx_idx *idx) {
    cbx_source_close(idx->source);
    free(idx->items);
    *idx = (cbx_idx){0};
}
