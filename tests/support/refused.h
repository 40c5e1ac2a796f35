/* SPDX-License-Identifier: MIT */
/* Parts of the self-test on devices that have one kernel broken: each must be named. */
#ifndef TEST_SUPPORT_REFUSED_H
#define TEST_SUPPORT_REFUSED_H

#include <stddef.h>

#include "check/specimen.h"

typedef struct mutation {
    const char *kernel; /* that must be named */
    const char *file, *from, *to;
} mutation;

/* A part of the self-test, and one of mutant.h's functions. */
typedef cbx_status refused_part(const cbx_specimen *specimen, cbx_schedule schedule,
                                cbx_recipe recipe);
typedef void refused_edit(cbx_device *device, const char *file, const char *from, const char *to);

#define REFUSED_ALL(mutations) (mutations), sizeof(mutations) / sizeof *(mutations)

/* Whether the status, with cbx_last_error(), says that the kernel computes wrongly; prints what it
 * says where it does not. */
int refused_names(const mutation *m, cbx_status status);

/* Mutations of what a schedule uses with the kernels of a family, and the part of the self-test
 * that must find them. Skips where there is no such device. */
void assert_refused(const mutation *mutations, size_t count, cbx_family family,
                    cbx_schedule schedule, refused_part *check);
void assert_refused_by(refused_edit *break_it, const mutation *mutations, size_t count,
                       cbx_family family, cbx_schedule schedule, refused_part *check);

/* The same of the arithmetic split-bf16. */
void assert_refused_split(const mutation *mutations, size_t count, refused_part *check);

#endif
