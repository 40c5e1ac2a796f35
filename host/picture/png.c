/* SPDX-License-Identifier: MIT */
#include "picture/png.h"

#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"

/* Weights look like noise, which hardly packs: more effort costs seconds for large
 * pictures and wins next to nothing. */
enum { COMPRESSION_LEVEL = 3, CHANNELS = 3 };

/* What libpng says when it gives up. */
typedef struct trouble {
    char text[128];
} trouble;

static void on_error(png_structp png, png_const_charp text) {
    trouble *what = png_get_error_ptr(png);
    snprintf(what->text, sizeof what->text, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png; /* the library never prints */
    (void)text;
}

/* What fails here is kept in the output: libpng need not know. */
static void on_write(png_structp png, png_bytep bytes, size_t size) {
    cbx_output_write(png_get_io_ptr(png), bytes, size);
}

static void on_flush(png_structp png) {
    (void)png;
}

/* The only function that setjmp returns to: nothing that it uses afterwards changes
 * after setjmp. Nonzero on success. */
static int write_picture(png_structp png, png_infop info, cbx_output *to, const uint8_t *rgb,
                         uint32_t width, uint32_t height) {
    if (setjmp(png_jmpbuf(png))) {
        return 0;
    }
    png_set_write_fn(png, to, on_write, on_flush);
    png_set_compression_level(png, COMPRESSION_LEVEL);
    png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
    png_set_IHDR(png, info, width, height, 8, PNG_COLOR_TYPE_RGB, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_set_sRGB(png, info, PNG_sRGB_INTENT_PERCEPTUAL);
    png_write_info(png, info);
    for (uint32_t y = 0; y < height; y++) {
        png_write_row(png, rgb + (size_t)y * width * CHANNELS);
    }
    png_write_end(png, info);
    return 1;
}

cbx_status cbx_png_write(cbx_output *to, const uint8_t *rgb, uint32_t width, uint32_t height) {
    trouble what = {""};
    cbx_status status = CBX_OK;
    if (width == 0 || height == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a picture of %u×%u pixels cannot be written",
                        (unsigned)width, (unsigned)height);
    }
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &what, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;
    if (!info) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for writing %s", to->path);
    } else if (!write_picture(png, info, to, rgb, width, height)) {
        status = cbx_fail(CBX_CANNOT_WRITE, "cannot write the picture %s: %s", to->path, what.text);
    }
    png_destroy_write_struct(&png, &info);
    return status ? status : cbx_output_flush(to);
}

cbx_status cbx_png_encode(const uint8_t *rgb, uint32_t width, uint32_t height, uint8_t **bytes,
                          size_t *size) {
    char where[] = "in memory", *text = NULL;
    *bytes = NULL;
    cbx_output memory = {.path = where, .stream = open_memstream(&text, size)};
    if (!memory.stream) {
        return cbx_fail(CBX_NO_MEMORY, "no memory for a picture of %u×%u pixels", (unsigned)width,
                        (unsigned)height);
    }
    cbx_status status = cbx_png_write(&memory, rgb, width, height);
    fclose(memory.stream);
    if (status) {
        free(text);
        return status;
    }
    *bytes = (uint8_t *)text;
    return CBX_OK;
}
