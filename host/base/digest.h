/* SPDX-License-Identifier: MIT */
/* SHA-256, which libavutil computes. */
#ifndef CBX_BASE_DIGEST_H
#define CBX_BASE_DIGEST_H

#include <stddef.h>

#include "clearbox/status.h"

enum { CBX_DIGEST_TEXT = 65 }; /* 64 hexadecimal digits and the end */

typedef struct AVSHA cbx_digest;

/* *out is the caller's until cbx_digest_end(). CBX_NO_MEMORY. */
cbx_status cbx_digest_begin(cbx_digest **out);

void cbx_digest_add(cbx_digest *digest, const void *bytes, size_t size);

/* Writes the digest of all that was added, in small letters, and frees. */
void cbx_digest_end(cbx_digest *digest, char text[CBX_DIGEST_TEXT]);

/* That of a regular file's bytes. CBX_MISSING_INPUT: it cannot be opened, or is a pipe, a device
 * or a folder; CBX_BAD_DATA: it cannot be read to its end; CBX_NO_MEMORY. */
cbx_status cbx_digest_file(const char *path, char text[CBX_DIGEST_TEXT]);

#endif
