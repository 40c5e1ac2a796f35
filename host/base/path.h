/* SPDX-License-Identifier: MIT */
/* Names of files, and where they lead. */
#ifndef CBX_BASE_PATH_H
#define CBX_BASE_PATH_H

#include <limits.h>
#include <stddef.h>

/* Bytes of `path` up to its last slash, that one included; 0 without a slash. */
size_t cbx_path_folder_bytes(const char *path);

/* `path` with the links at its end replaced by where they lead, also where nothing is there yet. Is
 * `followed`, or, where that would be too long, `path`. */
const char *cbx_path_follow(const char *path, char followed[PATH_MAX]);

/* The same from the root of the file system on, for those who are in another folder. */
const char *cbx_path_full(const char *path, char full[PATH_MAX]);

/* Whether two names lead, or will lead, to one file, however they are spelled: the same
 * file where both exist, else the same name in the same folder. Devices such as
 * /dev/null can be shared and never count as the same. */
int cbx_files_same(const char *a, const char *b);

#endif
