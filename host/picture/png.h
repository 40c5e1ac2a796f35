/* Pictures as PNG files. */
#ifndef CBX_PICTURE_PNG_H
#define CBX_PICTURE_PNG_H

#include <stdint.h>

#include "clearbox/status.h"

/* Writes rgb, (height, width, 3) bytes, as 8-bit sRGB PNG, replacing `path` only
 * when complete. CBX_CANNOT_CREATE, CBX_CANNOT_WRITE. */
cbx_status cbx_png_write(const char *path, int no_clobber, const uint8_t *rgb, uint32_t width,
                         uint32_t height);

#endif
