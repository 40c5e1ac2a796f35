/* SPDX-License-Identifier: MIT */
/* How much memory this process may use. */
#ifndef CBX_BASE_LIMITS_H
#define CBX_BASE_LIMITS_H

#include <stdint.h>

/* The smallest of the machine's memory and of what the control groups of a container
 * allow; UINT64_MAX where nothing is known. Asked anew at each call. */
uint64_t cbx_memory_limit_bytes(void);

/* What control groups alone allow, with the file system's root at `root` ("" for the
 * real one) and `groups`, the text of /proc/self/cgroup. */
uint64_t cbx_memory_limit_of_groups(const char *root, const char *groups);

#endif
