/* Output files that appear only when they are complete. */
#ifndef CBX_BASE_FILES_H
#define CBX_BASE_FILES_H

#include "clearbox/status.h"

/* A temporary file beside its target, on the same file system. For the target
 * DIR/NAME it is called DIR/.NAME.part-PID, PID being this process's number
 * (with -2, -3 … after it when that name is taken), so that what a killed
 * process leaves behind can be recognised. */
typedef struct cbx_output {
    char *path;      /* the target, links followed */
    char *temporary; /* what is to be written; NULL when committed or discarded */
    int no_clobber;
} cbx_output;

/* Creates the empty temporary file (a hidden name beside `path`, mode as the
 * umask says). CBX_CANNOT_CREATE names the folder that is missing or read-only,
 * a target that is a folder, or, with no_clobber, a target that exists. A target
 * that is not a regular file (/dev/null, a pipe) is written directly: `temporary`
 * equals `path`, and no_clobber does not matter. On failure *output is zeroed. */
cbx_status cbx_output_open(cbx_output *output, const char *path, int no_clobber);

/* Moves the file to its name. With no_clobber a target that appeared meanwhile
 * stays, and the call fails. On failure the temporary file is removed. */
cbx_status cbx_output_commit(cbx_output *output);

/* Removes the temporary file; safe to call after either of the above, and on a
 * zeroed struct. Frees the strings. */
void cbx_output_discard(cbx_output *output);

/* Writes the whole of `bytes` as the file `path`, atomically, as above. */
cbx_status cbx_write_file(const char *path, int no_clobber, const void *bytes, unsigned long size);

#endif
