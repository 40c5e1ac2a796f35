/* SPDX-License-Identifier: MIT */
/* Files of a test's temporary folder, and what is in them. */
#ifndef TEST_SUPPORT_FILES_H
#define TEST_SUPPORT_FILES_H

#include <stddef.h>

#include "support/scratch.h"

void files_write_text(const char *path, const char *text);

int files_exist(const char *path);

/* How many entries a folder has, hidden ones included, but . and .. not. */
size_t files_count(const char *folder);

/* Fails unless both files hold the same bytes. */
void assert_files_same(const char *actual, const char *expected);

/* Fails unless a file holds exactly `text`. */
void assert_file_holds(const char *path, const char *text);

#endif
