/* SPDX-License-Identifier: MIT */
/* Whether a safetensors file with a checksum is what was written. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/error.h"
#include "base/crc32.h"
#include "data/safetensors.h"

enum { CHUNK_BYTES = 64 * 1024 };

/* Of the first `bytes` of the file. */
static cbx_status sum_up(const cbx_safetensors *from, uint64_t bytes, uint32_t *sum) {
    uint8_t chunk[CHUNK_BYTES];
    *sum = 0;
    if (fseeko(from->file, 0, SEEK_SET) != 0) {
        return cbx_fail(CBX_MISSING_INPUT, "cannot read %s: %s", from->path, strerror(errno));
    }
    while (bytes > 0) {
        const size_t some = bytes < sizeof chunk ? (size_t)bytes : sizeof chunk;
        if (fread(chunk, 1, some, from->file) != some) {
            return cbx_fail(CBX_MISSING_INPUT, "cannot read %s to its end", from->path);
        }
        *sum = cbx_crc32(*sum, chunk, some);
        bytes -= some;
    }
    return CBX_OK;
}

cbx_status cbx_safetensors_check(const cbx_safetensors *from) {
    cbx_tensor last;
    uint32_t written = 0, found = 0;
    cbx_status status = cbx_safetensors_find(from, "crc32", CBX_U32, 1, &last);
    if (!status && (last.shape[0] != 1 || last.begin + sizeof written != from->data_bytes)) {
        status = cbx_fail(CBX_BAD_DATA, "%s does not end with its checksum", from->path);
    }
    if (!status) {
        status = cbx_safetensors_read(from, &last, &written);
    }
    if (!status) {
        status = sum_up(from, from->data + last.begin, &found);
    }
    if (!status && written != found) {
        status =
            cbx_fail(CBX_BAD_DATA,
                     "%s is damaged: its checksum is %08" PRIx32 ", what is in it has %08" PRIx32,
                     from->path, written, found);
    }
    return status;
}
