/* SPDX-License-Identifier: MIT */
/* Hidden files beside their targets, by names that know their owner.
 *
 * For the target DIR/NAME such a file is called DIR/.NAME.KIND-PID, PID being this process's
 * number, with -2, -3 … after it when that name is taken. Its owner holds a lock (flock) on it
 * as long as it lives: those that nobody holds are a dead process's. Where the file system
 * knows no locks, none is taken for dead.
 */
#ifndef CBX_BASE_CLAIM_H
#define CBX_BASE_CLAIM_H

#include <limits.h>

enum { CBX_CLAIM_BYTES = PATH_MAX + 256 };

/* Creates and locks an empty one under the first name that is free, which `name` becomes. A
 * descriptor, open for reading and writing; or -1 and errno, EEXIST: too many live processes
 * write this target. */
int cbx_claim_create(const char *path, const char *kind, char name[CBX_CLAIM_BYTES]);

/* Opens and locks one that is there. A descriptor; or -1 and errno, EWOULDBLOCK: its owner lives;
 * EPERM: it is no regular file of this user. */
int cbx_claim_take(const char *name);

/* Whether a living process has a lock on it, be it another user's. */
int cbx_claim_is_held(const char *name);

/* Calls `each` with the name of every one of this kind, of the living and the dead. */
void cbx_claim_each(const char *path, const char *kind, void (*each)(void *user, const char *name),
                    void *user);

#endif
