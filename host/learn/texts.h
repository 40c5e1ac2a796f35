/* SPDX-License-Identifier: MIT */
/* A list of strings with names, for a file's metadata. */
#ifndef CBX_LEARN_TEXTS_H
#define CBX_LEARN_TEXTS_H

#include <stddef.h>

#include "base/error.h"
#include "clearbox/network.h"

/* Zeroed: empty. To be cleared in every case. */
typedef struct cbx_texts {
    cbx_setting *all; /* (count); the keys are borrowed, the values are for free() */
    size_t count;
    int failed; /* memory ran out: some are missing */
} cbx_texts;

void cbx_texts_add(cbx_texts *texts, const char *key, const char *format, ...) CBX_PRINTF(3, 4);

void cbx_texts_clear(cbx_texts *texts);

#endif
