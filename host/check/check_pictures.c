/* SPDX-License-Identifier: MIT */
/* The kernels that draw, every tone: all of them magnified, and luma as the usual film has it, of
 * which the device may draw more at a time. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "check/judge.h"
#include "reference/picture.h"

enum { SCALE = 2 }; /* of the magnified */

/* Levels are cut off to whole numbers, so a value this near to one may end up on
 * either side of it: weights right to 1e-5 give levels right to 255·1e-5. */
static const double slack = 0.01;

static cbx_status judge_luma(const cbx_specimen *specimen, const char *kernel,
                             const cbx_reference_picture *picture, const uint8_t *luma) {
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < (size_t)picture->width * picture->height && !status; i++) {
        const double exact = picture->exact[i];
        if (!cbx_reference_luma_fits(exact, luma[i], slack)) {
            const unsigned should = exact == CBX_REFERENCE_RED
                                        ? CBX_REFERENCE_RED_LUMA
                                        : cbx_reference_luma((unsigned)exact);
            const cbx_place place = {kernel, "luma", i / picture->width, i % picture->width};
            status = cbx_judge(specimen, place, luma[i], should, 0.0);
        }
    }
    return status;
}

/* The columns are bytes. */
static cbx_status judge_rgb(const cbx_specimen *specimen, const cbx_reference_picture *picture,
                            const uint8_t *rgb) {
    const size_t width = picture->width;
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < width * picture->height && !status; i++) {
        const double exact = picture->exact[i];
        const int red = exact == CBX_REFERENCE_RED;
        if (!cbx_reference_rgb_fits(exact, rgb + 3 * i, slack)) {
            for (size_t c = 0; c < 3 && !status; c++) {
                const double should = red ? (c == 0 ? 255.0 : 0.0) : floor(exact);
                const cbx_place place = {"picture_rgb", "rgb", i / width, i % width * 3 + c};
                status = cbx_judge(specimen, place, rgb[3 * i + c], should, 0.0);
            }
        }
    }
    return status;
}

static cbx_status judge_chroma(const cbx_specimen *specimen, const cbx_reference_picture *picture,
                               const uint8_t *plane, const char *what, unsigned red) {
    const size_t width = picture->width / 2;
    cbx_status status = CBX_OK;
    for (size_t i = 0; i < width * (picture->height / 2) && !status; i++) {
        const cbx_place place = {"picture_chroma", what, i / width, i % width};
        status = cbx_judge(specimen, place, plane[i],
                           cbx_reference_chroma(picture, place.column, place.row, red), 0.0);
    }
    return status;
}

/* W1 (785, H) in double precision; *out is the caller's, freed with free(). */
static cbx_status widen(const cbx_specimen *specimen, const float *w1, double **out) {
    const size_t count = (size_t)CBX_W1_ROWS * specimen->sizes->hidden;
    cbx_status status = cbx_new(out, count);
    for (size_t i = 0; i < count && !status; i++) {
        (*out)[i] = (double)w1[i];
    }
    return status;
}

cbx_status cbx_check_luma(const cbx_specimen *specimen, const char *kernel, const cbx_grid *grid,
                          cbx_tone tone, const float *w1, const uint8_t *luma) {
    cbx_reference_picture picture = {.exact = NULL};
    double *weights = NULL;
    cbx_status status = widen(specimen, w1, &weights);
    if (!status) {
        status = cbx_reference_picture_draw(&picture, weights, specimen->sizes->hidden, tone,
                                            grid->scale);
    }
    if (!status) {
        status = judge_luma(specimen, kernel, &picture, luma);
    }
    cbx_reference_picture_clear(&picture);
    free(weights);
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

/* Draws the luma plane and reads it into `luma`. */
static cbx_status draw_luma(const cbx_specimen *specimen, cbx_painter *painter, cl_mem w1,
                            size_t bytes, uint8_t *luma) {
    cl_mem plane = NULL;
    cbx_status status =
        cbx_buffer_create(specimen->device, CL_MEM_READ_WRITE, bytes, "a frame", &plane);
    if (!status) {
        status = cbx_painter_fill(painter, plane, bytes, 16);
    }
    if (!status) {
        status = cbx_painter_luma(painter, w1, &(cbx_canvas){.luma = plane}, NULL);
    }
    if (!status) {
        status = cbx_cl_check(clEnqueueReadBuffer(specimen->device->queue, plane, CL_TRUE, 0, bytes,
                                                  luma, 0, NULL, NULL),
                              cbx_painter_luma_kernel(painter));
    }
    cbx_buffer_release(plane);
    return status;
}

/* The chroma planes do not depend on the weights. */
static cbx_status check_chroma(const cbx_specimen *specimen, cbx_painter *painter,
                               const cbx_reference_picture *picture, uint8_t *room) {
    const size_t bytes = (size_t)picture->width * picture->height / 4;
    cbx_status status = cbx_painter_chroma(painter, room, room + bytes);
    if (!status) {
        status = judge_chroma(specimen, picture, room, "cb", CBX_REFERENCE_RED_CB);
    }
    return status ? status
                  : judge_chroma(specimen, picture, room + bytes, "cr", CBX_REFERENCE_RED_CR);
}

/* Draws and checks everything in one tone. w1 (785, H); room: at least 3 bytes for each pixel. */
static cbx_status check_tone(const cbx_trial *trial, const double *w1, const cbx_grid *grid,
                             cbx_tone tone, uint8_t *room) {
    const cbx_specimen *specimen = trial->specimen;
    const cl_mem weights = cbx_trainer_w1(trial->trainer);
    cbx_reference_picture picture = {.exact = NULL};
    cbx_painter painter;
    cbx_status status = cbx_painter_init(&painter, specimen->device, grid, tone);
    if (!status) {
        status =
            cbx_reference_picture_draw(&picture, w1, specimen->sizes->hidden, tone, grid->scale);
    }
    if (!status) {
        status = draw_luma(specimen, &painter, weights, (size_t)grid->width * grid->height, room);
    }
    if (!status) {
        status = check_tones(specimen, &painter, tone, w1);
    }
    if (!status) {
        status = judge_luma(specimen, cbx_painter_luma_kernel(&painter), &picture, room);
    }
    if (!status) {
        status = cbx_painter_rgb(&painter, weights, room);
    }
    if (!status) {
        status = judge_rgb(specimen, &picture, room);
    }
    if (!status && tone == CBX_TONE_PEAK) {
        status = check_chroma(specimen, &painter, &picture, room);
    }
    cbx_reference_picture_clear(&picture);
    cbx_painter_clear(&painter);
    return status;
}

/* Luma alone, not magnified. */
static cbx_status check_plain_luma(const cbx_trial *trial, cbx_tone tone, uint8_t *room) {
    const cbx_specimen *specimen = trial->specimen;
    cbx_grid grid;
    cbx_painter painter = {.device = NULL};
    cbx_status status = cbx_grid_lay_out(&grid, specimen->sizes->hidden, 1);
    if (!status) {
        status = cbx_painter_init(&painter, specimen->device, &grid, tone);
    }
    if (!status) {
        status = draw_luma(specimen, &painter, cbx_trainer_w1(trial->trainer),
                           (size_t)grid.width * grid.height, room);
    }
    if (!status) {
        status = cbx_check_luma(specimen, cbx_painter_luma_kernel(&painter), &grid, tone,
                                specimen->network->w1, room);
    }
    cbx_painter_clear(&painter);
    return status;
}

cbx_status cbx_check_pictures(const cbx_specimen *specimen, cbx_schedule schedule,
                              cbx_recipe recipe) {
    cbx_grid grid = {.width = 0};
    cbx_trial trial;
    double *w1 = NULL;
    uint8_t *room = NULL;
    cbx_status status = cbx_trial_start(&trial, specimen, recipe, schedule);
    if (!status) {
        status = widen(specimen, specimen->network->w1, &w1);
    }
    if (!status) {
        status = cbx_grid_lay_out(&grid, specimen->sizes->hidden, SCALE);
    }
    if (!status) {
        status = cbx_allocate(&room, (size_t)grid.width * grid.height, 3);
    }
    for (cbx_tone tone = CBX_TONE_PEAK; cbx_tone_name(tone) && !status; tone++) {
        status = check_tone(&trial, w1, &grid, tone, room);
        if (!status) {
            status = check_plain_luma(&trial, tone, room);
        }
    }
    free(room);
    free(w1);
    cbx_trial_end(&trial);
    return status;
}
