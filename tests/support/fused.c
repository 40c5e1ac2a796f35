/* SPDX-License-Identifier: MIT */
#include "support/fused.h"

#include <math.h>
#include <string.h>

#include "support/compare.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/test.h"

static const float rate_hidden = 0.05f, rate_output = 0.03f;

void fused_open(fused *f, cbx_device *device, cbx_recipe recipe, size_t rows, size_t pending_rows,
                size_t hidden, size_t chunks) {
    uint64_t state = 1000 * hidden + rows;
    *f = (fused){.device = device,
                 .recipe = recipe,
                 .s = shape_of(device, rows > pending_rows ? rows : pending_rows, hidden),
                 .pending_rows = pending_rows,
                 .chunks = chunks,
                 .batches = 1};
    f->s.rows = rows;
    f->images = random_levels(&state, (size_t)FUSED_IMAGES * CBX_IMAGE_PIXELS);
    f->normal = test_normal;
    f->w1 = random_floats(&state, CBX_W1_ROWS * hidden, 1.0 / 28);
    f->w2 = random_floats(&state, (1 + hidden) * CBX_CLASSES, 1 / sqrt((double)hidden + 1));
    f->shares = random_floats(&state, chunks * pending_rows * CBX_CLASSES, 1);
    TEST_NEW(f->a1, pending_rows * hidden);
    for (size_t i = 0; i < pending_rows * hidden; i++) {
        f->a1[i] = (float)synthetic_uniform(&state);
    }
    for (size_t i = 0; i < FUSED_IMAGES; i++) {
        f->labels[i] = (uint8_t)(synthetic_bits(&state) % CBX_CLASSES);
    }
    for (size_t i = 0; i < FUSED_ORDER; i++) {
        const int between =
            i < FUSED_PENDING_FIRST || (i >= FUSED_PENDING_FIRST + pending_rows && i < FUSED_FIRST);
        f->order[i] = between ? (uint32_t)FUSED_BRIGHT_IMAGE
                              : (uint32_t)(synthetic_bits(&state) % FUSED_BRIGHT_IMAGE);
    }
    memset(f->images + (size_t)FUSED_BRIGHT_IMAGE * CBX_IMAGE_PIXELS, 255, CBX_IMAGE_PIXELS);
    f->launch = (cbx_launch){.panels = (cbx_u32)f->s.panels,
                             .chunks = (cbx_u32)chunks,
                             .stride = (cbx_u32)f->s.stride,
                             .recipe = (cbx_u32)recipe,
                             .pending_first = FUSED_PENDING_FIRST,
                             .pending_rows = (cbx_u32)pending_rows,
                             .pending_rate_hidden = rate_hidden,
                             .pending_rate_output = rate_output,
                             .first = FUSED_FIRST,
                             .rows = (cbx_u32)rows,
                             .count = rows > 0,
                             .rate_hidden = rate_hidden,
                             .rate_output = rate_output,
                             .parity = 1,
                             .pending_number = FUSED_PENDING_NUMBER,
                             .number = FUSED_NUMBER,
                             .owns_bias = 1};
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

/* [2][C][stride][16]: the pending batch's shares in the half of the launch's parity. */
static float *pack_sums(const fused *f) {
    float *sums;
    const size_t share = f->s.stride * CBX_LANES_OUT;
    TEST_NEW(sums, 2 * f->chunks * share);
    for (size_t i = 0; i < 2 * f->chunks * share; i++) {
        sums[i] = NAN;
    }
    for (size_t c = 0; c < f->chunks; c++) {
        float *packed = pack_outputs(f->shares + c * f->pending_rows * CBX_CLASSES, f->pending_rows,
                                     f->pending_rows);
        memcpy(sums + (f->launch.parity * f->chunks + c) * share, packed,
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
    f->sums_buffer =
        bands_output(f->b, "sums", sums, 2 * f->chunks * s.stride * CBX_LANES_OUT * sizeof(float));
    f->fault_buffer = bands_output(f->b, "fault", &no_fault, sizeof no_fault);
    free(w1);
    free(w2);
    free(a1);
    free(sums);
}

void fused_errors(const fused *f, double **d2, double **d1) {
    const size_t rows = f->pending_rows;
    double *a2, *s2, *s1, *a1 = to_doubles(f->a1, rows * f->s.hidden);
    double *w2 = to_doubles(f->w2, (1 + f->s.hidden) * CBX_CLASSES);
    uint8_t labels[FUSED_IMAGES];
    TEST_NEW(a2, rows * CBX_CLASSES);
    TEST_NEW(s2, rows * CBX_CLASSES);
    TEST_NEW(s1, rows * f->s.hidden);
    TEST_NEW(*d2, rows * CBX_CLASSES);
    TEST_NEW(*d1, rows * f->s.hidden);
    for (size_t i = 0; i < rows * CBX_CLASSES; i++) {
        double z = 0;
        for (size_t c = 0; c < f->chunks; c++) {
            z += (double)f->shares[c * rows * CBX_CLASSES + i];
        }
        a2[i] = cbx_reference_sigmoid(z);
        labels[i / CBX_CLASSES] = f->labels[f->order[FUSED_PENDING_FIRST + i / CBX_CLASSES]];
    }
    cbx_reference_derivatives(f->recipe, a2, rows * CBX_CLASSES, s2);
    cbx_reference_output_delta(f->recipe, a2, s2, labels, rows, *d2);
    cbx_reference_derivatives(f->recipe, a1, rows * f->s.hidden, s1);
    cbx_reference_hidden_delta(*d2, w2, s1, rows, f->s.hidden, *d1);
    free(a2);
    free(s2);
    free(s1);
    free(a1);
    free(w2);
}

/* The update is a sum over the batch; each of its terms is itself right to some 2⁻²².
 * The addition to a weight, at most about 4, rounds once more. */
static double tolerance(double rate, const double *in, size_t inner, const double *d,
                        size_t columns, size_t rows) {
    const double term = largest_magnitude(in, rows * inner) * largest_magnitude(d, rows * columns);
    return rate * rounding(rows, term * sqrt((double)rows)) + 4 * 0x1p-24;
}

double *fused_pixels(const fused *f, size_t first, size_t rows) {
    uint8_t *levels;
    TEST_NEW(levels, rows * CBX_IMAGE_PIXELS);
    for (size_t row = 0; row < rows; row++) {
        memcpy(levels + row * CBX_IMAGE_PIXELS,
               f->images + f->order[first + row] * (size_t)CBX_IMAGE_PIXELS, CBX_IMAGE_PIXELS);
    }
    double *x = normalised(levels, rows * CBX_IMAGE_PIXELS, f->normal);
    free(levels);
    return x;
}

void fused_check_w1(const fused *f) {
    const size_t rows = f->pending_rows, hidden = f->s.hidden;
    double *d2, *d1, *x = fused_pixels(f, FUSED_PENDING_FIRST, rows);
    double *expected = to_doubles(f->w1, CBX_W1_ROWS * hidden);
    fused_errors(f, &d2, &d1);
    cbx_reference_weight_update(f->recipe, x, d1, rows, CBX_IMAGE_PIXELS, hidden,
                                (double)rate_hidden, expected);
    float *packed = bands_read(f->b, f->w1_buffer);
    float *actual = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
    assert_arrays_close(actual, expected, CBX_W1_ROWS, hidden,
                        tolerance((double)rate_hidden, x, CBX_IMAGE_PIXELS, d1, hidden, rows),
                        "W1");
    assert_w1_padding(f->s, packed, "W1");
    if (f->recipe == CBX_RECIPE_LESSON || rows == 0) {
        assert_same_bits(actual, f->w1, 1, hidden, "bias row of W1");
    }
    free(d1);
    free(d2);
    free(x);
    free(expected);
    free(packed);
    free(actual);
}

void fused_check_w2(const fused *f) {
    const size_t rows = f->pending_rows, hidden = f->s.hidden;
    double *d2, *d1, *in = to_doubles(f->a1, rows * hidden);
    double *expected = to_doubles(f->w2, (1 + hidden) * CBX_CLASSES);
    fused_errors(f, &d2, &d1);
    cbx_reference_weight_update(f->recipe, in, d2, rows, hidden, CBX_CLASSES, (double)rate_output,
                                expected);
    float *packed = bands_read(f->b, f->w2_buffer), *actual = unpack_outputs(packed, 1 + hidden);
    assert_arrays_close(actual, expected, 1 + hidden, CBX_CLASSES,
                        tolerance((double)rate_output, in, hidden, d2, CBX_CLASSES, rows), "W2");
    assert_w2_padding(f->s, packed, "W2");
    if (f->recipe == CBX_RECIPE_LESSON || rows == 0) {
        assert_same_bits(actual, f->w2, 1, CBX_CLASSES, "bias row of W2");
    }
    free(d1);
    free(d2);
    free(in);
    free(expected);
    free(packed);
    free(actual);
}

size_t fused_first_panel(const fused *f, size_t chunk) {
    const size_t unit = f->device->family == CBX_FAMILY_GPU ? 2 : 1;
    return chunk * (f->s.panels / unit) / f->chunks * unit;
}

/* A1 from the weights on the device. */
static void check_activations(const fused *f, const float *a1, const float *packed_w1) {
    const size_t rows = f->s.rows, hidden = f->s.hidden;
    float *w1 = unpack_panels(f->s, packed_w1, CBX_W1_ROWS, CBX_W1_ROWS);
    float *actual = unpack_panels(f->s, a1, f->s.stride, rows);
    double *x = fused_pixels(f, FUSED_FIRST, rows), *w = to_doubles(w1, CBX_W1_ROWS * hidden);
    double *expected;
    TEST_NEW(expected, rows * hidden);
    cbx_reference_biased_matmul(x, w, rows, CBX_IMAGE_PIXELS, hidden, expected);
    cbx_reference_sigmoids(expected, rows * hidden);
    /* σ never rises faster than 1/4, and is itself right to 2e-7. */
    const double size = largest_root(x, w, rows, CBX_IMAGE_PIXELS, hidden);
    assert_arrays_close(actual, expected, rows, hidden, rounding(CBX_W1_ROWS, size) / 4 + 2e-7,
                        "A1");
    assert_panels_padding(f->s, a1, rows, "A1");
    free(w1);
    free(actual);
    free(x);
    free(w);
    free(expected);
}

/* One chunk's share of Z2, from the activations and weights on the device. */
static void check_share(const fused *f, size_t chunk, const float *share, const float *a1,
                        const float *w2) {
    const size_t from = fused_first_panel(f, chunk) * CBX_PANEL;
    const size_t to = fused_first_panel(f, chunk + 1) * CBX_PANEL;
    for (size_t i = 0; i < f->s.rows * CBX_CLASSES; i++) {
        const size_t row = i / CBX_CLASSES, o = i % CBX_CLASSES;
        double sum = chunk == 0 ? (double)w2[o] : 0, squares = sum * sum, largest = fabs(sum);
        for (size_t n = from; n < to; n++) {
            const size_t at = (n / CBX_PANEL * f->s.stride + row) * CBX_PANEL + n % CBX_PANEL;
            const double term = (double)a1[at] * (double)w2[(1 + n) * CBX_LANES_OUT + o];
            sum += term;
            squares += term * term;
            largest = fmax(largest, fabs(sum));
        }
        /* Activations are not negative, so the sums may drift beyond the root. */
        const double size = fmax(sqrt(squares), largest);
        assert_number_close((double)share[row * CBX_LANES_OUT + o], sum,
                            rounding(1 + to - from, size), "a share of Z2");
    }
    assert_outputs_padding(share, f->s.rows, "a share of Z2");
}

void fused_check_forward(const fused *f) {
    const size_t share = f->s.stride * CBX_LANES_OUT;
    float *w1 = bands_read(f->b, f->w1_buffer), *w2 = bands_read(f->b, f->w2_buffer);
    float *a1 = bands_read(f->b, f->a1_buffer), *sums = bands_read(f->b, f->sums_buffer);
    const float *half = sums + (f->launch.parity ^ 1) * f->chunks * share;
    check_activations(f, a1, w1);
    for (size_t c = 0; c < f->chunks; c++) {
        check_share(f, c, half + c * share, a1, w2);
    }
    free(w1);
    free(w2);
    free(a1);
    free(sums);
}

cl_uint fused_fault(const fused *f) {
    cl_uint *record = bands_read(f->b, f->fault_buffer), fault = *record;
    free(record);
    return fault;
}

void fused_finish(fused *f) {
    if (f->s.rows > 0) {
        fused_check_forward(f);
    }
    assert_int_equal(CBX_NO_FAULT, fused_fault(f));
    fused_close(f);
}
