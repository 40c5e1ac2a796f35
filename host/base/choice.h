/* SPDX-License-Identifier: MIT */
/* Choices by name: a list of names, in the order of an enum and ended by NULL. */
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
