/* SPDX-License-Identifier: MIT */
/* The simplest JPEG files: every block of 8×8 pixels has one level, which survives exactly. */
#ifndef TEST_SUPPORT_JPEG_H
#define TEST_SUPPORT_JPEG_H

#include "support/scratch.h"

typedef struct jpeg_wishes {
    uint32_t columns, rows; /* of blocks */
    int components;         /* 1 grey, 3 YCbCr, 4 CMYK or YCCK */
    const uint8_t *levels;  /* (rows, columns, components) */
    int adobe;              /* the transform that Adobe's marker tells; -1: no such marker */
    int orientation;        /* of Exif, 1…8; 0: no Exif */
} jpeg_wishes;

blob jpeg_file(const jpeg_wishes *wishes);

#endif
