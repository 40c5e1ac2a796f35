/* SPDX-License-Identifier: MIT */
#include "support/idx.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

cbx_status idx_load(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind) {
    cbx_status status = cbx_idx_open(out, directory, name, kind);
    return status ? status : cbx_idx_read(out);
}

cbx_status idx_decode(cbx_idx *out, const char *path, const uint8_t *bytes, size_t size,
                      int gzipped, cbx_idx_kind kind) {
    static FILE *file; /* one for all: fuzzers come here often */
    if (!file) {
        file = tmpfile();
    }
    const int handle = file ? dup(fileno(file)) : -1;
    if (handle < 0 || ftruncate(handle, 0) != 0 ||
        pwrite(handle, bytes, size, 0) != (ssize_t)size || lseek(handle, 0, SEEK_SET) != 0) {
        perror("a temporary file");
        abort();
    }
    cbx_status status = cbx_idx_open_file(out, handle, path, gzipped, kind);
    return status ? status : cbx_idx_read(out);
}
