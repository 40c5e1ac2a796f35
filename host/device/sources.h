/* SPDX-License-Identifier: MIT */
/* The kernel sources, embedded at build time by kernels/embed.cmake: a row for each program
 * of kernels/sources.cmake. */
#ifndef CBX_DEVICE_SOURCES_H
#define CBX_DEVICE_SOURCES_H

#include <stddef.h>
#include <stdint.h>

/* What a program is built from, in order; all static. */
typedef struct cbx_sources {
    const char *program; /* "train" */
    const char **files;  /* (count), names without folders, e.g. "sigmoid.cl" */
    const char **texts;  /* (count), each with a NUL behind it */
    const size_t *sizes; /* (count), bytes, without the NUL */
    unsigned count;
} cbx_sources;

/* Ends with a program of NULL. */
extern const cbx_sources cbx_programs[];

/* Those of one program; NULL: there is none of that name. */
const cbx_sources *cbx_sources_of(const char *program);

/* Goes on from `seed` over all texts; see device/cache.h. */
uint64_t cbx_sources_hash(uint64_t seed, const cbx_sources *sources);

#endif
