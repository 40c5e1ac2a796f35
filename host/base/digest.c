/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <errno.h>
#include <fcntl.h>
#include <libavutil/mem.h>
#include <libavutil/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/hexadecimal.h"

enum { BITS = 256, DIGEST_BYTES = BITS / 8, CHUNK_BYTES = 64 * 1024 };

cbx_status cbx_digest_begin(cbx_digest **out) {
    *out = av_sha_alloc();
    if (!*out) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a digest");
    }
    av_sha_init(*out, BITS);
    return CBX_OK;
}

void cbx_digest_add(cbx_digest *digest, const void *bytes, size_t size) {
    av_sha_update(digest, bytes, size);
}

void cbx_digest_end(cbx_digest *digest, char text[CBX_DIGEST_TEXT]) {
    uint8_t bytes[DIGEST_BYTES];
    av_sha_final(digest, bytes);
    av_free(digest);
    cbx_hexadecimal_write(text, bytes, sizeof bytes);
}

/* Not a pipe, which would wait for whoever writes. */
static int open_regular(const char *path) {
    struct stat about;
    const int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file >= 0 && fstat(file, &about) == 0 && S_ISREG(about.st_mode)) {
        return file;
    }
    if (file >= 0) {
        close(file);
        errno = EINVAL;
    }
    return -1;
}

static cbx_status fail_to_read(const char *path, cbx_status status) {
    return cbx_fail(status, "cannot read %s: %s", path, strerror(errno));
}

cbx_status cbx_digest_file(const char *path, char text[CBX_DIGEST_TEXT]) {
    uint8_t chunk[CHUNK_BYTES];
    cbx_digest *digest = NULL;
    const int file = open_regular(path);
    if (file < 0) {
        return fail_to_read(path, CBX_MISSING_INPUT);
    }
    cbx_status status = cbx_digest_begin(&digest);
    ssize_t n = 0;
    while (!status && (n = read(file, chunk, sizeof chunk)) > 0) {
        cbx_digest_add(digest, chunk, (size_t)n);
    }
    if (n < 0) {
        status = fail_to_read(path, CBX_BAD_DATA);
    }
    close(file);
    if (digest) {
        cbx_digest_end(digest, text);
    }
    return status;
}
