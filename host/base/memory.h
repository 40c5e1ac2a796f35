/* SPDX-License-Identifier: MIT */
/* Checked allocation on the host. */
#ifndef CBX_BASE_MEMORY_H
#define CBX_BASE_MEMORY_H

#include <stddef.h>

#include "clearbox/status.h"

/* `pointer` is the address of a pointer of any object type; it becomes zeroed
 * memory for count × size bytes (at least one byte), freed with free(), or NULL.
 * CBX_NO_MEMORY with the size in the message, also when the product overflows. */
cbx_status cbx_allocate(void *pointer, size_t count, size_t size);

/* cbx_new(&p, n): *p becomes n zeroed elements of its type. */
#define cbx_new(pointer, count) cbx_allocate((pointer), (count), sizeof **(pointer))

/* *room, which has *has floats, or is NULL and has 0, gets at least so many; what was in it is lost when it
 * grows. For free(). */
cbx_status cbx_make_room(float **room, size_t *has, size_t floats);

/* *out becomes a copy, for free(), or NULL. CBX_NO_MEMORY. */
cbx_status cbx_copy_text(char **out, const char *text);

#endif
