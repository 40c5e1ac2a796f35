/* SPDX-License-Identifier: MIT */
#include "support/dataset.h"

#include <math.h>
#include <stdio.h>

#include "support/synthetic.h"

enum { SIDE = CBX_IMAGE_SIDE, PIXELS = CBX_IMAGE_PIXELS, CLASSES = CBX_CLASSES };

/* Images to be written, or copied; both arrays are for free(). */
typedef struct items {
    uint8_t *pixels, *labels; /* (count, 784), (count) */
} items;

static items take_items(size_t count) {
    items taken;
    TEST_NEW(taken.pixels, count * PIXELS);
    TEST_NEW(taken.labels, count);
    return taken;
}

static void free_items(items *used) {
    free(used->pixels);
    free(used->labels);
}

/* ---- a pattern ---- */

uint8_t pattern_pixel(size_t image, size_t pixel) {
    return (uint8_t)(image * 7 + pixel * 13);
}

uint8_t pattern_label(size_t image) {
    return (uint8_t)(image % CLASSES);
}

static items make_pattern(size_t count) {
    items made = take_items(count);
    for (size_t i = 0; i < count; i++) {
        made.labels[i] = pattern_label(i);
        for (size_t p = 0; p < PIXELS; p++) {
            made.pixels[i * PIXELS + p] = pattern_pixel(i, p);
        }
    }
    return made;
}

/* ---- what can be learnt ---- */

/* Five soft strokes of dots for each class, 0…255. */
static void make_prototypes(double prototypes[CLASSES][PIXELS], uint64_t *state) {
    for (size_t digit = 0; digit < CLASSES; digit++) {
        for (size_t dot = 0; dot < 12; dot++) {
            double x = 6 + 16 * synthetic_uniform(state), y = 6 + 16 * synthetic_uniform(state);
            for (size_t i = 0; i < PIXELS; i++) {
                double dx = (double)(i % SIDE) - x, dy = (double)(i / SIDE) - y;
                prototypes[digit][i] += 255 * exp(-(dx * dx + dy * dy) / 5);
            }
        }
    }
}

/* One image: the prototype moved by up to a pixel, dimmed, with noise on top. */
static void make_image(const double prototype[PIXELS], uint64_t *state, uint8_t *image) {
    int right = (int)(synthetic_bits(state) % 3) - 1, down = (int)(synthetic_bits(state) % 3) - 1;
    double light = 0.6 + 0.5 * synthetic_uniform(state);
    for (int y = 0; y < SIDE; y++) {
        for (int x = 0; x < SIDE; x++) {
            int from_x = x - right, from_y = y - down;
            int inside = from_x >= 0 && from_x < SIDE && from_y >= 0 && from_y < SIDE;
            double value = inside ? light * prototype[from_y * SIDE + from_x] : 0;
            value = value > 12 ? value + 20 * synthetic_normal(state) : 0;
            image[y * SIDE + x] = (uint8_t)fmin(fmax(value, 0), 255);
        }
    }
}

static items make_digits(size_t count, uint64_t seed) {
    items made = take_items(count);
    uint64_t state = seed;
    double(*prototypes)[PIXELS];
    TEST_NEW(prototypes, CLASSES);
    make_prototypes(prototypes, &state);
    for (size_t i = 0; i < count; i++) {
        made.labels[i] = (uint8_t)(synthetic_bits(&state) % CLASSES);
        make_image(prototypes[made.labels[i]], &state, made.pixels + i * PIXELS);
    }
    free(prototypes);
    return made;
}

/* The first `train` are those of the training file; frees them. */
static cbx_dataset *dataset_of(items made, size_t train, size_t test) {
    cbx_dataset *dataset = NULL;
    const cbx_images training = {train, made.pixels, made.labels};
    const cbx_images testing = {test, made.pixels + train * PIXELS, made.labels + train};
    assert_ok(cbx_dataset_from_memory(&dataset, &training, &testing));
    free_items(&made);
    return dataset;
}

cbx_dataset *synthetic_dataset(size_t train, size_t test, uint64_t seed) {
    return dataset_of(make_digits(train + test, seed), train, test);
}

/* ---- with much and little ink ---- */

/* A pixel has a level of least … least + 254 with this probability, else the usual one. */
static items make_noise(size_t count, double probability, unsigned least, uint8_t usual,
                        uint64_t seed) {
    items made = take_items(count);
    uint64_t state = seed;
    for (size_t i = 0; i < count * PIXELS; i++) {
        const uint8_t level = (uint8_t)(least + synthetic_bits(&state) % 255);
        made.pixels[i] = synthetic_uniform(&state) < probability ? level : usual;
    }
    for (size_t i = 0; i < count; i++) {
        made.labels[i] = (uint8_t)(synthetic_bits(&state) % (CLASSES - 1));
    }
    return made;
}

/* Keeps every 80th pixel, from a place of its own on, and has ink there. */
static void thin_out(uint8_t *image, size_t place) {
    for (size_t k = 0; k < PIXELS; k++) {
        image[k] = k % 80 == place % 80 ? (uint8_t)(1 + (k + place) % 255) : 0;
    }
}

cbx_dataset *ink_dataset(const uint32_t *order, size_t train, size_t test, uint64_t seed) {
    items made = make_noise(train + test, 0.3, 1, 0, seed);
    uint8_t *last = made.pixels + (train + test - 1) * PIXELS;
    for (size_t place = 64; place < 154; place++) {
        thin_out(made.pixels + order[place] * (size_t)PIXELS, place);
    }
    for (size_t k = 0; k < PIXELS; k++) {
        made.pixels[order[3] * (size_t)PIXELS + k] = (uint8_t)(1 + k % 255);
        made.pixels[order[5] * (size_t)PIXELS + k] = 0;
        made.pixels[order[8] * (size_t)PIXELS + k] = k == 0 ? 1 : 0;
        made.pixels[order[9] * (size_t)PIXELS + k] = k + 1 == PIXELS ? 255 : 0;
        made.pixels[order[12] * (size_t)PIXELS + k] = 255;
        made.pixels[(train - 1) * PIXELS + k] = 255; /* it validates */
        last[k] = 0;                                 /* it tests */
    }
    return dataset_of(made, train, test);
}

cbx_dataset *bright_dataset(size_t train, size_t test, uint64_t seed) {
    return dataset_of(make_noise(train + test, 1.0 / 400, 0, 255, seed), train, test);
}

/* ---- files ---- */

static blob idx_images(size_t count, const uint8_t *pixels) {
    blob file = {NULL, 0};
    blob_add_u32(&file, 0x803);
    blob_add_u32(&file, (uint32_t)count);
    blob_add_u32(&file, SIDE);
    blob_add_u32(&file, SIDE);
    blob_add(&file, pixels, count * PIXELS);
    return file;
}

static blob idx_labels(size_t count, const uint8_t *labels) {
    blob file = {NULL, 0};
    blob_add_u32(&file, 0x801);
    blob_add_u32(&file, (uint32_t)count);
    blob_add(&file, labels, count);
    return file;
}

blob blob_images(uint32_t count) {
    items made = make_pattern(count);
    blob file = idx_images(count, made.pixels);
    free_items(&made);
    return file;
}

blob blob_labels(uint32_t count) {
    items made = make_pattern(count);
    blob file = idx_labels(count, made.labels);
    free_items(&made);
    return file;
}

/* name: "train" or "t10k"; ending: ".gz" or "". */
static void write_pair(const char *folder, const char *name, const char *ending, size_t count,
                       const uint8_t *pixels, const uint8_t *labels) {
    char path[2 * SCRATCH_PATH];
    snprintf(path, sizeof path, "%s/%s-images-idx3-ubyte%s", folder, name, ending);
    blob_write(path, idx_images(count, pixels));
    snprintf(path, sizeof path, "%s/%s-labels-idx1-ubyte%s", folder, name, ending);
    blob_write(path, idx_labels(count, labels));
}

void scratch_write_dataset(void **state, uint32_t train, uint32_t test) {
    items made = make_pattern(train > test ? train : test);
    write_pair(*state, "train", ".gz", train, made.pixels, made.labels);
    write_pair(*state, "t10k", ".gz", test, made.pixels, made.labels);
    free_items(&made);
}

cbx_dataset *scratch_dataset(void **state, uint32_t train, uint32_t test) {
    cbx_dataset *dataset = NULL;
    scratch_write_dataset(state, train, test);
    assert_ok(cbx_dataset_load(&dataset, *state));
    return dataset;
}

void synthetic_write(const char *folder, size_t train, size_t test, uint64_t seed) {
    items made = make_digits(train + test, seed);
    write_pair(folder, "train", "", train, made.pixels, made.labels);
    write_pair(folder, "t10k", "", test, made.pixels + train * PIXELS, made.labels + train);
    free_items(&made);
}
