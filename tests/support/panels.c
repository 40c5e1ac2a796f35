/* SPDX-License-Identifier: MIT */
#include "support/panels.h"

#include <math.h>
#include <string.h>

#include "device/device.h"
#include "support/bands.h"
#include "support/compare.h"
#include "reference/network.h"
#include "support/synthetic.h"
#include "support/test.h"

static size_t round_up(size_t value, size_t unit) {
    return (value + unit - 1) / unit * unit;
}

shape shape_of(const cbx_device *device, size_t rows, size_t hidden) {
    const size_t panels = (hidden + CBX_PANEL - 1) / CBX_PANEL;
    return (shape){.rows = rows,
                   .hidden = hidden,
                   .panels = round_up(panels, device->built.panel_unit),
                   .stride = round_up(rows, device->built.row_unit)};
}

sizes batch_sizes(void) {
    static const size_t all[] = {1, 7, 64, 77}, small[] = {7};
    return bands_watched() ? (sizes){small, 1} : (sizes){all, 4};
}

sizes hidden_sizes(void) {
    static const size_t all[] = {1, 3, 37, 64, 100, 131, 257}, small[] = {37};
    return bands_watched() ? (sizes){small, 1} : (sizes){all, 7};
}

void for_each_shape(const cbx_device *device, void (*check)(void *context, shape s),
                    void *context) {
    const sizes batches = batch_sizes(), hidden = hidden_sizes();
    for (size_t i = 0; i < batches.count; i++) {
        for (size_t j = 0; j < hidden.count; j++) {
            check(context, shape_of(device, batches.values[i], hidden.values[j]));
        }
    }
}

float *random_floats(uint64_t *state, size_t count, double deviation) {
    float *numbers;
    TEST_NEW(numbers, count);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (float)(deviation * synthetic_normal(state));
    }
    return numbers;
}

uint8_t *random_levels(uint64_t *state, size_t count) {
    uint8_t *levels;
    TEST_NEW(levels, count);
    for (size_t i = 0; i < count; i++) {
        levels[i] = (uint8_t)(synthetic_bits(state) % 255);
    }
    return levels;
}

const cbx_normal test_normal = {1.0f / 64, -2.0f};

double *normalised(const uint8_t *levels, size_t count, cbx_normal normal) {
    double *pixels;
    TEST_NEW(pixels, count);
    for (size_t i = 0; i < count; i++) {
        pixels[i] = (double)normal.scale * levels[i] + (double)normal.shift;
    }
    return pixels;
}

double *to_doubles(const float *from, size_t count) {
    double *numbers;
    TEST_NEW(numbers, count);
    for (size_t i = 0; i < count; i++) {
        numbers[i] = (double)from[i];
    }
    return numbers;
}

float *pack_panels(shape s, const float *from, float padding) {
    float *panels;
    TEST_NEW(panels, s.panels * s.stride * CBX_PANEL);
    for (size_t i = 0; i < s.panels * s.stride * CBX_PANEL; i++) {
        const size_t row = i / CBX_PANEL % s.stride;
        const size_t neuron = i / (CBX_PANEL * s.stride) * CBX_PANEL + i % CBX_PANEL;
        panels[i] = row >= s.rows        ? NAN
                    : neuron >= s.hidden ? padding
                                         : from[row * s.hidden + neuron];
    }
    return panels;
}

float *pack_w1(shape s, const float *from) {
    const shape rows = {
        .rows = CBX_W1_ROWS, .hidden = s.hidden, .panels = s.panels, .stride = CBX_W1_ROWS};
    float *panels = pack_panels(rows, from, 0.0f);
    for (size_t i = s.hidden; i < s.panels * CBX_PANEL; i++) {
        panels[i / CBX_PANEL * CBX_PANEL_SIZE + i % CBX_PANEL] = CBX_PADDING_BIAS;
    }
    return panels;
}

/* Ten numbers of each row, between rows of these lengths. */
static void copy_outputs(const float *from, size_t from_length, float *to, size_t to_length,
                         size_t rows) {
    for (size_t row = 0; row < rows; row++) {
        memcpy(to + row * to_length, from + row * from_length, CBX_CLASSES * sizeof *to);
    }
}

float *pack_outputs(const float *from, size_t rows, size_t total) {
    float *packed;
    TEST_NEW(packed, total * CBX_LANES_OUT);
    copy_outputs(from, CBX_CLASSES, packed, CBX_LANES_OUT, rows);
    return packed;
}

float *unpack_panels(shape s, const float *from, size_t panel_rows, size_t rows) {
    float *numbers;
    TEST_NEW(numbers, rows * s.hidden);
    for (size_t i = 0; i < rows * s.hidden; i++) {
        const size_t row = i / s.hidden, neuron = i % s.hidden;
        numbers[i] = from[(neuron / CBX_PANEL * panel_rows + row) * CBX_PANEL + neuron % CBX_PANEL];
    }
    return numbers;
}

float *unpack_outputs(const float *from, size_t rows) {
    float *numbers;
    TEST_NEW(numbers, rows * CBX_CLASSES);
    copy_outputs(from, CBX_LANES_OUT, numbers, CBX_CLASSES, rows);
    return numbers;
}

static void assert_padding(float is, float should, const char *what, size_t row, size_t column) {
    if (!(is == should)) {
        fail_msg("%s: the padding at row %zu, column %zu is %g instead of %g", what, row, column,
                 (double)is, (double)should);
    }
}

void assert_w1_padding(shape s, const float *w1, const char *what) {
    for (size_t neuron = s.hidden; neuron < s.panels * CBX_PANEL; neuron++) {
        const float *lane = w1 + neuron / CBX_PANEL * CBX_PANEL_SIZE + neuron % CBX_PANEL;
        for (size_t row = 0; row < CBX_W1_ROWS; row++) {
            assert_padding(lane[row * CBX_PANEL], row == 0 ? CBX_PADDING_BIAS : 0.0f, what, row,
                           neuron);
        }
    }
}

void assert_w2_padding(shape s, const float *w2, const char *what) {
    for (size_t row = 1 + s.hidden; row < 1 + s.panels * CBX_PANEL; row++) {
        for (size_t c = 0; c < CBX_LANES_OUT; c++) {
            assert_padding(w2[row * CBX_LANES_OUT + c], 0.0f, what, row, c);
        }
    }
    assert_outputs_padding(w2, 1 + s.panels * CBX_PANEL, what);
}

void assert_outputs_padding(const float *rows16, size_t rows, const char *what) {
    for (size_t row = 0; row < rows; row++) {
        for (size_t c = CBX_CLASSES; c < CBX_LANES_OUT; c++) {
            assert_padding(rows16[row * CBX_LANES_OUT + c], 0.0f, what, row, c);
        }
    }
}

void assert_panels_padding(shape s, const float *panels, size_t rows, const char *what) {
    for (size_t neuron = s.hidden; neuron < s.panels * CBX_PANEL; neuron++) {
        for (size_t row = 0; row < rows; row++) {
            const size_t at =
                (neuron / CBX_PANEL * s.stride + row) * CBX_PANEL + neuron % CBX_PANEL;
            assert_padding(panels[at], 0.0f, what, row, neuron);
        }
    }
}

double rounding(size_t terms, double size) {
    return 8.0 * sqrt((double)terms) * 0x1p-24 * size;
}

double largest_root(const double *in, const double *w, size_t rows, size_t inner, size_t columns) {
    double *in_squared, *w_squared, *sums;
    TEST_NEW(in_squared, rows * inner);
    TEST_NEW(w_squared, (1 + inner) * columns);
    TEST_NEW(sums, rows * columns);
    for (size_t i = 0; i < rows * inner; i++) {
        in_squared[i] = in[i] * in[i];
    }
    for (size_t i = 0; i < (1 + inner) * columns; i++) {
        w_squared[i] = w[i] * w[i];
    }
    cbx_reference_biased_matmul(in_squared, w_squared, rows, inner, columns, sums);
    const double largest = sqrt(largest_magnitude(sums, rows * columns));
    free(in_squared);
    free(w_squared);
    free(sums);
    return largest;
}
