/* SPDX-License-Identifier: MIT */
/* The encoded frames of a film beside it while it is made, DIR/.NAME.spool-PID (base/claim.h): what is
 * left of it when its process is killed. A film's own file is of no use before it is finished; this
 * one is good up to its last whole record.
 *
 * It begins with a head (spool_head.h); then the frames, a record each: the sample's bytes as a uint32,
 * with the highest bit set for key frames; the CRC-32 of those four and the sample; the sample, as
 * cbx_film_append() takes it, or, of libavcodec, a packet. All numbers little-endian.
 *
 * One thread at a time uses it, but cbx_spool_sync(), which another may call.
 */
#ifndef CBX_FILM_SPOOL_H
#define CBX_FILM_SPOOL_H

#include <stddef.h>
#include <stdint.h>

#include "film/spool_head.h"

#define CBX_SPOOL_KIND "spool" /* of claims */

typedef struct cbx_spool cbx_spool;

/* A new one beside the film `path`. With head->checkpoint a frame that cannot be written is a
 * failure, and so is each that follows; else the spool is given up, and the film goes on. CBX_CANNOT_CREATE,
 * CBX_CANNOT_WRITE, CBX_NO_MEMORY. */
cbx_status cbx_spool_create(cbx_spool **out, const char *path, const cbx_spool_head *head);

/* One that is there, by its own name: it becomes this process's, for reading. CBX_MISSING_INPUT:
 * it is not there, or its owner lives; CBX_BAD_DATA. */
cbx_status cbx_spool_open(cbx_spool **out, const char *name);

/* Its head, until it is closed: of one that was created without what it lent, but with the checkpoint. */
const cbx_spool_head *cbx_spool_head_of(const cbx_spool *spool);

/* Of one that was opened: the next frame, until the next call, with the bytes behind it that libavcodec
 * wants there, *bytes 0 where there is no further one that is whole. CBX_MISSING_INPUT: the disk cannot be read;
 * CBX_NO_MEMORY. */
cbx_status cbx_spool_next(cbx_spool *spool, const uint8_t **sample, size_t *bytes, int *key);

/* What follows the frames that were read is gone: those that come are appended. CBX_CANNOT_WRITE. */
cbx_status cbx_spool_continue(cbx_spool *spool);

cbx_status cbx_spool_append(cbx_spool *spool, const uint8_t *sample, size_t bytes, int key);

/* What was appended are whole groups: as cbx_spool_flush() and, not more often than every five seconds,
 * cbx_spool_sync(). A key frame that is appended ends the group before it. */
cbx_status cbx_spool_end_group(cbx_spool *spool);

/* Sends what was appended to the system, where it outlives this process; and to the disk, where it
 * outlives the system. */
cbx_status cbx_spool_flush(cbx_spool *spool);
cbx_status cbx_spool_sync(cbx_spool *spool);

const char *cbx_spool_name(const cbx_spool *spool);

/* Removes the file unless it is to stay. NULL is allowed. */
void cbx_spool_close(cbx_spool *spool, int stays);

/* Spools beside a film. */
typedef struct cbx_spools {
    char
        *newest; /* of those of dead processes that which was written last, one with a frame that is
                     whole, if there is any; for free(). NULL: none */
    unsigned dead;   /* with such a frame */
    unsigned living; /* whose owners live */
    int refused;     /* an errno: there are some that cannot be used here, as another user's; 0 */
} cbx_spools;

/* CBX_NO_MEMORY; *out is to be cleared in every case. */
cbx_status cbx_spools_find(const char *path, cbx_spools *out);

/* Removes the dead ones that are not needed, or whose heads are damaged: no frame can be had of these. */
void cbx_spool_remove_dead(const char *path, int (*is_needed)(void *user, const cbx_spool *spool),
                           void *user);

#endif
