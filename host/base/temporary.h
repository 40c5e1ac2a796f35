/* SPDX-License-Identifier: MIT */
/* Temporary files beside their targets, .NAME.KIND-PID, as base/claim.h says: whoever next
 * makes one for the same target removes those of dead processes.
 */
#ifndef CBX_BASE_TEMPORARY_H
#define CBX_BASE_TEMPORARY_H

#include <sys/stat.h>

#define CBX_PART_KIND "part" /* of an output on its way */

/* Creates and locks an empty temporary for `path` and returns its descriptor, open for
 * reading and writing; *name, by which it is known from then on, lasts until it is moved or
 * removed. It gets the mode and, where that is allowed, the owner of `old`, unless that is
 * NULL: then the umask says. On failure *name is NULL, -1 and errno are returned; EEXIST: too
 * many live processes write this target. */
int cbx_temporary_create(const char *path, const char *kind, const struct stat *old,
                         const char **name);

/* Removes those of dead processes. */
void cbx_temporary_remove_dead(const char *path, const char *kind);

/* Gives the temporary the name `path`, or with `keep` only if nothing has that name
 * (EEXIST). 0, or -1 and errno; then the temporary is still there. The descriptor
 * stays the caller's. */
int cbx_temporary_move(const char *name, const char *path, int keep);

/* Before a temporary takes the place of `path`: what has that name is called `previous`, too,
 * which is replaced. At every moment one of the two names leads to it. 0, also where there is
 * nothing; or -1 and errno. */
int cbx_temporary_keep(const char *path, const char *previous);

/* Removes the temporary. The descriptor stays the caller's. */
void cbx_temporary_remove(const char *name);

/* A file of another kind that is to go like a temporary when the process is ended at once, but to stay
 * when it crashes. What it is known by until it is dismissed, which may be NULL, as where memory ran
 * out. */
const char *cbx_temporary_adopt(const char *name);
void cbx_temporary_dismiss(const char *name);

/* Before a process ends at once: removes every temporary of this process, by the names
 * that it made, and lets no thread create or move one from then on. */
void cbx_temporary_remove_all(void);

/* The same of temporaries alone, as far as a signal handler may: it waits for nobody. */
void cbx_temporary_remove_all_in_handler(void);

#endif
