/* SPDX-License-Identifier: MIT */
/* Output files that appear only when they are complete. */
#ifndef CBX_BASE_FILES_H
#define CBX_BASE_FILES_H

#include <stddef.h>
#include <stdio.h>

#include "clearbox/status.h"

/* An output on its way: a temporary file beside its target (base/temporary.h), or the
 * target itself where that is no regular file (/dev/null, a pipe). One thread at a
 * time uses it. */
typedef struct cbx_output {
    char *path;            /* the target, links followed; NULL when committed or discarded */
    const char *temporary; /* what is to be written, `path` itself for a pipe or a device */
    FILE *stream;          /* open on it; cbx_output_write() writes there, and so may others */
    int error;             /* errno of the first write that failed */
    int no_clobber;
} cbx_output;

/* Creates the empty temporary file, with mode and owner of the file that it is to
 * replace, else the mode that the umask says. CBX_CANNOT_CREATE names the folder that
 * is missing or read-only, a target that is a folder or read-only, or, with no_clobber,
 * a target that exists, be it a link to nothing. A target that is not a regular file is
 * opened directly, and no_clobber does not matter; a pipe waits for its reader. On
 * failure *output is zeroed. */
cbx_status cbx_output_open(cbx_output *output, const char *path, int no_clobber);

/* The same; while a pipe has no reader, `stop` is asked again and again, and nonzero
 * makes it CBX_INTERRUPTED. */
cbx_status cbx_output_open_unless(cbx_output *output, const char *path, int no_clobber,
                                  int (*stop)(void *user), void *user);

/* The same on a descriptor that is open already, for writing, and becomes the output's in every case;
 * `name` is what it is called in sentences. CBX_NO_MEMORY. */
cbx_status cbx_output_open_descriptor(cbx_output *output, int descriptor, const char *name);

/* Whether cbx_output_open() would succeed now, as far as that can be known without
 * opening a pipe. Leaves nothing behind. */
cbx_status cbx_output_probe(const char *path, int no_clobber);

/* Whether the target is a regular file, which can be rewritten and read again. */
int cbx_output_is_regular(const cbx_output *output);

/* Appends to the stream. A failure is kept, and told by cbx_output_flush() and
 * cbx_output_commit(), so that nobody has to check each. */
void cbx_output_write(cbx_output *output, const void *bytes, size_t size);

/* Sends what was written on its way. CBX_CANNOT_WRITE with the first failure's reason. */
cbx_status cbx_output_flush(cbx_output *output);

/* Flushes, puts the file on the disk (fsync) and gives it its name. With no_clobber a
 * target that appeared meanwhile stays, and the call fails. On failure the temporary
 * file is removed; in every case *output is zeroed. */
cbx_status cbx_output_commit(cbx_output *output);

/* The same; what had the target's name before is called `previous` from then on. At every
 * moment one of both is complete under its name. */
cbx_status cbx_output_commit_keeping(cbx_output *output, const char *previous);

/* So that the name of the file `path`, too, outlives a power cut; where that cannot be had, nothing
 * is lost. */
void cbx_put_folder_on_disk(const char *path);

/* Removes the temporary file, closes the stream and zeroes *output; safe to call after any of
 * the above, and on a zeroed struct. */
void cbx_output_discard(cbx_output *output);

/* Writes the whole of `bytes` as the file `path`, atomically, as above. */
cbx_status cbx_write_file(const char *path, int no_clobber, const void *bytes, size_t size);

#endif
