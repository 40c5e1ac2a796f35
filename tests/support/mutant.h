/* SPDX-License-Identifier: MIT */
/* Devices with a kernel that is wrong on purpose. */
#ifndef TEST_SUPPORT_MUTANT_H
#define TEST_SUPPORT_MUTANT_H

#include <stddef.h>

#include "clearbox/device.h"

/* In `file`, the first `from` becomes `to`. */
typedef struct edit {
    const char *file, *from, *to;
} edit;

/* Replaces the program of `device` by one with these edits, one after the other; the
 * running test fails where there is no `from`, or the program does not build. */
void mutate_all(cbx_device *device, const edit *edits, size_t count);
void mutate(cbx_device *device, const char *file, const char *from, const char *to);

/* The same, with a text before all others. */
void mutate_behind(cbx_device *device, const char *before, const edit *edits, size_t count);

/* The same of the program for small layers on GPUs, which need not have been built. */
void mutate_wide_all(cbx_device *device, const edit *edits, size_t count);
void mutate_wide(cbx_device *device, const char *file, const char *from, const char *to);

/* The same of the program that encodes films, which need not have been built. */
void mutate_film(cbx_device *device, const char *file, const char *from, const char *to);

/* The same of the program that draws what is not the lesson's. */
void mutate_picture(cbx_device *device, const char *file, const char *from, const char *to);

#endif
