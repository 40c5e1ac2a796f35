/* SPDX-License-Identifier: MIT */
/* Small files that make the next start better, in the user's cache folder: they are hints,
 * and whatever is wrong with them, the program does without. */
#ifndef CBX_DEVICE_CACHE_H
#define CBX_DEVICE_CACHE_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

#include "clearbox/status.h"

/* FNV-1a; the hash of nothing is CBX_HASH_SEED. */
#define CBX_HASH_SEED UINT64_C(14695981039346656037)
uint64_t cbx_hash(uint64_t seed, const void *bytes, size_t size);

/* Of a string with its end, so that "ab", "c" is not "a", "bc". */
uint64_t cbx_hash_text(uint64_t seed, const char *text);

/* "FOLDER/KIND-HASH.ENDING"; 0 when the user has neither cache nor home. */
int cbx_cache_path(char path[PATH_MAX], const char *kind, uint64_t hash, const char *ending);

/* Makes the folder, and the one above it, as XDG asks for. CBX_CANNOT_CREATE. */
cbx_status cbx_cache_make(void);

#endif
