/* The only file that sees zlib. A file is read into memory whole, then unpacked
 * straight to where its items stay. */
#include "data/idx.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/error.h"
#include "base/memory.h"
#include "clearbox/dataset.h"

enum {
    IMAGES_MAGIC = 0x803,
    LABELS_MAGIC = 0x801,
    IMAGES_HEADER_BYTES = 16,
    LABELS_HEADER_BYTES = 8,
    GZIP_WINDOW = 15 + 16, /* zlib: the largest window, gzip framing only */
    DEFLATE_RATIO = 1032,  /* no byte of deflate becomes more than this many */
    SCRATCH_BYTES = 64 * 1024,
    PATH_BYTES = 4096
};

/* The bytes of one file, packed or not, read from front to back. */
typedef struct source {
    const char *path;
    const uint8_t *start;
    size_t size;         /* of the whole file */
    const uint8_t *next; /* not yet read */
    size_t left;         /* bytes from `next` on */
    int gzipped;
    int ended; /* the gzip data is complete; what is left does not belong to it */
    z_stream zlib;
} source;

static uint32_t big_endian(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static int is_gzip(const uint8_t *bytes, size_t size) {
    return size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static size_t header_bytes(cbx_idx_kind kind) {
    return kind == CBX_IDX_IMAGES ? IMAGES_HEADER_BYTES : LABELS_HEADER_BYTES;
}

static cbx_status source_open(source *in, const char *path, const uint8_t *bytes, size_t size,
                              int gzipped) {
    *in = (source){.path = path, .start = bytes, .size = size, .next = bytes, .left = size};
    in->gzipped = gzipped;
    if (gzipped && inflateInit2(&in->zlib, GZIP_WINDOW) != Z_OK) {
        in->gzipped = 0;
        return cbx_fail(CBX_NO_MEMORY, "%s: no memory for unpacking", path);
    }
    return CBX_OK;
}

static void source_close(source *in) {
    if (in->gzipped) {
        inflateEnd(&in->zlib);
    }
}

static cbx_status fail_to_inflate(const source *in, int code) {
    const char *text = in->zlib.msg ? in->zlib.msg : zError(code);
    size_t at = in->size - in->left;
    if (code == Z_MEM_ERROR) {
        return cbx_fail(CBX_NO_MEMORY, "%s: no memory for unpacking", in->path);
    }
    if (code == Z_BUF_ERROR) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: the gzip data is cut short after %zu bytes (%s); get the file again",
                        in->path, in->size, text);
    }
    if (!is_gzip(in->start, in->size)) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is not a gzip file (%s); a file that is not packed has no .gz in its "
                        "name",
                        in->path, text);
    }
    return cbx_fail(CBX_BAD_DATA,
                    "%s: the gzip data is damaged near byte %zu of %zu (%s); get the file again",
                    in->path, at, in->size, text);
}

/* Up to `capacity` bytes of the unpacked content; *got falls short only at its end. */
static cbx_status source_inflate(source *in, uint8_t *out, size_t capacity, size_t *got) {
    const size_t most = (size_t)1 << 30; /* zlib counts in 32 bits */
    size_t done = 0;
    while (!in->ended && done < capacity) {
        uInt given = (uInt)(in->left < most ? in->left : most);
        uInt wanted = (uInt)(capacity - done < most ? capacity - done : most);
        in->zlib.next_in = (Bytef *)(uintptr_t)in->next; /* zlib takes no const, but keeps it */
        in->zlib.avail_in = given;
        in->zlib.next_out = out + done;
        in->zlib.avail_out = wanted;
        int code = inflate(&in->zlib, Z_NO_FLUSH);
        in->next += given - in->zlib.avail_in;
        in->left -= given - in->zlib.avail_in;
        done += wanted - in->zlib.avail_out;
        if (code == Z_STREAM_END) {
            /* gzip files may be joined end to end. */
            in->ended = !is_gzip(in->next, in->left);
            code = in->ended ? Z_OK : inflateReset(&in->zlib);
        }
        if (code != Z_OK) {
            return fail_to_inflate(in, code);
        }
    }
    *got = done;
    return CBX_OK;
}

static cbx_status source_read(source *in, uint8_t *out, size_t capacity, size_t *got) {
    if (in->gzipped) {
        return source_inflate(in, out, capacity, got);
    }
    *got = in->left < capacity ? in->left : capacity;
    if (*got > 0) {
        memcpy(out, in->next, *got);
    }
    in->next += *got;
    in->left -= *got;
    return CBX_OK;
}

/* The unpacked size of the whole file, by unpacking it to nowhere. */
static cbx_status unpacked_bytes(const char *path, const uint8_t *bytes, size_t size,
                                 uint64_t *out) {
    source in;
    uint8_t *scratch = NULL;
    *out = 0;
    cbx_status status = source_open(&in, path, bytes, size, 1);
    if (status == CBX_OK) {
        status = cbx_new(&scratch, SCRATCH_BYTES);
    }
    while (status == CBX_OK && !in.ended) {
        size_t got = 0;
        status = source_read(&in, scratch, SCRATCH_BYTES, &got);
        *out += got;
    }
    free(scratch);
    source_close(&in);
    return status;
}

/* Makes sure that the file unpacks to `expected` bytes, before they are taken. The
 * size that gzip keeps in its last four bytes is believed only when it agrees and
 * the packed size makes it possible; else the file is unpacked once for counting. */
static cbx_status check_size(const char *path, const uint8_t *bytes, size_t size, int gzipped,
                             uint64_t expected) {
    uint64_t actual = size;
    if (gzipped) {
        const uint8_t *end = bytes + size;
        uint32_t noted = size < 4 ? 0
                                  : (uint32_t)end[-1] << 24 | (uint32_t)end[-2] << 16 |
                                        (uint32_t)end[-3] << 8 | end[-4];
        if (noted == expected && expected / DEFLATE_RATIO <= size) {
            return CBX_OK;
        }
        cbx_status status = unpacked_bytes(path, bytes, size, &actual);
        if (status != CBX_OK) {
            return status;
        }
    }
    if (actual < expected) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is cut short: its header promises %" PRIu64
                        " bytes, the file holds %" PRIu64,
                        path, expected, actual);
    }
    if (actual > expected) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s has bytes too many: its header promises %" PRIu64
                        " bytes, the file holds %" PRIu64,
                        path, expected, actual);
    }
    return CBX_OK;
}

/* Checks everything in the header but the count, which check_size() compares. */
static cbx_status check_header(const char *path, const uint8_t *header, size_t got,
                               cbx_idx_kind kind) {
    uint32_t magic = kind == CBX_IDX_IMAGES ? IMAGES_MAGIC : LABELS_MAGIC;
    const char *what = kind == CBX_IDX_IMAGES ? "images" : "labels";
    if (is_gzip(header, got)) {
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

/* Reads the items and makes sure that nothing follows them. */
static cbx_status read_items(source *in, cbx_idx *idx, size_t item_bytes) {
    size_t wanted = idx->count * item_bytes;
    size_t got = 0, beyond = 0;
    uint8_t extra;
    cbx_status status = source_read(in, idx->items, wanted, &got);
    if (status == CBX_OK) {
        /* Asking for one byte more makes zlib check the sum at the end, too. */
        status = source_read(in, &extra, 1, &beyond);
    }
    if (status == CBX_OK && (got < wanted || beyond > 0)) {
        /* Only joined gzip files get here, whose last size happens to agree. */
        status = cbx_fail(CBX_BAD_DATA, "%s has %s bytes than the %zu that its header promises",
                          in->path, got < wanted ? "fewer" : "more", wanted);
    }
    if (status == CBX_OK && in->left > 0) {
        status = cbx_fail(CBX_BAD_DATA, "%s has %zu bytes too many after the end of its gzip data",
                          in->path, in->left);
    }
    return status;
}

cbx_status cbx_idx_decode(cbx_idx *out, const char *path, const uint8_t *bytes, size_t size,
                          int gzipped, cbx_idx_kind kind) {
    source in;
    uint8_t header[IMAGES_HEADER_BYTES] = {0};
    size_t got = 0, item_bytes = kind == CBX_IDX_IMAGES ? CBX_IMAGE_PIXELS : 1;
    cbx_idx idx = {0, NULL};

    *out = idx;
    cbx_status status = source_open(&in, path, bytes, size, gzipped);
    if (status != CBX_OK) {
        return status;
    }
    status = source_read(&in, header, header_bytes(kind), &got);
    if (status != CBX_OK) {
        goto out;
    }
    status = check_header(path, header, got, kind);
    if (status != CBX_OK) {
        goto out;
    }
    idx.count = big_endian(header + 4);
    status = check_size(path, bytes, size, gzipped,
                        header_bytes(kind) + (uint64_t)idx.count * item_bytes);
    if (status != CBX_OK) {
        goto out;
    }
    status = cbx_allocate(&idx.items, idx.count, item_bytes);
    if (status != CBX_OK) {
        goto out;
    }
    status = read_items(&in, &idx, item_bytes);
out:
    source_close(&in);
    if (status != CBX_OK) {
        cbx_idx_free(&idx);
    }
    *out = idx;
    return status;
}

/* Reads what fstat() says is there. */
static cbx_status read_whole(const char *path, int file, uint8_t **bytes, size_t *size) {
    struct stat about;
    if (fstat(file, &about) != 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: it is not a regular file", path);
    }
    *size = (size_t)about.st_size;
    cbx_status status = cbx_new(bytes, *size);
    size_t done = 0;
    while (status == CBX_OK && done < *size) {
        ssize_t got = read(file, *bytes + done, *size - done);
        if (got > 0) {
            done += (size_t)got;
        } else if (got == 0) {
            status = cbx_fail(CBX_BAD_DATA, "%s became shorter while it was read", path);
        } else if (errno != EINTR) {
            status = cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", path, strerror(errno));
        }
    }
    return status;
}

cbx_status cbx_idx_read(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind) {
    char path[PATH_BYTES];
    uint8_t *bytes = NULL;
    size_t size = 0;
    int gzipped = 1;

    *out = (cbx_idx){0, NULL};
    int length = snprintf(path, sizeof path, "%s/%s.gz", directory, name);
    if (length < 0 || length >= PATH_BYTES) {
        return cbx_fail(CBX_MISSING_INPUT, "the folder name %.40s… is too long", directory);
    }
    /* O_NONBLOCK: opening a pipe must not wait; regular files do not care. */
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0 && errno == ENOENT) {
        gzipped = 0;
        path[length - 3] = '\0';
        file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (file < 0 && errno == ENOENT) {
            return cbx_fail(CBX_MISSING_INPUT,
                            "neither %s.gz nor %s exists; MNIST's four files belong there", path,
                            path);
        }
    }
    if (file < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot open %s: %s", path, strerror(errno));
    }
    cbx_status status = read_whole(path, file, &bytes, &size);
    close(file);
    if (status == CBX_OK) {
        status = cbx_idx_decode(out, path, bytes, size, gzipped, kind);
    }
    free(bytes);
    return status;
}

void cbx_idx_free(cbx_idx *idx) {
    free(idx->items);
    *idx = (cbx_idx){0, NULL};
}
