/* SPDX-License-Identifier: MIT */
/* The part of `fused` that compares. */
#include <math.h>
#include <string.h>

#include "reference/canon.h"
#include "reference/network.h"
#include "support/chains.h"
#include "support/compare.h"
#include "support/fused.h"
#include "support/test.h"

/* Labels (rows) of the pending batch. */
static void pending_labels(const fused *f, uint8_t *labels) {
    for (size_t row = 0; row < f->pending_rows; row++) {
        labels[row] = f->labels[f->order[FUSED_PENDING_FIRST + row]];
    }
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
        for (size_t c = 0; c <= f->chunks; c++) {
            z += (double)f->shares[c * rows * CBX_CLASSES + i];
        }
        a2[i] = cbx_reference_sigmoid(z);
    }
    pending_labels(f, labels);
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

/* D2 and D1 to the bit, for free(). */
static void exact_errors(const fused *f, float **d2, float **d1) {
    const size_t rows = f->pending_rows, count = rows * CBX_CLASSES;
    uint8_t labels[FUSED_IMAGES];
    float *a2, *s2, *s1, *terms;
    TEST_NEW(a2, count);
    TEST_NEW(s2, count);
    TEST_NEW(s1, rows * f->s.hidden);
    TEST_NEW(terms, f->chunks);
    TEST_NEW(*d2, count);
    TEST_NEW(*d1, rows * f->s.hidden);
    for (size_t i = 0; i < count; i++) {
        for (size_t c = 0; c < f->chunks; c++) {
            terms[c] = f->shares[c * count + i];
        }
        a2[i] = f->shares[f->chunks * count + i] + cbx_canon_tree(terms, f->chunks);
    }
    pending_labels(f, labels);
    chain_sigmoids(a2, count);
    chain_derivatives(f->recipe, a2, count, s2);
    chain_output_delta(f->recipe, a2, s2, labels, rows, *d2);
    chain_derivatives(f->recipe, f->a1, rows * f->s.hidden, s1);
    chain_hidden_delta(*d2, f->w2, s1, rows, f->s.hidden, *d1);
    free(a2);
    free(s2);
    free(s1);
    free(terms);
}

/* Fails unless W1 (785, H) and W2 (1+H, 10) have the bits that the pending batch gives them; NULL:
 * is not looked at. */
static void check_exactly(const fused *f, const float *w1, const float *w2) {
    const size_t rows = f->pending_rows, hidden = f->s.hidden;
    const size_t w1_count = CBX_W1_ROWS * hidden, w2_count = (1 + hidden) * CBX_CLASSES;
    uint8_t *levels = fused_levels(f, FUSED_PENDING_FIRST, rows);
    float *d2, *d1, *should;
    TEST_NEW(should, w1_count + w2_count);
    exact_errors(f, &d2, &d1);
    if (w1) {
        memcpy(should, f->w1, w1_count * sizeof *should);
        chain_update_hidden(f->recipe, levels, d1, rows, hidden, f->launch.pending_rate, should);
        assert_same_bits(w1, should, CBX_W1_ROWS, hidden, "W1");
    }
    if (w2) {
        memcpy(should, f->w2, w2_count * sizeof *should);
        chain_update_output(f->recipe, f->a1, d2, rows, hidden, f->launch.pending_rate.output,
                            should);
        assert_same_bits(w2, should, 1 + hidden, CBX_CLASSES, "W2");
    }
    free(levels);
    free(d2);
    free(d1);
    free(should);
}

void fused_check_w1(const fused *f) {
    const size_t rows = f->pending_rows, hidden = f->s.hidden;
    double *d2, *d1, *x = fused_pixels(f, FUSED_PENDING_FIRST, rows);
    double *expected = to_doubles(f->w1, CBX_W1_ROWS * hidden);
    fused_errors(f, &d2, &d1);
    cbx_reference_weight_update(f->recipe, x, d1, rows, CBX_IMAGE_PIXELS, hidden,
                                (double)f->launch.pending_rate.hidden, expected);
    float *packed = bands_read(f->b, f->w1_buffer);
    float *actual = unpack_panels(f->s, packed, CBX_W1_ROWS, CBX_W1_ROWS);
    assert_arrays_close(
        actual, expected, CBX_W1_ROWS, hidden,
        tolerance((double)f->launch.pending_rate.hidden, x, CBX_IMAGE_PIXELS, d1, hidden, rows),
        "W1");
    assert_w1_padding(f->s, packed, "W1");
    if (f->recipe == CBX_RECIPE_LESSON || rows == 0) {
        assert_same_bits(actual, f->w1, 1, hidden, "bias row of W1");
    }
    if (f->exact) {
        check_exactly(f, actual, NULL);
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
    cbx_reference_weight_update(f->recipe, in, d2, rows, hidden, CBX_CLASSES,
                                (double)f->launch.pending_rate.output, expected);
    float *packed = bands_read(f->b, f->w2_buffer), *actual = unpack_outputs(packed, 1 + hidden);
    assert_arrays_close(
        actual, expected, 1 + hidden, CBX_CLASSES,
        tolerance((double)f->launch.pending_rate.output, in, hidden, d2, CBX_CLASSES, rows), "W2");
    assert_w2_padding(f->s, packed, "W2");
    if (f->recipe == CBX_RECIPE_LESSON || rows == 0) {
        assert_same_bits(actual, f->w2, 1, CBX_CLASSES, "bias row of W2");
    }
    if (f->exact) {
        check_exactly(f, NULL, actual);
    }
    free(d1);
    free(d2);
    free(in);
    free(expected);
    free(packed);
    free(actual);
}

size_t fused_first_panel(const fused *f, size_t chunk) {
    const size_t panel = chunk * f->launch.chunk_panels;
    return panel < f->s.panels ? panel : f->s.panels;
}

/* A1 from the weights on the device. */
static void check_activations(const fused *f, const float *a1, const float *packed_w1) {
    const size_t rows = f->s.rows, hidden = f->s.hidden;
    float *w1 = unpack_panels(f->s, packed_w1, CBX_W1_ROWS, CBX_W1_ROWS);
    float *actual = unpack_panels(f->s, a1, f->s.stride, rows), *exact;
    uint8_t *levels = fused_levels(f, FUSED_FIRST, rows);
    double *x = fused_pixels(f, FUSED_FIRST, rows), *w = to_doubles(w1, CBX_W1_ROWS * hidden);
    double *expected;
    TEST_NEW(expected, rows * hidden);
    TEST_NEW(exact, (rows + 1) * hidden); /* and U */
    cbx_reference_biased_matmul(x, w, rows, CBX_IMAGE_PIXELS, hidden, expected);
    cbx_reference_sigmoids(expected, rows * hidden);
    /* σ never rises faster than 1/4, and is itself right to 2e-7. */
    const double size = largest_root(x, w, rows, CBX_IMAGE_PIXELS, hidden);
    assert_arrays_close(actual, expected, rows, hidden, rounding(CBX_W1_ROWS, size) / 4 + 2e-7,
                        "A1");
    assert_panels_padding(f->s, a1, rows, "A1");
    if (f->exact) {
        chain_column_sums(w1, hidden, exact + rows * hidden);
        chain_hidden_sums(levels, f->normal, w1, exact + rows * hidden, rows, hidden, exact);
        chain_sigmoids(exact, rows * hidden);
        assert_same_bits(actual, exact, rows, hidden, "A1");
    }
    free(w1);
    free(actual);
    free(exact);
    free(levels);
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
        double sum = 0, squares = 0, largest = 0;
        for (size_t n = from; n < to; n++) {
            const size_t at = (n / CBX_PANEL * f->s.stride + row) * CBX_PANEL + n % CBX_PANEL;
            const double term = (double)a1[at] * (double)w2[(1 + n) * CBX_LANES_OUT + o];
            sum += term;
            squares += term * term;
            largest = fmax(largest, fabs(sum));
        }
        /* Activations are not negative, so the sums may drift beyond the root. */
        const double size = fmax(sqrt(squares), largest);
        assert_number_close((double)share[row * CBX_LANES_OUT + o], sum, rounding(to - from, size),
                            "a share of Z2");
    }
    assert_outputs_padding(share, f->s.rows, "a share of Z2");
}

/* The same to the bit. */
static void check_share_exactly(const fused *f, size_t chunk, const float *share, const float *a1,
                                const float *w2) {
    float *activations = unpack_panels(f->s, a1, f->s.stride, f->s.rows);
    float *weights = unpack_outputs(w2, 1 + f->s.hidden), *is = unpack_outputs(share, f->s.rows);
    float *should;
    TEST_NEW(should, f->s.rows * CBX_CLASSES);
    chain_outputs(activations, weights, f->s.rows, f->s.hidden, fused_first_panel(f, chunk),
                  fused_first_panel(f, chunk + 1), should);
    assert_same_bits(is, should, f->s.rows, CBX_CLASSES, "a share of Z2");
    free(activations);
    free(weights);
    free(is);
    free(should);
}

void fused_check_forward(const fused *f) {
    const size_t share = f->s.stride * CBX_LANES_OUT;
    float *w1 = bands_read(f->b, f->w1_buffer), *w2 = bands_read(f->b, f->w2_buffer);
    float *a1 = bands_read(f->b, f->a1_buffer), *sums = bands_read(f->b, f->sums_buffer);
    const float *half = sums + (f->launch.parity ^ 1) * (f->chunks + 1) * share;
    check_activations(f, a1, w1);
    for (size_t c = 0; c < f->chunks; c++) {
        check_share(f, c, half + c * share, a1, w2);
        if (f->exact) {
            check_share_exactly(f, c, half + c * share, a1, w2);
        }
    }
    for (size_t row = 0; row < f->s.rows; row++) {
        assert_same_bits(half + f->chunks * share + row * CBX_LANES_OUT, w2, 1, CBX_LANES_OUT,
                         "W2[0] behind the shares");
    }
    free(w1);
    free(w2);
    free(a1);
    free(sums);
}

enum { MOST_CHUNKS =  128 };

/* To the bit, and of any sums of the device's own order nearly: ten terms, each right to some
 * roundings of the largest number in it. */
static void check_loss(const fused *f, size_t row, float is) {
    const size_t count = f->pending_rows * CBX_CLASSES;
    const uint8_t label = f->labels[f->order[FUSED_PENDING_FIRST + row]];
    float z[CBX_CLASSES], terms[MOST_CHUNKS];
    double exact[CBX_CLASSES];
    for (size_t o = 0; o < CBX_CLASSES; o++) {
        const size_t i = row * CBX_CLASSES + o;
        exact[o] = (double)f->shares[f->chunks * count + i];
        for (size_t c = 0; c < f->chunks; c++) {
            terms[c] = f->shares[c * count + i];
            exact[o] += (double)terms[c];
        }
        z[o] = f->shares[f->chunks * count + i] + cbx_canon_tree(terms, f->chunks);
    }
    const float should = cbx_canon_loss(z, label);
    const double loss = cbx_reference_cost(exact, &label, 1);
    assert_number_close((double)is, loss,
                        16 * 0x1p-24 * (loss + 10 * largest_magnitude(exact, CBX_CLASSES)),
                        "the loss of an image");
    if (f->exact) {
        assert_same_bits(&is, &should, 1, 1, "the loss of an image");
    }
}

void fused_check_losses(const fused *f) {
    const size_t first = FUSED_PENDING_FIRST, count = FUSED_FIRST + f->batches * f->s.rows;
    float *losses = bands_read(f->b, f->losses_buffer);
    for (size_t i = 0; i < count; i++) {
        if (f->launch.losses && i >= first && i < first + f->pending_rows) {
            check_loss(f, i - first, losses[i]);
        } else {
            assert_true(bands_untouched(losses + i));
        }
    }
    free(losses);
}

void fused_finish(fused *f) {
    fused_check_losses(f);
    if (f->s.rows > 0) {
        fused_check_forward(f);
    }
    assert_int_equal(CBX_NO_FAULT, fused_fault(f));
    fused_close(f);
}
