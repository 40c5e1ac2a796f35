/* SPDX-License-Identifier: MIT */
/* Text in a number of columns. */
#ifndef CBX_CLI_CUT_H
#define CBX_CLI_CUT_H

#include <stddef.h>

/* Columns that a text takes on the screen. */
int cli_width(const char *text);

/* Copies as much of `text` as fits `columns` and `size` bytes; what is cut ends with a mark,
 * one column wide. */
void cli_cut(char *out, size_t size, const char *text, int columns, int utf8);

#endif
