/* SPDX-License-Identifier: MIT */
/* The kernels of picture.cl, every tone, magnified. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "check/specimen.h"

enum { SIDE = CBX_IMAGE_SIDE, SCALE = 2 };

/* Levels are cut off to whole numbers, so a value this near to one may end up on
 * either side of it: weights right to 1e-5 give levels right to 255·1e-5. */
static const double slack = 0.01;

#define RED (-1.0)

/* What a tile shows at (x, y): RED, or a grey level before it is cut off. weights: its first,
 * the others `stride` numbers apart. */
static double exact_grey(cbx_reference_tone tone, const double *weights, size_t stride, size_t x,
                         size_t y) {
    if (x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1) {
        return RED;
    }
    const double v = weights[(y * SIDE + x) * stride];
    return fmin(fmax(tone.mul * (v - tone.shift) + tone.base, 0.0), 255.0);
}

/* The picture (height, width) of the neurons of w1 (785, H); *out is the caller's, freed with
 * free(). */
static cbx_status paint(const cbx_grid *grid, cbx_tone tone, size_t hidden, const double *w1,
                        double **out) {
    cbx_status status = cbx_new(out, (size_t)grid->width * grid->height);
    if (status) {
        return status;
    }
    const size_t scale = grid->scale, side = SIDE * scale;
    for (size_t i = 0; i < hidden; i++) {
        const double *weights = w1 + hidden + i;
        const cbx_reference_tone of_tile = cbx_reference_tone_of(tone, weights, hidden);
        double *tile = *out + i % grid->rows * side * grid->width + i / grid->rows * side;
        for (size_t y = 0; y < side; y++) {
            for (size_t x = 0; x < side; x++) {
                tile[y * grid->width + x] =
                    exact_grey(of_tile, weights, hidden, x / scale, y / scale);
            }
        }
    }
    return CBX_OK;
}

/* The level on the other side of a whole number, where a grey is near to one. */
static double neighbour(double grey) {
    const double level = floor(grey);
    if (grey - level < slack && level > 0.0) {
        return level - 1.0;
    }
    return level + 1.0 - grey < slack ? level + 1.0 : level;
}

static double luma_of(double level) {
    return floor(16.5 + 219.0 / 255.0 * level);
}

static cbx_status judge_luma(const cbx_specimen *specimen, const char *kernel, const cbx_grid *grid,
                             const double *exact, const uint8_t *luma) {
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < (size_t)grid->width * grid->height && !status; i++) {
        const double should = exact[i] == RED ? 63.0 : luma_of(floor(exact[i]));
        if ((double)luma[i] != should &&
            (exact[i] == RED || (double)luma[i] != luma_of(neighbour(exact[i])))) {
            const cbx_place place = {kernel, "luma", i / grid->width, i % grid->width};
            status = cbx_judge(specimen, place, (double)luma[i], should, 0.0);
        }
    }
    return status;
}

static cbx_status judge_rgb(const cbx_specimen *specimen, const cbx_grid *grid, const double *exact,
                            const uint8_t *rgb) {
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < (size_t)grid->width * grid->height * 3 && !status; i++) {
        const double grey = exact[i / 3];
        const double red = i % 3 == 0 ? 255.0 : 0.0;
        const double should = grey == RED ? red : floor(grey);
        if ((double)rgb[i] != should && (grey == RED || (double)rgb[i] != neighbour(grey))) {
            const cbx_place place = {"picture_rgb", "rgb", i / 3 / grid->width,
                                     i % (3 * (size_t)grid->width)};
            status = cbx_judge(specimen, place, (double)rgb[i], should, 0.0);
        }
    }
    return status;
}

/* Red is Cb 102, Cr 240, grey 128; a sample is the mean of its four pixels. */
static cbx_status judge_chroma(const cbx_specimen *specimen, const cbx_grid *grid,
                               const double *exact, const uint8_t *plane, const char *what,
                               double of_red) {
    const size_t width = grid->width / 2;
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < width * (grid->height / 2) && !status; i++) {
        const cbx_place place = {"picture_chroma", what, i / width, i % width};
        double sum = 0.0;
        for (size_t n = 0; n < 4; n++) {
            const size_t x = 2 * place.column + n % 2, y = 2 * place.row + n / 2;
            sum += exact[y * grid->width + x] == RED ? of_red : 128.0;
        }
        status = cbx_judge(specimen, place, (double)plane[i], floor(sum / 4.0 + 0.5), 0.0);
    }
    return status;
}

cbx_status cbx_check_luma(const cbx_specimen *specimen, const char *kernel, const cbx_grid *grid,
                          cbx_tone tone, const double *w1, const uint8_t *luma) {
    double *exact = NULL;
    cbx_status status = paint(grid, tone, specimen->sizes->hidden, w1, &exact);
    if (!status) {
        status = judge_luma(specimen, kernel, grid, exact, luma);
    }
    free(exact);
    return status;
}

static cbx_status check_tones(const cbx_specimen *specimen, const cbx_painter *painter,
                              cbx_tone tone, const double *w1) {
    const size_t hidden = specimen->sizes->hidden;
    float *is = NULL; /* (H, 4) */
    cbx_status status = cbx_new(&is, hidden * 4);
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, painter->tones, CL_TRUE,
                                                  0, hidden * 4 * sizeof *is, is, 0, NULL, NULL),
                              "the kernel tone_of_tiles");
    }
    for (size_t i = 0; i < hidden && !status; i++) {
        const cbx_reference_tone should = cbx_reference_tone_of(tone, w1 + hidden + i, hidden);
        const double right[3] = {should.shift, should.mul, should.base};
        for (size_t n = 0; n < 3 && !status; n++) {
            /* The kernel adds 2⁻¹⁴ to the base. */
            status =
                cbx_judge(specimen, (cbx_place){"tone_of_tiles", "tones", i, n},
                          (double)is[i * 4 + n], right[n], n == 2 ? 1e-4 : 1e-5 * fabs(right[n]));
        }
    }
    free(is);
    return status;
}

/* Draws the luma plane and reads it into `luma`; leaves the tones in the painter. */
static cbx_status draw_luma(const cbx_specimen *specimen, cbx_painter *painter, cl_mem w1,
                            size_t bytes, uint8_t *luma) {
    cl_mem plane = NULL;
    cbx_status status =
        cbx_buffer_create(specimen->device, CL_MEM_READ_WRITE, bytes, "a frame", &plane);
    if (!status) {
        status = cbx_painter_fill(painter, plane, bytes, 16);
    }
    if (!status) {
        status = cbx_painter_luma(painter, w1, plane, NULL, NULL);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, plane, CL_TRUE, 0, bytes,
                                                  luma, 0, NULL, NULL),
                              "the kernel picture_luma");
    }
    cbx_buffer_release(plane);
    return status;
}

/* The chroma planes do not depend on the weights. */
static cbx_status check_chroma(const cbx_specimen *specimen, cbx_painter *painter,
                               const cbx_grid *grid, const double *exact, uint8_t *room) {
    const size_t bytes = (size_t)grid->width * grid->height / 4;
    cbx_status status = cbx_painter_chroma(painter, room, room + bytes);
    if (!status) {
        status = judge_chroma(specimen, grid, exact, room, "cb", 102.0);
    }
    return status ? status : judge_chroma(specimen, grid, exact, room + bytes, "cr", 240.0);
}

/* Draws and checks everything in one tone. room: at least 3 bytes for each pixel. */
static cbx_status check_tone(const cbx_specimen *specimen, const cbx_trainer *trainer,
                             const cbx_reference *reference, const cbx_grid *grid, cbx_tone tone,
                             uint8_t *room) {
    double *exact = NULL;
    cbx_painter painter;
    cbx_status status = cbx_painter_init(&painter, specimen->device, grid, tone);
    if (!status) {
        status = paint(grid, tone, reference->hidden, reference->w1, &exact);
    }
    if (!status) {
        status = draw_luma(specimen, &painter, cbx_trainer_w1(trainer),
                           (size_t)grid->width * grid->height, room);
    }
    if (!status) {
        status = check_tones(specimen, &painter, tone, reference->w1);
    }
    if (!status) {
        status = judge_luma(specimen, "picture_luma", grid, exact, room);
    }
    if (!status) {
        status = cbx_painter_rgb(&painter, cbx_trainer_w1(trainer), room);
    }
    if (!status) {
        status = judge_rgb(specimen, grid, exact, room);
    }
    if (!status && tone == CBX_TONE_PEAK) {
        status = check_chroma(specimen, &painter, grid, exact, room);
    }
    free(exact);
    cbx_painter_clear(&painter);
    return status;
}

cbx_status cbx_check_pictures(const cbx_specimen *specimen, cbx_schedule schedule,
                              cbx_recipe recipe) {
    cbx_grid grid;
    cbx_reference reference;
    cbx_trainer *trainer;
    uint8_t *room = NULL;
    cbx_status status = cbx_specimen_start(specimen, recipe, schedule, &trainer, &reference);
    if (!status) {
        status = cbx_grid_lay_out(&grid, specimen->sizes->hidden, SCALE);
    }
    if (!status) {
        status = cbx_allocate(&room, (size_t)grid.width * grid.height, 3);
    }
    for (cbx_tone tone = CBX_TONE_PEAK; tone <= CBX_TONE_SIGNED && !status; tone++) {
        status = check_tone(specimen, trainer, &reference, &grid, tone, room);
    }
    free(room);
    cbx_trainer_destroy(trainer);
    cbx_reference_clear(&reference);
    return status;
}
