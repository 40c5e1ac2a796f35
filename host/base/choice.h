/* SPDX-License-Identifier: MIT */
/* Choices by name. Each kind has one list of names, in the order of its enum and ended by
 * NULL, in the module that it belongs to. */
#ifndef CBX_BASE_CHOICE_H
#define CBX_BASE_CHOICE_H

#include <stddef.h>

/* The name of a value; NULL: the list has none. */
const char *cbx_choice_name(const char *const *names, int value);

/* The value of a name; -1: the list does not have it. */
int cbx_choice_find(const char *const *names, const char *name);

/* "one, two or three", with `word` before the last. */
void cbx_choice_join(char *out, size_t size, const char *const *names, const char *word);

#endif
