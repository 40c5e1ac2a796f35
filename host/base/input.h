/* SPDX-License-Identifier: MIT */
/* Files that are named by others and may be anything: pipes that nobody writes to, devices that never
 * end. Opening does not wait, and reading waits for a writer only so long. */
#ifndef CBX_BASE_INPUT_H
#define CBX_BASE_INPUT_H

#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

/* Milliseconds that a pipe may be without a writer before its first byte, and with one that writes
 * nothing. */
enum { CBX_INPUT_ALONE_MS = 2000, CBX_INPUT_SILENT_MS = 60000 };

/* Zeroed: none. */
typedef struct cbx_input {
    const char *what, *name; /* for the messages, borrowed: "the picture ", "a.png" */
    int file;
    int open;
    int alone; /* a pipe that gave no byte yet, and may have no writer */
} cbx_input;

/* `what` is what messages say in front of the path, "the picture ", or "". CBX_MISSING_INPUT: it cannot be
 * opened. */
cbx_status cbx_input_open(cbx_input *out, const char *what, const char *path);

/* Standard input, which waits as long as it takes, and is not closed. */
void cbx_input_standard(cbx_input *out, const char *what);

/* Up to `capacity` bytes, not 0; *got is 0 at the end. CBX_MISSING_INPUT: it cannot be read, as a
 * folder, or nobody writes. */
cbx_status cbx_input_read(cbx_input *from, void *out, size_t capacity, size_t *got);

/* The rest, up to `most` bytes, for free(); NULL on failure. CBX_BAD_DATA: there are more;
 * CBX_NO_MEMORY; and those above. */
cbx_status cbx_input_read_all(cbx_input *from, size_t most, char **bytes, size_t *size);

/* Does nothing to a zeroed one. */
void cbx_input_close(cbx_input *from);

#endif
