/* SPDX-License-Identifier: MIT */
/* Watches how much memory the library asks cbx_allocate() for. Programs that use
 * this are linked with -Wl,--wrap=cbx_allocate (clearbox_watch_allocations() in
 * tests/CMakeLists.txt). */
#ifndef TEST_SUPPORT_ALLOCATIONS_H
#define TEST_SUPPORT_ALLOCATIONS_H

#include <stddef.h>

/* The largest single request so far, in bytes; set it to 0 to begin anew. */
extern size_t allocations_largest;

#endif
