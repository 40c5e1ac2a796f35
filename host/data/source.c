/* SPDX-License-Identifier: MIT */
/* The only file that sees zlib. */
#include "data/source.h"

#include <errno.h>
#include <inttypes.h>
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
    PORTION_BYTES = 64 * 1024
};

struct cbx_source {
    const char *path;
    int file;            /* -1: everything lies in memory */
    uint64_t size;       /* of the whole file, when it was opened */
    uint64_t taken;      /* bytes taken out of the file so far */
    const uint8_t *next; /* taken, but not yet used */
    size_t left;         /* bytes from `next` on */
    uint8_t *portion;    /* gzipped files: where the next bytes are read to */
    int gzipped;
    int begun;        /* the first bytes have been looked at */
    int like_gzip;    /* they are a gzip file's */
    int ended;        /* the gzip data is complete; what is left does not belong to it */
    int zlib_started; /* inflateEnd() is due */
    z_stream zlib;
};

int cbx_source_is_gzip(const uint8_t *bytes, size_t size) {
    return size >= GZIP_MARK_BYTES && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

/* Starts zlib for what has been put into `from`, which it copies to the heap. */
static cbx_status make_source(cbx_source **out, const cbx_source *from) {
    cbx_source *source = NULL;
    *out = NULL;
    cbx_status status = cbx_new(&source, 1);
    if (status) {
        return status;
    }
    *source = *from;
    if (source->gzipped && source->file >= 0) {
        status = cbx_new(&source->portion, PORTION_BYTES);
    }
    if (!status && source->gzipped) {
        source->zlib_started = inflateInit2(&source->zlib, GZIP_WINDOW) == Z_OK;
        if (!source->zlib_started) {
            status = cbx_fail(CBX_NO_MEMORY, "%s: no memory for unpacking", source->path);
        }
    }
    if (status) {
        cbx_source_close(source);
        return status;
    }
    *out = source;
    return CBX_OK;
}

cbx_status cbx_source_open(cbx_source **out, const char *path, int file, int gzipped) {
    struct stat about;
    *out = NULL;
    if (fstat(file, &about) != 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", path, strerror(errno));
    }
    if (!S_ISREG(about.st_mode)) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: it is not a regular file", path);
    }
    const cbx_source from = {
        .path = path, .file = file, .size = (uint64_t)about.st_size, .gzipped = gzipped};
    return make_source(out, &from);
}

cbx_status cbx_source_open_memory(cbx_source **out, const char *path, const uint8_t *bytes,
                                  size_t size, int gzipped) {
    const cbx_source from = {.path = path,
                             .file = -1,
                             .size = size,
                             .taken = size,
                             .next = bytes,
                             .left = size,
                             .gzipped = gzipped};
    return make_source(out, &from);
}

void cbx_source_close(cbx_source *source) {
    if (source) {
        if (source->zlib_started) {
            inflateEnd(&source->zlib);
        }
        free(source->portion);
        free(source);
    }
}

uint64_t cbx_source_stored_bytes(const cbx_source *source) {
    return source->size;
}

/* Up to `capacity` bytes from the file itself; *got is 0 at its end. */
static cbx_status take(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    ssize_t result;
    *got = 0;
    if (source->file < 0) {
        return CBX_OK; /* all of it was there from the start */
    }
    do {
        result = read(source->file, out, capacity);
    } while (result < 0 && errno == EINTR);
    if (result < 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", source->path, strerror(errno));
    }
    if (result == 0 && source->taken < source->size) {
        return cbx_fail(CBX_BAD_DATA, "%s became shorter while it was read", source->path);
    }
    *got = (size_t)result;
    source->taken += *got;
    return CBX_OK;
}

/* Makes sure that the next `wanted` stored bytes, few, are there, unless the file ends. */
static cbx_status look_ahead(cbx_source *source, size_t wanted) {
    cbx_status status = CBX_OK;
    size_t got = 1;
    if (source->left >= wanted || !source->portion) {
        return CBX_OK;
    }
    if (source->left > 0) {
        memmove(source->portion, source->next, source->left);
    }
    source->next = source->portion;
    while (!status && source->left < wanted && got > 0) {
        status = take(source, source->portion + source->left, PORTION_BYTES - source->left, &got);
        source->left += got;
    }
    return status;
}

static cbx_status fail_to_inflate(const cbx_source *source, int code) {
    const char *text = source->zlib.msg ? source->zlib.msg : zError(code);
    if (code == Z_MEM_ERROR) {
        return cbx_fail(CBX_NO_MEMORY, "%s: no memory for unpacking", source->path);
    }
    if (code == Z_BUF_ERROR) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s: the gzip data is cut short after %" PRIu64
                        " bytes (%s); get the file again",
                        source->path, source->taken, text);
    }
    if (!source->like_gzip) {
        return cbx_fail(CBX_BAD_DATA,
                        "%s is not a gzip file (%s); a file that is not packed has no .gz in its "
                        "name",
                        source->path, text);
    }
    return cbx_fail(CBX_BAD_DATA,
                    "%s: the gzip data is damaged near byte %" PRIu64 " of %" PRIu64
                    " (%s); get the file again",
                    source->path, source->taken - source->left, source->size, text);
}

/* One call of inflate(); *got bytes of `out` are filled. */
static int inflate_some(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    const size_t most = (size_t)1 << 30; /* zlib counts in 32 bits */
    const uInt given = (uInt)(source->left < most ? source->left : most);
    const uInt wanted = (uInt)(capacity < most ? capacity : most);
    z_stream *zlib = &source->zlib;
    zlib->next_in = (Bytef *)(uintptr_t)source->next; /* zlib takes no const, but keeps it */
    zlib->avail_in = given;
    zlib->next_out = out;
    zlib->avail_out = wanted;
    const int code = inflate(zlib, Z_NO_FLUSH);
    source->next += given - zlib->avail_in;
    source->left -= given - zlib->avail_in;
    *got = wanted - zlib->avail_out;
    return code;
}

static cbx_status read_packed(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    while (!source->ended && *got < capacity) {
        size_t more = 0;
        cbx_status status = look_ahead(source, source->begun ? 1 : GZIP_MARK_BYTES);
        if (status) {
            return status;
        }
        if (!source->begun) {
            source->begun = 1;
            source->like_gzip = cbx_source_is_gzip(source->next, source->left);
        }
        int code = inflate_some(source, out + *got, capacity - *got, &more);
        *got += more;
        if (code == Z_STREAM_END) {
            /* gzip files may be joined end to end. */
            status = look_ahead(source, GZIP_MARK_BYTES);
            if (status) {
                return status;
            }
            source->ended = !cbx_source_is_gzip(source->next, source->left);
            code = source->ended ? Z_OK : inflateReset(&source->zlib);
        }
        if (code != Z_OK) {
            return fail_to_inflate(source, code);
        }
    }
    return CBX_OK;
}

static cbx_status read_plain(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    *got = source->left < capacity ? source->left : capacity;
    if (*got > 0) {
        memcpy(out, source->next, *got);
        source->next += *got;
        source->left -= *got;
    }
    while (*got < capacity) {
        size_t more = 0;
        cbx_status status = take(source, out + *got, capacity - *got, &more);
        if (status || more == 0) {
            return status;
        }
        *got += more;
    }
    return CBX_OK;
}

cbx_status cbx_source_read(cbx_source *source, uint8_t *out, size_t capacity, size_t *got) {
    *got = 0;
    return source->gzipped ? read_packed(source, out, capacity, got)
                           : read_plain(source, out, capacity, got);
}

uint64_t cbx_source_left_over(const cbx_source *source) {
    /* Bytes that the file got meanwhile are not counted, but they are seen. */
    const uint64_t used = source->taken - source->left;
    const uint64_t known = source->size > used ? source->size - used : 0;
    return source->left == 0 ? 0 : known > source->left ? known : source->left;
}
