/* SPDX-License-Identifier: MIT */
#include "film/colours.h"

#include <string.h>

/* Units of 1/65,536: 255/219 for luma; the others from the matrix of BT.709. */
enum {
    LUMA = 76309,
    RED_OF_CR = 117489,
    GREEN_OF_CB = -13975,
    GREEN_OF_CR = -34925,
    BLUE_OF_CB = 138438,
    HALF = 1 << 15,
    BITS = 16
};

static uint8_t clip(int value) {
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void from_420(const AVFrame *picture, int y, uint8_t *rgb) {
    const uint8_t *luma = picture->data[0] + (ptrdiff_t)y * picture->linesize[0];
    const uint8_t *cb = picture->data[1] + (ptrdiff_t)(y / 2) * picture->linesize[1];
    const uint8_t *cr = picture->data[2] + (ptrdiff_t)(y / 2) * picture->linesize[2];
    for (int x = 0; x < picture->width; x++) {
        const int level = LUMA * (luma[x] - 16) + HALF;
        const int blue = cb[x / 2] - 128, red = cr[x / 2] - 128;
        rgb[3 * x] = clip((level + RED_OF_CR * red) >> BITS);
        rgb[3 * x + 1] = clip((level + GREEN_OF_CB * blue + GREEN_OF_CR * red) >> BITS);
        rgb[3 * x + 2] = clip((level + BLUE_OF_CB * blue) >> BITS);
    }
}

int cbx_rgb_knows(int format) {
    return format == AV_PIX_FMT_YUV420P || format == AV_PIX_FMT_RGB24 || format == AV_PIX_FMT_BGRA;
}

void cbx_rgb_row(const AVFrame *picture, int y, uint8_t *rgb) {
    const uint8_t *row = picture->data[0] + (ptrdiff_t)y * picture->linesize[0];
    if (picture->format == AV_PIX_FMT_YUV420P) {
        from_420(picture, y, rgb);
    } else if (picture->format == AV_PIX_FMT_RGB24) {
        memcpy(rgb, row, (size_t)picture->width * 3);
    } else {
        for (int x = 0; x < picture->width; x++) {
            rgb[3 * x] = row[4 * x + 2];
            rgb[3 * x + 1] = row[4 * x + 1];
            rgb[3 * x + 2] = row[4 * x];
        }
    }
}
