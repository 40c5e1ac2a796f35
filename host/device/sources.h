/* SPDX-License-Identifier: MIT */
/* The kernel sources, embedded at build time by kernels/embed.cmake. */
#ifndef CBX_DEVICE_SOURCES_H
#define CBX_DEVICE_SOURCES_H

#include <stddef.h>

typedef struct cbx_source {
    const char *name; /* file name, e.g. "sigmoid.cl" */
    const char *text;
    size_t size; /* bytes, without the final NUL */
} cbx_source;

/* layout.h first, then every .cl file; ends with a name of NULL. */
extern const cbx_source cbx_sources[];

#endif
