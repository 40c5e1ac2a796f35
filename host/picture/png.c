#include "picture/png.h"

#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/files.h"

/* Weights look like noise, which hardly packs: more effort costs seconds for large
 * pictures and wins next to nothing. */
enum { COMPRESSION_LEVEL = 3, CHANNELS = 3 };

/* What libpng says when it gives up. */
typedef struct trouble {
    char text[128];
    int error; /* errno at that moment */
} trouble;

static void on_error(png_structp png, png_const_charp text) {
    trouble *what = png_get_error_ptr(png);
    what->error = errno;
    snprintf(what->text, sizeof what->text, "%s", text);
    png_longjmp(png, 1);
}

static void on_warning(png_structp png, png_const_charp text) {
    (void)png; /* the library never prints */
    (void)text;
}

/* The only function that setjmp returns to: nothing that it uses afterwards changes
 * after setjmp. Nonzero on success. */
static int write_picture(png_structp png, png_infop info, FILE *file, const uint8_t *rgb,
                         uint32_t width, uint32_t height) {
    if (setjmp(png_jmpbuf(png))) {
        return 0;
    }
    png_init_io(png, file);
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

static cbx_status write_file(FILE *file, const char *path, const uint8_t *rgb, uint32_t width,
                             uint32_t height) {
    trouble what = {"", 0};
    cbx_status status = CBX_OK;
    png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, &what, on_error, on_warning);
    png_infop info = png ? png_create_info_struct(png) : NULL;

    if (!info) {
        status = cbx_fail(CBX_NO_MEMORY, "no memory for writing %s", path);
    } else {
        errno = 0;
        if (!write_picture(png, info, file, rgb, width, height)) {
            status =
                cbx_fail(CBX_CANNOT_WRITE, "cannot write the picture %s: %s%s%s", path, what.text,
                         what.error ? ", " : "", what.error ? strerror(what.error) : "");
        }
    }
    png_destroy_write_struct(&png, &info);
    return status;
}

cbx_status cbx_png_write(const char *path, int no_clobber, const uint8_t *rgb, uint32_t width,
                         uint32_t height) {
    cbx_output output;
    if (width == 0 || height == 0) {
        return cbx_fail(CBX_BAD_ARGUMENT, "a picture of %u×%u pixels cannot be written",
                        (unsigned)width, (unsigned)height);
    }
    cbx_status status = cbx_output_open(&output, path, no_clobber);
    if (status != CBX_OK) {
        return status;
    }
    FILE *file = fopen(output.temporary, "wb");
    if (!file) {
        status =
            cbx_fail(CBX_CANNOT_CREATE, "cannot open %s: %s", output.temporary, strerror(errno));
        goto out;
    }
    status = write_file(file, path, rgb, width, height);
    if (fclose(file) != 0 && status == CBX_OK) {
        status =
            cbx_fail(CBX_CANNOT_WRITE, "cannot write the picture %s: %s", path, strerror(errno));
    }
    if (status == CBX_OK) {
        status = cbx_output_commit(&output);
    }
out:
    cbx_output_discard(&output);
    return status;
}
