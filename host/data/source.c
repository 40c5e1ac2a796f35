/* SPDX-License-Identifier: MIT */
/* The only file that sees zlib. */
#include "data/source.h"

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

enum {
    GZIP_WINDOW = 15 + 16, /* zlib: the largest window, gzip framing only */
    GZIP_MARK_BYTES = 2,
    PORTION_BYTES = 32 * 1024
};

/* Its input, zlib.next_in, is what was taken out of the file, but not yet used. */
typedef struct cbx_unpacker {
    z_stream zlib;
    int like_gzip; /* the first bytes are a gzip file's */
    int ended;     /* the gzip data is complete; what is left does not belong to it */
    uint8_t portion[PORTION_BYTES];
} unpacker;

int cbx_source_is_gzip(const uint8_t *bytes, size_t size) {
    return size >= GZIP_MARK_BYTES && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* ---- the file ---- */

/* Up to `capacity` bytes from the file itself; *got is 0 at its end. */
static cbx_status take(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    ssize_t result;
    *got = 0;
    do {
        result = read(source->file, out, capacity);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", source->path, strerror(errno));
    }
    if (result == 0 && source->taken < source->stored_bytes) {
        return cbx_fail(CBX_BAD_DATA, "%s became shorter while it was read", source->path);
    }
    *got = (size_t)result;
    source->taken += *got;
    return CBX_OK;
}

/* Makes sure that the next `wanted` stored bytes, few, are there, unless the file ends. */
static cbx_status look_ahead(cbx_source *source, size_t wanted) {
    unpacker *from = source->unpacker;
    z_stream *zlib = &from->zlib;
    cbx_status status = CBX_OK;
    size_t got = 1;
    if (zlib->avail_in >= wanted) {
        return CBX_OK;
    }
    memmove(from->portion, zlib->next_in, zlib->avail_in);
    zlib->next_in = from->portion;
    while (!status && zlib->avail_in < wanted && got > 0) {
        status = take(source, from->portion + zlib->avail_in, PORTION_BYTES - zlib->avail_in, &got);
        zlib->avail_in += (uInt)got;
    }
    return status;
}

/* ---- opening and closing ---- */

static cbx_status look_at(cbx_source *source) {
    struct stat about;
    if (fstat(source->file, &about) != 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", source->path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: it is not a regular file",
                        source->path);
    }
    source->stored_bytes = (uint64_t)about.st_size;
    return CBX_OK;
}

static cbx_status start_unpacking(cbx_source *source) {
    cbx_status status = cbx_new(&source->unpacker, 1);
    if (status) {
        return status;
    }
    unpacker *from = source->unpacker;
    from->zlib.next_in = from->portion;
    if (inflateInit2(&from->zlib, GZIP_WINDOW) != Z_OK) {
        return cbx_fail(CBX_NO_MEMORY, "%s: no memory for unpacking", source->path);
    }
    status = look_ahead(source, GZIP_MARK_BYTES);
    from->like_gzip = cbx_source_is_gzip(from->portion, from->zlib.avail_in);
    return status;
}

cbx_status cbx_source_open_file(cbx_source **out, int file, const char *path, int gzipped) {
    cbx_status status = cbx_new(out, 1);
    if (status) {
        close(file);
        return status;
    }
    (*out)->file = file;
    snprintf((*out)->path, sizeof(*out)->path, "%s", path);
    status = look_at(*out);
    if (!status && gzipped) {
        status = start_unpacking(*out);
    }
    if (status) {
        cbx_source_close(*out);
        *out = NULL;
    }
    return status;
}

cbx_status cbx_source_open(cbx_source **out, const char *directory, const char *name) {
    char path[sizeof(*out)->path];
    int gzipped = 1;
    *out = NULL;
    int length = snprintf(path, sizeof path, "%s/%s.gz", directory, name);
    if (length < 0 || (size_t)length >= sizeof path) {
        return cbx_fail(CBX_MISSING_INPUT, "the folder name %.40s… is too long", directory);
    }
    /* O_NONBLOCK: opening a pipe must not wait; regular files do not care. */
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
    int file = open(path, flags);
    if (file < 0 && errno == ENOENT) {
        gzipped = 0;
        path[length - 3] = '\0';
        file = open(path, flags);
        if (file < 0 && errno == ENOENT) {
            return cbx_fail(CBX_MISSING_INPUT,
                            "neither %s.gz nor %s exists; MNIST's four files belong there", path,
                            path);
        }
    }
    if (file < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot open %s: %s", path, strerror(errno));
    }
    return cbx_source_open_file(out, file, path, gzipped);
}

void cbx_source_close(cbx_source *source) {
    if (source) {
        if (source->unpacker) {
            inflateEnd(&source->unpacker->zlib); /* which may be called when it did not start */
            free(source->unpacker);
        }
        close(source->file);
        free(source);
    }
}

/* ---- reading ---- */

static cbx_status fail_to_inflate(const cbx_source *source, int code) {
    const unpacker *from = source->unpacker;
    const char *text = from->zlib.msg ? from->zlib.msg : zError(code);
    if (code == Z_MEM_ERROR) {
        return cbx_fail(CBX_NO_MEMORY, "%s: no memory for unpacking", source->path);
    }
    if (code == Z_BUF_ERROR) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: the gzip data is cut short after %" PRIu64
                        " bytes (%s); get the file again",
                        source->path, source->taken, text);
    }
    if (!from->like_gzip) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is not a gzip file (%s); a file that is not packed has no .gz in its "
                        "name",
                        source->path, text);
    }
    return cbx_fail(CBX_BAD_DATA,
                    "%s: the gzip data is damaged near byte %" PRIu64 " of %" PRIu64
                    " (%s); get the file again",
                    source->path, source->taken - from->zlib.avail_in, source->stored_bytes, text);
}

static cbx_status read_packed(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    const size_t most = (size_t)1 << 30; /* zlib counts in 32 bits */
    unpacker *from = source->unpacker;
    z_stream *zlib = &from->zlib;
    while (!from->ended && *got < capacity) {
        const size_t wanted = capacity - *got < most ? capacity - *got : most;
        cbx_status status = look_ahead(source, 1);
        if (status) {
            return status;
        }
        zlib->next_out = out + *got;
        zlib->avail_out = (uInt)wanted;
        int code = inflate(zlib, Z_NO_FLUSH);
        *got += wanted - zlib->avail_out;
        if (code == Z_STREAM_END) {
            /* gzip files may be joined end to end. */
            status = look_ahead(source, GZIP_MARK_BYTES);
            if (status) {
                return status;
            }
            from->ended = !cbx_source_is_gzip(zlib->next_in, zlib->avail_in);
            code = from->ended ? Z_OK : inflateReset(zlib);
        }
        if (code != Z_OK) {
            return fail_to_inflate(source, code);
        }
    }
    return CBX_OK;
}

static cbx_status read_plain(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    cbx_status status = CBX_OK;
    for (size_t more = 1; !status && more > 0 && *got < capacity; *got += more) {
        status = take(source, out + *got, capacity - *got, &more);
    }
    return status;
}

cbx_status cbx_source_read(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    *got = 0;
    return source->unpacker ? read_packed(source, out, capacity, got)
                            : read_plain(source, out, capacity, got);
}

uint64_t cbx_source_left_over(const cbx_source *source) {
    /* Bytes that the file got meanwhile are not counted, but they are seen. */
    const uint64_t all =
        source->taken > source->stored_bytes ? source->taken : source->stored_bytes;
    return all - source->taken + (source->unpacker ? source->unpacker->zlib.avail_in : 0);
}
