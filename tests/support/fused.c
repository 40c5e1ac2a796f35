/* SPDX-License-Identifier: MIT */
#include "support/fused.h"

#include <math.h>
#include <string.h>

#include "support/chains.h"
#include "support/ink.h"
#include "support/synthetic.h"
#include "support/test.h"

static const cbx_rates rates = {0.05f, 0.03f};

/* About the mean and the deviation of the images. */
static const cbx_normal usual = {1.0f / 64, -0.375f};

void fused_set_normal(fused *f, cbx_normal normal) {
    f->normal = normal;
    f->launch.rate = f->launch.pending_rate = chain_steps(rates, normal);
}

/* The bright image where no batch is. */
static void make_order(fused *f, uint64_t *state) {
    for (size_t i = 0; i < FUSED_ORDER; i++) {
        const int between = i < FUSED_PENDING_FIRST ||
                            (i >= FUSED_PENDING_FIRST + f->pending_rows && i < FUSED_FIRST);
        f->order[i] = between ? (uint32_t)FUSED_BRIGHT_IMAGE
                              : (uint32_t)(synthetic_bits(state) % FUSED_BRIGHT_IMAGE);
    }
}

/* Some errors on both sides of CBX_TINY, and weights so small that these show: neurons that hardly
 * matter, and an output that hardly stirs. */
static void make_faint(fused *f) {
    const size_t hidden = f->s.hidden, of_share = f->pending_rows * CBX_CLASSES;
    for (size_t i = 0; i < CBX_W1_ROWS * hidden; i++) {
        f->w1[i] *= i % hidden % 11 == 5 ? 0x1p-61f : 1.0f;
    }
    for (size_t i = CBX_CLASSES; i < (1 + hidden) * CBX_CLASSES; i++) {
        f->w2[i] *= (i / CBX_CLASSES - 1) % 11 == 5 ? 0x1p-61f : 1.0f;
    }
    for (size_t i = 9; i < (f->chunks + 1) * of_share && hidden % 2 == 1; i += CBX_CLASSES) {
        f->shares[i] = i / of_share < f->chunks ? 0.0f : -43.3f + 0.3f * f->shares[i];
    }
}

/* At most `chunks` runs of panels on processors; each panel for itself on GPUs. */
static void divide(fused *f, size_t chunks) {
    cbx_u32 size = 1;
    while (f->device->family == CBX_FAMILY_CPU && (f->s.panels + size - 1) / size > chunks) {
        size *= 2;
    }
    f->launch.chunk_panels = size;
    f->chunks = (f->s.panels + size - 1) / size;
    f->launch.chunks = (cbx_u32)f->chunks;
}

void fused_open(fused *f, cbx_device *device, cbx_recipe recipe, size_t rows, size_t pending_rows,
                size_t hidden, size_t chunks) {
    uint64_t state = 1000 * hidden + rows;
    const size_t spare = device->family == CBX_FAMILY_CPU,
                 most = rows > pending_rows ? rows : pending_rows;
    *f = (fused){.device = device,
                 .recipe = recipe,
                 .exact = cbx_device_arithmetic(device) == CBX_ARITHMETIC_CANON,
                 .s = shape_of(device, most + spare, hidden),
                 .pending_rows = pending_rows,
                 .batches = 1};
    f->s.rows = rows;
    f->launch = (cbx_launch){.panels = (cbx_u32)f->s.panels,
                             .stride = (cbx_u32)f->s.stride,
                             .recipe = (cbx_u32)recipe,
                             .pending_first = FUSED_PENDING_FIRST,
                             .pending_rows = (cbx_u32)pending_rows,
                             .first = FUSED_FIRST,
                             .rows = (cbx_u32)rows,
                             .count = rows > 0,
                             .losses = hidden != FUSED_SILENT_HIDDEN,
                             .parity = 1,
                             .pending_number = FUSED_PENDING_NUMBER,
                             .number = FUSED_NUMBER};
    divide(f, chunks);
    fused_set_normal(f, usual);
    f->images = ink_images(&state, FUSED_IMAGES);
    memset(f->images + (size_t)FUSED_BRIGHT_IMAGE * CBX_IMAGE_PIXELS, 255, CBX_IMAGE_PIXELS);
    make_order(f, &state);
    f->w1 = random_floats(&state, CBX_W1_ROWS * hidden, 1.0 / 28);
    f->w2 = random_floats(&state, (1 + hidden) * CBX_CLASSES, 1 / sqrt((double)hidden + 1));
    f->shares = random_floats(&state, (f->chunks + 1) * pending_rows * CBX_CLASSES, 1);
    TEST_NEW(f->a1, pending_rows * hidden);
    for (size_t i = 0; i < pending_rows * hidden; i++) {
        f->a1[i] = (float)synthetic_uniform(&state);
    }
    for (size_t i = 0; i < FUSED_IMAGES; i++) { /* the output that hardly stirs is never right */
        f->labels[i] = (uint8_t)(synthetic_bits(&state) % (hidden % 2 == 1 ? 9 : 10));
    }
    make_faint(f);
}

void fused_close(fused *f) {
    if (f->b != NULL) {
        bands_close(f->b);
    }
    free(f->images);
    free(f->w1);
    free(f->w2);
    free(f->a1);
    free(f->shares);
}

/* [2][C + 1][stride][16]: the pending batch's shares in the half of the launch's parity. */
static float *pack_sums(const fused *f) {
    float *sums;
    const size_t share = f->s.stride * CBX_LANES_OUT, shares = f->chunks + 1;
    TEST_NEW(sums, 2 * shares * share);
    for (size_t i = 0; i < 2 * shares * share; i++) {
        sums[i] = NAN;
    }
    for (size_t c = 0; c < shares; c++) {
        float *packed = pack_outputs(f->shares + c * f->pending_rows * CBX_CLASSES, f->pending_rows,
                                     f->pending_rows);
        memcpy(sums + (f->launch.parity * shares + c) * share, packed,
               f->pending_rows * CBX_LANES_OUT * sizeof *packed);
        free(packed);
    }
    return sums;
}

void fused_upload(fused *f) {
    const cl_uint no_fault = CBX_NO_FAULT;
    const shape s = f->s;
    shape pending = s;
    pending.rows = f->pending_rows;
    float *w1 = pack_w1(s, f->w1), *a1 = pack_panels(pending, f->a1, 0.0f), *sums = pack_sums(f);
    float *w2 = pack_outputs(f->w2, 1 + s.hidden, 1 + s.panels * CBX_PANEL);
    f->b = bands_open(f->device);
    f->images_buffer =
        bands_input(f->b, "images", f->images, (size_t)FUSED_IMAGES * CBX_IMAGE_PIXELS);
    f->labels_buffer = bands_input(f->b, "labels", f->labels, sizeof f->labels);
    f->order_buffer = bands_input(f->b, "order", f->order,
                                  (FUSED_FIRST + f->batches * s.rows) * sizeof *f->order);
    f->w1_buffer = bands_output(f->b, "w1", w1, s.panels * CBX_PANEL_SIZE * sizeof(float));
    f->w2_buffer =
        bands_output(f->b, "w2", w2, (1 + s.panels * CBX_PANEL) * CBX_LANES_OUT * sizeof(float));
    f->a1_buffer = bands_output(f->b, "a1", a1, s.panels * s.stride * CBX_PANEL * sizeof(float));
    f->sums_buffer = bands_output(f->b, "sums", sums,
                                  2 * (f->chunks + 1) * s.stride * CBX_LANES_OUT * sizeof(float));
    f->losses_buffer =
        bands_output(f->b, "losses", NULL, (FUSED_FIRST + f->batches * s.rows) * sizeof(float));
    f->fault_buffer = bands_output(f->b, "fault", &no_fault, sizeof no_fault);
    free(w1);
    free(w2);
    free(a1);
    free(sums);
}

uint8_t *fused_levels(const fused *f, size_t first, size_t rows) {
    uint8_t *levels;
    TEST_NEW(levels, rows * CBX_IMAGE_PIXELS);
    for (size_t row = 0; row < rows; row++) {
        memcpy(levels + row * CBX_IMAGE_PIXELS,
               f->images + f->order[first + row] * (size_t)CBX_IMAGE_PIXELS, CBX_IMAGE_PIXELS);
    }
    return levels;
}

double *fused_pixels(const fused *f, size_t first, size_t rows) {
    uint8_t *levels = fused_levels(f, first, rows);
    double *x = normalised(levels, rows * CBX_IMAGE_PIXELS, f->normal);
    free(levels);
    return x;
}

cl_uint fused_fault(const fused *f) {
    cl_uint *record = bands_read(f->b, f->fault_buffer), fault = *record;
    free(record);
    return fault;
}
