/* SPDX-License-Identifier: MIT */
/* Pictures as PNG, in files and in memory. */
#ifndef CBX_PICTURE_PNG_H
#define CBX_PICTURE_PNG_H

#include <stddef.h>
#include <stdint.h>

#include "base/files.h"
#include "clearbox/status.h"

/* Writes rgb, (height, width, 3) bytes, as 8-bit sRGB PNG to `to`, which is open; the
 * caller commits it. CBX_BAD_ARGUMENT, CBX_CANNOT_WRITE, CBX_NO_MEMORY. */
cbx_status cbx_png_write(cbx_output *to, const uint8_t *rgb, uint32_t width, uint32_t height);

/* The same bytes in memory; *bytes is the caller's, freed with free(), NULL after a failure.
 * CBX_BAD_ARGUMENT, CBX_CANNOT_WRITE, CBX_NO_MEMORY. */
cbx_status cbx_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **bytes,
                          size_t *size);

#endif
