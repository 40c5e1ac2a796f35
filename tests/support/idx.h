/* SPDX-License-Identifier: MIT */
/* IDX files read at one go. On failure *out is empty. */
#ifndef TEST_SUPPORT_IDX_H
#define TEST_SUPPORT_IDX_H

#include "data/idx.h"

/* As cbx_idx_open() finds it. */
cbx_status idx_load(cbx_idx *out, const char *directory, const char *name, cbx_idx_kind kind);

/* A file of these bytes; `path` is only for the messages. */
cbx_status idx_decode(cbx_idx *out, const char *path, const uint8_t *bytes, size_t size,
                      int gzipped, cbx_idx_kind kind);

#endif
